/**
 * One run at a time. Node has no flock(2), and a lock file that is made with O_EXCL must be removed by hand after a crash, which two
 * waiting runs cannot do safely at once. So the lock is a row of numbered entries: the highest says who holds it, or `null` for nobody.
 * Who finds it free or its holder dead links an entry with the next number; a link is atomic, so one of many wins. Entries never change and
 * the highest is never removed: the numbers only grow, and a run that was stopped in between cannot win with an old one.
 */

import { linkSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NodeError } from '../core/errors.ts';
import { LOCK_DIR } from '../core/paths.ts';
import { redacted } from '../core/redact.ts';
import { timestampOf } from '../core/timestamp.ts';
import { isProcess, isStartedBy, readBootId, readPidNamespace, readStartTime } from './boot.ts';
import { errnoOf, failureOf } from './failures.ts';
import { discard, followed, makeDirectory, namesIn, removeLeftovers, tempNameFor, writeNew } from './filesystem.ts';

export interface Holder {
  readonly pid: number;
  /** With the boot and the namespace it makes the process id mean one process for ever; null where there is no /proc. */
  readonly startTime: string | null;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  /** What it runs, for people. */
  readonly command: string;
  readonly since: string;
}

export interface LockOptions {
  /** Shown to whoever waits: `bootwright bootstrap my-cluster`. */
  readonly command: string;
  /** How long to wait for another run; 0: not at all. */
  readonly waitMs: number;
  /** Pause between two looks, on average. */
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
  readonly random: () => number;
  /** Told once, when waiting begins. */
  readonly onWait?: (holder: Holder) => void;
}

const LONGEST_COMMAND = 200;

const ourselves = (command: string): Holder => ({
  pid: process.pid,
  startTime: readStartTime(process.pid),
  bootId: readBootId(),
  pidNamespace: readPidNamespace(),
  command: redacted(command).slice(0, LONGEST_COMMAND),
  since: timestampOf(new Date()),
});

/** Another boot: dead. Another pid namespace (a container on this machine): nobody here can tell, so it lives. */
const isAlive = ({ pid, startTime, bootId, pidNamespace }: Holder): boolean => {
  if (bootId !== readBootId()) return false;
  if (pidNamespace !== readPidNamespace()) return true;
  return startTime === null ? isProcess(pid) : readStartTime(pid) === startTime;
};

const isHolder = (value: unknown): value is Holder =>
  typeof value === 'object' &&
  value !== null &&
  'pid' in value &&
  Number.isSafeInteger(value.pid) &&
  'bootId' in value &&
  'command' in value;

const isOurParent = ({ pid, pidNamespace }: Holder): boolean => pidNamespace === readPidNamespace() && isStartedBy(process.pid, pid);

/** Who an entry names. Entries appear whole; what is unreadable was written by nobody of us and holds nothing. */
const holderIn = (entry: string): Holder | null => {
  try {
    const value: unknown = JSON.parse(readFileSync(entry, 'utf8'));
    return isHolder(value) ? value : null;
  } catch {
    return null;
  }
};

const numbersIn = (root: string): number[] =>
  namesIn(root, LOCK_DIR)
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

/** `shared`: the holder has started this run, and waits for it. */
type Attempt = { readonly number: number } | { readonly holder: Holder } | 'again' | 'shared';

/** Makes an entry, whole or not at all. False when the number is taken, or a run that cleans up took our temp file for a dead one's. */
const linkEntry = (directory: string, number: number, holder: Holder | null): boolean => {
  const entry = join(directory, String(number));
  const temp = tempNameFor(entry);
  try {
    writeNew(temp, JSON.stringify(holder), 0o644);
    linkSync(temp, entry);
    return true;
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === 'link' && ['EEXIST', 'ENOENT'].includes(errnoOf(error))) return false;
    throw error;
  } finally {
    discard(temp);
  }
};

/** One attempt to become the holder. `again`: another run was quicker in this moment. */
const attempt = (root: string, directory: string, me: Holder): Attempt => {
  const highest = numbersIn(root).at(-1) ?? 0;
  const holder = highest === 0 ? null : holderIn(join(directory, String(highest)));
  if (holder !== null && isAlive(holder)) return isOurParent(holder) ? 'shared' : { holder };
  const number = highest + 1;
  if (!linkEntry(directory, number, me)) return 'again';
  if (numbersIn(root).at(-1) === number) return { number };
  // We linked a number that was used and cleaned up while we were stopped; it means nothing.
  rmSync(join(directory, String(number)), { force: true });
  return 'again';
};

/** Entries below the holder's own, of runs that are over. */
const removeOlder = (root: string, directory: string, number: number): void => {
  for (const old of numbersIn(root).filter((other) => other < number)) rmSync(join(directory, String(old)), { force: true });
  removeLeftovers(root, [LOCK_DIR]);
};

const release = (directory: string, number: number): void => {
  try {
    linkEntry(directory, number + 1, null);
  } catch {
    // A full disk: the next run sees that we are dead.
  }
};

const held = (holder: Holder, waitMs: number): NodeError =>
  new NodeError(
    'TEMPORARY',
    `another run holds the lock${waitMs > 0 ? ` since more than ${Math.round(waitMs / 1000)} s` : ''}: ${nameOf(holder)}`,
    {
      remedy: `Wait until it is done and run again. If it hangs, end process ${holder.pid}: the lock is free once it is gone.`,
      path: LOCK_DIR,
    },
  );

/** `bootwright bootstrap my-cluster (process 4711, since 2026-01-01T00:00:00.000Z)` */
export const nameOf = ({ command, pid, since }: Holder): string => `${command} (process ${pid}, since ${since})`;

/** undefined: the lock is that of a run which has started this one. */
const acquire = async (root: string, directory: string, options: LockOptions): Promise<number | undefined> => {
  const { waitMs, pollMs = 200, signal, random, onWait } = options;
  const me = ourselves(options.command);
  const started = performance.now();
  let told = false;
  for (;;) {
    signal?.throwIfAborted();
    const result = attempt(root, directory, me);
    if (result === 'again') continue;
    if (result === 'shared') return undefined;
    if ('number' in result) return result.number;
    if (performance.now() - started >= waitMs) throw held(result.holder, waitMs);
    if (!told) onWait?.(result.holder);
    told = true;
    await pause(pollMs * (0.5 + random()), undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
};

/**
 * Runs `work` while no other run of this root does. Released however it ends; a run that is killed releases it too. A run that the holder has
 * started (bootstrap calls a setup-local-disks, which may be a bootwright of another version) works under the holder's lock.
 * @throws NodeError TEMPORARY naming the holder, when it does not end within waitMs
 */
export const withLock = async <T>(root: string, options: LockOptions, work: () => Promise<T>): Promise<T> => {
  makeDirectory(root, LOCK_DIR, 0o755);
  const directory = followed(root, LOCK_DIR);
  let number: number | undefined;
  try {
    number = await acquire(root, directory, options);
    if (number !== undefined) removeOlder(root, directory, number);
  } catch (error) {
    throw failureOf('lock', LOCK_DIR, error);
  }
  try {
    return await work();
  } finally {
    if (number !== undefined) release(directory, number);
  }
};
