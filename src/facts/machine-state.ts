/** What this machine has left. */
import { statfsSync } from 'node:fs';

export interface Space {
  /** Shares of the whole, 0 to 1. */
  readonly free: number;
  readonly freeInodes: number;
  readonly freeBytes: number;
}

/** Of the file system that a path is on; undefined: there is no such path, or it says nothing. */
export const readSpace = (path: string): Space | undefined => {
  try {
    const { bavail, blocks, bsize, ffree, files } = statfsSync(path);
    // btrfs and others make inodes as they need them, and count none.
    return blocks === 0 ? undefined : { free: bavail / blocks, freeInodes: files === 0 ? 1 : ffree / files, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
};
