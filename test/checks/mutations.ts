/** One thing is broken on a healthy node, and the doctor must name that thing first. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CHECKS } from '../../src/checks/all.ts';
import { rootCauseOf } from '../../src/checks/check.ts';
import { KUBELET_CONFIG, NODEADM_KUBELET_CONFIG } from '../../src/core/paths.ts';
import { TEST_AUTHORITY_PEM } from '../fakes/certificates.ts';
import { makeAuthority, makeCertificate } from '../fakes/pki.ts';
import { ADDRESSES, type HealthyNode, makeHealthyNode, NAMES, NODE, USER, USER_DATA } from './support/healthy-node.ts';

interface Mutation {
  readonly what: string;
  readonly breaks: (node: HealthyNode) => void | Promise<void>;
  /** The check that must be first. */
  readonly named: string;
  /** Evidence and remedy together. */
  readonly text: RegExp;
}

const STRANGER = { username: 'arn:aws:sts::111122223333:assumed-role/node/i-1', groups: ['system:authenticated'] };
const ROLE = 'latest/meta-data/iam/security-credentials/my-node-role';
const days = (count: number): Date => new Date(Date.now() + count * 86_400_000);

const failKubelet =
  (line: string) =>
  ({ systemd }: HealthyNode): void => {
    systemd.setUnit('kubelet.service', { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code', ExecMainStatus: 1, MainPID: 0 });
    systemd.write('journal', `${line}\n`);
  };

const unregistered =
  (line: string) =>
  ({ api, systemd }: HealthyNode): void => {
    api.removeNode(NODE);
    systemd.write('journal', `${line}\n`);
  };

/** The cluster itself says so. */
const moveTo =
  (server: (node: HealthyNode) => string) =>
  (node: HealthyNode): void => {
    node.kubeconfig({ server: server(node) });
    node.describe({ endpoint: server(node) });
  };

const MUTATIONS: readonly Mutation[] = [
  {
    what: 'clock 20 minutes behind',
    breaks: (n) => {
      n.clockMs = -1_200_000;
    },
    named: 'clock',
    text: /(?:19|20) min behind.*chrony/,
  },
  {
    what: 'clock an hour ahead',
    breaks: (n) => {
      n.clockMs = 3_600_000;
    },
    named: 'clock',
    text: /(?:59|60) min ahead/,
  },
  { what: 'IMDS is off', breaks: ({ fakes }) => fakes.imds.disable(), named: 'imds-reach', text: /403.*--http-endpoint enabled/ },
  {
    what: 'IMDS unreachable',
    breaks: (n) => {
      n.env = { IMDS_ENDPOINT: '127.0.0.1:9' };
    },
    named: 'imds-reach',
    text: /IMDS/,
  },
  {
    what: 'no instance profile',
    breaks: ({ fakes }) => void fakes.imds.tree.delete(ROLE),
    named: 'imds-role',
    text: /no IAM role.*instance profile/,
  },
  {
    what: 'the role does not trust EC2',
    breaks: ({ fakes }) => void fakes.imds.tree.set(ROLE, JSON.stringify({ Code: 'AssumeRoleUnauthorizedAccess', Message: 'EC2 cannot' })),
    named: 'imds-role',
    text: /AssumeRoleUnauthorizedAccess.*trust policy/,
  },
  {
    what: 'credentials have expired',
    breaks: ({ fakes }) =>
      void fakes.imds.tree.set(
        ROLE,
        (fakes.imds.tree.get(ROLE) as string).replace(/"Expiration": "[^"]*"/, '"Expiration": "2026-01-01T00:00:00Z"'),
      ),
    named: 'imds-role',
    text: /expired/,
  },
  {
    what: 'credentials of another role',
    breaks: ({ fakes }) => {
      fakes.aws.state.callerArn = 'arn:aws:sts::123456789012:assumed-role/admin/laptop';
    },
    named: 'identity-session',
    text: /assumed-role\/admin\/laptop.*instance profile/,
  },
  {
    what: 'STS denies',
    breaks: ({ fakes }) =>
      fakes.aws.fault({
        on: 'GetCallerIdentity',
        kind: 'status',
        status: 403,
        body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>explicit deny</Message></Error></ErrorResponse>',
      }),
    named: 'identity-session',
    text: /explicit deny/,
  },
  {
    what: 'two domains in the DHCP options',
    breaks: ({ fakes }) =>
      void fakes.imds.tree.set('latest/meta-data/local-hostname', 'ip-10-0-0-1.corp.example us-west-2.compute.internal'),
    named: 'dhcp-domain',
    text: /several domains.*DHCP/,
  },
  { what: 'no kubeconfig', breaks: (n) => n.remove('/var/lib/kubelet/kubeconfig'), named: 'kubeconfig', text: /there is no kubeconfig/ },
  {
    what: 'half a kubeconfig',
    breaks: (n) => n.write('/var/lib/kubelet/kubeconfig', '{"clusters": ['),
    named: 'kubeconfig',
    text: /is no kubeconfig/,
  },
  { what: 'no CA', breaks: (n) => n.remove('/etc/kubernetes/pki/ca.crt'), named: 'kubeconfig', text: /is not there/ },
  { what: 'an empty CA', breaks: (n) => n.write('/etc/kubernetes/pki/ca.crt', ''), named: 'kubeconfig', text: /no certificate/ },
  {
    what: 'a name that is none',
    breaks: moveTo(() => 'https://EXAMPLE.gr7.us-west-2.eks.invalid'),
    named: 'dns-endpoint',
    text: /example\.gr7\.us-west-2\.eks\.invalid/,
  },
  {
    what: 'nobody listens',
    breaks: moveTo(() => 'https://localhost:9'),
    named: 'tcp-endpoint',
    text: /refuses connections/,
  },
  {
    what: 'a proxy that inspects TLS',
    breaks: (n) => {
      n.write('/etc/kubernetes/pki/ca.crt', TEST_AUTHORITY_PEM);
      n.describe({ certificateAuthority: Buffer.from(TEST_AUTHORITY_PEM).toString('base64') });
    },
    named: 'tls-endpoint',
    text: /was issued by .*one cluster/,
  },
  {
    what: 'no TLS there',
    breaks: moveTo((n) => n.fakes.imds.url.replace('http:', 'https:')),
    named: 'tls-endpoint',
    text: /no TLS handshake/,
  },
  {
    what: 'the API server is ill',
    breaks: ({ api }) => api.fault({ kind: 'status', status: 503 }),
    named: 'api-alive',
    text: /answers 503/,
  },
  { what: 'connections are cut', breaks: ({ api }) => api.fault({ kind: 'reset' }), named: 'api-alive', text: /broke the connection off/ },
  {
    what: 'a proxy that is not there',
    breaks: (n) =>
      n.write(
        '/etc/systemd/system/kubelet.service.d/proxy.conf',
        `[Service]\nEnvironment="HTTPS_PROXY=http://127.0.0.1:9" NO_PROXY=169.254.169.254\n`,
      ),
    named: 'api-alive',
    text: /proxy/,
  },
  { what: 'a user without credentials', breaks: (n) => n.kubeconfig({ user: {} }), named: 'token-build', text: /names no user/ },
  {
    what: 'no access entry',
    breaks: (n) => {
      n.user = undefined;
    },
    named: 'api-auth',
    text: /401.*access entry of type EC2_LINUX/,
  },
  {
    what: 'another cluster’s name in the token',
    breaks: (n) => n.kubeconfig({ cluster: 'other' }),
    named: 'eks-describe',
    text: /there is no cluster 'other'/,
  },
  {
    what: 'a proxy’s page for an answer',
    breaks: ({ api }) => api.fault({ on: /POST/, kind: 'html' }),
    named: 'api-auth',
    text: /no JSON/,
  },
  {
    what: 'mapped to the role’s own name',
    breaks: (n) => {
      n.user = STRANGER;
    },
    named: 'api-identity',
    text: /knows this node as 'arn/,
  },
  {
    what: 'without system:nodes',
    breaks: (n) => {
      n.user = { ...USER, groups: ['system:authenticated'] };
    },
    named: 'api-identity',
    text: /not in the group system:nodes/,
  },
  {
    what: 'another node name',
    breaks: (n) => n.restart(['--hostname-override=worker-7']),
    named: 'api-identity',
    text: /calls itself 'worker-7'.*hostname-override/,
  },
  {
    what: 'no right to requests',
    breaks: ({ api }) => api.fault({ on: /LIST csr/, kind: 'status', status: 403, body: '{"kind":"Status","message":"no"}' }),
    named: 'api-authz',
    text: /answered 403/,
  },
  {
    what: 'containerd has failed',
    breaks: ({ systemd }) => systemd.setUnit('containerd.service', { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' }),
    named: 'containerd',
    text: /containerd.service is failed/,
  },
  {
    what: 'no containerd',
    breaks: ({ systemd }) => systemd.setUnit('containerd.service', { LoadState: 'not-found' }),
    named: 'containerd',
    text: /there is no/,
  },
  { what: 'containerd is deaf', breaks: (n) => n.stopContainerd(), named: 'containerd', text: /does not answer/ },
  {
    what: 'the kubelet’s file is broken',
    breaks: (n) => n.write('/etc/kubernetes/kubelet/config.json', '{"a":'),
    named: 'kubelet-config',
    text: /is no kubelet configuration/,
  },
  {
    what: 'the kubelet’s file is gone',
    breaks: (n) => n.remove('/etc/kubernetes/kubelet/config.json'),
    named: 'kubelet-config',
    text: /no kubelet configuration/,
  },
  {
    what: 'an unknown flag',
    breaks: failKubelet('E1121 12:00:00.1 1 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --foo"'),
    named: 'kubelet-unit',
    text: /does not know one of its arguments.*--foo/,
  },
  {
    what: 'swap is on',
    breaks: failKubelet('E1121 12:00:00.1 1 run.go:72] "command failed" err="running with swap on is not supported"'),
    named: 'kubelet-unit',
    text: /swap is on.*swapoff/,
  },
  {
    what: 'no kubelet',
    breaks: ({ systemd }) => systemd.setUnit('kubelet.service', { LoadState: 'not-found', ActiveState: 'inactive', MainPID: 0 }),
    named: 'kubelet-unit',
    text: /there is no kubelet/,
  },
  {
    what: 'the kubelet is ill',
    breaks: (n) => {
      n.health = { status: 500, body: '' };
    },
    named: 'kubelet-unit',
    text: /healthz answers 500/,
  },
  {
    what: 'not registered, as the journal says',
    breaks: unregistered('E1121 12:00:00.1 1 kubelet_node_status.go:96] "Unable to register node with API server" err="Unauthorized"'),
    named: 'node-registered',
    text: /has no node.*access entry/,
  },
  { what: 'not registered', breaks: ({ api }) => api.removeNode(NODE), named: 'node-registered', text: /has no node.*registerNode/ },
  {
    what: 'the cloud controller does not know it',
    breaks: ({ api }) => api.addNode({ name: NODE, addresses: ADDRESSES, taints: ['node.cloudprovider.kubernetes.io/uninitialized'] }),
    named: 'node-ready',
    text: /carries the taint/,
  },
  {
    what: 'a request that nobody approves',
    breaks: (n) => {
      n.remove('/var/lib/kubelet/pki');
      n.kubelet.present(null);
      for (const ageSeconds of [2000, 1100, 10])
        n.api.addCsr({ cn: USER.username, organizations: ['system:nodes'], ...NAMES, by: USER, ageSeconds });
    },
    named: 'csr',
    text: /StuckPending/,
  },
  {
    what: 'an expired certificate',
    breaks: (n) => n.store(makeCertificate({ cn: USER.username, ...NAMES, by: n.api.authority, notBefore: days(-40), notAfter: days(-1) })),
    named: 'csr',
    text: /Expired/,
  },
  {
    what: 'a certificate of another authority',
    breaks: (n) => n.store(makeCertificate({ cn: USER.username, ...NAMES, by: makeAuthority() })),
    named: 'csr',
    text: /WrongCA/,
  },
  {
    what: 'a mistake in the NodeConfig',
    breaks: ({ fakes }) => {
      fakes.imds.tree.set('latest/user-data', USER_DATA.replace('}', ''));
    },
    named: 'user-data',
    text: /error: imds:\/\/user-data:\d.*config check/,
  },
  {
    what: 'the disk is full',
    breaks: (n) => {
      n.space = { free: 0.03, freeInodes: 0.9, freeBytes: 1 };
    },
    named: 'disk',
    text: /3 % free.*df -h/,
  },
  {
    what: 'no inodes are left',
    breaks: (n) => {
      n.space = { free: 0.5, freeInodes: 0.01, freeBytes: 1 };
    },
    named: 'disk',
    text: /1 % of its inodes/,
  },
  {
    what: 'a swap partition',
    breaks: (n) => n.write('/proc/swaps', 'Filename Type\n/dev/nvme1n1 partition 1 0 -2\n'),
    named: 'memory',
    text: /swap is on: \/dev\/nvme1n1/,
  },
  { what: 'no memory', breaks: (n) => n.write('/proc/meminfo', 'MemAvailable:    51200 kB\n'), named: 'memory', text: /50 MiB of memory/ },
  {
    what: 'a sysctl of somebody else',
    breaks: (n) => n.write('/proc/sys/vm/overcommit_memory', '0\n'),
    named: 'sysctl',
    text: /vm\.overcommit_memory is 0.*vm\.overcommit_memory=1/,
  },
  {
    what: 'the CA of another cluster',
    breaks: (n) => n.write('/etc/kubernetes/pki/ca.crt', TEST_AUTHORITY_PEM),
    named: 'eks-describe',
    text: /is not that of my-cluster/,
  },
  {
    what: 'the endpoint of another cluster',
    breaks: (n) => n.kubeconfig({ server: `https://127.0.0.1:${n.api.port}` }),
    named: 'eks-describe',
    text: /the cluster’s endpoint is https:\/\/localhost/,
  },
  {
    what: 'the cluster is being deleted',
    breaks: (n) => n.fakes.aws.state.clusterStatuses.push('DELETING'),
    named: 'eks-describe',
    text: /DELETING/,
  },
  {
    what: 'TOML with a mistake',
    breaks: (n) => n.write('/etc/containerd/config.toml', 'version = 2\n['),
    named: 'containerd-config',
    text: /config\.toml:2/,
  },
  {
    what: 'the file of Docker’s package',
    breaks: (n) => n.write('/etc/containerd/config.toml', 'disabled_plugins = ["cri"]\n'),
    named: 'containerd-config',
    text: /disabled_plugins .* cri/,
  },
  {
    what: 'cgroupfs',
    breaks: (n) => n.kubeletConfig({ cgroupDriver: 'cgroupfs' }),
    named: 'cgroup-driver',
    text: /cgroupfs.*SystemdCgroup is true/,
  },
  {
    what: 'another CPU manager policy',
    breaks: (n) => n.kubeletConfig({ cpuManagerPolicy: 'static' }),
    named: 'static-state',
    text: /of the policy none, cpuManagerPolicy is static.*Drain/,
  },
  {
    what: 'no network plugin',
    breaks: (n) => {
      n.remove('/etc/cni/net.d');
      n.api.addNode({ name: NODE, addresses: ADDRESSES, ageSeconds: 600 });
    },
    named: 'cni-ready',
    text: /nothing in \/etc\/cni\/net\.d.*aws-node/,
  },
];

/** What is worth a note, and stops nobody. */
const NOTES: readonly Omit<Mutation, 'what'>[] = [
  {
    breaks: (n) => n.systemd.setUnit('cloud-final.service', { ActiveState: 'activating' }),
    named: 'cloud-init',
    text: /still run.*--no-block/,
  },
  {
    breaks: (n) => n.systemd.setUnit('cloud-final.service', { ActiveState: 'failed' }),
    named: 'cloud-init',
    text: /has failed.*cloud-init-output/,
  },
  {
    breaks: (n) => {
      n.env = { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' };
    },
    named: 'aws-endpoints',
    text: /s3 \(127\.0\.0\.1:9\) does not.*the gateway s3/,
  },
  {
    breaks: ({ fakes }) => fakes.aws.fault({ on: 'GetCallerIdentity', kind: 'reset' }),
    named: 'identity-session',
    text: /interface endpoint sts/,
  },
  {
    breaks: ({ fakes }) =>
      fakes.aws.fault({
        on: 'DescribeCluster',
        kind: 'status',
        status: 403,
        headers: { 'x-amzn-errortype': 'AccessDeniedException', 'content-type': 'application/json' },
        body: '{"message":"not you"}',
      }),
    named: 'eks-describe',
    text: /not you.*does without/,
  },
  {
    breaks: (n) => {
      n.clockMs = 60_000;
    },
    named: 'clock',
    text: /ahead/,
  },
  {
    breaks: (n) => {
      n.space = { free: 0.15, freeInodes: 0.9, freeBytes: 1 };
    },
    named: 'disk',
    text: /15 % free/,
  },
  { breaks: (n) => n.write('/proc/sys/net/ipv4/ip_forward', '0\n'), named: 'sysctl', text: /ip_forward is 0/ },
  { breaks: (n) => n.remove('/etc/cni/net.d'), named: 'cni-ready', text: /yet/ },
];

t.test('nothing is wrong with a healthy node', async (t) => {
  const node = await makeHealthyNode(t);
  const results = await node.diagnose();
  t.equal(rootCauseOf(results), undefined);
  for (const { check, result, evidence } of results) t.equal(result, 'pass', `${check.id}: ${evidence}`);
});

t.test('nor with one that is laid out as Amazon Linux 2 is', async (t) => {
  const node = await makeHealthyNode(t);
  renameSync(join(node.root, NODEADM_KUBELET_CONFIG), join(node.root, KUBELET_CONFIG));
  node.remove('/proc/sys/kernel/panic');
  const results = await node.diagnose();
  for (const { check, result, evidence } of results) t.equal(result, 'pass', `${check.id}: ${evidence}`);
  node.write(KUBELET_CONFIG, '{"failSwapOn":');
  t.equal(rootCauseOf(await node.diagnose())?.check.id, 'kubelet-config');
});

t.test('a machine without systemd', async (t) => {
  const node = await makeHealthyNode(t);
  node.systemd.fail('show', 'System has not been booted with systemd as init system (PID 1).');
  const first = rootCauseOf(await node.diagnose({ isOffline: true }));
  t.match(first, { check: { id: 'containerd' }, evidence: /^systemd does not answer: System has not been booted/ });
});

t.test('by this machine alone nobody is asked, and what is wrong with it is found', async (t) => {
  const node = await makeHealthyNode(t);
  node.write('/proc/swaps', 'Filename Type\n/swapfile file 1 0 -2\n');
  const results = await node.diagnose({ isOffline: true });
  t.equal(rootCauseOf(results)?.check.id, 'memory');
  t.equal(node.api.exchanges.length + node.fakes.imds.exchanges.length + node.fakes.aws.exchanges.length, 0);
});

t.test('each fault is named first', async (t) => {
  let named = 0;
  t.jobs = 3;
  const told = MUTATIONS.map((mutation) =>
    t.test(mutation.what, { buffered: true }, async (t) => {
      const node = await makeHealthyNode(t);
      await mutation.breaks(node);
      const results = await node.diagnose();
      const first = rootCauseOf(results);
      const text = [first?.evidence, first?.remedy, ...(first?.lines ?? [])].join(' ');
      if (first?.check.id === mutation.named) named++;
      t.equal(first?.check.id, mutation.named, text);
      t.match(text, mutation.text);
      t.ok(first?.remedy, 'it says what to do');
      const skipped = results.filter(({ blockedBy }) => blockedBy === mutation.named);
      const dependents = CHECKS.filter(({ after }) => after.includes(mutation.named));
      t.ok(
        dependents.every(
          ({ id }) => skipped.some(({ check }) => check.id === id) || results.some((one) => one.check.id === id && one.result === 'skip'),
        ),
        'what depends on it is left out',
      );
    }),
  );
  await Promise.all(told);
  t.comment(`named first: ${named} of ${MUTATIONS.length}`);
  t.equal(named, MUTATIONS.length);
});

t.test('what stops nobody is a note', async (t) => {
  for (const { breaks, named, text } of NOTES)
    await t.test(named, async (t) => {
      const node = await makeHealthyNode(t);
      await breaks(node);
      const results = await node.diagnose();
      t.equal(rootCauseOf(results), undefined);
      const found = results.find(({ check }) => check.id === named);
      t.equal(found?.result, 'warn', found?.evidence ?? 'it was not looked at');
      t.match(`${found?.evidence} ${found?.remedy}`, text);
    });
});

t.test('every check fails for some fault', async (t) => {
  const covered = new Set(MUTATIONS.map(({ named }) => named));
  t.same(
    CHECKS.filter(({ id }) => !covered.has(id)).map(({ id }) => id),
    ['cloud-init', 'aws-endpoints'],
    'but for those that only note',
  );
});
