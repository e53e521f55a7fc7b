/** Completion for fish 3 and newer. */
import { type Flag, type Grammar, PROGRAM_FLAGS, type Value } from './grammar.ts';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

const valueWords = ({ kind, choices }: Value): string => {
  if (choices.length > 0) return `-x -a ${quoted(choices.join(' '))}`;
  if (kind === 'file') return '-r -F';
  return kind === 'directory' ? `-x -a '(__fish_complete_directories)'` : '-x';
};

const flagLine = (program: string, mode: string, { names, text, value }: Flag): string => {
  const forms = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const parts = [...forms, ...(value === undefined ? [] : [valueWords(value)]), `-d ${quoted(text)}`];
  return `complete -c ${program} -n '__bootwright_in ${mode}' ${parts.join(' ')}`;
};

const placeLines = (program: string, name: string, places: readonly (readonly string[])[]): readonly string[] =>
  places.flatMap((words, i) =>
    words.length === 0 ? [] : [`complete -c ${program} -n '__bootwright_in ${name} ${i}' -a ${quoted(words.join(' '))}`],
  );

/** What a command's name, or the program under that name, offers. */
const linesOf = (grammar: Grammar, program: string, name: string): readonly string[] => {
  const { flags, places } = grammar.commands.find(({ command }) => command.name === name) ?? { flags: [], places: [] };
  return [...placeLines(program, name, places), ...flags.map((flag) => flagLine(program, name, flag))];
};

const takers = (flags: readonly Flag[]): readonly string[] =>
  flags.filter(({ value }) => value !== undefined).flatMap(({ names }) => names);

const takerCases = ({ commands, dialect }: Grammar): readonly string[] =>
  [...commands.map(({ command, flags }) => [command.name, takers(flags)] as const), ['dialect', takers(dialect)] as const]
    .filter(([, names]) => names.length > 0)
    .map(([mode, names]) => `        case ${mode}\n            contains -- $flag ${names.join(' ')}`);

/** The script, as text. */
export const fishScript = (grammar: Grammar): string => {
  const { commands, dialect, programs, name } = grammar;
  const afterWord = commands.filter(({ command }) => command.dialect === 'after-word').map(({ command }) => command.name);
  const script = `# fish completion for ${name}, made by \`${name} completion fish\`

function __bootwright_takes -a mode flag -d 'does the flag take the next word?'
    switch $mode
${takerCases(grammar).join('\n')}
        case '*'
            false
    end
end

function __bootwright_in -d 'is the cursor in this mode, and at this place of it?'
    set -l words (commandline -opc)
    set -l mode ''
    set -l place 0
    set -l flag ''
    switch (string replace -r '.*/' '' -- $words[1])
${Object.entries(programs)
  .map(([program, command]) => `        case ${program}\n            set mode ${command}`)
  .join('\n')}
    end
    for word in $words[2..-1]
        if test -n "$flag"
            set flag ''
        else if string match -q -- '-*' $word
            __bootwright_takes "$mode" $word; and set flag $word
        else
            switch "$mode"
                case ''
                    set mode $word
                case ${afterWord.length === 0 ? "'no such mode'" : afterWord.join(' ')}
                    set mode dialect
                    test $word = init; and set mode init
                case '*'
                    set place (math $place + 1)
            end
        end
    end
    test "$mode" = "$argv[1]"; and begin
        set -q argv[2]; or return 0
        test "$place" = "$argv[2]"
    end
end

complete -c ${name} -f
${[
  ...PROGRAM_FLAGS.map((flag) => flagLine(name, '""', flag)),
  ...commands.map(({ command, summary }) => `complete -c ${name} -n '__bootwright_in ""' -a ${command.name} -d ${quoted(summary)}`),
  ...commands.flatMap(({ command }) => linesOf(grammar, name, command.name)),
  ...dialect.map((flag) => flagLine(name, 'dialect', flag)),
  ...Object.entries(programs).flatMap(([program, command]) => [`complete -c ${program} -f`, ...linesOf(grammar, program, command)]),
].join('\n')}
`;
  // Two scripts in one shell must not share functions.
  return script.replaceAll('__bootwright_', `__${name}_`);
};
