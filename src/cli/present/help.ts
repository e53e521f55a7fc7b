/** Help as text, from the same tables that parsing uses. */
import type { Command, Option } from '../command.ts';
import type { CommandEntry } from '../commands.ts';
import { columns, wrapped } from './lines.ts';

const widthOf = (terminalColumns: number): number => Math.min(110, Math.max(60, terminalColumns));

const optionWord = (o: Option): string =>
  `${o.short ? `-${o.short}, ` : ''}--${o.name}${o.value ? ` ${o.value}` : o.optionalValue ? `[=${o.optionalValue}]` : ''}`;

/** Help for one command: usage, what it does, options, examples. */
export const commandHelp = async (command: Command, terminalColumns: number): Promise<string> => {
  const width = widthOf(terminalColumns);
  const usage = command.usage.map((form, i) => `${i === 0 ? 'Usage: ' : '       '}${form}`);
  const text = (command.description ?? []).flatMap((paragraph) => ['', ...wrapped(paragraph, width)]);
  const options = [...command.options, { name: 'help', short: 'h', text: 'show this help' }].map((o) => [optionWord(o), o.text]);
  const more = command.more ? ['', (await command.more()).trimEnd()] : [];
  const examples = command.examples.flatMap((e) => [`  ${e.line}`, ...wrapped(e.text, width - 6).map((line) => `      ${line}`)]);
  return `${[
    ...usage,
    '',
    ...wrapped(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`, width),
    ...text,
    '',
    'Options:',
    ...columns(options, { width }),
    ...more,
    '',
    'Examples:',
    ...examples,
  ].join('\n')}\n`;
};

/** Help for the whole program. */
export const programHelp = (commands: readonly CommandEntry[], terminalColumns: number): string => {
  const width = widthOf(terminalColumns);
  return `${[
    ...wrapped(
      'bootwright: the node bootstrap agent for Amazon EKS, a drop-in for bootstrap.sh and nodeadm that tells you beforehand what it will do',
      width,
    ),
    '',
    'Usage: bootwright COMMAND [options]',
    '',
    'Commands:',
    ...columns(
      commands.map((c) => [c.name, c.summary]),
      { width },
    ),
    '',
    'Start with:',
    '  bootwright preview --instance-type m5.large --region us-west-2 bootstrap my-cluster',
    '',
    ...wrapped(
      '`bootwright help COMMAND` has options and examples. Also: help exit-codes, help gates, help deviations, help environment.',
      width,
    ),
    ...wrapped('Everything that writes takes --root DIR and then acts on that directory as on an image.', width),
  ].join('\n')}\n`;
};
