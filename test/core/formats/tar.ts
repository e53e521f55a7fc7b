import { spawnSync } from 'node:child_process';
import t from 'tap';
import { tarOf } from '../../../src/core/formats/tar.ts';

t.test('tar itself reads it', async (t) => {
  const files = [
    { name: 'a/empty', text: '' },
    { name: 'a/block', text: 'x'.repeat(512) },
    { name: 'b.txt', text: 'Grüße\n' },
  ];
  const input = tarOf(files, 1_763_700_000);
  t.equal(input.length % 512, 0);
  const list = spawnSync('tar', ['--list', '--verbose', '--utc', '--file=-'], { input, encoding: 'utf8' });
  t.equal(list.status, 0, list.stderr);
  t.match(list.stdout, /^-rw------- 0\/0 +0 2025-11-21 04:40 a\/empty\n-rw------- 0\/0 +512 .* a\/block\n-rw------- 0\/0 +8 .* b\.txt\n$/);
  for (const { name, text } of files)
    t.equal(spawnSync('tar', ['--extract', '--to-stdout', '--file=-', name], { input, encoding: 'utf8' }).stdout, text);
});

t.test('a name that the format does not carry is a bug', async (t) => {
  t.throws(() => tarOf([{ name: 'x'.repeat(101), text: '' }], 0), /no name/);
});
