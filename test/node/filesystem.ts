import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { followed, makeDirectory, placeOf, readObserved, removeFile, removeLeftovers, writeAtomic } from '../../src/node/filesystem.ts';
import { needs } from '../rig/parts.ts';
import { must } from '../rig/shell.ts';

const failing = (work: () => unknown): { code: string; message: string; remedy: string | undefined; path: string | undefined } => {
  try {
    work();
  } catch (error) {
    if (error instanceof NodeError) return { code: error.code, message: error.message, remedy: error.remedy, path: error.path };
    throw error;
  }
  throw new Error('it did not fail');
};

t.test('what a path is', async (t) => {
  const root = t.testdir({
    etc: { file: 'grüße\n', bom: '\ufeffx', dir: {}, 'to-dir': t.fixture('symlink', 'dir'), 'to-file': t.fixture('symlink', 'file') },
    'to-nothing': t.fixture('symlink', '/nowhere'),
    loop: t.fixture('symlink', 'loop'),
  });
  chmodSync(join(root, 'etc/file'), 0o640);
  chmodSync(join(root, 'etc/dir'), 0o750);
  writeFileSync(join(root, 'etc/large'), Buffer.alloc(1024 * 1024 + 1, 'x'));
  writeFileSync(join(root, 'etc/limit'), Buffer.alloc(1024 * 1024, 'x'));
  writeFileSync(join(root, 'etc/binary'), Buffer.from([0xff, 0xfe, 0x00]));
  await must('mkfifo', [join(root, 'etc/fifo')]);
  // A short path: the name of a socket has at most 107 bytes.
  const server = createServer();
  process.chdir(join(root, 'etc'));
  await new Promise<void>((resolve) => server.listen('socket', resolve));
  t.teardown(() => server.close());

  t.match(readObserved(root, '/etc/file'), { kind: 'file', text: 'grüße\n', mode: 0o640 });
  t.match(readObserved(root, '/etc/bom'), { text: '\ufeffx' }, 'not a byte is lost');
  t.match(readObserved(root, '/etc/limit'), { kind: 'file' });
  for (const [path, expected] of [
    ['/etc/none', { kind: 'absent' }],
    ['/no/such/dir', { kind: 'absent' }],
    ['/etc/file/below', { kind: 'other', what: 'nothing (/etc/file is no directory)' }],
    ['/etc/file/far/below', { kind: 'other', what: 'nothing (/etc/file is no directory)' }],
    ['/etc/dir', { kind: 'directory', mode: 0o750 }],
    ['/etc/to-dir', { kind: 'directory', mode: 0o750 }],
    ['/etc/to-file', { kind: 'other', what: 'symlink to file' }],
    ['/to-nothing', { kind: 'other', what: 'symlink to /nowhere' }],
    ['/etc/large', { kind: 'other', what: 'a file larger than 1 MiB' }],
    ['/etc/binary', { kind: 'other', what: 'a file that is not UTF-8 text' }],
    ['/etc/fifo', { kind: 'other', what: 'a named pipe' }],
    ['/etc/socket', { kind: 'other', what: 'a socket' }],
  ] as const) {
    t.strictSame(readObserved(root, path), expected, path);
  }
  t.match(readObserved('/', '/dev/null'), { kind: 'other', what: 'a device' });
  t.strictSame(
    failing(() => readObserved(root, '/loop/x')),
    {
      code: 'CANNOT_CREATE',
      message: '/loop: links go in a circle',
      remedy: 'Correct the symbolic links on the way to /loop.',
      path: '/loop',
    },
  );
});

