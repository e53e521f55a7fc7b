/** Config sources by their URIs, in order: `imds://user-data`, `file://` file or directory, a path, `-` for standard input. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Gunzip, RawSource } from '../core/config/node-config/user-data.ts';
import { NodeError } from '../core/errors.ts';
import { type Diagnostic, errorAt, warningAt } from '../core/report.ts';
import { readRegular } from './files.ts';
import type { Imds } from './imds.ts';

export interface SourceReaders {
  readonly imds: () => Pick<Imds, 'getBytes'>;
  /** All of standard input. */
  readonly stdin: () => Promise<Uint8Array>;
  /** Where relative paths count from. */
  readonly cwd: string;
  readonly signal?: AbortSignal;
}

export interface ReadSources {
  readonly sources: readonly RawSource[];
  /** What could not be read. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The source that counts where none is given. */
export const DEFAULT_SOURCE = 'imds://user-data';
const USER_DATA = 'latest/user-data';

/** Reads all sources. What is wrong with a file is a diagnostic; @throws NodeError when IMDS gives no answer. */
export const readSources = async (uris: readonly string[], readers: SourceReaders): Promise<ReadSources> => {
  const sources: RawSource[] = [];
  const diagnostics: Diagnostic[] = [];
  let stdin: Promise<Uint8Array> | undefined;
  for (const uri of uris) {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
    if (uri === '-') {
      stdin ??= readers.stdin();
      sources.push({ label: 'standard input', origin: 'user-data', bytes: await stdin });
    } else if (scheme === 'imds') {
      const bytes = await readers.imds().getBytes(USER_DATA, { signal: readers.signal });
      if (bytes === null)
        diagnostics.push(
          warningAt('no-user-data', DEFAULT_SOURCE, 'this instance has no user data', 'Give it some in its launch template.'),
        );
      else sources.push({ label: DEFAULT_SOURCE, origin: 'user-data', bytes });
    } else if (scheme === undefined || scheme === 'file') {
      const read = readPath(scheme === undefined ? uri : uri.replace(/^file:(?:\/\/)?/i, ''), readers.cwd);
      sources.push(...read.sources);
      diagnostics.push(...read.diagnostics);
    } else diagnostics.push(errorAt('invalid-source', uri, `nobody knows the scheme ${scheme}`, 'Use imds://user-data or file:///PATH.'));
  }
  return { sources, diagnostics };
};

/** As nodeadm: `file://config.yaml` is relative. */
const readPath = (path: string, cwd: string): ReadSources => {
  const place = resolve(cwd, path);
  if (path === '') return { sources: [], diagnostics: [errorAt('invalid-source', 'file://', 'names no file', 'Write file:///PATH.')] };
  return isDirectory(place) ? readDirectory(place, path) : readFile(place, path);
};

/** False also for what cannot be looked at: reading it will tell why. */
const isDirectory = (place: string): boolean => {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
};

const readFile = (place: string, shown: string): ReadSources => {
  try {
    const bytes = readRegular(place, shown);
    if (bytes !== undefined) return { sources: [{ label: shown, origin: 'host-file', bytes, file: shown }], diagnostics: [] };
    return { sources: [], diagnostics: [errorAt('file-missing', shown, 'there is no such file or directory', 'Check the path.')] };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { sources: [], diagnostics: [errorAt('unreadable-file', '', error.message, error.remedy ?? '')] };
  }
};

const CONFIG_FILE = /\.(?:yaml|yml|json)$/i;

/** Files of a directory by name, not below it. */
const readDirectory = (place: string, shown: string): ReadSources => {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(place, { withFileTypes: true });
  } catch (error) {
    const why = `cannot be listed (${(error as NodeJS.ErrnoException).code})`;
    return { sources: [], diagnostics: [errorAt('unreadable-file', shown, why, 'Give a directory that you may read.')] };
  }
  const names = entries.filter((entry) => !entry.isDirectory() && CONFIG_FILE.test(entry.name)).map(({ name }) => name);
  if (names.length === 0)
    return {
      sources: [],
      diagnostics: [warningAt('empty-directory', shown, 'no file in it ends in .yaml, .yml or .json', 'Put the documents there.')],
    };
  const read = names.sort().map((name) => readFile(join(place, name), join(shown, name)));
  return { sources: read.flatMap(({ sources }) => sources), diagnostics: read.flatMap(({ diagnostics }) => diagnostics) };
};

/** With Node's zlib. A bomb is stopped at the limit. */
export const gunzip: Gunzip = (bytes, most) => {
  try {
    return { bytes: gunzipSync(bytes, { maxOutputLength: Math.max(1, most) }) };
  } catch (error) {
    return { wrong: (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'broken' };
  }
};
