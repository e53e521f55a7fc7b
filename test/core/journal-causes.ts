import t from 'tap';
import { decisiveLines, journalCauseOf } from '../../src/core/journal-causes.ts';

const klog = (level: string, text: string): string => `${level}1121 08:57:10.083647    3983 run.go:72] ${text}`;

/** Lines as the programs print them; those of kubelet 1.36 and containerd were taken from real runs where they can be had without a cluster. */
const CASES: readonly (readonly [check: string, cause: string, line: string])[] = [
  [
    'api-auth',
    'the API server does not accept the identity of this node',
    klog('E', '"Unable to register node with API server" err="Unauthorized" node="ip-10-0-0-1.ec2.internal"'),
  ],
  [
    'api-identity',
    'the kubelet registers under a name that is not the one of its identity',
    klog(
      'E',
      '"Unable to register node with API server" err="nodes \\"a\\" is forbidden: node \\"b\\" is not allowed to modify node \\"a\\""',
    ),
  ],
  ['dhcp-domain', 'the node has no name', klog('E', '"Error getting node" err="node \\"\\" not found"')],
  [
    'token-build',
    'the credential plugin that the kubeconfig names fails or is not there',
    klog('E', '"Failed" err="Get \\"https://x\\": getting credentials: exec: executable /usr/bin/aws-iam-authenticator not found"'),
  ],
  ['imds-role', 'the instance has no usable role', 'could not get token: NoCredentialProviders: no valid providers in chain'],
  [
    'tls-endpoint',
    "the cluster's CA did not sign the endpoint's certificate",
    klog('E', '"Unable to register node with API server" err="Post \\"https://x\\": x509: certificate signed by unknown authority"'),
  ],
  [
    'clock',
    'a certificate has expired, or the clock is wrong',
    'x509: certificate has expired or is not yet valid: current time 2020-01-01',
  ],
  [
    'containerd',
    'the kubelet does not reach the container runtime',
    klog(
      'E',
      '"command failed" err="failed to run Kubelet: validate service connection: CRI v1 runtime API is not implemented for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
    ),
  ],
  [
    'containerd-config',
    'containerd does not accept its configuration',
    'containerd: failed to unmarshal TOML at row 1 column 3: toml: array is incomplete',
  ],
  [
    'containerd-config',
    'containerd does not accept its configuration',
    'containerd: failed to load TOML: /etc/containerd/config.toml: (2, 1): unterminated array',
  ],
  [
    'dns-endpoint',
    "the name of the cluster's endpoint does not resolve",
    klog(
      'E',
      '"Unable to register node with API server" err="Post \\"https://x\\": dial tcp: lookup x.eks.amazonaws.com on 10.0.0.2:53: no such host"',
    ),
  ],
  [
    'tcp-endpoint',
    "the cluster's endpoint does not answer",
    klog('E', '"Unable to register node with API server" err="Post \\"https://x\\": dial tcp 10.0.0.9:443: i/o timeout"'),
  ],
  [
    'static-state',
    'the CPU or memory manager has a state file of another policy',
    'could not restore state from checkpoint: configured policy "static" differs from state checkpoint policy "none"',
  ],
  [
    'kubelet-config',
    'this kubelet does not know one of its arguments',
    klog('E', '"command failed" err="failed to parse kubelet flag: unknown flag: --foo"'),
  ],
  [
    'kubelet-config',
    'this kubelet does not know a feature gate, or does not let it be changed',
    klog('E', '"command failed" err="failed to set feature gates from initial flags-based config: unrecognized feature gate: Foo"'),
  ],
  [
    'kubelet-config',
    'the kubelet does not accept its configuration file',
    klog(
      'E',
      '"command failed" err="failed to validate kubelet configuration, error: [invalid configuration: maxPods (--max-pods) -1 must not be a negative number, kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release]"',
    ),
  ],
  [
    'kubelet-config',
    'the kubelet does not accept its configuration file',
    klog(
      'E',
      '"command failed" err="failed to load kubelet config file, path: /k.json, error: failed to load Kubelet config file /k.json, error failed to decode: json: cannot unmarshal string into Go struct field KubeletConfiguration.maxPods of type int32"',
    ),
  ],
  [
    'cgroup-driver',
    'the cgroups of this machine are not those that the kubelet expects',
    klog(
      'E',
      '"command failed" err="failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release, path: &TypeMeta{}"',
    ),
  ],
  [
    'memory',
    'swap is on',
    klog('E', '"command failed" err="failed to run Kubelet: running with swap on is not supported, please disable swap"'),
  ],
  [
    'sysctl',
    'protectKernelDefaults is on and a kernel setting is not the expected one',
    'invalid kernel flag: vm/overcommit_memory, expected value: 1, actual value: 0',
  ],
  [
    'port',
    'another process listens on a port of the kubelet',
    klog('E', '"Failed to listen" err="listen tcp 127.0.0.1:10248: bind: address already in use"'),
  ],
  ['disk', 'a file system is full', 'write /var/lib/kubelet/x: no space left on device'],
  [
    'program',
    'the program that the unit starts is not there or cannot be run',
    'kubelet.service: Failed at step EXEC spawning /usr/bin/kubelet: No such file or directory',
  ],
  [
    'node-registration',
    'the API server does not take the node',
    klog('E', '"Unable to register node with API server" err="the server is currently unable"'),
  ],
  ['kubelet-config', 'the kubelet gives up', klog('E', '"command failed" err="failed to run Kubelet: something new"')],
  [
    'cni-ready',
    'no network plugin has been installed yet',
    klog('E', '"Container runtime network not ready" err="cni plugin not initialized"'),
  ],
  [
    'kubelet-config',
    'the kubelet does not know a key of its configuration file, and ignores it',
    klog('I', '"Using lenient decoding as strict decoding failed" err="strict decoding error: unknown field \\"foo\\""'),
  ],
];

