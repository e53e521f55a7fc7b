import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Plan } from '../../src/core/desired.ts';
import { NodeError } from '../../src/core/errors.ts';
import { observe } from '../../src/node/observe.ts';
import { type FakeSystemd, makeFakeSystemd, STOPPED } from './support/fake-systemd.ts';
import {
  apply,
  CONTAINERD,
  converge,
  DROP_IN,
  makeRoot,
  namesOf,
  nodeIn,
  type Place,
  planFor,
  SHARED,
  stampsIn,
  treeIn,
  writeBelow,
} from './support/nodes.ts';

/** A live node in a directory: its systemd is a script. */
const makeLive = (t: Test): Place & { fake: FakeSystemd } => {
  const dir = t.testdir({ root: {}, fake: {} });
  const root = makeRoot(join(dir, 'root'));
  const fake = makeFakeSystemd(join(dir, 'fake'), root);
  fake.setUnit('containerd.service', STOPPED);
  fake.setUnit('kubelet.service', STOPPED);
  return { root, live: true, systemd: fake.systemd, searchPath: fake.searchPath, fake };
};

const makeImage = (t: Test): Place => {
  const dir = t.testdir({ root: {}, fake: {} });
  const root = makeRoot(join(dir, 'root'));
  const { make } = makeFakeSystemd(join(dir, 'fake'), root);
  return { root, live: false, systemd: make({ root, live: false }), searchPath: '/proc/nonexistent' };
};

/** An image on a machine without systemctl. */
const makeBareImage = (t: Test): Place => {
  const place = makeImage(t);
  return {
    ...place,
    systemd: makeFakeSystemd(join(place.root, '../fake')).make({ root: place.root, live: false, searchPath: '/proc/nonexistent' }),
  };
};

const errorOf = (error: unknown): { code: string; message: string; remedy: string | undefined } => {
  if (!(error instanceof NodeError)) throw error;
  return { code: error.code, message: error.message, remedy: error.remedy };
};

