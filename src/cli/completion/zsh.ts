/** Completion for zsh, by its own `_arguments`. Works from a file `_bootwright` on fpath and by `source`. */
import { type CommandGrammar, DIALECT_WORDS, type Flag, type Grammar, PROGRAM_FLAGS, type Value } from './grammar.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** In the parts of a spec, where colons and brackets mean something. */
const escaped = (text: string): string => text.replace(/[\\:[\]]/g, '\\$&');

const actionOf = ({ kind, choices }: Value): string => {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  if (kind === 'file') return '_files';
  return kind === 'directory' ? '_files -/' : ' ';
};

/** One line of `_arguments` for each name of a flag. */
const specsOf = ({ names, text, value, multiple }: Flag): readonly string[] =>
  names.map((name) => {
    const others = multiple ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
    const argument = value === undefined ? '' : `:${escaped(value.name)}:${actionOf(value)}`;
    const equals = value === undefined || !name.startsWith('--') ? '' : '=';
    return quoted(`${others}${name}${equals}[${escaped(text)}]${argument}`);
  });

const placeSpecs = (places: CommandGrammar['places']): readonly string[] =>
  places.map((words, i) => quoted(`${i + 1}: :(${words.join(' ')})`));

const call = (flags: string, specs: readonly string[]): string =>
  `  _arguments ${flags}${specs.map((spec) => ` \\\n    ${spec}`).join('')}`;

const functionOf = ({ command, flags, places }: CommandGrammar): string => {
  const specs = flags.flatMap(specsOf);
  const body =
    command.dialect === 'at-once'
      ? '  _bootwright_dialect'
      : command.dialect === 'after-word'
        ? `${call("-C -A '-*'", [...specs, quoted(`1: :(${DIALECT_WORDS.join(' ')})`), quoted('*:: :->dialect')])} && return
  if [[ $state == dialect ]]; then
    if [[ $words[1] == init ]]; then _bootwright-init; else _bootwright_dialect; fi
  fi`
        : call('', [...specs, ...placeSpecs(places)]);
  return `_bootwright-${command.name}() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n${body}\n}`;
};

/** The script, as text. */
export const zshScript = ({ name, commands, dialect, programs }: Grammar): string => {
  const names = [name, ...Object.keys(programs)].join(' ');
  const script = `#compdef ${names}
# zsh completion for ${name}, made by \`${name} completion zsh\`

_bootwright_dialect() {
${call('', [...dialect.flatMap(specsOf), quoted('1:cluster name: ')])}
}

${commands.map(functionOf).join('\n\n')}

_bootwright() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands
  case \${service:t} in
${Object.entries(programs)
  .map(([program, command]) => `    ${program}) _bootwright-${command}; return ;;`)
  .join('\n')}
  esac
${call('-C', [...PROGRAM_FLAGS.flatMap(specsOf), quoted('1: :->command'), quoted('*:: :->words')])} && return
  case $state in
    command)
      commands=(
${commands.map(({ command, summary }) => `        ${quoted(`${command.name}:${escaped(summary)}`)}`).join('\n')}
      )
      _describe -t commands command commands
      ;;
    words) if (( $+functions[_bootwright-$words[1]] )); then _bootwright-$words[1]; fi ;;
  esac
}

if [[ $funcstack[1] == _bootwright ]]; then _bootwright "$@"; else compdef _bootwright ${names}; fi
`;
  // Two scripts in one shell must not share functions.
  return script.replaceAll('_bootwright', `_${name}`);
};
