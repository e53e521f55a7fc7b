/** Completion for bash 3.2 and newer, without bash-completion's own functions: they are not on every machine. */
import type { Flag, Grammar } from './grammar.ts';
import { PROGRAM_FLAGS } from './grammar.ts';

const quoted = (words: readonly string[]): string => `'${words.join(' ')}'`;
const namesOf = (flags: readonly Flag[]): readonly string[] => flags.flatMap(({ names }) => names);

/** Modes are commands, and `dialect` for what follows the word bootstrap. */
const modesOf = ({ commands, dialect }: Grammar): readonly (readonly [string, readonly Flag[]])[] => [
  ...commands.map(({ command, flags }) => [command.name, flags] as const),
  ['dialect', dialect],
];

const flagCases = (grammar: Grammar): readonly string[] =>
  modesOf(grammar).map(([mode, flags]) => `    ${mode}) words=${quoted(namesOf(flags))} ;;`);

const valueCases = (grammar: Grammar): readonly string[] =>
  modesOf(grammar).flatMap(([mode, flags]) =>
    flags.flatMap(({ names, value }) =>
      value === undefined
        ? []
        : [`    ${names.map((name) => `'${mode} ${name}'`).join(' | ')}) kind=${value.kind} words=${quoted(value.choices)} ;;`],
    ),
  );

const placeCases = ({ commands }: Grammar): readonly string[] =>
  commands.flatMap(({ command, places }) =>
    places.flatMap((words, i) => (words.length === 0 ? [] : [`    '${command.name} ${i}') words=${quoted(words)} ;;`])),
  );

const programCases = (programs: Grammar['programs']): string => {
  const cases = Object.entries(programs).map(([program, command]) => `    ${program}) mode=${command} ;;\n`);
  return cases.length === 0 ? '' : `  case \${COMP_WORDS[0]##*/} in\n${cases.join('')}  esac\n`;
};

/** The script, as text. */
export const bashScript = (grammar: Grammar): string => {
  const { commands, programs, name } = grammar;
  const afterWord = commands.filter(({ command }) => command.dialect === 'after-word').map(({ command }) => command.name);
  const script = `# bash completion for ${name}, made by \`${name} completion bash\`
# shellcheck shell=bash

# Each sets \`words\` (and \`kind\`) of its caller.
_bootwright_flags() { # MODE
  case $1 in
    '') words=${quoted([...namesOf(PROGRAM_FLAGS)])} ;;
${flagCases(grammar).join('\n')}
  esac
}

_bootwright_value() { # MODE FLAG; fails for what takes no value
  case "$1 $2" in
${valueCases(grammar).join('\n')}
    *) return 1 ;;
  esac
}

_bootwright_place() { # MODE NUMBER
  case "$1 $2" in
    ' 0') words=${quoted(commands.map(({ command }) => command.name))} ;;
${placeCases(grammar).join('\n')}
  esac
}

# Reads the words before the cursor: sets \`mode\`, \`place\` and, where a value is due, \`flag\`.
_bootwright_read() {
  local i word
${programCases(programs)}  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then continue; fi # bash makes --flag=value three words
    if [[ -n $flag ]]; then
      flag=
    elif [[ $word == -* ]]; then
      if _bootwright_value "$mode" "$word"; then flag=$word; fi
    else
      case $mode in
        '') mode=$word ;;
${afterWord.length === 0 ? '' : `        ${afterWord.join(' | ')}) if [[ $word == init ]]; then mode=init; else mode=dialect; fi ;;\n`}        *) place=$((place + 1)) ;;
      esac
    fi
  done
}

_bootwright() {
  local cur=\${COMP_WORDS[COMP_CWORD]} mode='' place=0 flag='' prefix='' words='' kind='' item
  _bootwright_read
  words='' kind=''
  if [[ $cur == '=' && -n $flag ]]; then cur=''; fi
  if [[ -z $flag && $cur == --*=* ]]; then # where = breaks no words
    flag=\${cur%%=*} prefix=$flag= cur=\${cur#*=}
  fi
  if [[ -n $flag ]]; then
    _bootwright_value "$mode" "$flag" || return 0
  elif [[ $cur == -* ]]; then
    _bootwright_flags "$mode"
  else
    _bootwright_place "$mode" "$place"
    if [[ -z $cur && -z $words ]]; then _bootwright_flags "$mode"; fi
  fi
  COMPREPLY=()
  while IFS= read -r item; do COMPREPLY+=("$prefix$item"); done < <(
    case $kind in
      file) compgen -f -- "$cur" ;;
      directory) compgen -d -- "$cur" ;;
      *) compgen -W "$words" -- "$cur" ;;
    esac
  )
  case $kind in file | directory) compopt -o filenames 2>/dev/null ;; esac
  return 0
}

complete -F _bootwright ${[name, ...Object.keys(programs)].join(' ')}
`;
  // Two scripts in one shell must not share functions.
  return script.replaceAll('_bootwright', `_${name}`);
};
