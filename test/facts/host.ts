import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import t, { type Test } from 'tap';
import * as host from '../../src/facts/host.ts';
import { refusal } from '../fakes/refusal.ts';

const on = (root: string, env = {}): host.HostOptions => ({
  root,
  env: { PATH: '', ...env },
  random: () => 0,
  processMs: 5_000,
  dnsMs: 300,
});
/** A root or a PATH folder with a program in it. */
const withProgram = (t: Test, path: string, script: string): string => {
  const dir = t.testdir({});
  mkdirSync(dirname(`${dir}/${path}`), { recursive: true });
  writeFileSync(`${dir}/${path}`, `#!/bin/sh\n${script}\n`);
  chmodSync(`${dir}/${path}`, 0o755);
  return dir;
};

t.test('architecture and CPUs', async (t) => {
  t.match(host.archOf(), /^(x86_64|aarch64|arm64)$/);
  t.equal(host.cpusOf(), availableParallelism());
});

t.test("the image's version file", async (t) => {
  for (const [text, version] of [
    ['v1.32.3-eks-7ce36d2\n', '1.32.3'],
    ['1.27.10', '1.27.10'],
    ['Kubernetes v1.30.4-eks-a737599', '1.30.4'],
  ] as const) {
    const root = t.testdir({ etc: { eks: { 'kubelet-version.txt': text, 'containerd-version.txt': text } } });
    t.equal(await host.fetchKubeletVersion(on(root)), version);
    t.equal(await host.fetchContainerdVersion(on(root)), version);
  }
});

t.test("else the image's own program, else the one on PATH, else none", async (t) => {
  const root = withProgram(t, 'usr/bin/kubelet', 'echo Kubernetes v1.29.1-eks-1');
  t.equal(await host.fetchKubeletVersion(on(root)), '1.29.1');
  t.test('on PATH', async (t) => {
    const dir = withProgram(
      t,
      'containerd',
      'echo containerd github.com/containerd/containerd v1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da',
    );
    t.equal(await host.fetchContainerdVersion(on(`${dir}/empty`, { PATH: `relative:/nonexistent:${dir}` })), '1.7.27');
  });
  t.test('none', async (t) => {
    t.equal(await host.fetchContainerdVersion(on(t.testdir({}))), null);
    t.equal(await host.fetchKubeletVersion(on('/', { PATH: '/proc/nonexistent' })), null);
  });
});

t.test('a program that does not run, hangs, or talks nonsense', async (t) => {
  const remedy = 'Run it by hand; reinstall it if it is broken or made for another architecture.';
  for (const [script, why] of [
    ['exit 3', 'failed: Command failed: '],
    ['echo hello', 'prints no version'],
    ['exec /bin/sleep 30', 'failed: Command failed: '],
  ] as const) {
    t.test(script, async (t) => {
      const root = withProgram(t, 'usr/bin/kubelet', script);
      const program = `${root}/usr/bin/kubelet`;
      const tail = why.endsWith(': ') ? `${program} --version` : '';
      const options = { ...on(root), processMs: script.includes('sleep') ? 100 : 5_000 };
      t.same(await refusal(host.fetchKubeletVersion(options)), ['OS', `${program} --version ${why}${tail}`, remedy]);
    });
  }
});

t.test('an image of another architecture: the program on PATH tells', async (t) => {
  const dir = t.testdir({
    root: { usr: { bin: { kubelet: '\x7fELF not for this machine' } } },
    path: { kubelet: '#!/bin/sh\necho v1.31.2\n' },
  });
  for (const file of [`${dir}/root/usr/bin/kubelet`, `${dir}/path/kubelet`]) chmodSync(file, 0o755);
  t.equal(await host.fetchKubeletVersion(on(`${dir}/root`, { PATH: `${dir}/path` })), '1.31.2');
});

t.test('FIPS, as the kernel says', async (t) => {
  const dir = t.testdir({ on: '1\n', off: '0\n' });
  t.same(
    [`${dir}/on`, `${dir}/off`, `${dir}/absent`].map((path) => host.readFips(path)),
    [true, false, false],
  );
});

