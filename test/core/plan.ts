import fc from 'fast-check';
import t from 'tap';
import type { Action, Desired, DesiredFile, DesiredUnit, Observed, ObservedFile, Plan } from '../../src/core/desired.ts';
import { emptyObserved, pathsOf, planOf } from '../../src/core/plan.ts';
import type { Json } from '../../src/core/report.ts';
import { applied, fileWith, manifestAfter } from './support/applied.ts';

const because = [{ rule: 'test.rule', text: 'Because.', inputs: [] }];
const file = (path: string, text: string, mode = 0o644): DesiredFile => ({ path, mode, content: { kind: 'text', text }, because });
const absent = (path: string, ours: string): DesiredFile => ({ path, mode: 0o644, content: { kind: 'absent', ours }, because });
const json = (path: string, values: { readonly [key: string]: Json }): DesiredFile => ({
  path,
  mode: 0o644,
  because,
  content: {
    kind: 'json',
    indent: 2,
    entries: Object.entries(values).map(([key, value]) => ({
      path: [key],
      value,
      policy: 'own',
      because: because[0] as (typeof because)[0],
    })),
  },
});
const unit = (name: string, ...inputs: readonly string[]): DesiredUnit => ({ name, inputs, because });
const desiredWith = (files: readonly DesiredFile[], units: readonly DesiredUnit[] = [], directories: readonly string[] = []): Desired => ({
  target: 'amazon-linux-2',
  directories: directories.map((path) => ({ path, mode: 0o755, because })),
  files,
  units,
  decisions: [],
  warnings: [],
});
const observedWith = (files: { readonly [path: string]: ObservedFile }, more: Partial<Observed> = {}): Observed => ({
  ...emptyObserved('/'),
  files,
  ...more,
});
const brief = (action: Action): string => {
  const subject = 'path' in action ? action.path : 'unit' in action ? action.unit : '';
  return `${action.kind} ${subject}`.trimEnd();
};
const actionsOf = (desired: Desired, observed: Observed): readonly string[] => (planOf(desired, observed).value?.actions ?? []).map(brief);
const planned = (desired: Desired, observed: Observed): Plan => {
  const { value, diagnostics } = planOf(desired, observed);
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};
const running = { enabled: true, active: true };
const UNIT = '/etc/systemd/system/k.service';

t.test('the order of actions', async (t) => {
  const desired = desiredWith(
    [absent('/etc/old', 'x'), file('/etc/k', 'k'), file(UNIT, 'u')],
    [unit('a.service', '/etc/k'), unit('k.service', UNIT)],
    ['/etc/d'],
  );
  t.same(actionsOf(desired, observedWith({ '/etc/old': fileWith('x') })), [
    'make-directory /etc/d',
    'write-file /etc/k',
    `write-file ${UNIT}`,
    'remove-file /etc/old',
    'reload-units',
    'enable-unit a.service',
    'enable-unit k.service',
    'start-unit a.service',
    'start-unit k.service',
  ]);
});

t.test('a restart for those, and only those, whose files change', async (t) => {
  const desired = desiredWith(
    [file('/etc/k', 'new'), file('/etc/c', 'same')],
    [unit('c.service', '/etc/c'), unit('k.service', '/etc/k', '/etc/c')],
  );
  const files = { '/etc/k': fileWith('old'), '/etc/c': fileWith('same') };
  const units = { 'c.service': running, 'k.service': running };
  t.same(actionsOf(desired, observedWith(files, { units })), ['write-file /etc/k', 'restart-unit k.service']);
  t.same(actionsOf(desired, observedWith({ ...files, '/etc/k': fileWith('new') }, { units })), [], 'nothing changed, nothing done');
  const interrupted = observedWith({ ...files, '/etc/k': fileWith('new') }, { units, interruptedRestarts: ['c.service'] });
  t.same(actionsOf(desired, interrupted), ['restart-unit c.service'], 'what an earlier run was cut off from');
  const dead = { ...units, 'k.service': { enabled: false, active: false } };
  t.same(actionsOf(desired, observedWith(files, { units: dead })), ['write-file /etc/k', 'enable-unit k.service', 'start-unit k.service']);
  const removed = desiredWith([absent('/etc/k', 'old')], [unit('k.service', '/etc/k')]);
  t.same(actionsOf(removed, observedWith(files, { units })), ['remove-file /etc/k', 'restart-unit k.service']);
});

t.test('what the node can do without says so when it is started or restarted', async (t) => {
  const optional = { ...unit('a.service', '/f'), optional: true as const };
  const starts = planOf(desiredWith([], [optional, unit('b.service')]), observedWith({})).value?.actions ?? [];
  t.match(
    starts.filter(({ kind }) => kind === 'start-unit'),
    [{ unit: 'a.service', optional: true }, { unit: 'b.service' }],
  );
  t.notOk(starts.some((action) => action.kind === 'start-unit' && action.unit === 'b.service' && 'optional' in action));
  const units = { 'a.service': { enabled: true, active: true } };
  const restarts = planOf(desiredWith([file('/f', 'new')], [optional]), observedWith({}, { units })).value?.actions ?? [];
  t.match(restarts.at(-1), { kind: 'restart-unit', unit: 'a.service', optional: true });
});

