import { type Diagnostic, errorAt } from '../../core/report.ts';
import { VERSION_OPERATORS, type VersionOperator, versionsHold } from '../../core/version-order.ts';
import { type Command, Refused } from '../command.ts';

const FORM = 'vercmp A OPERATOR B, as in vercmp 1.9 lt 1.10';

const isOperator = (word: string): word is VersionOperator => VERSION_OPERATORS.some((one) => one === word);

const wrongOperator = (word: string): Diagnostic =>
  errorAt('unknown-option', 'OPERATOR', `'${word}' is none`, `use one of ${VERSION_OPERATORS.join(', ')}`);

export const vercmpCommand: Command = {
  name: 'vercmp',
  summary: 'compare two versions',
  usage: [`bootwright vercmp A ${VERSION_OPERATORS.join('|')} B`, 'vercmp A OPERATOR B'],
  description: [
    'Prints true and exits 0, or prints false and exits 1; with VERCMP_QUIET=true it prints nothing. The order is that of `sort --version-sort`, so 1.9 comes before 1.10. Equal are only equal texts: 1.24 is less than 1.24.0, and v1.24 is not 1.24.',
  ],
  options: [],
  words: [[], VERSION_OPERATORS, []],
  examples: [
    { line: 'bootwright vercmp 1.9 lt 1.10', text: 'true' },
    { line: 'if VERCMP_QUIET=true vercmp "$KUBELET_VERSION" gteq 1.27.0; then …', text: 'in a script' },
  ],
  // Not parsed for options: a version may be any text.
  async run(args, context) {
    const [a = '', operator = '', b = ''] = args;
    if (args.length !== 3) {
      const message = `takes three words, not ${args.length}`;
      throw new Refused([errorAt(args.length < 3 ? 'missing-value' : 'unexpected-word', 'vercmp', message, `write ${FORM}`)]);
    }
    if (!isOperator(operator)) throw new Refused([wrongOperator(operator)]);
    const holds = versionsHold(a, operator, b);
    if (context.env['VERCMP_QUIET'] !== 'true') context.stdout.write(`${holds}\n`);
    return holds ? 0 : 1;
  },
};
