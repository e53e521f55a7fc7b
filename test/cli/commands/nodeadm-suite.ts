/**
 * nodeadm's own end-to-end tests (amazon-eks-ami nodeadm/test/e2e/cases), retold: stand-ins for kubelet, containerd and systemctl early on
 * PATH, `nodeadm init --skip run --config-source file://config.yaml`, then files compared, JSON as such and the rest by its bytes. What
 * must be in them stands in support/nodeadm-files.ts, and not in our goldens.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { CONTAINERD_2, CONTAINERD_3, DRA, GRACEFUL, KUBELET_CONFIG, MUTABLE } from '../support/nodeadm-files.ts';
import { CA, configOf, containerd, kubelet, script, suiteWith } from '../support/nodeadm-suite.ts';
import { makeProgram, type Run } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const suite = suiteWith(run);

const CONFIG = 'etc/kubernetes/kubelet/config.json';
const DROP_IN = 'etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf';
const ENVIRONMENT = 'etc/eks/kubelet/environment';

/** What differs, by version. */
const BY_VERSION: Readonly<Record<string, object>> = {
  '1.28.15': {},
  '1.29.10': {},
  '1.30.4': {},
  '1.31.2': {},
  '1.32.0': {},
  '1.33.0': { featureGates: DRA },
  '1.34.1': { featureGates: MUTABLE, ...GRACEFUL },
  '1.35.0': { featureGates: MUTABLE, ...GRACEFUL },
  '1.36.0': { featureGates: MUTABLE, ...GRACEFUL },
};

/** A folder as sysfs has it: logical CPUs, of which the last ones are offline. */
const makeCpus = (dir: string, present: number, online: number): Readonly<Record<string, string>> => {
  for (let cpu = 0; cpu < present; cpu++) {
    mkdirSync(join(dir, `cpu/cpu${cpu}`), { recursive: true });
    mkdirSync(join(dir, `node/node${cpu % 2}/cpu${cpu}`), { recursive: true });
  }
  writeFileSync(join(dir, 'cpu/online'), `0-${online - 1}\n`);
  return { CPU_DIR: join(dir, 'cpu'), NODE_DIR: join(dir, 'node') };
};

t.test('the kubelet’s configuration by the version that the kubelet on PATH says', async (t) => {
  for (const [version, changes] of Object.entries(BY_VERSION)) {
    const { json, nodeadm, cwd, mocks } = await suite(t);
    writeFileSync(join(mocks, 'kubelet'), kubelet(version));
    const cpus = makeCpus(cwd, 10, 8);
    const { code, stderr } = await nodeadm(['init', '--skip', 'run', '--config-source', 'file://config.yaml'], cpus);
    t.equal(code, 0, stderr);
    const kubeReserved = { cpu: '90m', 'ephemeral-storage': '1Gi', memory: '574Mi' };
    t.strictSame(json(CONFIG), { ...KUBELET_CONFIG, kubeReserved, ...changes }, version);
  }
});

t.test('kubelet: flags, kubeconfig, credential provider, certificate authority', async (t) => {
  const { init, read, json, has } = await suite(t);
  await init();
  const flags = [
    '--node-ip=192.168.1.10',
    '--cloud-provider=external',
    '--hostname-override=ip-192-168-1-10.us-west-2.compute.internal',
    '--runtime-cgroups=/runtime.slice/containerd.service',
    '--config=/etc/kubernetes/kubelet/config.json',
    '--kubeconfig=/var/lib/kubelet/kubeconfig',
    '--image-credential-provider-bin-dir=/etc/eks/image-credential-provider',
    '--image-credential-provider-config=/etc/eks/image-credential-provider/config.json',
  ];
  t.equal(read(ENVIRONMENT), `NODEADM_KUBELET_ARGS=${flags.join(' ')}`);
  t.equal(has(DROP_IN), false);
  t.equal(
    read('var/lib/kubelet/kubeconfig'),
    `---
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      certificate-authority: /etc/kubernetes/pki/ca.crt
      server: https://example.com
current-context: kubelet
contexts:
  - name: kubelet
    context:
      cluster: kubernetes
      user: kubelet
users:
  - name: kubelet
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1beta1
        command: aws
        args:
          - "eks"
          - "get-token"
          - "--cluster-name"
          - "my-cluster"
          - "--region"
          - "us-west-2"
`,
  );
  t.match(json('etc/eks/image-credential-provider/config.json'), {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [{ name: 'ecr-credential-provider', defaultCacheDuration: '12h0m0s', apiVersion: 'credentialprovider.kubelet.k8s.io/v1' }],
  });
  t.equal(read('etc/kubernetes/pki/ca.crt'), Buffer.from(CA, 'base64').toString());
});

