import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs } from '../rig/parts.ts';
import { projectDirectory, rigDirectory, run } from '../rig/shell.ts';

t.test('shell scripts have nothing for shellcheck to say', async (t) => {
  if (!needs(t, 'shellcheck')) return;
  const scripts = [
    ...readdirSync(rigDirectory)
      .filter((name) => name.endsWith('.sh') || name === 'rig-init')
      .map((name) => join(rigDirectory, name)),
    join(projectDirectory, 'userdata/eks-bootstrap.sh'),
  ];
  t.match(await run('shellcheck', scripts), { code: 0, stdout: '', stderr: '' });
});

t.test('a missing part is a skip with its reason, and a failure where the rig is required', async (t) => {
  const told: string[] = [];
  const teller = {
    name: 'a test',
    pass: (message: string, { skip }: { skip: string }) => told.push(`${message}: ${skip}`) > 0,
    fail: (message: string) => told.push(message) > 0,
  };
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  process.env['PATH'] = t.testdir();
  delete process.env['BOOTWRIGHT_RIG'];
  t.equal(needs(teller), true, 'nothing wanted, nothing missing');
  t.equal(needs(teller, 'strace', 'ip'), false);
  process.env['BOOTWRIGHT_RIG'] = 'required';
  t.equal(needs(teller, 'strace'), false);
  t.strictSame(told, [
    'a test did not run: no strace on PATH: run test/rig/setup.sh; no ip on PATH: run test/rig/setup.sh',
    'the rig is required here: no strace on PATH: run test/rig/setup.sh',
  ]);
});