t.test('unit files that systemd has not read', async (t) => {
  const desired = desiredWith([file('/etc/k', 'k')], [unit('k.service', '/etc/k')]);
  const observed = observedWith({ '/etc/k': fileWith('k') }, { units: { 'k.service': running }, unitsStale: true });
  t.same(actionsOf(desired, observed), ['reload-units']);
});

t.test('on an image nothing runs', async (t) => {
  const plan = planned(desiredWith([file(UNIT, 'u')], [unit('k.service', UNIT)]), { ...emptyObserved('/img'), root: '/img' });
  t.same(
    plan.actions.map((action) => `${brief(action)}${action.skipped === undefined ? '' : ' (skipped)'}`),
    [`write-file ${UNIT}`, 'reload-units (skipped)', 'enable-unit k.service', 'start-unit k.service (skipped)'],
  );
  t.equal(plan.live, false);
});

t.test('modes and owners', async (t) => {
  const desired = desiredWith([file('/etc/k', 'k')], [unit('k.service', '/etc/k')]);
  const units = { 'k.service': running };
  const plan = (mode: number, uid: number, live = true) =>
    planOf(desired, observedWith({ '/etc/k': fileWith('k', { mode, uid }) }, { units, live })).value?.actions;
  t.same(plan(0o600, 0), [], 'stricter than ours stays');
  t.match(plan(0o664, 0), [
    { kind: 'write-file', mode: 0o644, because: [{ rule: 'file.mode', text: 'Its mode 0664 allows more than 0644.' }] },
  ]);
  t.match(
    plan(0o600, 1000),
    [{ kind: 'write-file', mode: 0o600, because: [{ rule: 'file.owner' }] }],
    'the mode stays when the owner changes',
  );
  t.same(plan(0o600, 1000, false), [], 'an image may belong to anybody');
  t.equal(plan(0o666, 0)?.length, 1, 'nothing restarts for a mode');
});

t.test('what an earlier run wrote and nobody wants', async (t) => {
  const first = desiredWith([
    file('/etc/a', 'a'),
    file('/etc/b', 'b'),
    file('/etc/systemd/system/x.mount', 'x'),
    json('/etc/j', { ours: 1 }),
    json('/etc/o', { ours: 1 }),
  ]);
  const start = observedWith({ '/etc/j': fileWith('{"foreign": true}') });
  const after = applied(planned(first, start), start);
  const edited = { ...after, files: { ...after.files, '/etc/b': fileWith('edited') } };
  const { value: plan } = planOf(desiredWith([]), edited);
  t.same(plan?.actions.map(brief), [
    'write-file /etc/j',
    'remove-file /etc/a',
    'disable-unit x.mount',
    'remove-file /etc/systemd/system/x.mount',
    'remove-file /etc/o',
    'reload-units',
  ]);
  t.match(plan?.actions[0], { after: '{\n  "foreign": true\n}\n' }, 'only our keys go from a shared file');
  t.match(plan?.warnings, [
    {
      code: 'left-in-place',
      path: '/etc/b',
      message: 'this file is not wanted any more, but stays: it was changed after an earlier run wrote it',
    },
  ]);
});

t.test('pathsOf', async (t) => {
  const manifest = {
    schemaVersion: 1,
    generation: 3,
    files: [
      { path: '/etc/m', digest: 'sha256:x' },
      { path: '/etc/k', digest: 'sha256:x' },
    ],
  } as const;
  t.same(pathsOf(desiredWith([file('/etc/k', 'k')], [], ['/etc/d']), manifest), ['/etc/d', '/etc/k', '/etc/m']);
  t.same(pathsOf(desiredWith([]), null), []);
});

const PATHS = ['/etc/a', '/etc/b', '/etc/systemd/system/a.service', '/etc/systemd/system/b.mount', '/etc/j'];
const textArb = fc.constantFrom('', 'one\n', 'two\n', 'ours\n');
const jsonText = fc.oneof(
  fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 2 })).map((value) => JSON.stringify(value)),
  fc.constantFrom('', '\0\0', '{"a":{"x":1}}', '{\n    "b": 1\n}\n'),
);
const modeArb = fc.constantFrom(0o644, 0o600, 0o666, 0o755);
const desiredFile = (path: string) =>
  path === '/etc/j'
    ? fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 2 })).map((values) => json(path, values))
    : fc.oneof(
        textArb.map((text) => file(path, text)),
        fc.constant(absent(path, 'ours\\n')),
      );
