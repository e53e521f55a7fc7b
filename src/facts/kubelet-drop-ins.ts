/** What a root has in the kubelet's directory of drop-ins. Reads only. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NodeError } from '../core/errors.ts';
import type { DropInFile } from '../core/kubelet/planned-config.ts';
import { fileInRoot, readInput } from './files.ts';

/** More than anybody writes; who has more than that is not looked at to the end. */
const MOST_FILES = 200;
const DEEPEST = 8;

/** All files below the directory, as the kubelet walks it. None where there is no such directory. */
export const readKubeletDropIns = (root: string, directory: string, depth = 0): readonly DropInFile[] => {
  const found = entriesOf(root, directory).flatMap((entry): readonly DropInFile[] => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return depth < DEEPEST ? readKubeletDropIns(root, path, depth + 1) : [];
    return [{ path, text: textAt(root, path) }];
  });
  return found.slice(0, MOST_FILES);
};

const entriesOf = (root: string, directory: string): readonly Dirent[] => {
  try {
    return readdirSync(fileInRoot(root, directory), { withFileTypes: true });
  } catch {
    return [];
  }
};

const textAt = (root: string, path: string): string | null => {
  try {
    return readInput(root, path, false);
  } catch (error) {
    if (error instanceof NodeError) return null;
    throw error;
  }
};
