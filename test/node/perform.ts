import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Action, Plan } from '../../src/core/desired.ts';
import { type PerformOptions, type Progress, pendingResultOf, performAll, unitsOf } from '../../src/node/perform.ts';
import { type FakeSystemd, makeFakeSystemd } from './support/fake-systemd.ts';
import { BECAUSE } from './support/nodes.ts';

type Short = Action extends infer A ? (A extends Action ? Omit<A, 'because'> : never) : never;

const perform = async (
  t: Test,
  actions: readonly Short[],
  live = true,
  prepare: (fake: FakeSystemd) => void = () => undefined,
): Promise<{ fake: FakeSystemd; root: string; error?: Error } & Progress> => {
  const dir = t.testdir({ root: { etc: { f: 'there' } }, fake: {} });
  const root = join(dir, 'root');
  const fake = makeFakeSystemd(join(dir, 'fake'), root);
  prepare(fake);
  const progress: Progress = { results: [], warnings: [] };
  const plan = { actions: actions.map((action) => ({ ...action, because: BECAUSE })), files: [], owned: {} } as unknown as Plan;
  const options: PerformOptions = { root, live, systemd: fake.make({ root, live }), searchPath: fake.searchPath };
  const error = await performAll(plan, options, [], progress).then(
    () => undefined,
    (error: Error) => error,
  );
  return { fake, root, ...progress, ...(error ? { error } : {}) };
};

t.test('units are enabled in one call where nothing stands between them', async (t) => {
  const { fake, results } = await perform(t, [
    { kind: 'enable-unit', unit: 'a.service' },
    { kind: 'enable-unit', unit: 'b.service', skipped: 'no' },
    { kind: 'enable-unit', unit: 'c.service' },
    { kind: 'enable-unit', unit: 'd.service' },
    { kind: 'start-unit', unit: 'c.service' },
    { kind: 'start-unit', unit: 'a.service', skipped: 'no' },
    { kind: 'restart-unit', unit: 'd.service' },
  ]);
  t.strictSame(fake.calls(), [
    'enable -- a.service',
    'enable -- c.service d.service',
    'reset-failed -- c.service d.service',
    'start -- c.service',
    'restart -- d.service',
  ]);
  t.strictSame(
    results.map(({ unit, status, reason }) => [unit, status, ...(reason ? [reason] : [])]),
    [
      ['a.service', 'done'],
      ['b.service', 'skipped', 'no'],
      ['c.service', 'done'],
      ['d.service', 'done'],
      ['c.service', 'done'],
      ['a.service', 'skipped', 'no'],
      ['d.service', 'done'],
    ],
  );
});

t.test('a unit that the node can do without stops nothing when it fails', async (t) => {
  const failing = (fake: FakeSystemd): void => {
    fake.setUnit('a.service');
    fake.fail('start', 'Job for a.service failed.');
  };
  const { results, warnings, error, fake } = await perform(
    t,
    [
      { kind: 'start-unit', unit: 'a.service', optional: true },
      { kind: 'restart-unit', unit: 'b.service' },
    ],
    true,
    failing,
  );
  t.equal(error, undefined);
  t.strictSame(
    results.map(({ status }) => status),
    ['failed', 'done'],
  );
  t.match(warnings, [/^a\.service did not start, and the node can do without: /]);
  t.ok(fake.calls().includes('restart -- b.service'));
  const strict = await perform(t, [{ kind: 'start-unit', unit: 'a.service' }], true, failing);
  t.match(strict.error, { code: 'OS' });
});

t.test('units are restarted in one call, and one by one where that fails', async (t) => {
  const actions: Short[] = [
    { kind: 'restart-unit', unit: 'a.service', optional: true },
    { kind: 'restart-unit', unit: 'b.service' },
    { kind: 'restart-unit', unit: 'c.service' },
  ];
  const restarts = (fake: FakeSystemd): string[] => fake.calls().filter((call) => call.startsWith('restart'));
  const { fake, results } = await perform(t, actions);
  t.strictSame(restarts(fake), ['restart -- a.service b.service c.service']);
  t.match(results, [{ status: 'done' }, { status: 'done' }, { status: 'done' }]);

  const failing = await perform(t, actions, true, (fake) => fake.fail('restart', 'Job failed.'));
  t.strictSame(restarts(failing.fake), ['restart -- a.service b.service c.service', 'restart -- a.service', 'restart -- b.service']);
  t.match(failing.warnings, [/^a\.service did not start, and the node can do without: /]);
  t.match(failing.error, { code: 'OS', message: /^systemctl restart b\.service failed: / });
  t.strictSame(
    failing.results.map(({ unit, status }) => [unit, status]),
    [
      ['a.service', 'failed'],
      ['b.service', 'failed'],
    ],
  );
});

t.test('nothing runs in an image, whatever the plan says', async (t) => {
  const { fake, results } = await perform(
    t,
    [{ kind: 'reload-units' }, { kind: 'start-unit', unit: 'a.service' }, { kind: 'restart-unit', unit: 'a.service' }],
    false,
  );
  t.strictSame(fake.calls(), []);
  t.ok(results.every(({ status, reason }) => status === 'skipped' && reason === 'nothing runs in an image'));
});

t.test('a file that is already as it should be may be written again', async (t) => {
  const { error, root } = await perform(t, [
    { kind: 'write-file', path: '/etc/f', mode: 0o600, before: 'elsewhere', after: 'there' },
    { kind: 'write-file', path: '/new/dir/f', mode: 0o600, before: null, after: 'new' },
    { kind: 'remove-file', path: '/etc/gone', before: 'gone' },
  ]);
  t.equal(error, undefined);
  t.equal(readFileSync(join(root, 'new/dir/f'), 'utf8'), 'new', 'its directory too');
});

t.test('a file that is another one than planned stays', async (t) => {
  for (const action of [
    { kind: 'write-file', path: '/etc/f', mode: 0o600, before: null, after: 'x' },
    { kind: 'remove-file', path: '/etc/f', before: 'x' },
  ] satisfies Short[]) {
    const { error, results, root } = await perform(t, [action, { kind: 'reload-units' }]);
    t.match(error, { code: 'TEMPORARY', message: '/etc/f was changed by another program while this run was under way' });
    t.match(results, [{ status: 'failed' }]);
    t.equal(results.length, 1, 'it stops at once');
    t.equal(readFileSync(join(root, 'etc/f'), 'utf8'), 'there');
  }
});

t.test('names', async (t) => {
  t.strictSame(
    unitsOf([
      { kind: 'start-unit', unit: 'a', because: [] },
      { kind: 'reload-units', because: [] },
      { kind: 'enable-unit', unit: 'a', because: [] },
    ]),
    ['a'],
  );
  t.strictSame(pendingResultOf({ kind: 'reload-units', because: [] }, true), { kind: 'reload-units', ms: 0, status: 'not-run' });
});
