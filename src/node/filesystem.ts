/**
 * Files of the machine or of an image. Reads are bounded and never wait; writes are atomic: temp file in the same directory, fsync,
 * rename, fsync of the directory. Paths are those inside the root. In an image the directories on the way are found as its own kernel
 * would find them (core/rooted-path.ts), so an absolute link in the image stays in the image; the last component is never followed.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ObservedFile } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { pathInRoot } from '../core/rooted-path.ts';
import { errnoOf, failureOf } from './failures.ts';

const MAX_BYTES = 1024 * 1024;

const linkAt = (path: string): string | undefined | null => {
  try {
    // Most are no links, and an exception for each would cost more than all the rest.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    return stat.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // EINVAL: no link; else it is not there or not ours to see, which its use will tell
  }
};

/** Where a path of the root lies on this machine, every link followed. */
export const followed = (root: string, path: string): string => {
  const found = root === '/' ? path : pathInRoot(root, path, linkAt);
  if (found !== undefined) return found;
  throw new NodeError('CANNOT_CREATE', `${path}: links go in a circle`, {
    remedy: `Correct the symbolic links on the way to ${path}.`,
    path,
  });
};

/** The same, but a link that stands at the path itself is not followed. */
export const placeOf = (root: string, path: string): string => {
  if (root === '/') return path;
  const cut = path.lastIndexOf('/');
  return `${followed(root, path.slice(0, cut) || '/')}${path.slice(cut)}`;
};

/** stat or lstat; undefined where there is nothing, null where a file stands on the way. */
const statIn = (stat: typeof lstatSync | typeof statSync, place: string): Stats | undefined | null => {
  try {
    return stat(place, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
};

/** What a path of the root is. @throws NodeError NO_PERMISSION, IO */
export const readObserved = (root: string, path: string): ObservedFile => {
  try {
    const place = placeOf(root, path);
    const stat = statIn(lstatSync, place);
    if (stat === undefined) return { kind: 'absent' };
    if (stat === null) return observedBlock(root, path);
    if (stat.isSymbolicLink()) return observedLink(root, path, place);
    return stat.isFile() ? readRegular(place) : observedSpecial(stat);
  } catch (cause) {
    throw failureOf('read', path, cause);
  }
};

/** Nothing there, and nothing could be put there: a file stands on the way. */
const observedBlock = (root: string, path: string): ObservedFile => {
  let above = dirname(path);
  while (above !== '/' && !statIn(statSync, followed(root, above))) above = dirname(above);
  return { kind: 'other', what: `nothing (${above} is no directory)` };
};

/** A link to a directory does what the directory would (`mkdir -p` takes it too); any other link is not followed. */
const observedLink = (root: string, path: string, place: string): ObservedFile => {
  const stat = statIn(statSync, followed(root, path));
  return stat?.isDirectory() ? observedSpecial(stat) : { kind: 'other', what: `symlink to ${linkAt(place) ?? '?'}` };
};

const observedSpecial = (stat: Stats): ObservedFile => {
  if (stat.isDirectory()) return { kind: 'directory', mode: stat.mode & 0o7777 };
  if (stat.isSocket()) return { kind: 'other', what: 'a socket' };
  return { kind: 'other', what: stat.isFIFO() ? 'a named pipe' : 'a device' };
};

/** Looked at again once it is open, without waiting or following: between two calls another program may put something else there. */
const readRegular = (place: string): ObservedFile => {
  const fd = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return observedSpecial(stat);
    if (stat.size > MAX_BYTES) return { kind: 'other', what: 'a file larger than 1 MiB' };
    const bytes = readFileSync(fd);
    const text = textOf(bytes);
    if (text === undefined) return { kind: 'other', what: 'a file that is not UTF-8 text' };
    return { kind: 'file', text, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  } finally {
    closeSync(fd);
  }
};

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const isRoot = (): boolean => process.geteuid?.() === 0;

/** Some file systems cannot sync a directory (EINVAL); then their renames are as durable as they get. */
const syncDirectory = (place: string): void => {
  const fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(errnoOf(error))) throw error;
  } finally {
    closeSync(fd);
  }
};

const TEMP = /^\..{1,255}\.bootwright-[0-9a-f]{12}\.tmp$/;
/** In the same directory, because a rename is atomic only within a file system; the name cannot be guessed. */
export const tempNameFor = (place: string): string =>
  join(dirname(place), `.${basename(place)}.bootwright-${randomBytes(6).toString('hex')}.tmp`);