t.test('each known message has its cause and a remedy', async (t) => {
  for (const [check, cause, line] of CASES) {
    const found = journalCauseOf(['Started Kubernetes Kubelet.', line, 'kubelet.service: Main process exited']);
    t.match(found, { check, cause, line }, line);
    t.match(found?.remedy, /^[A-Za-z].*\.$/, 'the remedy is a sentence');
  }
});

t.test('the last line that knows a cause counts', async (t) => {
  const lines = ['dial tcp 10.0.0.9:443: i/o timeout', 'lookup x: no such host', 'Stopping'];
  t.equal(journalCauseOf(lines)?.check, 'dns-endpoint');
  t.equal(journalCauseOf(lines.reverse())?.check, 'tcp-endpoint');
});

t.test('what is also said on healthy nodes gives way', async (t) => {
  const lines = ['running with swap on is not supported', 'cni plugin not initialized'];
  t.equal(journalCauseOf(lines)?.check, 'memory');
});

t.test('nothing known, nothing claimed', async (t) => {
  t.equal(journalCauseOf([]), undefined);
  t.equal(journalCauseOf(['Started Kubernetes Kubelet.']), undefined);
});

t.test('secrets are masked and lines are bounded', async (t) => {
  const line = `unknown flag: --bootstrap-token=abcdef.0123456789abcdef ${'x'.repeat(1e6)}`;
  const shown = journalCauseOf([line])?.line ?? '';
  t.match(shown, '--bootstrap-token=***');
  t.ok(shown.length < 2100);
  t.notMatch(decisiveLines([line]).join(''), 'abcdef.0123');
  const started = performance.now();
  journalCauseOf(Array.from({ length: 200 }, () => 'Unable to register node dial tcp getting credentials: exec: '.repeat(50)));
  t.ok(performance.now() - started < 2000, 'in time whatever the text');
});

t.test('decisive lines', async (t) => {
  const trouble = (n: number): string => klog('E', `"Failed ${n}"`);
  await t.test('are those of trouble, each message once at its last place', async (t) => {
    const repeated = klog('E', '"Failed again"');
    const later = repeated.replace('08:57:10', '08:57:15');
    t.strictSame(decisiveLines([repeated, klog('I', '"fine"'), trouble(1), later, klog('I', '"fine too"')]), [trouble(1), later]);
  });
  await t.test('are the last ones', async (t) => {
    t.strictSame(decisiveLines([1, 2, 3, 4, 5, 6, 7].map(trouble)), [3, 4, 5, 6, 7].map(trouble));
    t.strictSame(decisiveLines([1, 2, 3].map(trouble), 1), [trouble(3)]);
  });
  await t.test('are the end where nothing speaks of trouble', async (t) => {
    t.strictSame(decisiveLines(['a', ' ', 'b', 'c'], 2), ['b', 'c']);
  });
});
