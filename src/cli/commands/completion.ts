import { errorAt } from '../../core/report.ts';
import { type Command, Refused } from '../command.ts';
import type { Grammar } from '../completion/grammar.ts';
import { parsedOf } from '../options.ts';

const SHELLS: Readonly<Record<string, () => Promise<(grammar: Grammar) => string>>> = {
  bash: async () => (await import('../completion/bash.ts')).bashScript,
  zsh: async () => (await import('../completion/zsh.ts')).zshScript,
  fish: async () => (await import('../completion/fish.ts')).fishScript,
};
const NAMES = Object.keys(SHELLS);

export const completionCommand: Command = {
  name: 'completion',
  summary: 'print a completion script for bash, zsh or fish',
  usage: [`bootwright completion ${NAMES.join('|')}`, `nodeadm completion ${NAMES.join('|')}`],
  description: [
    'The script knows every command, option and known value, and behind the word bootstrap the flags of bootstrap.sh. It is made from the same table as help and does not call bootwright.',
  ],
  options: [],
  words: [NAMES],
  examples: [
    { line: 'source <(bootwright completion bash)', text: 'in ~/.bashrc; or to /usr/share/bash-completion/completions/bootwright' },
    { line: 'bootwright completion zsh > ~/.zsh/_bootwright', text: 'a folder on fpath; or `source <(…)` after compinit' },
    { line: 'bootwright completion fish > ~/.config/fish/completions/bootwright.fish', text: 'for fish' },
  ],
  async run(args, context) {
    const [shell] = parsedOf(args, { command: 'completion', options: [], positionals: 1 }).positionals;
    const load = shell !== undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (load === undefined) {
      // nodeadm's flag library knows two more.
      const others = shell === 'powershell' || shell === 'nushell' ? '; no node has that shell' : '';
      const remedy = `name one of ${NAMES.join(', ')}${others}`;
      throw new Refused([
        shell
          ? errorAt('invalid-choice', 'SHELL', `there is no completion for '${shell}'`, remedy)
          : errorAt('missing-value', 'SHELL', 'is missing', remedy),
      ]);
    }
    const { grammarOf } = await import('../completion/grammar.ts');
    const [script, grammar] = await Promise.all([load(), grammarOf(context.style === 'nodeadm' ? 'nodeadm' : 'bootwright')]);
    context.stdout.write(script(grammar));
    return 0;
  },
};
