/** The first start after boot: nothing of the executable is in the page cache, and the disk reads ahead as EC2's do (128 KiB). Root only. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Runner, Sample } from './measure.ts';

const READ_AHEAD_KB = '128';
const READ_AHEAD_FILES = readdirSync('/sys/block').map((disk) => `/sys/block/${disk}/queue/read_ahead_kb`);

/** Evicts one file from the page cache. It must be clean, so it is synced first. */
export const evict = (file: string): void => {
  execFileSync('sync', [file]);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
};

const cachedMiB = (file: string): number => {
  const bytes = execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', file], { encoding: 'utf8' });
  return Number(bytes.trim()) / 2 ** 20;
};

export interface ColdSample extends Sample {
  /** MiB of the executable that the first start brought into memory. */
  readonly mib: number;
}

/** Runs `work` with EC2's read-ahead and puts the machine's own back afterwards. */
const withReadAhead = <T>(work: () => T): T => {
  const before = READ_AHEAD_FILES.map((file) => readFileSync(file, 'utf8'));
  try {
    for (const file of READ_AHEAD_FILES) writeFileSync(file, READ_AHEAD_KB);
    return work();
  } finally {
    for (const [i, file] of READ_AHEAD_FILES.entries()) writeFileSync(file, before[i] ?? READ_AHEAD_KB);
  }
};

export const measureCold = (runner: Runner, command: readonly string[], env: Readonly<Record<string, string>>): ColdSample =>
  withReadAhead(() => {
    const file = command[0] ?? '';
    evict(file);
    const sample = runner.measure(command, env);
    return { ...sample, mib: cachedMiB(file) };
  });
