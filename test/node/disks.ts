/** What mdadm, mkfs.xfs, cp and a foreign setup-local-disks are called with; test/slow/disks.ts has the real ones do it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Action } from '../../src/core/desired.ts';
import { type DiskAction, performOnDisks } from '../../src/node/disks.ts';

const BECAUSE: Action['because'] = [];
const UUID = '00112233-4455-6677-8899-aabbccddeeff';

interface Fakes {
  readonly dir: string;
  readonly calls: () => string[];
  readonly perform: (action: DiskAction) => Promise<void>;
}

/** Programs that write down how they were called and end with 0, unless a script says otherwise. blkid finds nothing. */
const fakes = (t: Test, scripts: { readonly [program: string]: string } = {}): Fakes => {
  const dir = t.testdir({ bin: {} });
  const log = join(dir, 'calls');
  for (const [program, script] of Object.entries({
    blkid: 'exit 2',
    mdadm: '',
    'mkfs.xfs': '',
    'mkfs.ext4': '',
    'setup-local-disks': '',
    sync: '',
    udevadm: '',
    wipefs: '',
    ...scripts,
  })) {
    writeFileSync(join(dir, 'bin', program), `#!/bin/sh\necho "${program} $*" >>'${log}'\n${script}\n`);
    chmodSync(join(dir, 'bin', program), 0o755);
  }
  symlinkSync('/bin/cp', join(dir, 'bin/cp'));
  return {
    dir,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    perform: (action) => performOnDisks(action, { root: '/', searchPath: join(dir, 'bin') }),
  };
};

const array = (level: 'raid0' | 'raid10', members: readonly string[]): DiskAction => ({
  ...{ kind: 'create-array', device: '/dev/md/kubernetes', level, uuid: UUID, members, because: BECAUSE },
});
const COMMON = '--quiet --create /dev/md/kubernetes --config=none --homehost=any --name=kubernetes --metadata=1.2';
const MD_UUID = '--uuid=00112233:44556677:8899aabb:ccddeeff';

t.test('arrays: each disk is looked at once more, nothing is forced', async (t) => {
  const { calls, perform } = fakes(t);
  await perform(array('raid0', ['/dev/a', '/dev/b']));
  t.strictSame(calls(), [
    'blkid -p -o export /dev/a',
    'blkid -p -o export /dev/b',
    `mdadm ${COMMON} ${MD_UUID} --level=0 --raid-devices=2 /dev/a /dev/b`,
    'wipefs --quiet --all /dev/md/kubernetes',
  ]);
});

t.test('an array of one disk is one that mdadm wants to be asked for twice', async (t) => {
  const { calls, perform } = fakes(t);
  await perform(array('raid0', ['/dev/a']));
  t.equal(calls().at(-2), `mdadm ${COMMON} ${MD_UUID} --level=0 --force --raid-devices=1 /dev/a`);
});

t.test('RAID 10 says what newer versions of mdadm would ask', async (t) => {
  const { calls, perform } = fakes(t);
  await perform(array('raid10', ['/dev/a', '/dev/b', '/dev/c', '/dev/d']));
  t.match(calls().at(-2), '--level=10 --bitmap=internal --raid-devices=4');
});

t.test('a device that is not blank any more, or does not say, is not written to', async (t) => {
  for (const script of ['echo TYPE=xfs', 'exit 8', 'exit 4', 'echo TYPE=xfs; exit 2']) {
    const { calls, perform } = fakes(t, { blkid: script });
    const message = /^\/dev\/a is not blank any more: another program has written to it/;
    await t.rejects(perform(array('raid0', ['/dev/a'])), { code: 'TEMPORARY', message });
    await t.rejects(perform({ kind: 'make-file-system', device: '/dev/a', type: 'xfs', uuid: UUID, because: BECAUSE }), {
      code: 'TEMPORARY',
    });
    t.notMatch(calls().join(), /mdadm|mkfs/);
  }
});

t.test('file systems', async (t) => {
  const { calls, perform } = fakes(t);
  await perform({ kind: 'make-file-system', device: '/dev/md127', type: 'xfs', uuid: UUID, because: BECAUSE });
  t.equal(calls().at(-1), `mkfs.xfs -q -K -l su=8b -m uuid=${UUID} /dev/md127`);
  await perform({ kind: 'make-file-system', device: '/dev/nvme2n1', type: 'ext4', uuid: UUID, because: BECAUSE });
  t.equal(calls().at(-1), `mkfs.ext4 -q -U ${UUID} /dev/nvme2n1`);
});

