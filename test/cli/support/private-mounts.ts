/** A program in a mount namespace of its own, where files of this machine can be covered: what it writes there is gone with it. */
import { spawn } from 'node:child_process';
import type { Run } from './program.ts';

export interface PrivateRun {
  /** Bash that covers what must be covered, as root. */
  readonly prepare: string;
  readonly program: string;
  /** The name it is called by. */
  readonly as: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Needs the parts `linux` and `root`. */
export const runPrivately = ({ prepare, program, as, args = [], env = {} }: PrivateRun): Promise<Run> =>
  new Promise((resolve, reject) => {
    const script = `set -e\n${prepare}\nname=$1; shift\nexec -a "$name" "$@"`;
    const child = spawn(
      'unshare',
      ['--mount', '--propagation', 'private', 'bash', '--norc', '-c', script, 'bash', as, process.execPath, program, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC', ...env },
        timeout: 30_000,
      },
    );
    const out = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (out.stdout += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => (out.stderr += String(chunk)));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...out }));
  });
