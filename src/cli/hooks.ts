/** Programs of the user's own around `init`: `spec.bootwright.hooks`. */
import { NodeError } from '../core/errors.ts';
import type { HookSpec } from '../core/spec.ts';
import type { Log } from '../log.ts';
import { complaintOf, runProgram } from '../node/process.ts';
import type { Context } from './command.ts';
import type { Machine } from './machine.ts';

/** One after the other; what they print goes to the log. @throws NodeError OS of the first that fails or takes too long */
export const runHooks = async (
  when: 'pre' | 'post',
  hooks: readonly HookSpec[],
  { searchPath }: Machine,
  log: Log,
  { signal }: Context,
): Promise<void> => {
  for (const [index, { command, deadlineMs }] of hooks.entries()) {
    const [program = '', ...args] = command;
    const name = `spec.bootwright.hooks.${when}[${index}] (${program})`;
    log.info(`running ${name}`);
    const outcome = await runProgram(program, args, { searchPath, timeoutMs: deadlineMs, signal });
    if (outcome === undefined) throw failed(`${name}: there is no such program`, `Install it, or give its whole path.`, program);
    for (const line of linesOf(outcome.stdout)) log.info(`${program}: ${line}`);
    if (outcome.code === 0) for (const line of linesOf(outcome.stderr)) log.warn(`${program}: ${line}`);
    else throw failed(`${name} failed: ${complaintOf(outcome, deadlineMs)}`, 'Mend it, or take it out of the document.', program);
  }
};

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

const failed = (message: string, remedy: string, path: string): NodeError => new NodeError('OS', message, { remedy, path });