t.test('mounts of bpf, and whatever is at /sys/fs/bpf', async (t) => {
  const dir = t.testdir({
    none: 'proc /proc proc rw 0 0\n',
    some: 'bpf /sys/fs/bpf bpf rw 0 0\nbpf /run/my\\040bpf bpf rw 0 0\ntmpfs /run tmpfs rw 0 0\n',
    other: 'tmpfs /sys/fs/bpf tmpfs rw 0 0\nbpffs /sys/fs/bpf bpf rw 0 0\n',
  });
  t.same(host.readBpfMounts('/', `${dir}/none`), []);
  t.same(host.readBpfMounts('/', `${dir}/some`), ['/sys/fs/bpf', '/run/my bpf']);
  t.same(host.readBpfMounts('/', `${dir}/other`), ['/sys/fs/bpf']);
  t.same(host.readBpfMounts('/image', `${dir}/some`), [], 'an image has none');
});

t.test('executable files of the root', async (t) => {
  const root = withProgram(t, 'usr/bin/tool', 'true');
  t.same(
    ['/usr/bin/tool', '/usr/bin', '/usr/bin/absent'].map((path) => host.isExecutableIn(root, path)),
    [true, false, false],
  );
  chmodSync(`${root}/usr/bin/tool`, 0o644);
  t.equal(host.isExecutableIn(root, '/usr/bin/tool'), false);
});

t.test('does a name resolve?', async (t) => {
  t.equal(await host.resolves(on('/'), 'localhost'), true);
  t.equal(await host.resolves(on('/'), 'x', undefined, async () => 'no'), false);
  let asked = 0;
  t.equal(await host.resolves({ ...on('/'), dnsMs: 5_000 }, 'x', undefined, async () => (++asked > 1 ? 'yes' : 'later')), true);
  t.equal(asked, 2);
});

t.test('name servers that do not answer', async (t) => {
  const expected = [
    'UNAVAILABLE',
    'no name server said in 0 s whether ecr.example exists',
    'Check DNS on this machine: /etc/resolv.conf, enableDnsSupport of the VPC, its DHCP options.',
  ];
  t.same(await refusal(host.resolves(on('/'), 'ecr.example', undefined, async () => 'later')), expected);
  t.same(await refusal(host.resolves({ ...on('/'), dnsMs: 30 }, 'ecr.example', undefined, () => new Promise(() => undefined))), expected);
});

t.test('rules of iptables, without times and counters', async (t) => {
  const script =
    'printf \'# Generated by iptables-save v1.8.4 on Fri\\n*filter\\n:INPUT ACCEPT [12:3456]\\n-A INPUT -m comment --comment "# x" -j ACCEPT\\nCOMMIT\\n# Completed\\n\'';
  const dir = withProgram(t, 'save', script);
  const told: string[] = [];
  const read = (root: string, program: string) =>
    host.readFirewallRules({ root, processMs: 5_000 }, (text) => told.push(text), undefined, [`${dir}/absent`, program]);
  t.equal(await read('/', `${dir}/save`), '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m comment --comment "# x" -j ACCEPT\nCOMMIT\n');
  t.equal(await read('/image', `${dir}/save`), null, 'an image has none');
  t.equal(await read('/', `${dir}/absent`), null, 'no iptables');
  t.same(told, []);
});

t.test('rules of iptables that one may not see', async (t) => {
  const dir = withProgram(t, 'save', 'echo "iptables-save: Permission denied (you must be root)" >&2; exit 4');
  const told: string[] = [];
  t.equal(await host.readFirewallRules({ root: '/', processMs: 5_000 }, (text) => told.push(text), undefined, [`${dir}/save`]), null);
  t.same(told, ['the rules of iptables are not known: iptables-save: Permission denied (you must be root)']);
});

t.test('is there a GPU?', async (t) => {
  const dir = t.testdir({
    plain: { '0000:00:03.0': { vendor: '0x1d0f\n' }, '0000:00:04.0': {} },
    gpu: { '0000:00:1e.0': { vendor: '0x10de\n' } },
  });
  t.equal(host.hasNvidiaDevice('/', `${dir}/plain`), false);
  t.equal(host.hasNvidiaDevice('/', `${dir}/none`), false, 'no PCI bus');
  t.equal(host.hasNvidiaDevice('/', `${dir}/gpu`), true);
  t.equal(host.hasNvidiaDevice('/image', `${dir}/gpu`), false, 'an image has no devices');
});
