import t from 'tap';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const FORM = 'Write vercmp A OPERATOR B, as in vercmp 1.9 lt 1.10.\n';

t.test('the answer on stdout and as exit code, the same by both names', async (t) => {
  for (const [args, code] of [
    [['1.9', 'lt', '1.10'], 0],
    [['1.9', 'gteq', '1.10'], 1],
    [['v1.27.0', 'eq', 'v1.27.0'], 0],
    [['1.24', 'gteq', '1.24.0'], 1],
    [['', 'lt', '1'], 0],
    [['1', 'lt', '-1'], 0],
  ] as const) {
    const expected = { code, signal: null, stdout: `${code === 0}\n`, stderr: '' };
    t.same(await run(args, { as: '/usr/bin/vercmp' }), expected, args.join(' '));
    t.same(await run(['vercmp', ...args]), expected);
  }
});

t.test('VERCMP_QUIET=true, exactly, prints nothing', async (t) => {
  const quiet = await run(['1', 'gt', '2'], { as: 'vercmp', env: { VERCMP_QUIET: 'true' } });
  t.same([quiet.code, quiet.stdout, quiet.stderr], [1, '', '']);
  const loud = await run(['1', 'lt', '2'], { as: 'vercmp', env: { VERCMP_QUIET: '1' } });
  t.same([loud.code, loud.stdout], [0, 'true\n']);
});

const BAD: readonly (readonly [readonly string[], string])[] = [
  [[], `error: vercmp: takes three words, not 0. ${FORM}`],
  [['1.2', 'lt'], `error: vercmp: takes three words, not 2. ${FORM}`],
  [['1', 'lt', '2', '3'], `error: vercmp: takes three words, not 4. ${FORM}`],
  [['1', '<', '2'], "error: OPERATOR: '<' is none. Use one of lt, lteq, eq, gteq, gt.\n"],
  [['1', 'toString', '2'], "error: OPERATOR: 'toString' is none. Use one of lt, lteq, eq, gteq, gt.\n"],
];
for (const [args, message] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    const dropIn = await run(args, { as: 'vercmp' });
    t.same([dropIn.code, dropIn.stdout, dropIn.stderr], [1, '', message]);
    t.equal((await run(['vercmp', ...args])).code, 64);
  });
}
