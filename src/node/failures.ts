/** What the operating system said, in words of an operator: each errno with the code of its failure and a remedy. */
import { type ErrorCode, NodeError } from '../core/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly why: string;
  readonly remedy: string;
}

const FULL = 'What this run wrote before is complete, and the next run goes on from there.';

const MEANINGS: { readonly [errno: string]: Meaning } = {
  ENOSPC: {
    code: 'CANNOT_CREATE',
    why: 'the file system is full',
    remedy: `Free space or inodes there (df -h, df -i) and run again. ${FULL}`,
  },
  EDQUOT: { code: 'CANNOT_CREATE', why: 'the disk quota is used up', remedy: `Raise root's quota there and run again. ${FULL}` },
  EROFS: {
    code: 'CANNOT_CREATE',
    why: 'the file system is read-only',
    remedy: 'Mount it writable (findmnt -T PATH shows it); if it was, dmesg tells why the kernel took that back.',
  },
  EACCES: {
    code: 'NO_PERMISSION',
    why: 'permission denied',
    remedy: 'Run it as root, or as the owner of the directory given by --root.',
  },
  EPERM: {
    code: 'NO_PERMISSION',
    why: 'the operation is not permitted',
    remedy: 'Run it as root; if that was root, see by lsattr whether the file or its directory is immutable.',
  },
  EIO: {
    code: 'IO',
    why: 'input/output error',
    remedy: 'The disk or its driver fails: see dmesg, and replace the volume or the instance.',
  },
  EBUSY: {
    code: 'CANNOT_CREATE',
    why: 'something is mounted there',
    remedy: "A file that is a mount point cannot be replaced: unmount it (a container's bind mount?) and run again.",
  },
  EISDIR: { code: 'CANNOT_CREATE', why: 'a directory is there', remedy: 'Move it away and run again.' },
  ENOTDIR: {
    code: 'CANNOT_CREATE',
    why: 'a part of the path is no directory',
    remedy: 'Move away the file that is on the way and run again.',
  },
  ELOOP: {
    code: 'CANNOT_CREATE',
    why: 'links on the way go in a circle',
    remedy: 'Correct the symbolic links on the way.',
  },
  ENOENT: {
    code: 'CANNOT_CREATE',
    why: 'its directory is not there',
    remedy: 'See what is on the way: a link that leads nowhere?',
  },
  EEXIST: { code: 'CANNOT_CREATE', why: 'something else is there', remedy: 'Move it away and run again.' },
};

export const errnoOf = (error: unknown): string => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : '';
};

/** A failed system call as a NodeError, `cannot write /etc/x: the file system is full`. What is no failed system call (a bug) comes back as it is. */
export const failureOf = (doing: string, path: string, cause: unknown): unknown => {
  const errno = errnoOf(cause);
  if (cause instanceof NodeError || (cause as NodeJS.ErrnoException | undefined)?.syscall === undefined) return cause;
  const meaning = MEANINGS[errno] ?? { code: 'IO', why: errno, remedy: 'See what is there, and dmesg.' };
  return new NodeError(meaning.code, `cannot ${doing} ${path}: ${meaning.why}`, { remedy: meaning.remedy, path, cause });
};
