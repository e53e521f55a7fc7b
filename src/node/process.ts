/** Programs of the machine, run with an argument vector (no shell), a deadline and a small environment. */
import { NodeError } from '../core/errors.ts';

export interface Outcome {
  /** Exit code; null: it was killed by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It did not end in time and was killed. */
  readonly timedOut: boolean;
}

export interface RunOptions {
  /** Where the program is looked for. */
  readonly searchPath: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const MAX_OUTPUT = 1024 * 1024;

/** undefined: there is no such program. Rejects with the signal's reason when that comes first. @throws NodeError OS */
export const runProgram = async (program: string, args: readonly string[], options: RunOptions): Promise<Outcome | undefined> => {
  options.signal?.throwIfAborted();
  const { execFile } = await import('node:child_process'); // 3 ms that a converged image does not pay
  const { searchPath, timeoutMs, signal } = options;
  const env = { PATH: searchPath, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '' };
  return new Promise((resolve, reject) => {
    const settings = { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT, ...(signal ? { signal } : {}) } as const;
    const child = execFile(program, [...args], settings, (failure, stdout, stderr) => {
      if (signal?.aborted) return reject(signal.reason);
      if (failure?.code === 'ENOENT') return resolve(undefined);
      if (failure && typeof failure.code === 'string') return reject(cannotRun(program, failure));
      resolve({ code: child.exitCode, stdout, stderr, timedOut: failure?.killed === true });
    });
    child.stdin?.end();
  });
};

const cannotRun = (program: string, cause: Error & { readonly code?: unknown }): NodeError =>
  new NodeError('OS', `${program} cannot be run: ${cause.code}`, {
    remedy: `Run \`${program}\` by hand and see what is wrong with it.`,
    path: program,
    cause,
  });

/** What a program said of its failure, as one line. */
export const complaintOf = ({ code, stderr, timedOut }: Outcome, timeoutMs: number): string => {
  if (timedOut) return `no answer within ${Math.round(timeoutMs / 1000)} s`;
  const lines = stderr.split('\n').map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== '')
      .slice(0, 3)
      .join('; ') || `exit code ${code}`
  );
};
