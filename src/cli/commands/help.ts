import { nearestOf } from '../../core/nearest.ts';
import { type Command, Refused } from '../command.ts';
import { COMMANDS } from '../commands.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { parsedOf } from '../options.ts';
import { commandHelp, programHelp } from '../present/help.ts';

/** Tables that have a help page of their own. */
const TOPICS: Readonly<Record<string, (width: number) => Promise<string>>> = {
  'exit-codes': async (width) => (await import('../present/tables.ts')).exitCodeText(width),
  gates: async (width) => (await import('../present/tables.ts')).gateText(width),
  deviations: async (width) => (await import('../present/tables.ts')).deviationText(width),
  environment: async (width) => (await import('../present/tables.ts')).environmentText(width),
};

export const helpCommand: Command = {
  name: 'help',
  summary: 'explain a command or a table',
  usage: ['bootwright help [COMMAND | exit-codes | gates | deviations | environment]'],
  options: [],
  words: [[...COMMANDS.map(({ name }) => name), ...Object.keys(TOPICS)]],
  examples: [
    { line: 'bootwright help preview', text: 'options and examples of one command' },
    { line: 'bootwright help gates', text: 'what is written for which kubelet' },
  ],
  async run(args, context) {
    const topic = parsedOf(args, { command: 'help', options: [], positionals: 1 }).positionals[0];
    const width = Math.min(110, Math.max(60, context.stdout.columns));
    if (topic === undefined) {
      context.stdout.write(programHelp(COMMANDS, width));
      return 0;
    }
    const table = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
    const entry = COMMANDS.find((c) => c.name === topic);
    if (table) context.stdout.write(await table(width));
    else if (entry) context.stdout.write(await commandHelp(await entry.load(), width));
    else {
      const near = nearestOf(topic, [...COMMANDS.map((c) => c.name), ...Object.keys(TOPICS)]);
      const remedy = near ? `did you mean \`bootwright help ${near}\`?` : '`bootwright help` lists what there is';
      throw new Refused([
        { severity: 'error', code: 'unknown-command', path: topic, message: 'there is no such command or topic', remedy },
      ]);
    }
    return 0;
  },
};

/** What `bootwright` alone does: the same help, where errors go, and no success. */
export const missingCommand: Command = {
  ...helpCommand,
  async run(_args, context) {
    context.stderr.write(programHelp(COMMANDS, context.stderr.columns));
    return exitCodeOf('USAGE', context.style);
  },
};
