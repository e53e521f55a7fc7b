/** The real program in a child process: bundled once per test file from the sources, then run like the executable. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOf } from '../../../build/scripts.mjs';

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** The name the program is called by. */
  readonly as?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Run as this user. */
  readonly uid?: number | undefined;
  /** Told of all of it at each new piece; may send a signal, once. */
  readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export interface Program {
  /** The bundle: `node PATH` is the program. */
  readonly path: string;
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
}

/** No IMDS, no AWS configuration, no proxy of this machine is reached. */
const SHUT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  AWS_CONFIG_FILE: '/proc/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/proc/nonexistent',
  IMDS_ENDPOINT: '127.0.0.1:9',
  TZ: 'UTC',
};

/** Bundles the sources; `teardown` removes the bundle (pass t.teardown). */
export const makeProgram = async (teardown: (clean: () => void) => void): Promise<Program> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-cli-'));
  teardown(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755); // other users run it, too
  const path = join(dir, 'bootwright.cjs');
  await bundleOf({
    entry: fileURLToPath(new URL('./entry.cjs', import.meta.url)),
    outfile: path,
    define: { BOOTWRIGHT_VERSION: '"1.2.3"', BOOTWRIGHT_COMMIT: '"0123abcd"' },
  });
  const run: Program['run'] = (args, { as = 'bootwright', env = {}, cwd = dir, input, uid, onStdout, onStderr } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [path, ...args], {
        argv0: as,
        cwd,
        env: { ...SHUT, ...env },
        stdio: 'pipe',
        ...(uid === undefined ? {} : { uid, gid: uid }),
      });
      const out = { stdout: '', stderr: '' };
      let isSignalled = false;
      const kill = (signal: NodeJS.Signals): void => {
        // A second one would end it at once.
        if (!isSignalled) child.kill(signal);
        isSignalled = true;
      };
      child.stdout.on('data', (chunk: Buffer) => {
        out.stdout += String(chunk);
        onStdout?.(out.stdout, kill);
      });
      child.stderr.on('data', (chunk: Buffer) => {
        out.stderr += String(chunk);
        onStderr?.(out.stderr, kill);
      });
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, ...out }));
      child.stdin.on('error', () => undefined); // a program that does not read may be gone first
      child.stdin.end(input ?? '');
    });
  return { path, run };
};
