/** Running programs in tests: the outcome as a value, never a thrown exit code. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  /** Exit code; 128 + signal number is how a killed program shows up in a shell, `null` here. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** After this many milliseconds the program is killed. */
  readonly deadlineMs?: number;
}

export const rigDirectory = dirname(fileURLToPath(import.meta.url));
export const projectDirectory = join(rigDirectory, '../..');

/** Runs a program to its end and collects what it said. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      timeout: options.deadlineMs ?? 120_000,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined); // a program may end without reading its input
    child.stdin.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
  });

/** Empty for a program that ended well; else its exit code and own words: `t.equal(complaintOf(outcome), '')`. */
export const complaintOf = ({ code, stderr }: Outcome): string => (code === 0 ? '' : `exit ${code}: ${stderr}`);

/** Like run, for what must succeed: throws with the program's own words otherwise. Returns stdout. */
export const must = async (command: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const outcome = await run(command, args, options);
  if (outcome.code === 0) return outcome.stdout;
  throw new Error(`${[command, ...args].join(' ')}: exit ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
};
