/** Runs commands through bench/go/measure (the kernel's own count of a child) and turns samples into figures. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly maxRssKiB: number;
  readonly majorFaults: number;
  readonly exit: number;
}

export interface Runner {
  readonly measure: (command: readonly string[], env: Readonly<Record<string, string>>) => Sample;
  /** The static Go program: the floor of any program. */
  readonly goHello: string;
}

/** Builds the two Go programs. Throws where there is no Go: these figures are for developers, not for users. */
export const buildRunner = (): Runner => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-bench-'));
  const from = join(import.meta.dirname, 'go');
  const build = (name: string): string => {
    const out = join(dir, name);
    execFileSync('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', out, `./${name}`], {
      cwd: from,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    return out;
  };
  const program = build('measure');
  const nowhere = openSync('/dev/null', 'w');
  return {
    goHello: build('hello'),
    measure: (command, env) => {
      const run = spawnSync(program, [...command], { env: { ...env }, stdio: ['ignore', nowhere, 'pipe'], encoding: 'utf8' });
      const line = run.stderr.trim().split('\n').at(-1) ?? '';
      return JSON.parse(line);
    },
  };
};

export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2;
};
