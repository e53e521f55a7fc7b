/** Files that users and AMIs give us, read as data: bounded, UTF-8, and never through a link that leads out of the root. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { NodeError } from '../core/errors.ts';
import { pathInRoot } from '../core/rooted-path.ts';

const MAX_BYTES = 1024 * 1024;

const linkAt = (path: string): string | undefined | null => {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    return stat.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined; // not there, or not ours to see: opening it will tell
  }
};

const unreadable = (shown: string, why: string, remedy: string, cause?: unknown): NodeError =>
  new NodeError('NO_INPUT', `${shown} ${why}`, { remedy, path: shown, cause });

const REASONS: { readonly [code: string]: string } = {
  EACCES: 'may not be read (permission denied)',
  EPERM: 'may not be read (not permitted)',
  EISDIR: 'is a directory',
  ELOOP: 'is a chain of links without end',
  ENXIO: 'is a socket',
  EIO: 'cannot be read (input/output error)',
};

/** Where a path of the image lies on this machine; its links are followed as the image's own kernel would. @throws NodeError NO_INPUT */
export const fileInRoot = (root: string, path: string): string => {
  const place = root === '/' ? resolve(path) : pathInRoot(root, path, linkAt);
  if (place === undefined) throw unreadable(path, REASONS['ELOOP'] ?? '', 'Give a regular file that root may read.');
  return place;
};

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

/** Whole content; undefined when it is not there. A pipe or socket must not make us wait: non-blocking, and only regular files. @throws NodeError NO_INPUT */
export const readRegular = (file: string, shown: string): Buffer | undefined => {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (ABSENT.has(code)) return undefined;
    throw unreadable(shown, REASONS[code] ?? `cannot be read (${code})`, 'Give a regular file that root may read.', cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw unreadable(shown, stat.isDirectory() ? 'is a directory' : 'is no regular file', 'Give a regular file.');
    if (stat.size > MAX_BYTES) throw unreadable(shown, 'is larger than 1 MiB', 'Give a smaller file: no configuration is that long.');
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** The text at a path of this machine; null when there is no such file. `shown` is what messages call it. @throws NodeError NO_INPUT */
export const readText = (file: string, shown: string): string | null => {
  const bytes = readRegular(file, shown);
  if (bytes === undefined) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(shown, 'is not UTF-8 text', 'Give a text file in UTF-8.', cause);
  }
};

/** A file of the root; for an image, where it has none, the machine's own only if a user named it. */
export const readInput = (root: string, path: string, isUsersOwn: boolean): string | null => {
  const inRoot = readText(fileInRoot(root, path), path);
  return inRoot === null && isUsersOwn && root !== '/' ? readText(resolve(path), path) : inRoot;
};
