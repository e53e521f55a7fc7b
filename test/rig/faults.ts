/**
 * Breaking one system call of a program: strace lists the calls that change something below a directory, then breaks one of
 * them in each of many runs. strace counts per thread and per call name, so the program must keep to one pool thread.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOptions, run } from './shell.ts';

/** The calls by which a program changes files; `openat` counts where it opens for writing. */
const CALLS = ['openat', 'write', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'rename', 'renameat', 'renameat2', 'link', 'linkat']
  .concat(['symlink', 'symlinkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown'])
  .concat(['fchownat', 'utimensat', 'copy_file_range']);

/** The n-th call of this name in its thread, and the file it was about in the undisturbed run. */
export interface FaultPoint {
  readonly call: string;
  readonly n: number;
  readonly path: string;
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
const WRITES = /O_WRONLY|O_RDWR|O_CREAT/;

const straced = async (victim: Victim, args: readonly string[]): Promise<{ code: number | null; log: string }> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-strace-'));
  try {
    const log = join(dir, 'log');
    const env = { ...(victim.options?.env ?? process.env), UV_THREADPOOL_SIZE: '1' };
    const { code } = await run('strace', ['-f', '-y', '-qqq', '-o', log, ...args, ...victim.command], {
      ...victim.options,
      env,
    });
    return { code, log: readFileSync(log, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

/** Path below `within` that a call's arguments name, as a string (`"/a/b"`) or as a descriptor (`7</a/b>`). */
const pathIn = (within: string, args: string): string | undefined => {
  const start = args.indexOf(within);
  return start < 0 ? undefined : /^[^">]*/.exec(args.slice(start))?.[0];
};

/** Every point of an undisturbed run where something below `within` changes. */
export const faultPoints = async (victim: Victim): Promise<readonly FaultPoint[]> => {
  const { log } = await straced(victim, [SWIFT, '-s', '4096', '-e', `trace=${CALLS.join(',')}`]);
  const counts = new Map<string, number>();
  const points: FaultPoint[] = [];
  for (const line of log.split('\n')) {
    const [, thread, call, args] = LINE.exec(line) ?? [];
    if (call === undefined || args === undefined) continue;
    const n = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, n);
    const path = pathIn(victim.within, args);
    if (path !== undefined && (call !== 'openat' || WRITES.test(args))) points.push({ call, n, path });
  }
  return points;
};

/** What the broken call of a log was about, if that is below `within`. */
const hitIn = (within: string, log: string): string | undefined =>
  log
    .split('\n')
    .filter((line) => line.includes('(INJECTED)') || /= \?( |$)|<unfinished \.\.\.>$/.test(line))
    .map((line) => pathIn(within, line))
    .find((path) => path !== undefined);

/** Runs the program once with the n-th call of a name broken. `path`: what it was about; undefined: it hit nothing of interest. */
export const withFault = async (
  victim: Victim,
  { call, n }: Pick<FaultPoint, 'call' | 'n'>,
  fault: Fault,
): Promise<{ path: string | undefined; code: number | null }> => {
  // With the filter strace does not deliver an injected signal (seen with 6.1).
  const filter = fault === 'signal=KILL' ? [] : [SWIFT];
  const { code, log } = await straced(victim, [...filter, '-s', '4096', '-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${n}`]);
  return { code, path: hitIn(victim.within, log) };
};
