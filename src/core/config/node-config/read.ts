/** From the bytes of all sources to checked documents. Nothing is asked of the world. */
import { type Diagnostic, errorAt, hasErrors } from '../../report.ts';
import { type DecodeOptions, decodeNodeConfig, type NodeConfigDocument } from './decode.ts';
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
  /** Of envelopes and single documents; for the whole there is `ruleDiagnostics`. */
  readonly diagnostics: readonly Diagnostic[];
}

/** All documents of the sources. */
export const readDocuments = (sources: readonly UnpackedSource[], options: ReadOptions): ReadDocuments => {
  const documents: NodeConfigDocument[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const unpacked of sources) {
    const read = unpacked.documents.map((raw) => decodeNodeConfig(raw, options));
    const found = [...unpacked.diagnostics, ...read.flatMap((one) => one.diagnostics)];
    const isDropped = options.isCompat && unpacked.source.origin === 'user-data' && hasErrors(found);
    diagnostics.push(...(isDropped ? found.map((one): Diagnostic => ({ ...one, severity: 'warning' })) : found));
    if (!isDropped) documents.push(...read.flatMap(({ document }) => document ?? []));
  }
  return { documents, diagnostics };
};

/** That no source holds a document. */
export const noNodeConfig = (names: readonly string[]): Diagnostic =>
  errorAt('no-node-config', names.join(', '), 'there is no NodeConfig in it', 'Give a document, as a file or as user data.');