t.test('links of an image stay in the image', async (t) => {
  const dir = t.testdir({ outside: { secret: 'secret' }, root: { real: {}, var: {} } });
  const root = join(dir, 'root');
  symlinkSync('/real', join(root, 'etc'));
  symlinkSync('../../../outside', join(root, 'var/up'));
  symlinkSync(join(dir, 'outside'), join(root, 'var/absolute'));
  symlinkSync(join(dir, 'outside/secret'), join(root, 'real/target'));

  writeAtomic(root, { path: '/etc/x', text: 'x', mode: 0o644 });
  t.equal(readFileSync(join(root, 'real/x'), 'utf8'), 'x', 'an absolute link starts at the image');
  t.equal(placeOf(root, '/etc/x'), join(root, 'real/x'));
  t.equal(followed(root, '/var/up/secret'), join(root, 'outside/secret'));
  makeDirectory(root, '/var/absolute/made', 0o755);
  t.ok(existsSync(join(root, dir, 'outside/made')), 'a link that leads out of it is taken as the image would take it');
  writeAtomic(root, { path: '/etc/target', text: 'ours', mode: 0o644 });
  t.ok(lstatSync(join(root, 'real/target')).isFile(), 'a link at the target is replaced, not followed');
  removeFile(root, '/var/up/secret');
  t.strictSame(readdirSync(join(dir, 'outside')), ['secret']);
  t.equal(readFileSync(join(dir, 'outside/secret'), 'utf8'), 'secret');
});

t.test('an atomic write', async (t) => {
  const root = t.testdir({ f: 'old' });
  const path = '/f';
  const { ino } = statSync(join(root, 'f'));
  const umask = process.umask(0o077);
  writeAtomic(root, { path, text: 'new', mode: 0o664 });
  makeDirectory(root, '/a/b', 0o775);
  process.umask(umask);
  t.equal(readFileSync(join(root, 'f'), 'utf8'), 'new');
  t.not(statSync(join(root, 'f')).ino, ino, 'another file: readers of the old one see it to its end');
  t.equal(statSync(join(root, 'f')).mode & 0o7777, 0o664, 'the mode, whatever the umask');
  t.equal(statSync(join(root, 'a/b')).mode & 0o7777, 0o775);
  t.equal(statSync(join(root, 'a')).mode & 0o7777, 0o755);
  makeDirectory(root, '/a/b', 0o700);
  t.equal(statSync(join(root, 'a/b')).mode & 0o7777, 0o775, 'what is there stays as it is');
  t.strictSame(readdirSync(root).sort(), ['a', 'f'], 'no temp file is left');
  removeFile(root, path);
  removeFile(root, path);
  t.strictSame(readdirSync(root), ['a'], 'removing twice is fine');
});

t.test('a write that fails leaves the old file and no temp file', async (t) => {
  const root = t.testdir({ f: 'old', dir: { x: 'x' } });
  t.strictSame(
    failing(() => writeAtomic(root, { path: '/dir', text: 'new', mode: 0o644 })),
    { code: 'CANNOT_CREATE', message: 'cannot write /dir: a directory is there', remedy: 'Move it away and run again.', path: '/dir' },
  );
  t.match(
    failing(() => writeAtomic(root, { path: '/none/f', text: 'new', mode: 0o644 })),
    { message: 'cannot write /none/f: its directory is not there' },
  );
  t.match(
    failing(() => writeAtomic(root, { path: '/f/below', text: 'new', mode: 0o644 })),
    { message: 'cannot write /f/below: a part of the path is no directory' },
  );
  t.match(
    failing(() => makeDirectory(root, '/f/below', 0o755)),
    { message: 'cannot make the directory /f: something else is there' },
  );
  t.match(
    failing(() => makeDirectory(join(root, 'none'), '/x', 0o755)),
    { code: 'NO_INPUT', message: `${join(root, 'none')} is no directory` },
  );
  t.throws(() => writeAtomic(root, { path: '/f', text: undefined as unknown as string, mode: 0o644 }), TypeError, 'a bug stays a bug');
  t.strictSame(readdirSync(root).sort(), ['dir', 'f']);
  t.equal(readFileSync(join(root, 'f'), 'utf8'), 'old');
});