t.test('kubelet: the user’s configuration and flags', async (t) => {
  const config = configOf(`  kubelet:
    config:
      maxPods: 150
      podsPerCore: 20
      systemReserved: {cpu: 150m}
    flags:
      - --v=5
      - --node-labels=foo=bar
`);
  const { init, read, json, write, mocks } = await suite(t);
  write('config.yaml', config);
  await init();
  t.equal(
    read(DROP_IN),
    `{
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "maxPods": 150,
    "podsPerCore": 20,
    "systemReserved": {
        "cpu": "150m"
    }
}`,
  );
  t.match(json(CONFIG), { maxPods: 29, kubeReserved: { memory: '574Mi' } }, 'what is generated does not follow it');
  t.match(read(ENVIRONMENT), / --config-dir=\/etc\/kubernetes\/kubelet\/config\.json\.d .* --v=5 --node-labels=foo=bar$/);
  writeFileSync(join(mocks, 'kubelet'), kubelet('1.29.10'));
  await init();
  t.match(read(ENVIRONMENT), /\nKUBELET_CONFIG_DROPIN_DIR_ALPHA=on$/);
});

t.test('containerd: in the format of the one on PATH, merged, migrated', async (t) => {
  const { init, read, json, write, mocks, root } = await suite(t);
  const file = 'etc/containerd/config.toml';
  await init('--daemon', 'containerd');
  t.equal(read(file), CONTAINERD_2);
  writeFileSync(join(mocks, 'containerd'), containerd('2.0.5', 'version = 3 # migrated'));
  await init('--daemon', 'containerd');
  t.equal(read(file), CONTAINERD_3);
  const merged = (toml: string): string => configOf(`  containerd:\n    config: |\n${toml.replace(/^/gm, '      ')}\n`);
  write('config.yaml', merged('[plugins."io.containerd.grpc.v1.cri".containerd]\ndiscard_unpacked_layers = false'));
  await init('--daemon', 'containerd');
  t.equal(read(file), 'version = 3 # migrated\n');
  writeFileSync(join(mocks, 'containerd'), containerd('1.7.27'));
  await init('--daemon', 'containerd');
  t.match(read(file), /^root = '\/var\/lib\/containerd'\nstate = '\/run\/containerd'\nversion = 2\n/, 'sorted, in single quotes');
  t.match(read(file), /^discard_unpacked_layers = false$/m);
  t.equal(existsSync(join(root, CONFIG)), false, 'one daemon alone');
  write(
    'config.yaml',
    configOf('  containerd:\n    baseRuntimeSpec:\n      process: {rlimits: [{type: RLIMIT_NOFILE, soft: 1024, hard: 1024}]}\n'),
  );
  await init('--daemon', 'containerd');
  t.match(json('etc/containerd/base-runtime-spec.json'), {
    ociVersion: '1.1.0',
    process: { cwd: '/', rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1024 }] },
  });
});

const NVIDIA = 'usr/bin/nvidia-container-runtime';

t.test('NVIDIA: its runtime, and no other', async (t) => {
  const { init, read, root } = await suite(t);
  mkdirSync(join(root, dirname(NVIDIA)), { recursive: true });
  writeFileSync(join(root, NVIDIA), script(), { mode: 0o755 });
  await init('--daemon', 'containerd');
  t.equal(
    read('etc/containerd/config.toml'),
    CONTAINERD_2.replaceAll('runc', 'nvidia').replace('/usr/sbin/nvidia', `/${NVIDIA}`).replace('.nvidia.v2', '.runc.v2'),
  );
});

t.test('sources: a directory, MIME, several in their order', async (t) => {
  const { write, nodeadm, read, json } = await suite(t);
  const part = (more: string): string => `apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n${more}`;
  write('nodeadm.d/20.yml', part('  kubelet: {config: {maxPods: 20}, flags: [--v=2]}\n'));
  write(
    'nodeadm.d/10.JSON',
    JSON.stringify({ apiVersion: 'node.eks.aws/v1alpha1', kind: 'NodeConfig', spec: { kubelet: { flags: ['--v=1'] } } }),
  );
  write('nodeadm.d/30.txt', 'not read');
  write(
    'mime',
    `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
--BOUNDARY
Content-Type: application/node.eks.aws

${configOf()}
--BOUNDARY
Content-Type: application/node.eks.aws; charset=utf-8

${part('  kubelet: {config: {maxPods: 10, podsPerCore: 3}, flags: [--v=0]}\n')}
--BOUNDARY--
`,
  );
  const args = ['init', '--skip', 'run', '--config-source', 'file://mime', '--config-source=file://nodeadm.d'];
  const { code, stderr } = await nodeadm(args);
  t.equal(code, 0, stderr);
  t.match(json(DROP_IN), { maxPods: 20, podsPerCore: 3 });
  t.match(read(ENVIRONMENT), / --v=0 --v=1 --v=2$/);
});

