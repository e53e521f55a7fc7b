/** Programs that tell about the machine: no shell, a deadline, little output, and nothing of our own environment. */

export interface Told {
  /** Exit code; a text: it could not be run, or wrote too much (ENOENT, ENOEXEC …); null: it was killed, as for its deadline. */
  readonly code: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** undefined: it ended well. */
  readonly failure: Error | undefined;
}

export const askProgram = async (
  program: string,
  args: readonly string[],
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Told> => {
  const { execFile } = await import('node:child_process'); // 3 ms that a root with a version file does not pay
  const options = {
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 1024 * 1024,
    env: { PATH: '/usr/bin:/bin' },
    ...(signal ? { signal } : {}),
  } as const;
  return new Promise((resolve) => {
    execFile(program, [...args], options, (failure, stdout, stderr) =>
      resolve({ code: failure ? (failure.code ?? null) : 0, stdout, stderr, failure: failure ?? undefined }),
    );
  });
};
