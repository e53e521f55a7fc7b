/** What a person reads when a command ends badly, and its exit code. */
import { NodeError, remedyOf } from '../core/errors.ts';
import { redacted } from '../core/redact.ts';
import type { Call } from './call.ts';
import { type Context, Refused } from './command.ts';
import { exitCodeOf, exitCodeOfAll } from './exit-codes.ts';
import { causesOf, diagnosticLine, nodeErrorLine, nodeErrorLines } from './present/diagnostics.ts';

interface Failure {
  readonly lines: readonly string[];
  readonly exit: number;
}

const REPORT = 'This is a bug in bootwright. Please report it with these lines and the output of `bootwright version`.';

/** An error as lines and exit code. Mistakes and failures of the world are the user's to fix; anything else is ours. */
const failureOf = (error: unknown, style: Call['style'], isDebug: boolean): Failure => {
  if (error instanceof Refused) {
    return {
      lines: error.diagnostics.filter((d) => d.severity === 'error').map(diagnosticLine),
      exit: exitCodeOfAll(error.diagnostics, style),
    };
  }
  if (error instanceof NodeError) {
    const said = error.message.includes('\n') ? nodeErrorLines(error) : [nodeErrorLine(error)];
    // The remedy says what to do; what a library threw underneath is for those who look for a bug.
    const lines = isDebug || remedyOf(error) === undefined ? [...said, ...causesOf(error)] : said;
    return { lines: error.code === 'INTERNAL' ? [...lines, ...stackOf(error), REPORT] : lines, exit: exitCodeOf(error.code, style) };
  }
  return {
    lines: ['INTERNAL: something that cannot happen did', ...stackOf(error), ...causesOf(error), REPORT],
    exit: exitCodeOf('INTERNAL', style),
  };
};

const stackOf = (error: unknown): string[] =>
  (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n').map((line) => redacted(line));

/** Prints a failure in the manner of the call; resolves to its exit code. */
export const tellFailure = async (error: unknown, call: Pick<Call, 'style' | 'logs'>, context: Context): Promise<number> => {
  const { lines, exit } = failureOf(error, call.style, Boolean(context.env['BOOTWRIGHT_DEBUG']));
  if (call.logs) {
    const { createLog } = await import('../log.ts');
    const log = createLog({ format: 'bootstrap', env: context.env, now: context.now });
    for (const line of lines) log.error(line);
  } else
    for (const [i, line] of lines.entries()) context.stderr.write(`${i === 0 || error instanceof Refused ? 'error: ' : '  '}${line}\n`);
  return exit;
};
