/** A line of bootstrap.sh on Amazon Linux 2023: the same user data serves both systems. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const UNIT = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';
const IMAGE = {
  'etc/os-release': 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\n',
  'etc/eks/kubelet-version.txt': 'v1.34.1\n',
  'etc/eks/containerd-version.txt': '2.1.5\n',
  'etc/systemd/system/kubelet.service': UNIT,
  'etc/systemd/system/containerd.service': UNIT,
};

const stage = async (t: Test, changes: Readonly<Record<string, string | null>> = {}) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = makeImage(t, { ...IMAGE, ...changes });
  const call = (args: readonly string[], as = 'bootstrap.sh') => run(args, { as, env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });
  return {
    root,
    call,
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    has: (path: string) => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined,
  };
};

const CONFIG = 'etc/kubernetes/kubelet/config.json';

t.test('the files are those of nodeadm', async (t) => {
  const { call, read, has, root } = await stage(t);
  const { code, stderr } = await call(['my-cluster', '--kubelet-extra-args', '--node-labels=a=b', '--pause-container-version', '3.5']);
  t.equal(code, 0, stderr);
  t.match(JSON.parse(read(CONFIG)), { maxPods: 29 });
  t.match(read('etc/eks/kubelet/environment'), /--node-labels=a=b/);
  t.equal(has('etc/kubernetes/kubelet/kubelet-config.json'), false);
  t.equal(has('etc/systemd/system/multi-user.target.wants/kubelet.service'), true, 'a reboot brings the node back');
  t.match(stderr, /WARNING: --pause-container-version.*not used/);
  const before = stateOf(root);
  t.equal((await call(['my-cluster', '--kubelet-extra-args', '--node-labels=a=b'])).code, 0);
  t.strictSame(stateOf(root), before);
});

t.test('what that system does not have is refused before anything is written', async (t) => {
  const { call, root } = await stage(t);
  const before = stateOf(root);
  const { code, stderr } = await call(['my-cluster', '--container-runtime', 'dockerd']);
  t.equal(code, 1);
  t.match(stderr, /there is no dockerd on Amazon Linux 2023/);
  t.strictSame(stateOf(root), before);
});

t.test('other systems are taken for what bootstrap.sh was made for', async (t) => {
  for (const release of [null, 'ID="amzn"\nVERSION_ID="2"\n', "ID=debian\nVERSION_ID='2023'\n"]) {
    const { call, has } = await stage(t, {
      'etc/os-release': release,
      'etc/eks/kubelet-version.txt': 'v1.32.3\n',
      'etc/eks/containerd-version.txt': '1.7.27\n',
    });
    t.equal((await call(['my-cluster'])).code, 0);
    t.equal(has('etc/kubernetes/kubelet/kubelet-config.json'), true, String(release));
  }
});

t.test('plan and facts look at the system, preview at --target or --against', async (t) => {
  const { call, root } = await stage(t);
  const plan = await call(['plan', 'my-cluster'], 'bootwright');
  t.match(plan.stdout, /amazon-linux-2023$/m, plan.stderr);
  t.match((await call(['facts', 'bootstrap', 'my-cluster'], 'bootwright')).stdout, /"onlineCpus"/);
  t.match((await run(['preview', '--target', 'al2023', 'my-cluster'])).stdout, /amazon-linux-2023$/m);
  t.match(
    (await call(['preview', '--against', root, '--show', 'kubelet/config.json', 'my-cluster'], 'bootwright')).stdout,
    /"maxPods": 29/,
  );
  const { code, stderr } = await call(['preview', '--target', 'al2022', 'my-cluster'], 'bootwright');
  t.equal(code, 65);
  t.match(stderr, /--target: 'al2022' is none of/);
});
