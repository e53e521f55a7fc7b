/** docs/bootwright.1: the manual page, from the tables that help and completion use. Only requests that groff, man-db and mandoc share. */
import { FOREIGN } from '../../src/cli/call.ts';
import { type CommandGrammar, type Flag, type Grammar, grammarOf } from '../../src/cli/completion/grammar.ts';
import { ENVIRONMENT } from '../../src/cli/environment.ts';
import { FLAG_GROUPS, flagCells } from '../../src/cli/present/flags.ts';
import { exitCodeRows } from '../../src/cli/present/tables.ts';
import { BOOTSTRAP_FLAGS } from '../../src/core/config/bootstrap-flags.ts';

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-', // a minus that can be copied, not a hyphen
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

const code = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** Text that roff prints as it is, also at the start of a line. */
const literal = (text: string): string => {
  const escaped = text
    .replace(/[\\\-'`^~"]/g, (character) => SPECIAL[character] ?? '')
    .replace(/[^\n -~]/gu, (character) => `\\[u${code(character)}]`);
  return escaped.replace(/^\./gm, '\\&.');
};

/** A sentence of help, where backquotes mark what is typed. */
const prose = (text: string): string =>
  text
    .split('`')
    .map((part, i) => (i % 2 === 1 ? `\\fB${literal(part)}\\fR` : literal(part)))
    .join('')
    .replace(/^\./, '\\&.');

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
const sentence = (text: string): string => capital(ended(text));

const paragraph = (text: string): string => `.PP\n${prose(text)}`;
const item = (head: string, text: string): string => `.TP\n${head}\n${text}`;

const flagItem = ({ names, value, text }: Flag): string => {
  const shown = value === undefined ? '' : ` \\fI${literal(value.name)}\\fR`;
  return item(`${names.map((name) => `\\fB${literal(name)}\\fR`).join(', ')}${shown}`, prose(ended(text)));
};

const example = ({ line, text }: CommandGrammar['command']['examples'][number]): string => `.TP\n\\fB${literal(line)}\\fR\n${prose(text)}`;

const commandSection = ({ command, summary, flags }: CommandGrammar): string =>
  [
    `.SS "${literal(command.name)}"`,
    ...command.usage.map((form, i) => `${i === 0 ? '' : '.br\n'}\\fB${literal(form)}\\fR`),
    paragraph(sentence(summary)),
    ...(command.description ?? []).map(paragraph),
    ...(command.dialect === 'at-once'
      ? [paragraph('Its flags stand in a section of their own, below.')]
      : flags.filter(({ names }) => !names.includes('--help')).map(flagItem)),
    '.PP\nExamples:',
    ...command.examples.map(example),
  ].join('\n');

const dialectSections = (): string =>
  FLAG_GROUPS.map(([group, title]) => {
    const rows = BOOTSTRAP_FLAGS.filter((flag) => flag.group === group).map((flag) => {
      const { word, env, text, fallback } = flagCells(flag);
      const [name = '', ...value] = word.split(' ');
      const head =
        word === ''
          ? `\\fB${literal(env)}\\fR`
          : `\\fB${literal(name)}\\fR${value.length > 0 ? ` \\fI${literal(value.join(' '))}\\fR` : ''}`;
      const notes = [
        ...(word !== '' && env !== '' ? [`Variable: \\fB${literal(env)}\\fR.`] : []),
        ...(flag.choices ? [`One of ${flag.choices.map(literal).join(', ')}.`] : []),
        ...(fallback === '' ? [] : [`Default: ${prose(fallback)}.`]),
      ];
      return item(head, [prose(sentence(text)), ...notes].join('\n'));
    });
    return [`.SS "${literal(title)}"`, ...rows].join('\n');
  }).join('\n');

const programItems = ({ programs }: Grammar): string =>
  Object.entries(programs)
    .map(([name, command]) => item(`\\fB${literal(name)}\\fR`, `As \\fBbootwright ${literal(command)}\\fR.`))
    .concat(
      Object.entries(FOREIGN).map(([name, { like }]) =>
        item(`\\fB${literal(name)}\\fR`, `As \\fBbootwright ${literal(like)}\\fR, with the options of that program.`),
      ),
    )
    .join('\n');

/** The page, as roff. */
export const manPage = async (version: string): Promise<string> => {
  const grammar = await grammarOf('bootwright');
  return `.\\" Made by \`npm run docs\` from the program's own tables.
.TH BOOTWRIGHT 1 "" "bootwright ${literal(version)}" "User Commands"
.nh
.ad l
.SH NAME
bootwright \\- node bootstrap agent for Amazon EKS
.SH SYNOPSIS
.B bootwright
.I COMMAND
[\\fIoptions\\fR]
.br
.B bootstrap.sh
[\\fIflags\\fR] \\fICLUSTER\\fR
.SH DESCRIPTION
${prose('A drop-in for bootstrap.sh that decides first, tells why, and only then writes. `bootwright preview` shows anywhere what a node would get, `bootwright plan` compares it with a machine, `bootwright bootstrap` applies it. Everything that writes takes `--root DIR` and then acts on that directory as on an image. Each command takes `--help`.')}
.SH COMMANDS
${grammar.commands.map(commandSection).join('\n')}
.SH FLAGS OF THE BOOTSTRAP.SH DIALECT
${prose('For `bootwright bootstrap` and `bootstrap.sh`, and in `plan`, `preview` and `facts` behind the cluster or the word `bootstrap`. A flag beats its variable, and an empty value means not given.')}
${dialectSections()}
.SH OTHER NAMES
Called by one of these names, by a symbolic or hard link, it does as the program of that name on an EKS image, with its exit codes:
${programItems(grammar)}
.SH ENVIRONMENT
${ENVIRONMENT.map(([name, text]) => item(`\\fB${literal(name)}\\fR`, prose(ended(text)))).join('\n')}
.SH EXIT STATUS
Of bootwright's own commands; vercmp ends with 1 for false.
Under the other names every error is 1, and where IMDS refuses, imds ends with the HTTP status modulo 256.
${exitCodeRows()
  .map(([exit, text]) => item(`\\fB${literal(exit)}\\fR`, prose(ended(text))))
  .join('\n')}
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
`.replace("bootwright's own", 'bootwright\\(aqs own');
};
