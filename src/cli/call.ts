/** Which command a command line means: by the name the program was called by, then by its first word. */

import { nearestOf } from '../core/nearest.ts';
import { type Command, Refused, type Style } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';

export interface Call {
  readonly load: () => Promise<Command>;
  readonly args: readonly string[];
  readonly style: Style;
  /** True where stderr keeps bootstrap.sh's log format. */
  readonly logs: boolean;
}

const entryOf = (name: string): CommandEntry | undefined => COMMANDS.find((entry) => entry.name === name);

const loadOf = (name: string) => async (): Promise<Command> => {
  const entry = entryOf(name);
  if (!entry) throw new Error(`no command ${name}`);
  return entry.load();
};

/** Programs that we stand in for; their exit codes and words are kept. */
const DROP_INS: Readonly<Record<string, (args: readonly string[]) => Call>> = {
  'bootstrap.sh': (args) => ({ load: loadOf('bootstrap'), args, style: 'drop-in', logs: true }),
  'aws-iam-authenticator': (args) => ({
    load: async () => (await import('./commands/aws-iam-authenticator.ts')).awsIamAuthenticatorCommand,
    args,
    style: 'drop-in',
    logs: false,
  }),
  'max-pods-calculator.sh': (args) => ({
    load: async () => (await import('./commands/max-pods-calculator.ts')).maxPodsCalculatorCommand,
    args,
    style: 'drop-in',
    logs: false,
  }),
};

/** The call that a command line means. Throws Refused for an unknown command. */
export const callOf = (calledAs: string, argv: readonly string[]): Call => {
  const dropIn = Object.hasOwn(DROP_INS, calledAs) ? DROP_INS[calledAs] : undefined;
  if (dropIn) return dropIn(argv);
  const [word = '', ...args] = argv;
  const own = (name: string, rest: readonly string[]): Call => ({
    load: loadOf(name),
    args: rest,
    style: 'own',
    logs: name === 'bootstrap',
  });
  if (word === '--version' || word === '-V') return own('version', args);
  if (word === '--help' || word === '-h') return own('help', args);
  if (word === '') return { ...own('help', []), load: async () => (await import('./commands/help.ts')).missingCommand };
  if (entryOf(word)) return own(word, args);
  const near = nearestOf(
    word,
    COMMANDS.map((entry) => entry.name),
  );
  const remedy = near ? `did you mean \`bootwright ${near}\`?` : '`bootwright help` lists the commands';
  throw new Refused([{ severity: 'error', code: 'unknown-command', path: word, message: 'there is no such command', remedy }]);
};
