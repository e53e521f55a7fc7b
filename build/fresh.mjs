/** Is the built program newer than all it is made of? */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MADE_OF = ['src', 'build', 'test/fakes', 'package.json', 'package-lock.json'];

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const filesBelow = (path) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [path];

/**
 * @param {string} root
 * @param {string} [arch] that of an executable; without it: the bundle, and where it can be built this machine's executable
 */
export const isFresh = (root, arch) => {
  const newest = Math.max(...MADE_OF.flatMap((part) => filesBelow(join(root, part))).map(changedAt));
  const own = ['bootwright.cjs', ...(`${process.platform}-${process.arch}` === 'linux-x64' ? ['bootwright-linux-x64'] : [])];
  return (arch === undefined ? own : [`bootwright-linux-${arch}`]).every((file) => changedAt(join(root, 'dist', file)) > newest);
};
