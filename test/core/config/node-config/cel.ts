import fc from 'fast-check';
import t from 'tap';
import { checkMaxPodsExpression, maxPodsOf } from '../../../../src/core/config/node-config/cel.ts';

const M5_LARGE = { default_enis: 3, ips_per_eni: 10, max_pods: 29 };
const T3_MEDIUM = { default_enis: 3, ips_per_eni: 6, max_pods: 17 };

t.test('numbers of pods', async (t) => {
  const bounded = '((default_enis * ((ips_per_eni - 1) * 16)) + 2) > 30 ? 30 : ((default_enis * ((ips_per_eni - 1) * 16)) + 2)';
  const cases: readonly (readonly [string, typeof M5_LARGE, number])[] = [
    ['417', M5_LARGE, 417],
    ['(default_enis * (ips_per_eni - 1)) + 2', M5_LARGE, 29],
    ['(default_enis * ((ips_per_eni - 1) * 16)) + 2', T3_MEDIUM, 242],
    [bounded, T3_MEDIUM, 30],
    ['((default_enis - 1) * (ips_per_eni - 1)) + 2', T3_MEDIUM, 12],
    ['max_pods < 30 ? max_pods : 30', M5_LARGE, 29],
    ['max_pods + 2', M5_LARGE, 31],
    ['"110"', M5_LARGE, 110],
    ['12.7', M5_LARGE, 12],
    ['uint(7)', M5_LARGE, 7],
    ['double(max_pods) * 0.5', M5_LARGE, 14],
    ['min(max_pods, 110) - 1', M5_LARGE, 28],
    ['max(min(max_pods * 16, 250), 110)', M5_LARGE, 250],
    ['[10, 20].map(x, x * 2)[1]', M5_LARGE, 40],
    ['2147483647', M5_LARGE, 2147483647],
  ];
  for (const [expression, variables, value] of cases) t.strictSame(maxPodsOf(expression, variables), { value }, expression);
});

t.test('what gives none', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    '': 'not valid CEL: unexpected token: EOF (column 1 of the expression)',
    foo: 'not valid CEL: unknown variable: foo (column 1 of the expression)',
    '2147483647 * 2': 'the expression gives 4294967294, which is not from 1 to 2147483647',
    '0': 'the expression gives 0, which is not from 1 to 2147483647',
    '-1': 'the expression gives -1, which is not from 1 to 2147483647',
    true: 'the expression gives no number (boolean)',
    '"many"': 'the expression gives no number (string)',
    null: 'the expression gives no number (object)',
    'max_pods / 0': 'not valid CEL: division by zero (column 1 of the expression)',
    '1 + 1.0': 'not valid CEL: no such overload: int + double (column 1 of the expression)',
    '1.0 / 0.0': 'the expression gives no number (number)',
  };
  for (const [expression, message] of Object.entries(cases)) t.equal(maxPodsOf(expression, M5_LARGE).finding?.message, message, expression);
  t.match(maxPodsOf('('.repeat(300), M5_LARGE).finding?.message, /maxDepth/);
  t.match(maxPodsOf('!'.repeat(4000), M5_LARGE).finding?.message, /unexpected token: EOF/);
  t.match(maxPodsOf('1+'.repeat(5000), M5_LARGE).finding?.message, /longer than 4096/);
  t.match(maxPodsOf('"a".matches("(a+)+$") ? 1 : 2', M5_LARGE).finding?.message, /more of lists and patterns/);
});

t.test('checked before there is a node', async (t) => {
  t.equal(checkMaxPodsExpression('max_pods - 10'), undefined, 'one that fails on the smallest type alone');
  t.equal(checkMaxPodsExpression('max_pods > 30')?.message, 'the expression gives no number (boolean)');
});

t.test('any text', async () => {
  const piece = fc.constantFrom(
    'max_pods',
    'default_enis',
    '1',
    '"a"',
    '+',
    '-',
    '*',
    '/',
    '(',
    ')',
    '?',
    ':',
    '[',
    ']',
    ',',
    '.map(x, ',
    'min(',
    '{',
    '}',
    'r"',
    "'''",
    '\\u',
    '&&',
    '||',
    '!',
    ' in ',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 20 }).map((some) => some.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const { value, finding } = maxPodsOf(text, M5_LARGE);
      return value === undefined ? finding !== undefined : Number.isInteger(value) && value > 0;
    }),
    { numRuns: 2000 },
  );
});
