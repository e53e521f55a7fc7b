import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exampleFacts } from '../../fakes/example.ts';
import { type Fakes, startFakes } from '../../fakes/main.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram, type RunOptions } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const fakesFor = async (t: Test, options: Parameters<typeof startFakes>[0] = {}): Promise<Fakes> => {
  const fakes = await startFakes(options);
  t.teardown(() => fakes.close());
  return fakes;
};

const json = (root: string, path: string): Record<string, unknown> => JSON.parse(readFileSync(join(root, path), 'utf8'));
const KUBELET_CONFIG = 'etc/kubernetes/kubelet/kubelet-config.json';
const texts = (stderr: string): string[] =>
  stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ \[eks-bootstrap\] /, ''));

t.test('decides, writes, says what it did; again: nothing', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t);
  const first = await run(['bootstrap', 'my-cluster', '--kubelet-extra-args', '--node-labels=a=b'], {
    env: { ...fakes.env, BOOTWRIGHT_ROOT: root },
  });
  t.equal(first.code, 0, first.stderr);
  t.equal(first.stdout, '');
  t.ok(
    first.stderr
      .split('\n')
      .filter(Boolean)
      .every((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000 \[eks-bootstrap\] (INFO|WARNING): /.test(line)),
    'the log format',
  );
  t.same(texts(first.stderr), [
    'INFO: starting...',
    "INFO: --kubelet-extra-args='--node-labels=a=b'",
    'INFO: --b64-cluster-ca or --apiserver-endpoint is not defined, describing cluster...',
    'INFO: Using kubelet version 1.32.3',
    'INFO: Using containerd as the container runtime',
    'INFO: Using IP family: ipv4',
    "INFO: Detected SERVICE_IPV4_CIDR='10.100.0.0/16'. Will set DNS_CLUSTER_IP as '10.100.0.10'.",
    'INFO: wrote /etc/kubernetes/pki/ca.crt',
    'INFO: wrote /var/lib/kubelet/kubeconfig',
    'INFO: wrote /etc/kubernetes/kubelet/kubelet-config.json',
    'INFO: wrote /etc/eks/image-credential-provider/config.json',
    'INFO: wrote /etc/containerd/config.toml',
    'INFO: wrote /etc/systemd/system/sandbox-image.service',
    'INFO: wrote /etc/systemd/system/kubelet.service',
    'INFO: wrote /etc/systemd/system/kubelet.service.d/10-kubelet-args.conf',
    'INFO: wrote /etc/systemd/system/kubelet.service.d/30-kubelet-extra-args.conf',
    'INFO: wrote /etc/systemd/system/sys-fs-bpf.mount',
    'INFO: enabled sys-fs-bpf.mount',
    'INFO: enabled containerd.service',
    'INFO: enabled sandbox-image.service',
    'INFO: enabled kubelet.service',
    'INFO: skipped (this is not the running system; it happens when it boots): reload systemd units, start sys-fs-bpf.mount, start containerd.service, start sandbox-image.service, start kubelet.service',
    'INFO: complete!',
  ]);
  t.equal(json(root, KUBELET_CONFIG)['maxPods'], 29);
  t.match(json(root, 'run/bootwright/report.json'), { outcome: 'changed', command: 'bootwright bootstrap my-cluster' });
  const before = stateOf(root);
  const second = await run(['bootstrap', 'my-cluster', '--kubelet-extra-args', '--node-labels=a=b', '--json', `--root=${root}`], {
    env: fakes.env,
  });
  t.equal(second.code, 0, second.stderr);
  t.same(stateOf(root), before, 'no file was touched');
  t.equal(JSON.parse(second.stdout).outcome, 'converged');
  t.equal(texts(second.stderr).at(-2), 'INFO: nothing to do: everything is what it should be');
});

t.test('other input changes what depends on it', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t);
  const call = (...args: string[]) => run(['my-cluster', ...args], { as: 'bootstrap.sh', env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });
  t.equal((await call('--kubelet-extra-args', '--v=3')).code, 0);
  const { code, stderr } = await call('--use-max-pods', 'false', '--pause-container-version', '3.9');
  t.equal(code, 0, stderr);
  t.same(
    texts(stderr).filter((line) => /(wrote|removed)/.test(line)),
    [
      'INFO: wrote /etc/kubernetes/kubelet/kubelet-config.json',
      'INFO: wrote /etc/containerd/config.toml',
      'INFO: wrote /etc/systemd/system/kubelet.service.d/10-kubelet-args.conf',
      'INFO: removed /etc/systemd/system/kubelet.service.d/30-kubelet-extra-args.conf',
    ],
  );
  t.equal(json(root, KUBELET_CONFIG)['maxPods'], undefined);
});