t.test('leftovers', async (t) => {
  const names = ['.a.bootwright-0123456789ab.tmp', '.a.bootwright-0123456789a.tmp', 'a.bootwright-0123456789ab.tmp', '.a.swp'];
  const root = t.testdir({ d: Object.fromEntries(names.map((name) => [name, ''])) });
  symlinkSync('/etc', join(root, 'd/.link.bootwright-0123456789ab.tmp'));
  removeLeftovers(root, ['/d', '/none']);
  t.strictSame(readdirSync(join(root, 'd')).sort(), names.slice(1).sort());
});

t.test('a foreign owner', async (t) => {
  if (!needs(t, 'root')) return;
  const root = t.testdir({ d: { f: '' } });
  execFileSync('chown', ['-R', '12345:12345', join(root, 'd')]);
  chmodSync(join(root, 'd'), 0o2777);
  writeAtomic(root, { path: '/d/f', text: 'x', mode: 0o600 });
  t.match(statSync(join(root, 'd/f')), { uid: 0, gid: 0 }, 'what root writes is root’s, the group too');
});

/** Not in t.testdir: that is removed before teardown could unmount. */
const mounted = async (t: Test, options: string): Promise<string> => {
  const place = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
  await must('mount', ['-t', 'tmpfs', '-o', options, 'none', place]);
  t.teardown(async () => {
    await must('umount', ['-l', place]);
    rmdirSync(place);
  });
  return place;
};

t.test('a full disk', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const root = await mounted(t, 'size=64k,nr_inodes=20');
  writeAtomic(root, { path: '/f', text: 'old', mode: 0o644 });
  t.strictSame(
    failing(() => writeAtomic(root, { path: '/f', text: 'x'.repeat(100_000), mode: 0o644 })),
    {
      code: 'CANNOT_CREATE',
      message: 'cannot write /f: the file system is full',
      remedy:
        'Free space or inodes there (df -h, df -i) and run again. What this run wrote before is complete, and the next run goes on from there.',
      path: '/f',
    },
    'no bytes',
  );
  t.strictSame(readdirSync(root), ['f']);
  t.equal(readFileSync(join(root, 'f'), 'utf8'), 'old');
  for (let i = 0; i < 18; i++) writeFileSync(join(root, `i${i}`), '');
  t.match(
    failing(() => writeAtomic(root, { path: '/f', text: 'new', mode: 0o644 })),
    { message: 'cannot write /f: the file system is full' },
    'no inodes',
  );
  t.match(
    failing(() => makeDirectory(root, '/d', 0o755)),
    { message: 'cannot make the directory /d: the file system is full' },
  );
});

t.test('a read-only file system, a mount point, an immutable file', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const root = await mounted(t, 'size=64k');
  writeFileSync(join(root, 'bound'), 'a');
  mkdirSync(join(root, 'd'));
  await must('mount', ['--bind', '/etc/hostname', join(root, 'bound')]);
  t.match(
    failing(() => writeAtomic(root, { path: '/bound', text: 'x', mode: 0o644 })),
    {
      code: 'CANNOT_CREATE',
      message: 'cannot write /bound: something is mounted there',
      remedy: "A file that is a mount point cannot be replaced: unmount it (a container's bind mount?) and run again.",
    },
  );
  await must('umount', [join(root, 'bound')]);
  await must('mount', ['-o', 'remount,ro', root]);
  t.match(
    failing(() => writeAtomic(root, { path: '/d/f', text: 'x', mode: 0o644 })),
    {
      code: 'CANNOT_CREATE',
      message: 'cannot write /d/f: the file system is read-only',
      remedy: 'Mount it writable (findmnt -T PATH shows it); if it was, dmesg tells why the kernel took that back.',
    },
  );
  t.match(
    failing(() => removeFile(root, '/bound')),
    { message: 'cannot remove /bound: the file system is read-only' },
  );
});
