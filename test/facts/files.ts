import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import t from 'tap';
import { fileInRoot, readInput, readText } from '../../src/facts/files.ts';

const refused = (run: () => unknown): unknown[] => {
  try {
    return [run()];
  } catch (error) {
    const { code, message, remedy } = error as { code: string; message: string; remedy: string };
    return [code, message, remedy];
  }
};

t.test('texts, and what is not there', async (t) => {
  const dir = t.testdir({ 'a.toml': 'a = "ü"\n', empty: '', file: 'x' });
  t.equal(readText(`${dir}/a.toml`, 'a'), 'a = "ü"\n');
  t.equal(readText(`${dir}/empty`, 'a'), '');
  t.equal(readText(`${dir}/absent`, 'a'), null);
  t.equal(readText(`${dir}/file/below`, 'a'), null);
  t.match(readText('/proc/self/status', 'a'), /^Name:/, 'a file without a size');
});

t.test('what can be no input', async (t) => {
  const dir = t.testdir({ sub: {}, 'big.toml': 'x'.repeat(1024 * 1024 + 1), 'binary.toml': Buffer.from([0xff, 0xfe, 0x00]) });
  symlinkSync('loop', `${dir}/loop`);
  execFileSync('/usr/bin/env', ['mkfifo', `${dir}/fifo`]);
  const socket = createServer();
  process.chdir(dir); // the name of a socket has at most 107 bytes
  await new Promise<void>((resolve) => socket.listen('socket', resolve));
  t.teardown(() => socket.close());
  for (const [name, why, remedy] of [
    ['sub', 'is a directory', 'Give a regular file.'],
    ['big.toml', 'is larger than 1 MiB', 'Give a smaller file: no configuration is that long.'],
    ['binary.toml', 'is not UTF-8 text', 'Give a text file in UTF-8.'],
    ['loop', 'is a chain of links without end', 'Give a regular file that root may read.'],
    ['fifo', 'is no regular file', 'Give a regular file.'],
    ['socket', 'is a socket', 'Give a regular file that root may read.'],
  ] as const) {
    t.same(
      refused(() => readText(`${dir}/${name}`, name)),
      ['NO_INPUT', `${name} ${why}`, remedy],
    );
  }
  t.same(
    refused(() => readText('/dev/zero', '/dev/zero')),
    ['NO_INPUT', '/dev/zero is no regular file', 'Give a regular file.'],
  );
});

/** Root may read everything: it becomes nobody for a moment. */
const asNobody = <T>(run: () => T): T => {
  if (process.getuid?.() !== 0) return run();
  process.seteuid?.(65534);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
  }
};

t.test('a file that may not be read', async (t) => {
  const dir = t.testdir({ secret: 'x' });
  chmodSync(`${dir}/secret`, 0o000);
  t.same(
    asNobody(() => refused(() => readText(`${dir}/secret`, 'secret'))),
    ['NO_INPUT', 'secret may not be read (permission denied)', 'Give a regular file that root may read.'],
  );
});

t.test("links are followed as the image's own kernel would", async (t) => {
  const root = t.testdir({ usr: { share: { conf: 'inside' } }, etc: {} });
  symlinkSync('/usr/share/conf', `${root}/etc/absolute`);
  symlinkSync('../usr/share/conf', `${root}/etc/relative`);
  symlinkSync('../../../../../../usr/share/conf', `${root}/etc/climbing`);
  symlinkSync('/usr/share', `${root}/etc/dir`);
  symlinkSync('turning', `${root}/etc/turning`);
  for (const path of ['/etc/absolute', '/etc/relative', '/etc/climbing', '/etc/dir/conf', '/../usr/./share//conf']) {
    t.equal(fileInRoot(root, path), `${root}/usr/share/conf`, path);
  }
  t.equal(fileInRoot(root, '/etc/absent/x'), `${root}/etc/absent/x`);
  t.equal(fileInRoot('/', '/etc/../etc/hosts'), '/etc/hosts');
  t.match(
    refused(() => readText(fileInRoot(root, '/etc/turning'), 'x')),
    ['NO_INPUT'],
  );
});

t.test("an image's own file, else the one a user named", async (t) => {
  const root = t.testdir({ image: { etc: { a: 'image' } }, mine: 'mine' });
  mkdirSync(`${root}/image/sub`);
  writeFileSync(`${root}/image/sub/b`, 'b');
  t.equal(readInput(`${root}/image`, '/etc/a', false), 'image');
  t.equal(readInput(`${root}/image`, `${root}/mine`, true), 'mine');
  t.equal(readInput(`${root}/image`, `${root}/mine`, false), null, 'never what belongs to this machine');
  t.equal(readInput(`${root}/image`, '/etc/absent', true), null);
});
