import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { observe, readManifest } from '../../src/node/observe.ts';
import { needs } from '../rig/parts.ts';
import { makeFakeSystemd, STOPPED } from './support/fake-systemd.ts';
import { makeRoot, stampsIn, writeBelow } from './support/nodes.ts';

const UNITS = ['containerd.service', 'kubelet.service', 'sandbox-image.service'];

t.test('an image that nobody touched', async (t) => {
  const root = makeRoot(t.testdir({ etc: { 'a.conf': 'a' } }));
  const before = stampsIn(root);
  const observed = await observe(['/etc/a.conf', '/etc/b.conf', '/etc'], UNITS, {
    root,
    live: false,
    systemd: { states: () => Promise.reject(new Error('an image has no systemd')) },
  });
  t.match(observed, { root, live: false, unitsStale: false, manifest: null, interruptedRestarts: [] });
  t.match(observed.files, { '/etc/a.conf': { kind: 'file', text: 'a' }, '/etc/b.conf': { kind: 'absent' }, '/etc': { kind: 'directory' } });
  t.strictSame(observed.units, Object.fromEntries(UNITS.map((unit) => [unit, { enabled: false, active: false }])));
  t.equal(readManifest(root), null);
  t.strictSame(stampsIn(root), before, 'looking changes nothing');
});

t.test('a live node', async (t) => {
  const dir = t.testdir({ root: {}, fake: {} });
  const root = makeRoot(join(dir, 'root'));
  const fake = makeFakeSystemd(join(dir, 'fake'), root);
  const look = () => observe([], UNITS, { root, live: true, systemd: fake.systemd });
  fake.setUnit('containerd.service');
  fake.setUnit('kubelet.service', { ...STOPPED, ActiveState: 'failed' });
  fake.setUnit('sandbox-image.service', { ...STOPPED, Type: 'oneshot', UnitFileState: 'enabled', InactiveExitTimestampMonotonic: 5 });
  t.match(await look(), {
    units: {
      'containerd.service': { enabled: true, active: true },
      'kubelet.service': { enabled: false, active: false },
      'sandbox-image.service': { enabled: true, active: true },
    },
    unitsStale: false,
  });
  t.equal(fake.calls().length, 1, 'one call for all units');

  fake.setUnit('containerd.service', { NeedDaemonReload: 'yes' });
  t.equal((await look()).unitsStale, true, 'systemd says so');
  fake.setUnit('containerd.service', { LoadState: 'not-found', ActiveState: 'inactive', UnitFileState: '' });
  t.equal((await look()).unitsStale, true, 'systemd does not know of a unit file that is there');
  rmSync(join(root, 'usr'), { recursive: true });
  t.equal((await look()).unitsStale, false, 'there is none');
});

t.test('a file that may not be read is an error, not an absence', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const root = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  writeBelow(root, 'etc/secret', 'x');
  execFileSync('chmod', ['-R', 'a+rX', root]);
  execFileSync('chmod', ['600', join(root, 'etc/secret')]);
  const script = join(root, 'script.mjs');
  writeFileSync(
    script,
    `import { observe } from '${join(import.meta.dirname, '../../src/node/observe.ts')}';
     process.setgroups([]); process.setgid(65534); process.setuid(65534);
     await observe(['/etc/secret'], [], { root: '${root}', live: false }).catch(({ code, message }) => console.log(code, message));`,
  );
  t.equal(
    execFileSync(process.execPath, [script], { encoding: 'utf8', env: {} }),
    'NO_PERMISSION cannot read /etc/secret: permission denied\n',
  );
});

t.test('only to look: without systemd the units are unknown, and that is a warning', async (t) => {
  const dir = t.testdir({ root: { etc: { a: 'x' } }, fake: {} });
  const systemd = { states: () => Promise.reject(new NodeError('OS', 'there is no systemctl on PATH')) };
  const warnings: string[] = [];
  const where = { root: join(dir, 'root'), live: true, systemd, warn: (text: string) => void warnings.push(text) };
  await t.rejects(observe(['/etc/a'], ['kubelet.service'], where), { code: 'OS' });
  const observed = await observe(['/etc/a'], ['kubelet.service'], { ...where, tolerant: true });
  t.match(observed, { files: { '/etc/a': { text: 'x' } }, units: { 'kubelet.service': { active: false } } });
  t.strictSame(warnings, ['the states of units are not known: there is no systemctl on PATH']);
});
