/** The configuration that the first half of a boot leaves to the second, and what it found out: `--config-cache`. */
import { dirname, resolve } from 'node:path';
import { specJson } from '../core/config/node-config/dump.ts';
import { mergedOf } from '../core/config/node-config/merge.ts';
import type { ReadDocuments } from '../core/config/node-config/read.ts';
import { API_VERSION, KIND } from '../core/config/node-config/schema.ts';
import type { Facts, FactsPatch } from '../core/facts.ts';
import { decodeFacts } from '../core/facts-schema.ts';
import { type Diagnostic, hasErrors, type Json, warningAt } from '../core/report.ts';
import { LOCAL_PAUSE_IMAGE } from '../core/targets/amazon-linux-2023-containerd-text.ts';
import { readRegular } from '../facts/files.ts';
import { readBootId } from '../node/boot.ts';
import { makeDirectory, writeAtomic } from '../node/filesystem.ts';
import type { Context } from './command.ts';
import { documentsNamed } from './node-config.ts';

export interface Cached {
  readonly read: ReadDocuments;
  /** What was learnt in this boot, but for what may have changed since. Empty: in another one. */
  readonly facts: FactsPatch;
}

interface CacheFile {
  readonly spec?: unknown;
  readonly status?: { readonly bootwright?: { readonly bootId?: unknown; readonly facts?: unknown } };
}

const NO_CACHE = 'no-cache';

/** undefined, with a warning: there is none, or it cannot be read, which counts as none. */
export const readCache = async (name: string, context: Context): Promise<Cached | Diagnostic> => {
  try {
    const bytes = readRegular(resolve(context.cwd, name), name);
    if (bytes === undefined) return warningAt(NO_CACHE, name, 'there is no cached configuration', 'Run `bootwright init` again.');
    const file = JSON.parse(bytes.toString('utf8')) as CacheFile;
    const text = JSON.stringify({ apiVersion: API_VERSION, kind: KIND, spec: file.spec ?? {} });
    const source = { label: name, origin: 'host-file' as const, bytes: Buffer.from(text) };
    const read = await documentsNamed({ sources: [source], diagnostics: [], names: [name] }, { isStrict: false, isCompat: true });
    if (hasErrors(read.diagnostics)) throw new Error('a cache that is no NodeConfig');
    return { read, facts: factsIn(file) };
  } catch {
    return warningAt(NO_CACHE, name, 'the cached configuration cannot be read', 'Run `bootwright init` again.');
  }
};

export const isCached = (found: Cached | Diagnostic): found is Cached => 'read' in found;

/** An image may hold the cache of the machine that it was made on. */
const factsIn = ({ status }: CacheFile): FactsPatch => {
  const { bootId, facts } = status?.bootwright ?? {};
  if (bootId === undefined || bootId !== readBootId()) return {};
  const { value } = decodeFacts(facts);
  return value === undefined ? {} : keptOf(value);
};

/** What stays as it is for the time of a boot. The host is looked at again: user data may have changed it. */
const keptOf = ({ instance, cluster, instanceTypes }: Facts): FactsPatch => ({
  instance,
  ...(cluster ? { cluster } : {}),
  ...(instanceTypes ? { instanceTypes } : {}),
});

/** The cached document where no source has one. */
export const orCached = async (fresh: ReadDocuments, name: string, context: Context): Promise<ReadDocuments> => {
  const found = await readCache(name, context);
  return isCached(found) ? cachedInstead(fresh, found, name) : { ...fresh, diagnostics: [...fresh.diagnostics, found] };
};

/** What was wrong with the sources is a warning then. */
export const cachedInstead = (fresh: ReadDocuments, { read }: Cached, name: string): ReadDocuments => ({
  documents: read.documents,
  isComplete: true,
  diagnostics: [...fresh.diagnostics.map(asWarning), cachedNote(name)],
});

const asWarning = (one: Diagnostic): Diagnostic => ({ ...one, severity: 'warning' });

const cachedNote = (name: string): Diagnostic => ({
  severity: 'warning',
  code: 'cached',
  path: name,
  message: 'no source has a document: the cached one counts',
  remedy: '',
});

/** Do both say the same? */
export const isSameSpec = (a: ReadDocuments, b: ReadDocuments): boolean =>
  JSON.stringify(specJson(mergedOf(a.documents))) === JSON.stringify(specJson(mergedOf(b.documents)));

/** As nodeadm's, without `kind` and `apiVersion`, and with what we know besides. Only root reads it: an environment may hold passwords. @throws NodeError */
export const writeCache = (name: string, { documents }: Pick<ReadDocuments, 'documents'>, facts: Facts, context: Context): void => {
  const path = resolve(context.cwd, name);
  const { id, region, type, availabilityZone, mac, privateDnsName } = facts.instance;
  const status: Json = {
    instance: jsonOf({ id, region, type, availabilityZone, mac, privateDnsName }),
    default: { sandboxImage: LOCAL_PAUSE_IMAGE },
    kubeletVersion: facts.host.kubeletVersion ? `v${facts.host.kubeletVersion}` : '',
    bootwright: { bootId: readBootId(), facts: jsonOf({ ...facts, ...keptOf(facts), host: {}, provenance: undefined }) },
  };
  const text = JSON.stringify({ metadata: {}, spec: specJson(mergedOf(documents)), status });
  makeDirectory('/', dirname(path), 0o755);
  writeAtomic('/', { path, text, mode: 0o600 });
};

/** Without what is not there. */
const jsonOf = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;
