/** NodeConfig documents of the sources that a command line names. */
import { type ReadDocuments, type ReadOptions, readDocuments, unpackedSources } from '../core/config/node-config/read.ts';
import type { RawSource } from '../core/config/node-config/user-data.ts';
import { hasErrors } from '../core/report.ts';
import type { Imds } from '../facts/imds.ts';
import { DEFAULT_SOURCE, gunzip, readSources } from '../facts/sources.ts';
import type { Context, Option } from './command.ts';
import { SHORT_IMDS, withRemedy } from './elsewhere.ts';
import { readStdin } from './files.ts';

/** Which documents, and how strictly they are read. */
export const NODE_CONFIG_OPTIONS: readonly Option[] = [
  {
    name: 'config-source',
    short: 'c',
    value: 'URI',
    multiple: true,
    text: 'imds://user-data (default), file://PATH (file or directory), PATH, or - for standard input; may be repeated, later over earlier',
  },
  {
    name: 'strict',
    text: 'errors also for what nodeadm takes in silence (default of `config check` and `preview`, but not under the name nodeadm)',
  },
  { name: 'compat', text: 'as nodeadm: only its own checks are errors, the cluster’s data are required' },
];

const NO_IMDS = 'Give the document as a file: --config-source file://PATH, or - for standard input.';

export interface NamedSources {
  readonly sources: readonly RawSource[];
  readonly diagnostics: ReadDocuments['diagnostics'];
  /** As they were named. */
  readonly names: readonly string[];
}

/** Reads the sources; none named: the user data of this instance. @throws NodeError when IMDS gives no answer. */
export const sourcesNamed = async (given: readonly string[], context: Context, client?: Imds): Promise<NamedSources> => {
  const names = given.length === 0 ? [DEFAULT_SOURCE] : given;
  const isAsked = names.some((name) => /^imds:/i.test(name));
  const own = isAsked && client === undefined ? await ownImds(context) : undefined;
  const imds = () => {
    const one = client ?? own;
    if (one === undefined) throw new Error('no IMDS source was named');
    return one;
  };
  try {
    const read = await readSources(names, { imds, stdin: readStdin, cwd: context.cwd, signal: context.signal }).catch(withRemedy(NO_IMDS));
    return { ...read, names };
  } finally {
    await own?.close();
  }
};

/** A person waits: an instance that runs a shell has its metadata service. */
const ownImds = async ({ env, random }: Context): Promise<Imds> => {
  const { createImds } = await import('../facts/imds.ts');
  return createImds({ env, random, deadlines: SHORT_IMDS.imds ?? {} });
};

/** The documents in the sources. CEL is compiled only where there is some. */
export const documentsNamed = async (
  { sources, diagnostics }: NamedSources,
  options: Omit<ReadOptions, 'checkCel'>,
): Promise<ReadDocuments> => {
  const unpacked = unpackedSources(sources, gunzip);
  const hasCel = unpacked.some(({ documents }) => documents.some(({ text }) => text.includes('maxPodsExpression')));
  const checkCel = hasCel ? (await import('../core/config/node-config/cel.ts')).checkMaxPodsExpression : undefined;
  const read = readDocuments(unpacked, { ...options, checkCel });
  return { ...read, diagnostics: [...diagnostics, ...read.diagnostics], isComplete: read.isComplete && !hasErrors(diagnostics) };
};