t.test('what a run was cut off making is wiped first, and what others were is not', async (t) => {
  const { dir, calls, perform } = fakes(t);
  const device = join(dir, 'disk');
  const begun = Buffer.alloc(8192);
  begun.write('XFSB', 0, 'latin1');
  begun.write(UUID.replaceAll('-', ''), 32, 'hex');
  begun.writeUInt8(1, 126);
  writeFileSync(device, begun);
  const make = (uuid: string): Promise<void> => perform({ kind: 'make-file-system', device, type: 'xfs', uuid, because: BECAUSE });
  await make(UUID);
  t.strictSame(calls(), [
    `wipefs --quiet --all ${device}`,
    `blkid -p -o export ${device}`,
    `mkfs.xfs -q -K -l su=8b -m uuid=${UUID} ${device}`,
  ]);
  await make(UUID.replace('00', '01'));
  begun.writeUInt8(0, 126);
  writeFileSync(device, begun);
  await make(UUID);
  t.equal(calls().filter((call) => call.startsWith('wipefs')).length, 1, 'nor one that is whole');
});

t.test('a device that is gone', async (t) => {
  const { dir, perform } = fakes(t);
  const gone = perform({ kind: 'announce-device', device: join(dir, 'none'), because: BECAUSE });
  await t.rejects(gone, { code: 'OS', message: /none is gone$/ });
});

t.test('udev is told by the kernel’s name', async (t) => {
  const { dir, calls, perform } = fakes(t, { udevadm: '[ "$1" = trigger ]' });
  writeFileSync(join(dir, 'md127'), '');
  symlinkSync('md127', join(dir, 'kubernetes'));
  await perform({ kind: 'announce-device', device: join(dir, 'kubernetes'), because: BECAUSE });
  t.strictSame(calls(), ['udevadm trigger --action=change --subsystem-match=block --sysname-match=md127', 'udevadm settle --timeout=30']);
});

t.test('what a program says when it fails, and what to do', async (t) => {
  const { perform } = fakes(t, { mdadm: 'echo "mdadm: super1.x cannot open /dev/a: Device or resource busy" >&2; exit 1' });
  await t.rejects(perform(array('raid0', ['/dev/a'])), {
    code: 'OS',
    message: /^mdadm .* failed: mdadm: super1\.x cannot open \/dev\/a: Device or resource busy$/,
    remedy: /nothing on the disks was overwritten/,
  });
});

t.test('a program that is not there', async (t) => {
  const { dir } = fakes(t);
  const options = { root: '/', searchPath: join(dir, 'nowhere') };
  await t.rejects(performOnDisks(array('raid0', ['/dev/a']), options), { code: 'CONFIG', message: 'there is no blkid on PATH' });
});

t.test('a foreign helper gets the mode', async (t) => {
  const { dir, calls, perform } = fakes(t);
  await perform({ kind: 'run-program', program: join(dir, 'bin/setup-local-disks'), args: ['raid0'], because: BECAUSE });
  t.strictSame(calls(), ['setup-local-disks raid0']);
});

t.test('a copy is complete or not there, and never goes over what is there', async (t) => {
  const { dir, perform } = fakes(t);
  const [from, to] = [join(dir, 'from'), join(dir, 'disk/kubelet')];
  const copy = (): Promise<void> => perform({ kind: 'copy-directory', from, path: to, because: BECAUSE });
  mkdirSync(join(from, 'a'), { recursive: true, mode: 0o750 });
  writeFileSync(join(from, 'a/f'), 'one', { mode: 0o600 });
  symlinkSync('f', join(from, 'a/link'));
  const left = join(dir, 'disk/.kubelet.bootwright-000000000000.tmp');
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, 'half'), 'of an earlier run');
  await copy();
  t.strictSame([readFileSync(join(to, 'a/link'), 'utf8'), existsSync(join(to, 'half')), existsSync(left)], ['one', false, false]);
  writeFileSync(join(from, 'a/f'), 'two');
  await copy();
  t.equal(readFileSync(join(to, 'a/f'), 'utf8'), 'one');
});

t.test('what is not there is an empty directory on the disk', async (t) => {
  const { dir, perform } = fakes(t);
  await perform({ kind: 'copy-directory', from: join(dir, 'none'), path: join(dir, 'disk/pods'), because: BECAUSE });
  t.ok(existsSync(join(dir, 'disk/pods')));
});
