import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BPF_MOUNT_UNIT_TEXT } from '../../../src/core/kubelet/units.ts';
import { startFakes } from '../../fakes/main.ts';
import { makeFakeSystemd, STOPPED } from '../../node/support/fake-systemd.ts';
import { needs } from '../../rig/parts.ts';
import { type Tree, treeIn } from '../../rig/scratch-root.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { runPrivately } from '../support/private-mounts.ts';
import { makeProgram } from '../support/program.ts';

const { path, run } = await makeProgram(t.teardown);
const UNIT = 'etc/systemd/system/sys-fs-bpf.mount';
/** Every file with its text, besides what only counts runs. */
const contentOf = (root: string): Tree => Object.fromEntries(Object.entries(treeIn(root)).filter(([path]) => !path.startsWith('/run/')));
const FOREIGN = '[Mount]\nWhat=mine\nWhere=/sys/fs/bpf\n';

t.test('an image gets the unit, enabled; again: nothing', async (t) => {
  const root = makeImage(t);
  const first = await run(['mount-bpf-fs', '--root', root]);
  t.same(first, {
    code: 0,
    signal: null,
    stdout: '',
    stderr:
      'No bpffs is mounted: a unit mounts one at /sys/fs/bpf.\nwrote /etc/systemd/system/sys-fs-bpf.mount\nenabled sys-fs-bpf.mount\n',
  });
  t.equal(readFileSync(join(root, UNIT), 'utf8'), BPF_MOUNT_UNIT_TEXT);
  t.match(
    readlinkSync(join(root, 'etc/systemd/system/multi-user.target.wants/sys-fs-bpf.mount')),
    /\/etc\/systemd\/system\/sys-fs-bpf\.mount$/,
  );
  const before = stateOf(root);
  const again = await run([], { as: 'mount-bpf-fs', env: { BOOTWRIGHT_ROOT: root } });
  t.same([again.code, again.stderr], [0, 'The mount unit of an earlier run stays.\n']);
  t.same(stateOf(root), before);
});

t.test('the unit of `bootstrap` that somebody removed: put back as it was, and nothing else is touched', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = makeImage(t);
  const env = { ...fakes.env, BOOTWRIGHT_ROOT: root };
  t.equal((await run(['bootstrap', 'my-cluster'], { env })).code, 0);
  const before = contentOf(root);
  rmSync(join(root, UNIT));
  t.equal((await run(['mount-bpf-fs'], { env })).code, 0);
  t.same(contentOf(root), before);
  t.match((await run(['bootstrap', 'my-cluster'], { env })).stderr, /nothing to do: everything is what it should be/);
});

t.test('somebody else’s unit is left alone', async (t) => {
  const root = makeImage(t, { [UNIT]: FOREIGN });
  const { code, stderr } = await run([], { as: 'mount-bpf-fs', env: { BOOTWRIGHT_ROOT: root } });
  t.same([code, stderr], [0, '/etc/systemd/system/sys-fs-bpf.mount is not ours and is left alone.\n']);
  t.equal(readFileSync(join(root, UNIT), 'utf8'), FOREIGN);
});

/** This machine's own /etc/systemd/system, /run, /var/lib covered, and no bpffs; the systemctl is a fake. */
const onThisMachine = (t: Test) => {
  const dir = t.testdir({ system: {} });
  const fake = makeFakeSystemd(join(dir, 'systemd'));
  fake.setUnit('sys-fs-bpf.mount', STOPPED);
  const prepare = `while umount /sys/fs/bpf 2>/dev/null; do :; done
mount --bind ${dir}/system /etc/systemd/system; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/lib`;
  const mount = (more = '') =>
    runPrivately({
      prepare: `${prepare}\n${more}`,
      program: path,
      as: '/usr/bin/mount-bpf-fs',
      env: { PATH: `${fake.searchPath}:/usr/bin:/bin` },
    });
  return { fake, mount, unit: join(dir, 'system/sys-fs-bpf.mount') };
};

t.test('this machine: written, enabled and started; what did not start is started by the next call', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const { fake, mount, unit } = onThisMachine(t);
  fake.fail('start', 'Job failed.');
  const failed = await mount();
  t.equal(failed.code, 1);
  t.match(failed.stderr, /^error: systemctl start sys-fs-bpf\.mount failed: Job failed\./m);
  t.equal(readFileSync(unit, 'utf8'), BPF_MOUNT_UNIT_TEXT);
  const verbs = (): string[] => fake.calls().flatMap((call) => /^(?:daemon-reload|enable|start)\b/.exec(call)?.[0] ?? []);
  t.same(verbs(), ['daemon-reload', 'enable', 'start']);
  fake.fail('start', undefined);
  const { code, stdout, stderr } = await mount();
  t.same([code, stdout], [0, ''], stderr);
  t.match(stderr, /^started sys-fs-bpf\.mount$/m);
  t.same(verbs(), ['start']);
  t.equal((await mount()).stderr, 'The mount unit of an earlier run stays.\n');
});

t.test('this machine: what is mounted there stays', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const { fake, mount, unit } = onThisMachine(t);
  const { code, stderr } = await mount('mount -t tmpfs tmpfs /sys/fs/bpf');
  t.same([code, stderr], [0, 'A bpffs is mounted already (/sys/fs/bpf).\n']);
  t.notOk(existsSync(unit));
  t.same(fake.calls(), []);
});

t.test('refused without root; where there is nothing to do, nobody needs it', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const isMounted = readFileSync('/proc/mounts', 'utf8').includes(' /sys/fs/bpf ');
  const denied = 'error: only root may change this machine. Run it with sudo. `bootwright preview` and `--root DIR` need no root.\n';
  const dropIn = await run([], { as: 'mount-bpf-fs', uid: 65534 });
  t.equal(dropIn.code, isMounted ? 0 : 1);
  t.ok(dropIn.stderr.startsWith(isMounted ? 'A bpffs is mounted already' : denied), dropIn.stderr);
  t.equal((await run(['mount-bpf-fs'], { uid: 65534 })).code, isMounted ? 0 : 77);
});

t.test('refused: no directory, words', async (t) => {
  const nowhere = await run(['mount-bpf-fs', '--root', '/nope']);
  t.same([nowhere.code, nowhere.stderr], [66, 'error: /nope is no directory. Give --root a directory that exists.\n']);
  const word = await run(['x'], { as: 'mount-bpf-fs' });
  t.same([word.code, word.stderr], [1, 'error: x: is one word too many. `bootwright help mount-bpf-fs` shows the form.\n']);
});

t.test('a link in the place of the unit is an error', async (t) => {
  const root = makeImage(t);
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  symlinkSync('/nowhere.mount', join(root, UNIT));
  const { code, stderr } = await run(['mount-bpf-fs', '--root', root]);
  t.equal(code, 73);
  t.equal(
    stderr,
    'No bpffs is mounted: a unit mounts one at /sys/fs/bpf.\nerror: /etc/systemd/system/sys-fs-bpf.mount: symlink to /nowhere.mount is where a regular file must be. Move it away, or put a regular file there.\n',
  );
});
