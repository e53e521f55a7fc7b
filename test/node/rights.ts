import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Action, Plan } from '../../src/core/desired.ts';
import { missingRights } from '../../src/node/rights.ts';
import { needs } from '../rig/parts.ts';
import { must } from '../rig/shell.ts';
import { BECAUSE } from './support/nodes.ts';

const planWith = (root: string, ...paths: string[]): Plan => ({
  root,
  live: false,
  actions: paths.map((path): Action => ({ kind: 'write-file', path, mode: 0o644, before: null, after: '', because: BECAUSE })),
  files: [],
  owned: {},
  decisions: [],
  warnings: [],
});

t.test('the live machine is root’s', async (t) => {
  t.match(missingRights({ root: '/', live: true, uid: 1000 }), {
    code: 'NO_PERMISSION',
    message: 'only root may change this machine',
    remedy: 'Run it with sudo. `bootwright preview` and `--root DIR` need no root.',
  });
});

t.test('a directory needs to be one', async (t) => {
  const root = t.testdir({ file: '' });
  t.equal(missingRights({ root, live: false, uid: 1000 }), undefined);
  for (const bad of [join(root, 'none'), join(root, 'file')]) {
    t.match(missingRights({ root: bad, live: false, uid: 1000 }), { code: 'NO_INPUT', message: `${bad} is no directory` });
  }
});

t.test('a directory that may not be written to', async (t) => {
  if (process.geteuid?.() === 0) {
    // Root may do anything but write to a read-only file system; the rest is asked as nobody.
    const root = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
    chmodSync(root, 0o755);
    t.teardown(() => rmdirSync(root));
    const script = `import { missingRights } from '${join(import.meta.dirname, '../../src/node/rights.ts')}';
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const { code, message, remedy } = missingRights({ root: '${root}', live: false, uid: 65534 }) ?? {};
      console.log(JSON.stringify({ code, message, remedy }));`;
    const answer: unknown = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: {} }),
    );
    t.strictSame(answer, {
      code: 'NO_PERMISSION',
      message: 'cannot write to /: permission denied',
      remedy: 'Run it as root, or as the owner of the directory given by --root.',
    });
    return;
  }
  const root = t.testdir({ etc: {} });
  chmodSync(join(root, 'etc'), 0o555);
  t.match(missingRights({ root, live: false, uid: 1000 }, planWith(root, '/etc/new/x')), {
    message: 'cannot write to /etc: permission denied',
  });
});

t.test('every directory of the plan is asked', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const root = mkdtempSync(join(tmpdir(), 'bootwright-test-'));
  t.teardown(async () => {
    await must('umount', ['-l', join(root, 'etc')]);
    execFileSync('rm', ['-r', root]);
  });
  execFileSync('mkdir', [join(root, 'etc')]);
  await must('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', join(root, 'etc')]);
  const rights = { root, live: false, uid: 0 };
  t.equal(missingRights(rights), undefined);
  t.equal(missingRights(rights, planWith(root, '/usr/x')), undefined);
  t.match(missingRights(rights, planWith(root, '/usr/x', '/etc/new/dir/x')), {
    code: 'CANNOT_CREATE',
    message: 'cannot write to /etc: the file system is read-only',
    path: '/etc',
  });
  const skipped = planWith(root, '/etc/x');
  t.equal(missingRights(rights, { ...skipped, actions: skipped.actions.map((action) => ({ ...action, skipped: 'x' })) }), undefined);
  writeFileSync(join(root, 'var'), '');
  t.match(missingRights(rights), { code: 'CANNOT_CREATE', message: '/var is a file where a directory must be', path: '/var' });
});