t.test('a live node: everything in order, then nothing', async (t) => {
  const node = makeLive(t);
  writeBelow(node.root, SHARED, '{\n  "foreign": true\n}\n');
  const seen: string[] = [];
  const plan = await planFor(node);
  node.fake.calls();
  const result = await apply(plan, node, { onAction: ({ kind, status }) => seen.push(`${kind} ${status}`) });
  t.equal(result.error, undefined);
  t.match(result, { outcome: 'changed', generation: 1, warnings: [] });
  t.strictSame(namesOf(result.actions), namesOf(plan.actions));
  t.ok(result.actions.every(({ status, ms }) => status === 'done' && ms >= 0));
  t.equal(seen.length, plan.actions.length, 'each action is told');
  t.strictSame(node.fake.calls(), [
    'daemon-reload',
    'enable -- containerd.service kubelet.service',
    'reset-failed -- containerd.service kubelet.service',
    'start -- containerd.service',
    'start -- kubelet.service',
  ]);
  t.equal(readFileSync(join(node.root, DROP_IN), 'utf8'), "[Service]\nEnvironment='KUBELET_ARGS=--v=2'\n");
  t.strictSame(JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')), { foreign: true, kubeAPIQPS: 10 });
  t.equal(statSync(join(node.root, '/etc/cni/net.d')).mode & 0o7777, 0o755);
  t.equal(statSync(join(node.root, '/var/lib/bootwright/generations/1')).mode & 0o7777, 0o700);
  const tree = treeIn(node.root);
  t.equal(tree[`/var/lib/bootwright/generations/1/files${DROP_IN}`], tree[DROP_IN], 'the generation holds a copy');
  t.equal(tree['/var/lib/bootwright/generations/1/manifest.json'], tree['/var/lib/bootwright/manifest.json']);
  t.notOk('/var/lib/bootwright/intent.json' in tree, 'the intent is gone');

  await t.test('the same again touches nothing and asks systemd once', async (t) => {
    const before = stampsIn(node.root);
    const again = await apply(await planFor(node), node);
    t.match(again, { outcome: 'converged', generation: 1, actions: [] });
    t.strictSame(stampsIn(node.root), before);
    t.match(node.fake.calls(), [/^show /], 'one call');
  });

  await t.test('what changed restarts what reads it, and no more', async (t) => {
    const result = await converge(node, { args: '--v=4', maxPods: 29 });
    t.strictSame(namesOf(result.actions), [
      `write-file ${DROP_IN}`,
      `write-file ${SHARED}`,
      'reload-units',
      'restart-unit kubelet.service',
    ]);
    t.equal(result.generation, 2);
  });

  await t.test('keys and files of ours go when they are no longer wanted', async (t) => {
    const result = await converge(node, { withoutDropIn: true });
    t.strictSame(
      namesOf(result.actions),
      [`write-file ${SHARED}`, `remove-file ${DROP_IN}`, 'reload-units', 'restart-unit kubelet.service'].slice(0, result.actions.length),
    );
    t.strictSame(JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')), { foreign: true, kubeAPIQPS: 10 });
    t.notOk(DROP_IN in treeIn(node.root));
  });
});

t.test('five generations are kept', async (t) => {
  const node = makeLive(t);
  for (let i = 1; i <= 7; i++) await converge(node, { args: `--v=${i}` });
  t.strictSame(readdirSync(join(node.root, '/var/lib/bootwright/generations')).sort(), ['3', '4', '5', '6', '7']);
});

for (const [name, makeNode] of [
  ['systemctl --root', makeImage],
  ['no systemctl', makeBareImage],
] as const) {
  t.test(`an image with ${name}: files and links, nothing runs`, async (t) => {
    const image = makeNode(t);
    const result = await converge(image);
    t.strictSame(
      result.actions.filter(({ status }) => status === 'skipped').map(({ kind, unit, reason }) => [kind, unit, typeof reason]),
      [
        ['reload-units', undefined, 'string'],
        ['start-unit', 'containerd.service', 'string'],
        ['start-unit', 'kubelet.service', 'string'],
      ],
    );
    if (name === 'no systemctl') {
      t.equal(treeIn(image.root)['/etc/systemd/system/multi-user.target.wants/kubelet.service'], '-> /etc/systemd/system/kubelet.service');
      t.equal(
        treeIn(image.root)['/etc/systemd/system/multi-user.target.wants/containerd.service'],
        '-> /usr/lib/systemd/system/containerd.service',
      );
      const before = stampsIn(image.root);
      const again = await apply(await planFor(image), image);
      t.equal(again.outcome, 'converged');
      t.strictSame(stampsIn(image.root), before, 'the same again touches nothing');
    }
  });
}

t.test('a masked unit is refused before anything is written', async (t) => {
  const dir = t.testdir({ root: { etc: { systemd: { system: {} } } }, fake: {} });
  const root = join(dir, 'root');
  const fake = makeFakeSystemd(join(dir, 'fake'));
  const image = { root, live: false, systemd: fake.make({ root, live: false }), searchPath: fake.searchPath };
  symlinkSync('/dev/null', join(root, 'etc/systemd/system/containerd.service'));
  const before = treeIn(root);
  t.strictSame(await apply(await planFor(image), image).then(() => undefined, errorOf), {
    code: 'CONFIG',
    message: 'containerd.service is masked; nothing was written',
    remedy: 'Unmask it: systemctl unmask containerd.service.',
  });
  t.strictSame(treeIn(root), before);
});

t.test('a unit that does not exist is known before anything is written', async (t) => {
  const dir = t.testdir({ root: {}, fake: {} });
  const root = join(dir, 'root');
  const fake = makeFakeSystemd(join(dir, 'fake'));
  const image = { root, live: false, systemd: fake.make({ root, live: false }), searchPath: fake.searchPath };
  const plan = await planFor(image);
  const error = await apply(plan, image).then(() => undefined, errorOf);
  t.strictSame(error, {
    code: 'CONFIG',
    message: `there is no containerd.service in ${root}; nothing was written`,
    remedy: 'Install what brings it first; an EKS image has the unit of containerd.',
  });
  t.strictSame(treeIn(root), {});

  const live = { root, live: true, systemd: fake.systemd, searchPath: fake.searchPath };
  t.match(await apply(await planFor(live), live).then(() => undefined, errorOf), {
    message: 'there is no containerd.service on this machine; nothing was written',
  });
  fake.setUnit('containerd.service');
  t.equal((await converge(live)).outcome, 'changed', 'a unit that only systemd knows is enough');
});

t.test('a start that fails stops the run; the next one goes on', async (t) => {
  const node = makeLive(t);
  node.fake.setUnit('containerd.service', {
    ...STOPPED,
    ActiveState: 'failed',
    SubState: 'failed',
    Result: 'exit-code',
    ExecMainStatus: 1,
  });
  node.fake.fail('start', 'Job for containerd.service failed because the control process exited with error code.\n');
  node.fake.write('journal', 'containerd: failed to load TOML: /etc/containerd/config.toml: (2, 1): unterminated array\n');
  const result = await apply(await planFor(node), node);
  t.equal(result.outcome, 'failed');
  t.strictSame(errorOf(result.error), {
    code: 'OS',
    message: [
      'systemctl start containerd.service failed: Job for containerd.service failed because the control process exited with error code. (failed/failed, exit-code, exit status 1)',
      'likely cause: containerd does not accept its configuration',
      'journal: containerd: failed to load TOML: /etc/containerd/config.toml: (2, 1): unterminated array',
    ].join('\n'),
    remedy:
      'Run `containerd config dump` and correct /etc/containerd/config.toml, its imports, or the file given by --containerd-config-file.',
  });
  t.strictSame(
    result.actions.slice(-3).map(({ kind, status }) => [kind, status]),
    [
      ['enable-unit', 'done'],
      ['start-unit', 'failed'],
      ['start-unit', 'not-run'],
    ],
  );
  t.ok('/var/lib/bootwright/intent.json' in treeIn(node.root), 'the intent stays');

  node.fake.fail('start', undefined);
  const next = await converge(node);
  // That run was to make systemd read its files; whether it came to that, nobody knows.
  t.strictSame(namesOf(next.actions), ['reload-units', 'start-unit containerd.service', 'start-unit kubelet.service']);
  t.equal(next.generation, 1);
  t.equal((await converge(node)).outcome, 'converged');
});

t.test('restarts that a cut-off run owes', async (t) => {
  const node = makeLive(t);
  await converge(node);
  node.fake.fail('restart', 'boom');
  t.equal((await apply(await planFor(node, { args: '--v=9' }), node)).outcome, 'failed');

  await t.test('are pending in this boot, also when the wish went back', async (t) => {
    const observed = await observe([], ['kubelet.service'], node);
    t.strictSame(observed.interruptedRestarts, ['kubelet.service']);
    t.equal(observed.unitsStale, true);
    const back = await planFor(node);
    t.match(namesOf(back.actions).at(-1), 'restart-unit kubelet.service');
  });
  await t.test('survive a second interruption', async (t) => {
    t.equal((await apply(await planFor(node, { args: '--v=9' }), node)).outcome, 'failed');
    t.strictSame((await observe([], [], node)).interruptedRestarts, ['kubelet.service']);
  });
  await t.test('are void after a reboot, but the run is finished', async (t) => {
    const path = join(node.root, '/var/lib/bootwright/intent.json');
    const intent = readFileSync(path, 'utf8');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(intent), bootId: 'of yesterday' }));
    t.strictSame((await observe([], [], node)).interruptedRestarts, []);
    t.match(await converge(node, { args: '--v=9' }), { outcome: 'converged', generation: 2, actions: [] });
    t.notOk('/var/lib/bootwright/intent.json' in treeIn(node.root));
    writeFileSync(path, intent);
  });
  await t.test('happen in the next run of this boot', async (t) => {
    node.fake.fail('restart', undefined);
    t.strictSame(namesOf((await converge(node, { args: '--v=9' })).actions), ['reload-units', 'restart-unit kubelet.service']);
    t.equal((await converge(node, { args: '--v=9' })).outcome, 'converged');
  });
});