/** A new file, complete and on the disk. O_EXCL takes no file and no link that somebody put there before. */
export const writeNew = (place: string, text: string, mode: number): void => {
  const fd = openSync(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, text);
    fchmodSync(fd, mode);
    if (isRoot()) fchownSync(fd, 0, 0); // the group too: a set-group-id directory gives its own
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** A temp file of ours that is of no use any more. What made its write fail must be told, not what keeps it from going. */
export const discard = (temp: string): void => {
  try {
    unlinkSync(temp);
  } catch {
    // The next run removes it.
  }
};

/** The file at a path becomes this text, at once or not at all. Its directory must be there. @throws NodeError */
export const writeAtomic = (root: string, { path, text, mode }: { path: string; text: string; mode: number }): void => {
  const place = placeOf(root, path);
  const temp = tempNameFor(place);
  try {
    writeNew(temp, text, mode);
    renameSync(temp, place);
  } catch (cause) {
    discard(temp);
    throw failureOf('write', path, cause);
  }
  syncParent(root, path);
};

/** A file where none is, in a directory that nobody else looks into: not atomic. @throws NodeError */
export const writeFresh = (root: string, { path, text, mode }: { path: string; text: string; mode: number }): void => {
  try {
    writeNew(placeOf(root, path), text, mode);
  } catch (cause) {
    throw failureOf('write', path, cause);
  }
};

/** What was made, renamed or removed at a path stays so after a power cut. */
export const syncParent = (root: string, path: string): void => syncDirectoryOf(placeOf(root, path), path);

const syncDirectoryOf = (place: string, path: string): void => {
  try {
    syncDirectory(dirname(place));
  } catch (cause) {
    throw failureOf('write', dirname(path), cause);
  }
};

/**
 * A directory with this mode; missing parents get 0755, what is there stays as it is. The mode is right from the first moment, whatever
 * the umask: a run that is killed right after it leaves nothing for the next one to see. @throws NodeError
 */
export const makeDirectory = (root: string, path: string, mode: number): void => {
  if (isDirectory(root, path)) return;
  if (path === '/')
    throw new NodeError('NO_INPUT', `${root} is no directory`, { remedy: 'Give --root a directory that exists.', path: root });
  const place = followed(root, path);
  // Where a link of the image leads, which need not be there yet.
  makeDirectory(root, dirname(root === '/' ? place : place.slice(root.length)), 0o755);
  const umask = process.umask(0);
  try {
    mkdirSync(place, mode);
  } catch (cause) {
    throw failureOf('make the directory', path, cause);
  } finally {
    process.umask(umask);
  }
  syncDirectoryOf(place, path);
};

const isDirectory = (root: string, path: string): boolean => {
  try {
    return statIn(statSync, followed(root, path))?.isDirectory() === true;
  } catch (cause) {
    throw failureOf('look at', path, cause);
  }
};

/** The file is gone, also when it was gone before. @throws NodeError */
export const removeFile = (root: string, path: string): void => {
  try {
    unlinkSync(placeOf(root, path));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return;
    throw failureOf('remove', path, cause);
  }
  syncParent(root, path);
};

/** A rename within the root, durable. @throws NodeError */
export const moveFile = (root: string, from: string, to: string): void => {
  try {
    renameSync(placeOf(root, from), placeOf(root, to));
  } catch (cause) {
    throw failureOf('move', from, cause);
  }
  syncParent(root, to);
};

/** Names in a directory; none where it is not there. */
export const namesIn = (root: string, path: string): string[] => {
  try {
    return readdirSync(followed(root, path));
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return [];
    throw failureOf('read', path, cause);
  }
};

/** Temp files of runs that were killed. Call it only while holding the lock: a living run's temp files look the same. */
export const removeLeftovers = (root: string, directories: Iterable<string>): void => {
  for (const directory of new Set(directories)) {
    for (const name of namesIn(root, directory).filter((name) => TEMP.test(name))) removeTree(root, join(directory, name));
  }
};

/** A file or directory with all below it; links in it are not followed. @throws NodeError */
export const removeTree = (root: string, path: string): void => {
  try {
    rmSync(placeOf(root, path), { recursive: true, force: true });
  } catch (cause) {
    throw failureOf('remove', path, cause);
  }
};
