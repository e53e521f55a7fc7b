/** What the kernel says of this boot and of processes. Everything here is null where there is no Linux. */
import { readFileSync, readlinkSync } from 'node:fs';

const readKernel = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
};

/** Another one after each boot of the kernel. */
export const readBootId = (): string | null => readKernel('/proc/sys/kernel/random/boot_id');

/** Process ids mean something only within their namespace. */
export const readPidNamespace = (): string | null => {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
};

/**
 * When a process started, in clock ticks since boot: with it a process id names one process for ever (proc(5), field 22). The command's
 * name in parentheses may hold anything, so counting begins behind the last one. A zombie no longer does anything.
 */
export const readStartTime = (pid: number): string | null => {
  const fields = statOf(pid);
  return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
};

/** Fields of proc(5) from the third on. */
const statOf = (pid: number): readonly string[] | null => {
  const stat = readKernel(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** A chain of parents is seldom longer than ten. */
const MOST_PARENTS = 100;

/** Was `pid` started, by however many others between them, by `by`? */
export const isStartedBy = (pid: number, by: number): boolean => {
  let parent = pid;
  for (let i = 0; i < MOST_PARENTS && parent > 1; i++) {
    parent = Number(statOf(parent)?.[1] ?? 0);
    if (parent === by) return true;
  }
  return false;
};

/** Is there a process with this id? For systems without /proc. */
export const isProcess = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