t.test('what a cut-off run wrote counts as ours', async (t) => {
  const node = makeLive(t);
  await converge(node);
  node.fake.fail('daemon-reload', 'boom');
  t.equal((await apply(await planFor(node, { maxPods: 29, args: '--v=4' }), node)).outcome, 'failed');
  t.equal((await apply(await planFor(node, { maxPods: 58, args: '--v=5' }), node)).outcome, 'failed');
  t.equal(JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')).maxPods, 58);
  node.fake.fail('daemon-reload', undefined);
  await converge(node, { withoutDropIn: true });
  t.strictSame(JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')), { kubeAPIQPS: 10 }, 'the key goes');
  t.notOk(DROP_IN in treeIn(node.root), 'the file goes');
});

t.test('an edit between plan and apply is not lost', async (t) => {
  const node = makeLive(t);
  writeBelow(node.root, SHARED, '{}');
  const plan = await planFor(node);
  writeBelow(node.root, SHARED, '{"registryPullQPS": 20}');
  const { outcome, error } = await apply(plan, node);
  t.equal(outcome, 'failed');
  t.strictSame(errorOf(error), {
    code: 'TEMPORARY',
    message: `${SHARED} was changed by another program while this run was under way`,
    remedy: 'Run it again: it then starts from what the file is now.',
  });
  t.equal(readFileSync(join(node.root, SHARED), 'utf8'), '{"registryPullQPS": 20}');
  await converge(node);
  t.strictSame(JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')), { registryPullQPS: 20, kubeAPIQPS: 10 });
});

t.test('records that cannot be read', async (t) => {
  const node = makeLive(t);
  await converge(node, { maxPods: 29 });
  for (const [name, text, why] of [
    ['manifest.json', '{"schemaVersion": 1, "gen', 'it is no JSON'],
    ['manifest.json', '{"schemaVersion": 2}', 'it is not in a form that this version knows'],
    [
      'manifest.json',
      '{"schemaVersion":1,"generation":1,"files":[{"path":"/etc/../../x","digest":"a"}]}',
      'it is not in a form that this version knows',
    ],
    ['intent.json', 'null', 'it is not in a form that this version knows'],
  ] as const) {
    await t.test(`${name} ${text}`, async (t) => {
      const path = `/var/lib/bootwright/${name}`;
      writeFileSync(join(node.root, path), text);
      const warning = `${path} cannot be used, ${why}: what earlier runs wrote is taken for the user's own where it is not what is wanted now`;
      const warnings: string[] = [];
      await observe([], [], { ...node, warn: (text) => warnings.push(text) });
      t.strictSame(warnings, [warning], 'a run that only looks says so and moves nothing');
      t.equal(readFileSync(join(node.root, path), 'utf8'), text);
      const result = await converge(node, { maxPods: 30 + text.length });
      t.strictSame(result.warnings, [`${warning}; it was moved to ${path}.unreadable`]);
      t.equal(readFileSync(join(node.root, `${path}.unreadable`), 'utf8'), text);
      t.ok(result.generation > 1, 'numbers of generations go on');
      t.equal((await converge(node, { maxPods: 30 + text.length })).outcome, 'converged');
    });
  }
  await t.test('a lost manifest is written anew although no file changes', async (t) => {
    const path = join(node.root, '/var/lib/bootwright/manifest.json');
    const maxPods = JSON.parse(readFileSync(join(node.root, SHARED), 'utf8')).maxPods as number;
    writeFileSync(path, '');
    const before = nodeIn(node.root);
    t.match(await converge(node, { maxPods }), { outcome: 'converged', actions: [] });
    t.strictSame(nodeIn(node.root), before);
    t.match(JSON.parse(readFileSync(path, 'utf8')), { files: [{}, {}, {}, {}] });
  });
});

t.test('temp files of killed runs go; other hidden files stay', async (t) => {
  const node = makeLive(t);
  await converge(node);
  const dir = '/etc/systemd/system/kubelet.service.d';
  writeBelow(node.root, `${dir}/.10-kubelet-args.conf.bootwright-0123456789ab.tmp`, 'half');
  writeBelow(node.root, `${dir}/.mine.tmp`, 'mine');
  mkdirSync(join(node.root, '/var/lib/bootwright/generations/.9.bootwright-000000000000.tmp/files'), { recursive: true });
  await converge(node, { args: '--v=7' });
  t.strictSame(readdirSync(join(node.root, dir)).sort(), ['.mine.tmp', '10-kubelet-args.conf']);
  t.strictSame(readdirSync(join(node.root, '/var/lib/bootwright/generations')).sort(), ['1', '2']);
});

t.test('a signal stops between two actions', async (t) => {
  const node = makeLive(t);
  const stop = new AbortController();
  const plan = await planFor(node);
  const { outcome, error, actions } = await apply(plan, node, {
    signal: stop.signal,
    onAction: ({ path }) => path === CONTAINERD && stop.abort(new NodeError('TEMPORARY', 'told to stop')),
  });
  t.equal(outcome, 'failed');
  t.match(error, { message: 'told to stop' });
  t.strictSame(namesOf(actions.filter(({ status }) => status === 'done')).at(-1), `write-file ${CONTAINERD}`);
  t.equal((await converge(node)).outcome, 'changed');
});

t.test('SELinux labels are set before systemd reads what was written', async (t) => {
  const node = makeLive(t);
  const selinuxfs = join(node.root, 'selinux');
  writeBelow(selinuxfs, 'enforce', '1');
  const script = join(node.searchPath, 'restorecon');
  writeFileSync(script, `#!/bin/sh\necho "restorecon $*" >>'${join(node.searchPath, '../calls')}'\n`);
  chmodSync(script, 0o755);
  const plan = await planFor(node);
  node.fake.calls();
  t.strictSame((await apply(plan, node, { selinuxfs })).warnings, []);
  const [first, second] = node.fake.calls();
  t.equal(first, `restorecon -- /etc/cni/net.d ${CONTAINERD} /etc/systemd/system/kubelet.service ${DROP_IN} ${SHARED}`);
  t.equal(second, 'daemon-reload');

  writeFileSync(script, '#!/bin/sh\necho "no policy" >&2\nexit 1\n');
  const { outcome, warnings } = await converge(node, { toml: 'version = 3\n' }, { selinuxfs });
  t.equal(outcome, 'changed');
  t.strictSame(warnings, [`SELinux labels of 1 paths were not set: no policy; run restorecon on ${CONTAINERD}`]);
});

t.test('an empty plan of a node that never was ours leaves only the manifest', async (t) => {
  const node = makeLive(t);
  const empty: Plan = { root: node.root, live: true, actions: [], files: [], owned: {}, decisions: [], warnings: [] };
  t.match(await apply(empty, node), { outcome: 'converged', actions: [] });
  t.match(await apply(empty, node), { outcome: 'converged' });
});