t.test('plan: what bootstrap would do, and its exit code', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t);
  const options: RunOptions = { env: { ...fakes.env, BOOTWRIGHT_ROOT: root } };
  const before = stateOf(root);
  const pending = await run(['plan', '--exit-code', 'my-cluster'], options);
  t.equal(pending.code, 10, pending.stderr);
  t.match(pending.stdout, /^my-cluster on m5\.large in us-west-2 {2}kubelet 1\.32\.3, /);
  t.same(stateOf(root), before, 'nothing was written');
  t.equal((await run(['bootstrap', 'my-cluster'], options)).code, 0);
  const done = await run(['plan', '--exit-code', '--root', root, 'bootstrap', 'my-cluster'], { env: fakes.env });
  t.equal(done.code, 0, done.stderr);
  t.match(done.stdout, /^Converged: nothing to do on .*root; 4 steps for a running system skipped\.$/m);
  const diff = await run(['plan', '--diff', 'my-cluster', '--dns-cluster-ip', '10.100.0.11'], options);
  t.match(diff.stdout, /^- {4}"10\.100\.0\.10"\n\+ {4}"10\.100\.0\.11"$/m);
  t.equal(JSON.parse((await run(['plan', 'my-cluster', '--json'], options)).stdout).converged, true);
});

t.test('preview shows the files that bootstrap writes', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t);
  const facts = await run(['facts', '--root', root, 'bootstrap', 'my-cluster'], { env: fakes.env });
  t.equal(facts.code, 0, facts.stderr);
  const out = join(root, '../out');
  const shown = await run(['preview', '--facts', '-', '--out', out, 'bootstrap', 'my-cluster'], { input: facts.stdout });
  t.equal(shown.code, 0, shown.stderr);
  t.equal((await run(['bootstrap', 'my-cluster', '--root', root], { env: fakes.env })).code, 0);
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  t.ok(files.length >= 9);
  for (const file of files)
    t.equal(readFileSync(join(root, file.slice(out.length)), 'utf8'), readFileSync(file, 'utf8'), file.slice(out.length));
});

t.test('help: on stdout; as bootstrap.sh it exits 1, and needs no root', async (t) => {
  const own = await run(['bootstrap', '--help']);
  t.equal(own.code, 0);
  t.equal(own.stderr, '');
  t.match(own.stdout, /^Usage: bootwright bootstrap \[flags\] CLUSTER\n/);
  t.match(own.stdout, /--kubelet-extra-args ARGS/);
  const dropIn = await run(['my-cluster', '-h'], { as: 'bootstrap.sh' });
  t.equal(dropIn.code, 1);
  t.equal(dropIn.stdout, own.stdout);
});

t.test('IMDS and AWS troubles: exit codes of both styles, nothing written', async (t) => {
  const root = makeImage(t);
  const before = stateOf(root);
  const refusing = await run(['bootstrap', 'my-cluster', '--root', root], { env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  t.not(refusing.code, 0);
  t.match(texts(refusing.stderr).at(-1), /^ERROR: .*AWS_EC2_METADATA_DISABLED/);
  const fakes = await fakesFor(t, { facts: { ...exampleFacts(), cluster: { ...exampleFacts().cluster, name: 'another' } as never } });
  for (const [as, args, code] of [
    ['bootwright', ['bootstrap'], 66],
    ['bootstrap.sh', [], 1],
  ] as const) {
    const missing = await run([...args, 'my-cluster', '--root', root], { as, env: fakes.env });
    t.match(texts(missing.stderr).at(-1), /^ERROR: .*my-cluster/, missing.stderr);
    t.ok(as === 'bootstrap.sh' ? missing.code === code : missing.code !== 0 && missing.code !== 1, `${as} ends with ${missing.code}`);
  }
  t.same(stateOf(root), before);
  t.equal(existsSync(join(root, KUBELET_CONFIG)), false);
  t.equal(json(root, 'run/bootwright/report.json')['outcome'], 'failed', 'a failed run leaves a report, too');
});

t.test('a held lock is waited for; a signal ends the wait', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t);
  fakes.imds.fault({ kind: 'delay', delayMs: 1500, times: 1 });
  const first = run(['bootstrap', 'my-cluster', '--root', root], { env: fakes.env });
  while (!existsSync(join(root, 'run/bootwright/lock/1'))) await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await run(['bootstrap', 'my-cluster', '--root', root], {
    env: fakes.env,
    onStderr: (text, kill) => {
      if (text.includes('waiting for another run')) kill('SIGTERM');
    },
  });
  t.equal(second.code, 143);
  t.match(second.stderr, /INFO: waiting for another run: bootwright bootstrap my-cluster \(process \d+, since /);
  t.match(second.stderr, /^SIGTERM: stopping$/m);
  t.equal((await first).code, 0);
});

t.test('a refused call says so as JSON, too, and leaves nothing', async (t) => {
  const root = makeImage(t);
  const before = stateOf(root);
  for (const [as, args, code] of [
    ['bootwright', ['bootstrap'], 65],
    ['bootstrap.sh', [], 1],
  ] as const) {
    const refused = await run([...args, 'c', '--root', root, '--use-max-pods', 'x', '--json'], { as });
    t.equal(refused.code, code, refused.stderr);
    t.match(JSON.parse(refused.stdout), {
      outcome: 'failed',
      exitCode: code,
      root,
      error: { code: 'BAD_DATA', message: /^--use-max-pods: 'x' is neither/ },
    });
  }
  t.same(stateOf(root), before);
});
