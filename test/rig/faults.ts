/**
 * Breaking one system call of a program: strace lists the calls on files below a directory, then breaks one of them in each of many
 * runs. strace counts per thread and per call name, so the program must keep to one pool thread.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, run } from './shell.ts';

/** The calls by which a program changes files; `openat` counts where it opens for writing. */
const CHANGING = new Set(
  ['openat', 'write', 'writev', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'rename', 'renameat', 'renameat2', 'link', 'linkat']
    .concat(['symlink', 'symlinkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown'])
    .concat(['fchownat', 'utimensat', 'copy_file_range']),
);
const WRITES = /O_WRONLY|O_RDWR|O_CREAT/;

/** A call to break. */
export interface FaultPoint {
  readonly call: string;
  /** The n-th of this name in its thread; with `onPath` the n-th on this path. */
  readonly n: number;
  /** The file it was about in the undisturbed run, below the victim's directory. */
  readonly path: string;
  readonly onPath?: true;
}

export type Fault = `error=${string}` | 'signal=KILL';

export interface Victim {
  readonly command: readonly [string, ...string[]];
  readonly options?: RunOptions;
  /** Absolute; only calls on files below it are of interest. */
  readonly within: string;
}

/** Stops the program only at the calls asked for. */
const SWIFT = '--seccomp-bpf';
const LINE = /^(\d+) +([a-z0-9_]+)\((.*)$/;

const straced = async (victim: Victim, args: readonly string[]): Promise<{ code: number | null; log: string }> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-strace-'));
  try {
    const log = join(dir, 'log');
    const env = { ...(victim.options?.env ?? process.env), UV_THREADPOOL_SIZE: '1' };
    const { code } = await run('strace', ['-f', '-y', '-qqq', '-s', '4096', '-o', log, ...args, ...victim.command], {
      ...victim.options,
      env,
    });
    return { code, log: readFileSync(log, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** Path below `within` that a call's arguments name, as a string (`"/a/b"`) or as a descriptor (`7</a/b>`); begins with a slash or is empty. */
const pathIn = (within: string, args: string): string | undefined => {
  const starts = [`"${within}`, `<${within}`].map((start) => args.indexOf(start)).filter((start) => start >= 0);
  return starts.length === 0 ? undefined : /^[^">]*/.exec(args.slice(Math.min(...starts) + 1 + within.length))?.[0];
};

/** Every call of a log that is about a file below `within`. */
const pointsIn = (log: string, within: string): readonly (FaultPoint & { changes: boolean })[] => {
  const counts = new Map<string, number>();
  const points: (FaultPoint & { changes: boolean })[] = [];
  for (const line of log.split('\n')) {
    const [, thread, call, args] = LINE.exec(line) ?? [];
    if (call === undefined || args === undefined) continue;
    const n = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, n);
    const end = args.lastIndexOf(') = '); // a call may give a file that it does not name
    const path = pathIn(within, end < 0 ? args : args.slice(0, end));
    if (path !== undefined) points.push({ call, n, path, changes: CHANGING.has(call) && (call !== 'openat' || WRITES.test(args)) });
  }
  return points;
};

/** Every point of an undisturbed run where something below `within` changes. */
export const faultPoints = async (victim: Victim): Promise<readonly FaultPoint[]> => {
  const { log } = await straced(victim, [SWIFT, '-e', `trace=${[...CHANGING].join(',')}`]);
  return pointsIn(log, victim.within).filter(({ changes }) => changes);
};

/**
 * Of each other call on each file the first: stat, open, read, readlink, close … Not of temporary files, whose names are random, nor the
 * start of the program, which is given the directory as a word.
 */
export const readingPoints = async (victim: Victim, isTemporary: (path: string) => boolean): Promise<readonly FaultPoint[]> => {
  const { log } = await straced(victim, []);
  const reading = pointsIn(log, victim.within).filter(({ call, changes, path }) => call !== 'execve' && !changes && !isTemporary(path));
  const first = new Map(reading.map(({ call, path }) => [`${call} ${path}`, { call, path, n: 1, onPath: true as const }]));
  return [...first.values()];
};

/** What the broken call of a log was about, if that is below `within`. */
const hitIn = (within: string, log: string): string | undefined =>
  log
    .split('\n')
    .filter((line) => line.includes('(INJECTED)') || /= \?( |$)|<unfinished \.\.\.>$/.test(line))
    .map((line) => pathIn(within, line))
    .find((path) => path !== undefined);

/** Runs the program once with a call broken. `path`: what it was about, as in a FaultPoint; undefined: it hit nothing of interest. */
export const withFault = async (
  victim: Victim,
  { call, n, path: file, onPath }: FaultPoint,
  fault: Fault,
): Promise<{ path: string | undefined; code: number | null }> => {
  // With the filter strace does not deliver an injected signal (seen with 6.1).
  const filter = fault === 'signal=KILL' ? [] : [SWIFT];
  const only = onPath ? [`--trace-path=${join(victim.within, file)}`] : [];
  const { code, log } = await straced(victim, [...filter, ...only, '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${n}`]);
  return { code, path: hitIn(victim.within, log) };
};
