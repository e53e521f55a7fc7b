import t from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const BAD: readonly (readonly [readonly string[], number, string])[] = [
  [['--root', '/nope', 'c'], 66, 'error: /nope is no directory. Give --root a directory that exists.\n'],
  [['c', '--root', '/nope'], 66, 'error: /nope is no directory. Give --root a directory that exists.\n'],
  [[], 64, 'error: <cluster-name>: cluster name is not defined! Name the cluster: bootwright plan bootstrap my-cluster.\n'],
  [
    ['bootstrap.sh'],
    64,
    'error: <cluster-name>: cluster name is not defined! Name the cluster: bootwright plan bootstrap.sh my-cluster.\n',
  ],
  [['c', '--exit-code'], 64, 'error: --exit-code: is an option of plan. Put it before the cluster and the word bootstrap.\n'],
  [['c', '--show', 'x'], 64, 'error: --show: is an option of plan. Put it before the cluster and the word bootstrap.\n'],
  [['c', '--show=x'], 64, 'error: --show: is an option of plan. Put it before the cluster and the word bootstrap.\n'],
  [['c', '--use-max-pod'], 64, 'error: --use-max-pod: there is no such flag. Did you mean --use-max-pods?\n'],
  [['--diff', '--show', 'x', 'c'], 64, 'error: --diff: does not go together with --show. Choose one of --diff, --show.\n'],
  [
    ['token'],
    64,
    'error: token: is a command of bootwright, not taken for a cluster name. For a cluster of that name write: bootstrap token.\n',
  ],
];
for (const [args, code, message] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    const refused = await run(['plan', ...args]);
    t.equal(refused.stderr, message);
    t.equal(refused.code, code);
    t.equal(refused.stdout, '');
  });
}

t.test('an image: what would be done, warnings included, and nothing is', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = makeImage(t);
  const before = stateOf(root);
  const args = ['--root', root, 'my-cluster', '--service-ipv4-cidr', '172.20.0.0/16'];
  const page = await run(['plan', '--exit-code', ...args], { env: fakes.env });
  t.equal(page.code, 10, page.stderr);
  t.match(page.stdout, /^Warnings$/m);
  t.notMatch(page.stdout, /assumed|made up/);
  const diff = await run(['plan', '--diff', ...args], { env: fakes.env });
  t.match(diff.stderr, /^warning: --service-ipv4-cidr: 172\.20\.0\.0\/16 is not used/);
  const json = await run(['plan', ...args, '--json'], { env: fakes.env });
  t.equal(JSON.parse(json.stdout).kind, 'plan');
  t.equal(json.stderr, '');
  t.same(stateOf(root), before);
});
