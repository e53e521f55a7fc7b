import t from 'tap';
import type { Option } from '../../src/cli/command.ts';
import { Refused } from '../../src/cli/command.ts';
import { asksForHelp, parsedOf, splitAtWord } from '../../src/cli/options.ts';
import { diagnosticLine } from '../../src/cli/present/diagnostics.ts';

const OPTIONS: readonly Option[] = [
  { name: 'facts', value: 'FILE', text: '' },
  { name: 'region', short: 'r', value: 'REGION', text: '' },
  { name: 'vpc-cidr', value: 'CIDR', multiple: true, text: '' },
  { name: 'json', text: '' },
];
const parsed = (args: readonly string[], positionals = 0) => parsedOf(args, { command: 'preview', options: OPTIONS, positionals });
const mistakes = (args: readonly string[], positionals = 0): string[] => {
  try {
    parsed(args, positionals);
    return [];
  } catch (error) {
    if (error instanceof Refused) return error.diagnostics.map(diagnosticLine);
    throw error;
  }
};

t.test('values, switches and words', async (t) => {
  const options = parsed(['--facts', 'a.json', '--region=x', '--json', '--vpc-cidr', '1', '--vpc-cidr', '2', 'word'], 1);
  t.equal(options.text('facts'), 'a.json');
  t.equal(options.text('region'), 'x');
  t.equal(options.flag('json'), true);
  t.same(options.texts('vpc-cidr'), ['1', '2']);
  t.same(options.positionals, ['word']);
  t.equal(parsed(['-r', 'y']).text('region'), 'y');
  t.equal(parsed(['-ry']).text('region'), 'y');
  t.equal(parsed(['-r=y']).text('region'), 'y', 'as nodeadm takes it');
  t.equal(parsed(['-r', '=y']).text('region'), '=y');
  t.equal(parsed(['--facts', '-']).text('facts'), '-', 'standard input');
});

t.test('an empty value means not given; the last of several counts', async (t) => {
  t.equal(parsed(['--facts', '']).text('facts'), undefined);
  t.equal(parsed(['--facts=']).text('facts'), undefined);
  t.equal(parsed(['--facts', 'a', '--facts', 'b']).text('facts'), 'b');
});

t.test('all mistakes at once', async (t) => {
  t.same(mistakes(['--fact', 'x', '--json=1', '--region', '--facts'], 0), [
    '--fact: there is no such option. Did you mean --facts?',
    'x: is one word too many. `bootwright help preview` shows the form.',
    '--json: takes no value. Write --json alone.',
    '--region: has no value. Write --region REGION.',
  ]);
  t.same(mistakes(['--zzzzzzzzz']), ['--zzzzzzzzz: there is no such option. `bootwright help preview` lists them.']);
  t.same(mistakes(['--facts']), ['--facts: has no value. Write --facts FILE.']);
});

t.test('what follows the first word belongs to the dialect', async (t) => {
  t.same(splitAtWord(['--facts', 'a', '--json', 'bootstrap', 'c', '--facts', 'b'], OPTIONS), {
    own: ['--facts', 'a', '--json'],
    rest: ['bootstrap', 'c', '--facts', 'b'],
  });
  t.same(splitAtWord(['--json'], OPTIONS), { own: ['--json'], rest: [] });
  t.equal(asksForHelp(['-h'], OPTIONS), true);
  t.equal(asksForHelp(['--json'], OPTIONS), false);
});
