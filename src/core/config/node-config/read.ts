/** From the bytes of all sources to checked documents. Nothing is asked of the world. */
import { type Diagnostic, errorAt, hasErrors } from '../../report.ts';
import { type DecodeOptions, decodeNodeConfig, type NodeConfigDocument } from './decode.ts';
import { mergedOf } from './merge.ts';
import { type RuleOptions, ruleDiagnostics } from './rules.ts';
import { documentsIn, type Gunzip, type RawSource, type Unpacked } from './user-data.ts';

interface UnpackedSource extends Unpacked {
  readonly source: RawSource;
}

/** Every source without its envelopes. */
export const unpackedSources = (sources: readonly RawSource[], gunzip: Gunzip): readonly UnpackedSource[] =>
  sources.map((source) => ({ source, ...documentsIn(source, gunzip) }));

export interface ReadOptions extends DecodeOptions {
  /** As nodeadm: user data that cannot be read counts as none, with a warning. */
  readonly isCompat: boolean;
}

export interface ReadDocuments {
  /** In order: later over earlier. None: no source had one, which is not said here, as a cache may stand in. */
  readonly documents: readonly NodeConfigDocument[];
  /** Of envelopes and single documents; of the whole: `wholeDiagnostics`. */
  readonly diagnostics: readonly Diagnostic[];
  /** False: there is a document that could not be read, and nobody knows what it says. */
  readonly isComplete: boolean;
}

/** All documents of the sources. */
export const readDocuments = (sources: readonly UnpackedSource[], options: ReadOptions): ReadDocuments => {
  const documents: NodeConfigDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  let isComplete = true;
  for (const unpacked of sources) {
    const read = unpacked.documents.map((raw) => decodeNodeConfig(raw, options));
    const found = [...unpacked.diagnostics, ...read.flatMap((one) => one.diagnostics)];
    const isDropped = options.isCompat && unpacked.source.origin === 'user-data' && hasErrors(found);
    diagnostics.push(...(isDropped ? found.map((one): Diagnostic => ({ ...one, severity: 'warning' })) : found));
    if (isDropped) continue;
    documents.push(...read.flatMap(({ document }) => document ?? []));
    if (hasErrors(unpacked.diagnostics) || read.some(({ document }) => document === undefined)) isComplete = false;
  }
  return { documents, diagnostics, isComplete };
};

/** That no source holds a document. */
export const noNodeConfig = (names: readonly string[]): Diagnostic =>
  errorAt('no-node-config', names.join(', '), 'no source holds a NodeConfig', 'Give a document, as a file or as user data.');

/** What is wrong with all documents together, but for what is said already, or may stand where nothing could be read. */
export const wholeDiagnostics = (
  { documents, diagnostics, isComplete }: ReadDocuments,
  names: readonly string[],
  options: RuleOptions,
): readonly Diagnostic[] => {
  if (documents.length === 0) return isComplete ? [noNodeConfig(names)] : [];
  const isSaid = ({ field }: Diagnostic): boolean => diagnostics.some((one) => one.severity === 'error' && one.field === field);
  return ruleDiagnostics(mergedOf(documents), options).filter((one) => !isSaid(one) && (isComplete || !ABSENCES.has(one.code)));
};

const ABSENCES = new Set(['no-cluster-name', 'missing-field', 'cluster-described', 'no-cluster-id']);
