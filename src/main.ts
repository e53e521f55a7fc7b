/**
 * argv[0] and argv → command; signals; the only catch and the only process.exit. Nothing happens on import: the executable's
 * entry, the bundle's and the warm-up call `main`.
 */
import { basename } from 'node:path';
import { type Call, callOf } from './cli/call.ts';
import { type Context, Interrupted, type Terminal } from './cli/command.ts';
import { tellFailure } from './cli/failure.ts';
import { runCommand } from './cli/run.ts';

export interface MainOptions {
  readonly argv?: readonly string[];
  /** The word the program was called by, as typed; in the executable `process.argv0` (with `exec -a` too). */
  readonly argv0?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Whether V8 took the executable's code cache; `BOOTWRIGHT_DEBUG=1` prints it, an e2e test asserts it. */
  readonly codeCache?: string;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
/** A command that does not end by itself after a signal is cut off: every write survives that. */
const GRACE_MS = 3000;

/** Of a terminal its own width; piped, COLUMNS as shells and `watch` set it, else 100. */
const columnsOf = (stream: NodeJS.WriteStream, env: Context['env']): number =>
  stream.columns ?? (/^[1-9]\d{0,3}$/.test(env['COLUMNS'] ?? '') ? Number(env['COLUMNS']) : 100);

const terminalOf = (stream: NodeJS.WriteStream, env: Context['env']): Terminal => ({
  write: (text) => void stream.write(text),
  isTty: stream.isTTY === true,
  columns: columnsOf(stream, env),
});

/** `bootwright preview | head` closes our stdout; that is no error. */
const endQuietlyOnClosedPipe = (): void => {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
};

/** Runs one command line and sets `process.exitCode`. Never rejects. */
export const main = async (options: MainOptions = {}): Promise<void> => {
  const { argv = process.argv.slice(2), argv0 = process.argv0, env = process.env, codeCache } = options;
  const interrupt = new AbortController();
  let signalled: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = SIGNALS[signal as keyof typeof SIGNALS];
    if (signalled !== undefined) process.exit(code);
    signalled = code;
    process.stderr.write(`${signal}: stopping\n`);
    interrupt.abort(new Interrupted(signal, code));
    setTimeout(() => process.exit(code), GRACE_MS).unref();
  };
  for (const signal of Object.keys(SIGNALS) as NodeJS.Signals[]) process.on(signal, onSignal);
  endQuietlyOnClosedPipe();

  const context: Context = {
    calledAs: basename(argv0),
    style: 'own',
    env,
    stdout: terminalOf(process.stdout, env),
    stderr: terminalOf(process.stderr, env),
    signal: interrupt.signal,
    now: () => new Date(),
    random: Math.random,
    uid: process.geteuid?.() ?? 0,
    cwd: process.cwd(),
  };
  if (codeCache !== undefined && env['BOOTWRIGHT_DEBUG']) process.stderr.write(`debug: code cache ${codeCache}\n`);
  let call: Pick<Call, 'style' | 'logs'> = { style: 'own', logs: false };
  try {
    const found = callOf(context.calledAs, argv);
    call = found;
    process.exitCode = await runCommand(await found.load(), found, context);
  } catch (error) {
    process.exitCode = signalled === undefined ? await tellFailure(error, call, context) : signalled;
  }
  if (signalled !== undefined) process.exitCode = signalled;
  for (const signal of Object.keys(SIGNALS) as NodeJS.Signals[]) process.off(signal, onSignal);
};
