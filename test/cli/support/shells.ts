/** What a real bash, zsh or fish offers when Tab is pressed behind a line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Each line with what is offered behind it, in order, each once. */
export type Offers = ReadonlyMap<string, readonly string[]>;
type Ask = (script: string, lines: readonly string[]) => Offers;

/** With a home of its own, that goes with it: fish makes folders there, whether it may or not. */
const run = (program: string, args: readonly string[], input = ''): string => {
  const home = mkdtempSync(join(tmpdir(), 'bootwright-home-'));
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: home, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
  try {
    const { stdout, stderr, error, status } = spawnSync(program, args, { encoding: 'utf8', env, input, timeout: 50_000 });
    if (error !== undefined || status !== 0) throw new Error(`${program} ended with ${status}: ${error?.message ?? stderr}`);
    return stdout;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

const offersIn = (text: string): Offers => {
  const offers = new Map<string, string[]>();
  let here: string[] = [];
  for (const row of text.split('\n')) {
    if (row.startsWith('LINE ')) {
      here = [];
      offers.set(row.slice(5), here);
    } else if (row.startsWith('HIT ') && !here.includes(row.slice(4))) here.push(row.slice(4));
  }
  return offers;
};

/**
 * Readline itself cuts a line into words; without a terminal it does not run, so `script` lends one. The lines are macros on keys of
 * three digits: typed in full they would be more than a terminal takes before somebody reads.
 */
export const askBash: Ask = (script, lines) => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-bash-'));
  const keys = lines.map((_, i) => String(i).padStart(3, '0'));
  const rc = `source ${script}
own=$(complete -p | sed -n 's/^complete -F \\(_bootwright\\|_nodeadm\\) .*/\\1/p' | head -n 1)
noted() { $own; printf 'LINE %s\\n' "$COMP_LINE"; if [ $\{#COMPREPLY[@]} -gt 0 ]; then printf 'HIT %s\\n' "$\{COMPREPLY[@]}"; fi; } >>${dir}/noted
complete -F noted $(complete -p | sed -n "s/^complete -F $own //p")
${lines.map((line, i) => `bind '"\\e${keys[i]}": "${line}\\t\\C-u"'`).join('\n')}
`;
  try {
    writeFileSync(join(dir, 'rc'), rc);
    const typed = `${keys.map((key) => `\x1b${key}`).join('')}exit\n`;
    run('script', ['--quiet', '--command', `bash --noprofile --rcfile ${dir}/rc -i`, '/dev/null'], typed);
    return offersIn(readFileSync(join(dir, 'noted'), 'utf8'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

/** `compadd` is where all of zsh's completion ends; calls that only sort words into arrays are none of ours. */
const ZSH = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PROMPT=; RPROMPT=; stty -echo; autoload -Uz compinit; compinit -D -u; source $1; "'
compadd() {
  if (( $\{@[1,(i)(-|--)][(I)-[OAD]*]} )); then builtin compadd "$@"; return; fi
  local -a hits; builtin compadd -A hits "$@"; local h; for h in $hits; do print -r -- "HIT $h"; done; builtin compadd "$@"
}
offer-all() { _main_complete; compstate[insert]=; compstate[list]=; print -r -- "END" }
zle -C offer complete-word offer-all; bindkey "^I" offer; print -r READY'
local row
while zpty -r z row; do [[ $row == READY* ]] && break; done
shift
for text; do
  zpty -n -w z "$text"$'\\t'
  print -r -- "LINE $text"
  while zpty -r z row; do [[ $row == *HIT* ]] && print -r -- "HIT $\{$\{row##*HIT }%%$'\\r'*}"; [[ $row == *END* ]] && break; done
  zpty -n -w z $'\\x15'
done
zpty -d z
`;
export const askZsh: Ask = (script, lines) => offersIn(run('zsh', ['-f', '-c', ZSH, 'zsh', script, ...lines]));

export const askFish: Ask = (script, lines) => {
  const asked = lines.map(
    (line) => `echo 'LINE ${line}'; complete -C '${line}' | string replace -r '^' 'HIT ' | string replace -r '\\t.*' ''`,
  );
  return offersIn(run('fish', ['--no-config', '-c', `source ${script}\n${asked.join('\n')}\ntrue`]));
};
