import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { createImds } from '../../src/facts/imds.ts';
import { gunzip, type ReadSources, readSources, type SourceReaders } from '../../src/facts/sources.ts';
import { startFakes } from '../fakes/main.ts';

const said = ({ sources, diagnostics }: ReadSources): readonly string[] => [
  ...sources.map(({ label, origin, bytes, file }) => `${label} ${origin} ${Buffer.from(bytes)} ${file ?? ''}`.trim()),
  ...diagnostics.map(({ severity, code, path, message }) => `${severity} ${code} ${path} ${message}`),
];

const nobody: SourceReaders = {
  imds: () => {
    throw new Error('nobody asks for IMDS');
  },
  stdin: () => Promise.resolve(Buffer.from('typed')),
  cwd: '/',
};

t.test('files, directories, standard input, in the order they are named', async (t) => {
  const cwd = t.testdir({
    'a.yaml': 'A',
    d: { '20.yml': '20', '10.YAML': '10', '30.json': '30', 'x.txt': 'x', sub: { '40.yaml': '40' }, 'dir.yaml': {} },
    empty: { 'README.md': '' },
  });
  const read = async (...uris: readonly string[]): Promise<readonly string[]> => said(await readSources(uris, { ...nobody, cwd }));
  t.strictSame(await read('file://d', 'a.yaml', '-', `file://${cwd}/a.yaml`, '-', 'FILE:a.yaml'), [
    'd/10.YAML host-file 10 d/10.YAML',
    'd/20.yml host-file 20 d/20.yml',
    'd/30.json host-file 30 d/30.json',
    'a.yaml host-file A a.yaml',
    'standard input user-data typed',
    `${cwd}/a.yaml host-file A ${cwd}/a.yaml`,
    'standard input user-data typed',
    'a.yaml host-file A a.yaml',
  ]);
  t.strictSame(await read('empty'), ['warning empty-directory empty no file in it ends in .yaml, .yml or .json']);
  t.strictSame(await read('nothing', 'file://', 'https://x/y', 'a.yaml'), [
    'a.yaml host-file A a.yaml',
    'error file-missing nothing there is no such file or directory',
    'error invalid-source file:// names no file',
    'error invalid-source https://x/y nobody knows the scheme https',
  ]);
});

t.test('what is no file that can be read', async (t) => {
  const cwd = t.testdir({ d: {}, large: 'x'.repeat(2 * 1024 * 1024) });
  symlinkSync('loop', join(cwd, 'loop'));
  mkdirSync(join(cwd, 'd/e'));
  symlinkSync('e', join(cwd, 'd/link.yaml'));
  const read = async (uri: string): Promise<readonly string[]> => said(await readSources([uri], { ...nobody, cwd }));
  t.strictSame(await read('/dev/null'), ['error unreadable-file  /dev/null is no regular file']);
  t.strictSame(await read('large'), ['error unreadable-file  large is larger than 1 MiB']);
  t.strictSame(await read('loop'), ['error unreadable-file  loop is a chain of links without end']);
  t.strictSame(await read('d'), ['error unreadable-file  d/link.yaml is a directory']);
  if (process.geteuid?.() !== 0) {
    chmodSync(join(cwd, 'd'), 0);
    t.match(await read('d'), [/^error unreadable-file d cannot be listed \(EACCES\)$/]);
  }
});

t.test('user data of the instance, compressed too', async (t) => {
  const fakes = await startFakes();
  const imds = createImds({ env: fakes.env, random: () => 0.5 });
  t.teardown(async () => {
    await imds.close();
    await fakes.close();
  });
  const readers = { ...nobody, imds: () => imds };
  t.strictSame(said(await readSources(['imds://user-data'], readers)), [
    'warning no-user-data imds://user-data this instance has no user data',
  ]);
  const bytes = gzipSync('hello');
  fakes.imds.bytes.set('latest/user-data', bytes);
  const { sources } = await readSources(['IMDS://anything'], readers);
  t.strictSame(
    sources.map((source) => ({ ...source, bytes: Buffer.from(source.bytes) })),
    [{ label: 'imds://user-data', origin: 'user-data', bytes }],
  );
});

t.test('gzip', async (t) => {
  t.strictSame(gunzip(gzipSync('hello'), 5), { bytes: Buffer.from('hello') });
  t.strictSame(gunzip(gzipSync('hello'), 4), { wrong: 'too-large' });
  t.strictSame(gunzip(gzipSync('hello').subarray(0, 15), 100), { wrong: 'broken' });
  t.strictSame(gunzip(Buffer.from([0x1f, 0x8b]), 100), { wrong: 'broken' });
});
