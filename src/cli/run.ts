/** Runs a command, or shows its help when the line asks for that. */
import type { Call } from './call.ts';
import type { Command, Context } from './command.ts';

/** Resolves to the exit code. `bootstrap` reads `--help` itself: it may stand anywhere in its dialect. */
export const runCommand = async (command: Command, call: Call, context: Context): Promise<number> => {
  if (command.name !== 'bootstrap') {
    const { asksForHelp, splitAtWord } = await import('./options.ts');
    if (asksForHelp(splitAtWord(call.args, command.options).own, command.options)) {
      const { commandHelp } = await import('./present/help.ts');
      context.stdout.write(await commandHelp(command, context.stdout.columns));
      return command.helpExit ?? 0;
    }
  }
  return command.run(call.args, { ...context, style: call.style });
};
