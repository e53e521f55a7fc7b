/** The real blkid, mkfs.xfs and mdadm’s layout on files. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { probe, signatureOf } from '../../src/facts/disk-probe.ts';
import { needs } from '../rig/parts.ts';

t.test('what blkid says', async (t) => {
  t.strictSame(signatureOf(2, ''), null);
  t.strictSame(signatureOf(8, ''), { type: 'several' });
  t.strictSame(signatureOf(4, ''), undefined);
  t.strictSame(signatureOf(0, 'DEVNAME=/dev/x\n'), { type: 'several' }, 'something it has no name for');
  t.strictSame(signatureOf(0, 'UUID=1-2\nTYPE=xfs\nPTTYPE=dos\n'), { type: 'xfs', uuid: '1-2' });
  t.strictSame(signatureOf(0, 'UUID=a\\ b\nTYPE=x\u0007y\n'), { type: 'x?y' }, 'nothing odd gets through');
});

const UUID = '11111111-2222-8333-8444-555555555555';
const PATH = '/usr/sbin:/sbin:/usr/bin:/bin';

/** Bytes at places of an empty disk; with `size` in MiB. */
const disk = (t: Test, size: number, writes: readonly (readonly [at: number, bytes: Buffer])[] = []): string => {
  const file = join(t.testdir({}), 'disk');
  writeFileSync(file, '');
  truncateSync(file, size * 1024 * 1024);
  const fd = openSync(file, 'r+');
  for (const [at, bytes] of writes) writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
  return file;
};
const seen = (file: string) => probe(file, { searchPath: PATH, processMs: 10_000 }, undefined);

t.test('a file system whose maker was killed at one of its writes', async (t) => {
  if (!needs(t, 'linux', 'strace', 'mkfs.xfs')) return;
  const make = (file: string, kill?: number) =>
    spawnSync('strace', [
      ...['-f', '-o', '/dev/null', '-e', 'trace=pwrite64'],
      ...(kill === undefined ? [] : ['-e', `inject=pwrite64:signal=KILL:when=${kill}`]),
      ...['mkfs.xfs', '-q', '-K', '-m', `uuid=${UUID}`, file],
    ]);
  const whole = disk(t, 320);
  t.equal(make(whole).status, 0);
  t.strictSame(await seen(whole), { type: 'xfs', uuid: UUID });
  for (const kill of [1, 4, 10, 30]) {
    const half = disk(t, 320);
    make(half, kill);
    t.strictSame(await seen(half), kill === 1 ? null : { type: 'xfs', uuid: UUID, unfinished: true }, `at write ${kill}`);
  }
});

/** An md superblock of version 1.2 with its checksum (calc_sb_1_csum in the kernel's md.c), as blkid asks for it. */
const member = (events: bigint): Buffer => {
  const block = Buffer.alloc(256);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.write(UUID.replaceAll('-', ''), 16, 'hex');
  block.writeBigUInt64LE(8n, 144); // super_offset, in sectors
  block.writeBigUInt64LE(events, 200);
  let sum = 0n;
  for (let at = 0; at < 256; at += 4) sum += BigInt(block.readUInt32LE(at));
  block.writeUInt32LE(Number(((sum & 0xffffffffn) + (sum >> 32n)) & 0xffffffffn), 216);
  return block;
};

t.test('members of an array that never ran, and of one that did', async (t) => {
  const type = 'linux_raid_member';
  t.strictSame(await seen(disk(t, 8, [[4096, member(0n)]])), { type, uuid: UUID, unfinished: true });
  t.strictSame(await seen(disk(t, 8, [[4096, member(17n)]])), { type, uuid: UUID });
  t.strictSame(await seen(disk(t, 8)), null);
});
