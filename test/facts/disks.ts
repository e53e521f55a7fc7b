/** Disks by directories that look like /dev, /sys and /proc; blkid is the real one, on files. */
import { copyFileSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { LocalDiskFacts, VolumeFacts } from '../../src/core/facts.ts';
import { isSelf, mountsIn, readLocalDisks, readVolume } from '../../src/facts/disks.ts';

const ID = 'nvme-Amazon_EC2_NVMe_Instance_Storage_AWS1234567890ABCDEF';

/** A swap area as mkswap leaves it: enough for blkid. */
const swapArea = (): Buffer => {
  const bytes = Buffer.alloc(64 * 1024);
  bytes.writeUInt32LE(1, 1024);
  bytes.writeUInt32LE(15, 1028);
  bytes.write('SWAPSPACE2', 4086, 'latin1');
  return bytes;
};
/** A partition table without partitions. */
const dosTable = (): Buffer => {
  const bytes = Buffer.alloc(64 * 1024);
  bytes.writeUInt8(0x83, 446 + 4);
  bytes.writeUInt32LE(2, 446 + 8);
  bytes.writeUInt32LE(8, 446 + 12);
  bytes.writeUInt16LE(0xaa55, 510);
  return bytes;
};
const blank = (): Buffer => Buffer.alloc(64 * 1024);

interface Machine {
  readonly write: (path: string, content?: string | Buffer) => void;
  readonly disk: (name: string, content: Buffer, ids: readonly string[]) => void;
  readonly read: (searchPath?: string) => Promise<LocalDiskFacts>;
  readonly volume: (device: string) => Promise<VolumeFacts | null>;
}

const machine = (t: Test): Machine => {
  const dir = t.testdir({
    dev: { disk: { 'by-id': {} } },
    sys: { class: { block: {} }, dev: { block: {} } },
    proc: {},
    units: {},
    bin: {},
    self: 'me',
  });
  const write: Machine['write'] = (path, content = '') => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  const disk: Machine['disk'] = (name, content, ids) => {
    write(`dev/${name}`, content);
    write(`sys/class/block/${name}/size`, '2048\n');
    mkdirSync(join(dir, `sys/class/block/${name}/holders`));
    for (const id of ids) symlinkSync(`../../${name}`, join(dir, 'dev/disk/by-id', id));
  };
  const at = (name: string): string => join(dir, name);
  const sources = { dev: at('dev'), sys: at('sys'), proc: at('proc'), units: at('units'), self: at('self'), processMs: 10_000 };
  return {
    write,
    disk,
    volume: (device) => readVolume(device, { ...sources, searchPath: '/usr/sbin:/sbin:/usr/bin:/bin' }),
    read: (searchPath) => readLocalDisks({ ...sources, searchPath: searchPath ?? `${at('bin')}:/usr/sbin:/sbin:/usr/bin:/bin` }),
  };
};

t.test('a machine without instance store', async (t) => {
  const { disks, arrays, mounts, units } = await machine(t).read();
  t.strictSame([disks, arrays, mounts, units], [[], [], {}, {}]);
});

t.test('only disks of the instance store, each once, and no partitions', async (t) => {
  const { disk, write, read } = machine(t);
  disk('nvme2n1', blank(), [`${ID}-ns-1`, ID, `${ID}_1`]);
  disk('nvme1n1', swapArea(), [`${ID}2`]);
  disk('nvme2n1p1', blank(), [`${ID}-part1`]);
  write('sys/class/block/nvme2n1p1/partition', '1');
  write('sys/class/block/nvme2n1/nvme2n1p1/partition', '1');
  disk('nvme0n1', blank(), ['nvme-Amazon_Elastic_Block_Store_vol0123456789']);
  write('proc/swaps', 'Filename\tType\tSize\tUsed\tPriority\n/dev/nvme1n1 partition 1 0 -2\n');
  const { disks } = await read();
  t.strictSame(disks, [
    { path: '/dev/nvme1n1', id: `${ID}2`, bytes: 1048576, signature: { type: 'swap' }, partitions: [], holders: [], isSwap: true },
    { path: '/dev/nvme2n1', id: ID, bytes: 1048576, signature: null, partitions: ['nvme2n1p1'], holders: [], isSwap: false },
  ]);
});

t.test('a link that leads nowhere, or to no block device, is no disk', async (t) => {
  const { write, read } = machine(t);
  write('dev/plain', 'x');
  const { disks } = await read();
  t.strictSame(disks, []);
});

t.test('a partition table is no blank disk', async (t) => {
  const { disk, read } = machine(t);
  disk('nvme1n1', dosTable(), [ID]);
  t.same((await read()).disks[0]?.signature?.type, 'dos partition table');
});

t.test('an array and its members', async (t) => {
  const { disk, write, read } = machine(t);
  for (const n of [1, 2]) {
    disk(`nvme${n}n1`, blank(), [`${ID}${n}`]);
    write(`sys/class/block/nvme${n}n1/holders/md127`);
    write(`sys/class/block/md127/slaves/nvme${n}n1`);
  }
  write('dev/md127', swapArea());
  write('sys/class/block/md127/md/level', 'raid0\n');
  write('sys/class/block/md127/md/array_state', 'clean\n');
  const array = { path: '/dev/md127', members: ['/dev/nvme1n1', '/dev/nvme2n1'], holders: [] };
  t.strictSame((await read()).arrays, [{ ...array, level: 'raid0', state: 'clean', signature: { type: 'swap' } }]);

  write('sys/class/block/md127/md/array_state', 'inactive\n');
  write('sys/class/block/md127/md/level', '\n');
  t.strictSame((await read()).arrays, [{ ...array, level: '', state: 'inactive', signature: null }], 'one that does not run is not read');
});

t.test('a disk that cannot be read is not taken for blank', async (t) => {
  const { disk, read, write } = machine(t);
  disk('nvme1n1', blank(), [ID]);
  await t.rejects(read('/nonexistent'), { code: 'OS', message: /^what is on .*nvme1n1 cannot be told: there is no blkid on PATH$/ });
  write('bin/blkid', '#!/bin/sh\necho input/output error >&2\nexit 4\n');
  const { chmodSync } = await import('node:fs');
  chmodSync(join(t.testdirName, 'bin/blkid'), 0o755);
  await t.rejects(read(), { code: 'OS', message: /cannot be told: input\/output error$/ });
});

t.test('units of an earlier run, ours or setup-local-disks’, and nobody else’s', async (t) => {
  const { write, read } = machine(t);
  const own = '[Unit]\nDescription=EC2 Instance Store: /mnt/k8s-disks/0\n';
  const upstream = '[Unit]\nDescription=Mount EC2 Instance Store NVMe disk RAID0\n';
  write('units/mnt-k8s\\x2ddisks-0.mount', own);
  write('units/mnt-k8s\\x2ddisks-1.mount', upstream);
  write('units/data.mount', '[Unit]\nDescription=mine\n# EC2 Instance Store\n');
  write('units/x.service', own);
  write('units/large.mount', own + '#'.repeat(2 * 1024 * 1024));
  symlinkSync('/dev/zero', join(t.testdirName, 'units/endless.mount'));
  t.strictSame((await read()).units, { 'mnt-k8s\\x2ddisks-0.mount': own.trim(), 'mnt-k8s\\x2ddisks-1.mount': upstream.trim() });
});

t.test('setup-local-disks on PATH: somebody else’s, or this program under another name', async (t) => {
  const { write, read } = machine(t);
  const { chmodSync, rmSync } = await import('node:fs');
  const [self, helper] = [join(t.testdirName, 'self'), join(t.testdirName, 'bin/setup-local-disks')];
  const found = async (): Promise<string | null | undefined> => {
    chmodSync(helper, 0o755);
    return (await read()).programs['setup-local-disks'];
  };
  write('bin/setup-local-disks', '#!/bin/bash\n');
  t.equal(await found(), helper);
  for (const make of [symlinkSync, linkSync, copyFileSync]) {
    rmSync(helper);
    make(self, helper);
    t.equal(await found(), null, make.name);
  }
  truncateSync(helper, 1);
  t.equal(await found(), helper);
  t.notOk(isSelf('/nonexistent', self));
});

t.test('mounts: the disks’ own wherever they are, others where they matter', async (t) => {
  const info = [
    '1 0 259:1 / / rw - xfs /dev/root rw',
    '2 1 259:2 / /mnt/a\\040b rw shared:1 - xfs /dev/nvme1n1 rw',
    '3 1 259:2 /x /var/lib/kubelet/pods/1/volume rw - xfs /dev/nvme1n1 rw',
    '4 1 259:3 / /var/lib/kubelet/pods/2/volume rw - xfs /dev/nvme2n1 rw',
    '5 1 259:4 / /var/lib/kubelet/pods/3/volume rw - xfs /dev/nvme9n1 rw',
    '6 1 0:20 / /var/lib/containerd rw - tmpfs tmpfs rw',
    '7 1 259:4 / /var/lib/containerd rw - xfs /dev/nvme9n1 rw',
    '8 1 0:21 / /run/x rw - tmpfs tmpfs rw',
    '9 1 0:21 / /odd\\012name rw - tmpfs tmpfs rw',
    'nonsense',
  ].join('\n');
  const devices: { readonly [number: string]: string } = {
    '259:1': '/dev/nvme0n1p1',
    '259:2': '/dev/nvme1n1',
    '259:3': '/dev/nvme2n1',
    '259:4': '/dev/nvme9n1',
  };
  t.strictSame(
    mountsIn(info, (number) => devices[number], new Set(['/dev/nvme1n1', '/dev/nvme2n1'])),
    {
      '/': '/dev/nvme0n1p1',
      '/mnt/a b': '/dev/nvme1n1',
      '/var/lib/containerd': '/dev/nvme9n1',
      '/var/lib/kubelet/pods/2/volume': '/dev/nvme2n1',
    },
  );
});

t.test('a volume by the name that a user gave', async (t) => {
  const { disk, write, volume } = machine(t);
  disk('nvme2n1', blank(), ['nvme-Amazon_Elastic_Block_Store_vol0123', 'nvme-Amazon_Elastic_Block_Store_vol0123-ns-1']);
  disk('nvme3n1', swapArea(), []);
  write('sys/class/block/nvme3n1/nvme3n1p1/partition', '1\n');
  write('proc/swaps', 'Filename Type Size Used Priority\n/dev/nvme3n1 partition 1 0 -2\n');
  write('proc/self/mountinfo', '22 1 259:1 / / rw - ext4 /dev/root rw\n');
  t.strictSame(await volume('/dev/nvme2n1'), {
    path: '/dev/nvme2n1',
    id: 'nvme-Amazon_Elastic_Block_Store_vol0123',
    bytes: 2048 * 512,
    signature: null,
    partitions: [],
    holders: [],
    isSwap: false,
    mounts: { '/': 'ext4' },
  });
  const other = await volume('/dev/nvme3n1');
  t.match(other, { id: '/dev/nvme3n1', signature: { type: 'swap' }, isSwap: true, partitions: ['nvme3n1p1'] }, 'without a name of its own');
  t.equal(await volume('/dev/sdz'), null);
  write('dev/nothing');
  t.equal(await volume('/dev/nothing'), null, 'a file is no disk');
});
