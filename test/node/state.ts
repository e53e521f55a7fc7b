import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Manifest, ManifestFile, Plan } from '../../src/core/desired.ts';
import { digestOf } from '../../src/core/digest.ts';
import {
  type Intent,
  keepGeneration,
  lastManifestOf,
  makeStateDirectories,
  manifestAfter,
  nextGeneration,
  readState,
  type State,
  sameFiles,
  stageGeneration,
  writeIntent,
  writeManifest,
} from '../../src/node/state.ts';
import { writeBelow } from './support/nodes.ts';

const manifestOf = (...files: ManifestFile[]): Manifest => ({ schemaVersion: 1, generation: 3, files });
const keys = (path: string, text: string, values: Record<string, number>): ManifestFile => ({
  path,
  digest: digestOf(text),
  entries: Object.entries(values).map(([key, value]) => ({ path: [key], value })),
});
const intentOf = (manifest: Manifest): Intent => ({
  schemaVersion: 1,
  bootId: null,
  startedAt: 'x',
  restarts: [],
  reload: false,
  manifest,
});

t.test('records come back as they were written', async (t) => {
  const root = t.testdir();
  t.strictSame(readState(root), { manifest: null, intent: null, garbage: [] });
  makeStateDirectories(root);
  const manifest = manifestOf(keys('/etc/a', 'a', { x: 1 }), { path: '/etc/b', digest: digestOf('b') });
  const intent: Intent = { ...intentOf(manifest), bootId: 'b', restarts: ['a.service'], base: manifest };
  writeManifest(root, manifest);
  writeIntent(root, intent);
  t.strictSame(readState(root), { manifest, intent, garbage: [] });
});

t.test('a manifest that another program made up is not believed', async (t) => {
  const good = { path: '/etc/a', digest: 'sha256:x', entries: [{ path: ['a'], value: null }] };
  const wrap = (file: unknown): unknown => ({ schemaVersion: 1, generation: 1, files: [file] });
  const read = (value: unknown): State => {
    const root = t.testdir();
    writeBelow(root, 'var/lib/bootwright/manifest.json', JSON.stringify(value));
    return readState(root);
  };
  t.not(read(wrap(good)).manifest, null);
  for (const bad of [
    ...['etc/a', '/etc/../a', '/etc/..', '/..', '/etc/./a', '//a', '/etc/', '/', '', '/etc/\0', 7].map((path) => wrap({ ...good, path })),
    ...[null, {}, [{}], [{ path: 'a', value: 1 }], [{ path: ['a'] }], [{ path: [1], value: 1 }]].map((entries) =>
      wrap({ ...good, entries }),
    ),
    wrap({ ...good, digest: 1 }),
    { ...(wrap(good) as object), generation: 1.5 },
    { ...(wrap(good) as object), files: {} },
    [],
    null,
    'text',
  ]) {
    const { manifest, garbage } = read(bad);
    t.strictSame([manifest, garbage.length], [null, 1], JSON.stringify(bad));
  }
});

t.test('records that are no files', async (t) => {
  const root = t.testdir({ var: { lib: { bootwright: { 'manifest.json': {}, 'intent.json': t.fixture('symlink', '/etc/passwd') } } } });
  t.strictSame(readState(root).garbage, [
    { path: '/var/lib/bootwright/manifest.json', why: 'it is a directory' },
    { path: '/var/lib/bootwright/intent.json', why: 'it is symlink to /etc/passwd' },
  ]);
});

t.test('what is ours after a run that was cut off', async (t) => {
  const root = t.testdir({ etc: { shared: 'old', other: 'new' } });
  const old = keys('/etc/shared', 'old', { a: 1, b: 1 });
  const now = keys('/etc/shared', 'new', { b: 2, c: 2 });
  const last = (manifest: Manifest | null, intent: Intent | null): readonly ManifestFile[] | undefined =>
    lastManifestOf(root, { manifest, intent, garbage: [] })?.files;
  t.equal(last(null, null), undefined);
  t.strictSame(last(manifestOf(old), null), [old]);
  t.strictSame(last(manifestOf(old), intentOf(manifestOf(now))), [old], 'it had not come to that file');
  writeBelow(root, 'etc/shared', 'new');
  t.strictSame(last(manifestOf(old), intentOf(manifestOf(now))), [now], 'it had');
  writeBelow(root, 'etc/shared', 'edited since');
  t.strictSame(
    last(manifestOf(old), intentOf(manifestOf(now)))?.[0]?.entries?.map(({ path, value }) => [...path, value]),
    [
      ['b', 2],
      ['c', 2],
      ['a', 1],
    ],
    'somebody edited it: the keys of both',
  );
  const added = { path: '/etc/added', digest: 'x' };
  t.strictSame(last(null, intentOf(manifestOf(added))), [added]);
  t.strictSame(
    last(manifestOf(old), { ...intentOf(manifestOf(added)), base: manifestOf(now) }),
    [now, added],
    'the base of the intent counts',
  );
});

t.test('a run that was cut off over /etc/hosts: lines of both are ours', async (t) => {
  const root = t.testdir({ etc: { hosts: '127.0.0.1 localhost\n10.0.0.5 api\n' } });
  const before = { path: '/etc/hosts', digest: 'x', lines: ['10.0.0.5 api'] };
  const after = { path: '/etc/hosts', digest: 'y', lines: ['10.0.0.6 api'] };
  const manifest = { schemaVersion: 1, generation: 1, files: [before] } as const;
  makeStateDirectories(root);
  writeManifest(root, manifest);
  writeIntent(root, {
    schemaVersion: 1,
    bootId: null,
    startedAt: '',
    restarts: [],
    reload: false,
    manifest: { schemaVersion: 1, generation: 2, files: [after] },
  });
  t.strictSame(lastManifestOf(root, readState(root))?.files, [{ ...after, lines: ['10.0.0.6 api', '10.0.0.5 api'] }]);
  writeFileSync(join(root, 'var/lib/bootwright/manifest.json'), JSON.stringify({ ...manifest, files: [{ ...before, lines: [1] }] }));
  t.equal(readState(root).manifest, null, 'lines that are none');
});

t.test('generations', async (t) => {
  const root = t.testdir();
  makeStateDirectories(root);
  const plan: Plan = {
    root,
    live: false,
    actions: [],
    files: [{ path: '/etc/a', mode: 0o644, text: 'a', because: [] }],
    owned: { '/etc/a': { entries: [] } },
    decisions: [],
    warnings: [],
  };
  t.strictSame(manifestAfter(plan, 4), {
    schemaVersion: 1,
    generation: 4,
    files: [{ path: '/etc/a', digest: digestOf('a'), entries: [] }],
  });
  t.ok(sameFiles(manifestAfter(plan, 4), manifestAfter(plan, 5)));
  t.notOk(sameFiles(null, manifestAfter(plan, 5)));
  t.equal(nextGeneration(root, readState(root)), 1);
  const generations = join(root, 'var/lib/bootwright/generations');
  mkdirSync(join(generations, '9/files/of/a/run/that/was/cut/off'), { recursive: true });
  t.equal(nextGeneration(root, readState(root)), 10, 'a lost manifest does not start at one again');
  for (const generation of [9, 10, 11, 100, 101, 102]) {
    const manifest = manifestAfter(plan, generation);
    stageGeneration(root, plan, manifest);
    keepGeneration(root, manifest);
  }
  t.strictSame(readdirSync(generations).sort(), ['10', '100', '101', '102', '11'], 'by number, not by name');
  t.strictSame(readdirSync(join(generations, '102')).sort(), ['files', 'manifest.json']);
});
