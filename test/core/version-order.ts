import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { compareVersions, VERSION_OPERATORS, versionsHold } from '../../src/core/version-order.ts';

t.test('versions as people write them, in order', async (t) => {
  const sorted = ['1.9', '1.21.2-eks-1', '1.21.14', '1.24', '1.24.0', '1.24.1', '1.100.0', '2', 'v1.9', 'v1.10'];
  for (const [i, a] of sorted.entries())
    for (const [j, b] of sorted.entries()) t.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
});

t.test('the five questions', async (t) => {
  const answers = (a: string, b: string): string => VERSION_OPERATORS.filter((operator) => versionsHold(a, operator, b)).join(' ');
  t.equal(answers('1.9', '1.10'), 'lt lteq');
  t.equal(answers('1.10', '1.10'), 'lteq eq gteq');
  t.equal(answers('1.10', '1.9'), 'gteq gt');
  t.equal(answers('1.24', '1.24.0'), 'lt lteq', 'equal are equal texts only');
  t.equal(answers('', '1'), 'lt lteq');
});

t.test('any texts in the order of sort --version-sort', async (t) => {
  if (spawnSync('sort', ['--version-sort'], { input: '' }).status !== 0) {
    t.pass('did not run', { skip: 'no sort of GNU coreutils' });
    return;
  }
  const name = fc.string({ unit: fc.constantFrom(...'0019.avZ~-_+:é'), maxLength: 9 });
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 50, maxLength: 300 }), (names) => {
      const { stdout } = spawnSync('sort', ['--version-sort'], { input: `${names.join('\n')}\n`, env: { LC_ALL: 'C' }, encoding: 'utf8' });
      t.same([...names].sort(compareVersions), stdout.split('\n').slice(0, -1));
    }),
    { numRuns: 30 },
  );
});
