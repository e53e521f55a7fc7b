/** containerd's own conversion of its configuration: `containerd config migrate`. Loaded only where one has to be converted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Migration } from '../core/facts.ts';
import { askProgram } from './program.ts';

/** What it complained about, in one line: the message of a log line, else the last line. */
const complaintOf = (stderr: string): string => {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return (/\bmsg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1] ?? last.replace(/^containerd: /, '')).slice(0, 500) || 'it gave no reason';
};

/**
 * The text in the newest format that this containerd knows. `candidates`: programs, in order of preference. null: none of them could be run
 * (there is none, or it is made for another architecture).
 */
export const migrateConfig = async (
  text: string,
  candidates: readonly string[],
  timeout: number,
  signal?: AbortSignal,
): Promise<Migration> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-containerd-'));
  try {
    const file = join(dir, 'config.toml');
    writeFileSync(file, text, { mode: 0o600 });
    for (const program of candidates) {
      const { code, stdout, stderr } = await askProgram(program, ['--config', file, 'config', 'migrate'], timeout, signal);
      signal?.throwIfAborted();
      if (code === 0) return { text: stdout };
      if (typeof code === 'number') return { error: complaintOf(stderr).replaceAll(file, 'the configuration') };
    }
    return null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