const unitNames = ['a.service', 'b.mount'];
const desiredArb = fc
  .tuple(fc.tuple(...PATHS.map((path) => fc.option(desiredFile(path)))), fc.subarray(unitNames), fc.subarray(PATHS))
  .map(([files, names, inputs]) =>
    desiredWith(
      files.filter((wanted): wanted is DesiredFile => wanted !== null),
      names.map((name) => unit(name, ...inputs)),
      ['/etc/d'],
    ),
  );
const fileArb = (path: string) =>
  fc.oneof(
    fc.constant<ObservedFile>({ kind: 'absent' }),
    fc
      .tuple(path === '/etc/j' ? jsonText : textArb, modeArb, fc.constantFrom(0, 1000))
      .map(([text, mode, uid]) => fileWith(text, { mode, uid })),
  );
const observedArb = fc
  .record({
    files: fc.tuple(...PATHS.map(fileArb)).map((files) => Object.fromEntries(files.map((found, index) => [PATHS[index], found]))),
    units: fc.dictionary(fc.constantFrom(...unitNames), fc.record({ enabled: fc.boolean(), active: fc.boolean() })),
    unitsStale: fc.boolean(),
    live: fc.boolean(),
    interruptedRestarts: fc.subarray(unitNames),
  })
  .map((more): Observed => ({ ...emptyObserved('/'), ...(more as Partial<Observed>) }));

const left = (plan: Plan): readonly string[] => plan.actions.filter(({ skipped }) => skipped === undefined).map(brief);
const expectNothing = (what: string, actions: readonly string[]): void => {
  if (actions.length > 0) throw new Error(`${what}: ${actions.join(', ')}`);
};

t.test('law: after a plan was applied there is nothing left to do', async (t) => {
  fc.assert(
    fc.property(observedArb, fc.array(desiredArb, { minLength: 1, maxLength: 3 }), (observed, wishes) => {
      let state = observed;
      for (const desired of wishes) {
        const { value: plan } = planOf(desired, state);
        if (plan === undefined) return;
        state = applied(plan, state);
        expectNothing('left to do', left(planned(desired, state)));
      }
    }),
    { numRuns: 2000 },
  );
  t.pass('over generated states, and over one wish after another');
});

t.test('law: cut off anywhere, the next run ends where an undisturbed one does', async (t) => {
  fc.assert(
    fc.property(observedArb, desiredArb, desiredArb, fc.nat({ max: 20 }), (observed, first, second, cut) => {
      const start = planOf(first, observed).value;
      if (start === undefined) return;
      const before = applied(start, observed);
      const { value: plan } = planOf(second, before);
      if (plan === undefined) return;
      const undisturbed = applied(plan, before);
      const restarts = plan.actions.flatMap((action) => (action.kind === 'restart-unit' ? [action.unit] : []));
      // The manifest is written last: a run that was cut off leaves the old one, and its intent.
      const broken = {
        ...applied({ ...plan, actions: plan.actions.slice(0, cut) }, before),
        manifest: before.manifest,
        interruptedRestarts: restarts,
      };
      const again = planned(second, broken);
      const healed = applied(again, broken);
      for (const path of PATHS) {
        const [want, got] = [undisturbed.files[path], healed.files[path]].map((found) =>
          found?.kind === 'file' ? found.text : (found?.kind ?? 'absent'),
        );
        if (want !== got) throw new Error(`${path}: ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`);
      }
      const undone = plan.actions
        .slice(cut)
        .flatMap((action) => (action.kind === 'restart-unit' && action.skipped === undefined ? [action.unit] : []));
      const redone = again.actions.flatMap((action) =>
        action.kind === 'restart-unit' || action.kind === 'start-unit' ? [action.unit] : [],
      );
      expectNothing(
        'restarts forgotten',
        undone.filter((name) => !redone.includes(name)),
      );
    }),
    { numRuns: 1500 },
  );
  t.pass('files are the same, and no restart is forgotten');
});

t.test('the plan is plain JSON, its inputs stay as they are', async (t) => {
  fc.assert(
    fc.property(observedArb, desiredArb, (observed, desired) => {
      const before = JSON.stringify([observed, desired]);
      const plan = planOf(desired, observed);
      if (JSON.stringify([observed, desired]) !== before) throw new Error('an input was changed');
      if (JSON.stringify(planOf(desired, observed)) !== JSON.stringify(plan)) throw new Error('not deterministic');
      t.same(
        plan.value === undefined,
        plan.diagnostics.some(({ severity }) => severity === 'error'),
        'a value exactly when there is no error',
      );
    }),
    { numRuns: 100 },
  );
});

t.test('the next manifest names every file of the plan', async (t) => {
  const plan = planned(desiredWith([file('/etc/a', 'a'), json('/etc/j', { x: 1 })]), emptyObserved('/'));
  t.match(manifestAfter(plan, null), {
    generation: 1,
    files: [{ path: '/etc/a' }, { path: '/etc/j', entries: [{ path: ['x'], value: 1 }] }],
  });
});
