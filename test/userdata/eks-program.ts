import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { executable } from '../rig/executable.ts';
import { needs } from '../rig/parts.ts';

const SHIM = new URL('../../userdata/eks-program.sh', import.meta.url).pathname;
const PODS = ['--instance-type', 'm5.large', '--cni-version', '1.18.1'];

t.test('a program of /etc/eks, called in each way that user data does', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const dir = t.testdir({});
  const BOOTWRIGHT_BINARY = await executable();
  const run = (command: string, ...args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync(command, args, {
      cwd: dir,
      env: { PATH: '/usr/bin:/bin', BOOTWRIGHT_BINARY },
      encoding: 'utf8',
    });
    return { stdout, stderr, status };
  };
  for (const name of ['max-pods-calculator.sh', 'get-ecr-uri.sh']) copyFileSync(SHIM, join(dir, name));

  const answer = { stdout: '29\n', stderr: '', status: 0 };
  t.same(run('bash', 'max-pods-calculator.sh', ...PODS), answer);
  t.same(run('bash', join(dir, 'max-pods-calculator.sh'), ...PODS), answer);
  t.same(run(join(dir, 'max-pods-calculator.sh'), ...PODS), answer);
  t.match(run('bash', 'get-ecr-uri.sh', 'us-west-2', 'amazonaws.com', '123456789012'), { stdout: /^123456789012\.dkr\.ecr/, status: 0 });
  t.match(run('bash', 'max-pods-calculator.sh', '--instance-type', 'm5.large'), { stderr: /--cni-version/, status: 1 }, 'its exit codes');
});

t.test('without bootwright it says so', async (t) => {
  const dir = t.testdir({});
  copyFileSync(SHIM, join(dir, 'get-ecr-uri.sh'));
  const { stderr, status } = spawnSync('bash', [join(dir, 'get-ecr-uri.sh')], {
    env: { PATH: '/usr/bin:/bin', BOOTWRIGHT_BINARY: join(dir, 'none') },
    encoding: 'utf8',
  });
  t.equal(status, 1);
  t.match(stderr, /^get-ecr-uri\.sh: .*none is missing or not executable/);
});