t.test('user data: plain, base64, gzip, and both', async (t) => {
  const plain = configOf('  kubelet: {flags: [--v=7]}\n');
  const gzip = gzipSync(plain);
  for (const bytes of [plain, Buffer.from(plain).toString('base64'), gzip, gzip.toString('base64').replace(/.{76}/g, '$&\n')]) {
    const { nodeadm, read, userData } = await suite(t);
    userData(bytes);
    const { code, stderr } = await nodeadm(['init', '--skip', 'run']);
    t.equal(code, 0, stderr);
    t.match(read(ENVIRONMENT), / --v=7$/);
  }
});

t.test('environment variables for tests and tuning', async (t) => {
  const { nodeadm, read, root } = await suite(t);
  const place = 'opt/bin/my-provider';
  mkdirSync(join(root, 'opt/bin'), { recursive: true });
  writeFileSync(join(root, place), script(), { mode: 0o755 });
  const { code, stderr } = await nodeadm(['init', '--skip', 'run', '-c', 'file://config.yaml'], {
    ECR_CREDENTIAL_PROVIDER_BIN_PATH: `/${place}`,
  });
  t.equal(code, 0, stderr);
  t.match(read(ENVIRONMENT), / --image-credential-provider-bin-dir=\/opt\/bin /);
  t.match(JSON.parse(read('etc/eks/image-credential-provider/config.json')), { providers: [{ name: 'my-provider' }] });
});

t.test('the cache: kept, used where no source has a document, and no reason to skip what has changed', async (t) => {
  const { nodeadm, json, write, cwd } = await suite(t);
  const cache = join(cwd, 'cache/config.json');
  const call = async (...args: readonly string[]): Promise<Run> => {
    const result = await nodeadm(['init', ...args, '--daemon=', '--config-cache', cache]);
    t.equal(result.code, 0, result.stderr);
    return result;
  };
  await call('--skip', 'run', '--config-source', 'file://config.yaml');
  const cached = JSON.parse(readFileSync(cache, 'utf8'));
  t.strictSame(cached.spec, {
    cluster: { name: 'my-cluster', apiServerEndpoint: 'https://example.com', certificateAuthority: CA, cidr: '10.100.0.0/16' },
    containerd: {},
    instance: { localStorage: {}, network: {} },
    kubelet: {},
  });
  t.match(cached.status, { instance: { id: 'i-0123456789abcdef0', region: 'us-west-2' }, kubeletVersion: 'v1.34.1' });
  mkdirSync(join(cwd, 'empty'));
  await call('--skip', 'config', '--config-source', 'file://empty');
  write('config.yaml', configOf('  instance: {network: {nameservers: [8.8.8.8, 1.1.1.1], domains: [corp.example.com]}}\n'));
  await call('--skip', 'config', '--config-source', 'file://config.yaml');
  const dumped = await nodeadm(['config', 'dump', '--config-source', 'file://empty', '--config-cache', cache]);
  t.equal(dumped.code, 0, dumped.stderr);
  t.match(JSON.parse(dumped.stdout), {
    kind: 'NodeConfig',
    apiVersion: 'node.eks.aws/v1alpha1',
    spec: { instance: { network: { nameservers: ['8.8.8.8', '1.1.1.1'], domains: ['corp.example.com'] } } },
  });
  t.throws(() => json(CONFIG), 'no daemon was named');
});

t.test('config check and dump: exit codes and files', async (t) => {
  const { nodeadm, write, cwd } = await suite(t);
  t.equal((await nodeadm(['config', 'check', '--config-source', 'file://config.yaml'])).code, 0);
  const dumped = await nodeadm(['config', 'dump', '-c=file://config.yaml', '-o', 'out/dump.json']);
  t.equal(dumped.code, 0, dumped.stderr);
  const out = join(cwd, 'out/dump.json');
  t.equal(statSync(out).mode & 0o777, 0o644);
  t.equal(
    readFileSync(out, 'utf8'),
    `{"kind":"NodeConfig","apiVersion":"node.eks.aws/v1alpha1","metadata":{},"spec":{"cluster":{"name":"my-cluster","apiServerEndpoint":"https://example.com","certificateAuthority":"${CA}","cidr":"10.100.0.0/16"},"containerd":{},"instance":{"localStorage":{},"network":{}},"kubelet":{}}}\n`,
  );
  for (const [text, code] of [
    [configOf().replace('name: my-cluster', 'name: ""'), 1],
    [configOf().replace('cidr:', 'enableOutpost: true\n    cidr:'), 1],
    ['apiVersion: node.eks.aws/v1alpha1\nkind: Other\n', 1],
    ['{', 1],
  ] as const) {
    write('config.yaml', text);
    t.equal((await nodeadm(['config', 'check', '-c', 'file://config.yaml'])).code, code, text);
  }
  t.equal((await nodeadm(['config', 'check', '-c', 'file://nowhere.yaml'])).code, 1);
  t.equal((await nodeadm([])).code, 2);
  t.equal((await nodeadm(['config', 'check', '--no-such-flag'])).code, 2);
});
