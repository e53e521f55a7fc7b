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

/** Programs of an EKS image that our commands stand in for, with their output and exit codes: name → command. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  'bootstrap.sh': 'bootstrap',
  'get-ecr-uri.sh': 'ecr-uri',
  imds: 'imds',
  'mount-bpf-fs': 'mount-bpf-fs',
  'private-dns-name': 'private-dns-name',
  'provider-id': 'provider-id',
  'setup-local-disks': 'local-disks',
  vercmp: 'vercmp',
};

/** Programs whose command lines are nobody else's, each with the command that does the same in our words. */
export const FOREIGN: Readonly<Record<string, { readonly like: string; readonly load: Call['load'] }>> = {
  'aws-iam-authenticator': {
    like: 'token',
    load: async () => (await import('./commands/aws-iam-authenticator.ts')).awsIamAuthenticatorCommand,
  },
  'max-pods-calculator.sh': {
    like: 'max-pods',
    load: async () => (await import('./commands/max-pods-calculator.ts')).maxPodsCalculatorCommand,
  },
};

/** Commands of nodeadm. */
export const NODEADM_COMMANDS: readonly string[] = ['init', 'config', 'completion'];

/** nodeadm's commands. `-d` may stand before them there. */
const nodeadmCall = (args: readonly string[]): Call => {
  const [word = '', ...rest] = args.filter((arg, index) => index > 0 || !/^(?:-d|--development)$/.test(arg));
  const called = (name: string, load = loadOf(name)): Call => ({ load, args: rest, style: 'nodeadm', logs: false });
  if (word === '--version') return called('version');
  if (word === '--help' || word === '-h') return called('help');
  if (word === '') return called('help', async () => (await import('./commands/help.ts')).missingCommand);
  if (NODEADM_COMMANDS.includes(word)) return called(word);
  const remedy = '`nodeadm init`, `nodeadm config check` and `nodeadm config dump` are there';
  return called('help', () => {
    throw new Refused([{ severity: 'error', code: 'unknown-command', path: word, message: 'there is no such command', remedy }]);
  });
};

/** Commands of nodeadm-internal; any other word is refused as a command of ours would be. */
const INTERNAL = ['boot-hook', 'udev-net-manager'];

/** The call under the name of another program; undefined: that name is none. */
const dropInOf = (calledAs: string, args: readonly string[]): Call | undefined => {
  const name = Object.hasOwn(PROGRAMS, calledAs) ? PROGRAMS[calledAs] : undefined;
  if (name !== undefined) return { load: loadOf(name), args, style: 'drop-in', logs: name === 'bootstrap' };
  if (calledAs === 'nodeadm-internal' && INTERNAL.includes(args[0] ?? ''))
    return { load: loadOf(args[0] ?? ''), args: args.slice(1), style: 'nodeadm', logs: false };
  if (calledAs === 'nodeadm') return nodeadmCall(args);
  const foreign = Object.hasOwn(FOREIGN, calledAs) ? FOREIGN[calledAs] : undefined;
  return foreign && { load: foreign.load, args, style: 'drop-in', logs: false };
};

/** The call that a command line means. Throws Refused for an unknown command. */
export const callOf = (calledAs: string, argv: readonly string[]): Call => {
  const dropIn = dropInOf(calledAs, argv);
  if (dropIn) return dropIn;
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
