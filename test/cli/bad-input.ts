/** Bad input through the whole program, under both names: every problem on one line, the documented exit code, nothing written. */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { CLUSTER_CA_PEM } from '../fakes/certificates.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { startFakes } from '../fakes/main.ts';
import { makeImage, stateOf } from './support/image.ts';
import { makeProgram } from './support/program.ts';

const { run } = await makeProgram(t.teardown);
const fakes = await startFakes();
t.teardown(() => fakes.close());

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What stands in the image besides an EKS image's own files; null removes one. */
  readonly image?: Readonly<Record<string, string | null>>;
  /** Under our own name; as bootstrap.sh it is 1. */
  readonly code: number;
  /** The lines at level ERROR. */
  readonly errors: readonly string[];
  /** The same as bootstrap.sh, where it differs. */
  readonly dropIn?: readonly string[];
}

const pem = (text: string): string => Buffer.from(text).toString('base64');
const CA = pem(CLUSTER_CA_PEM);
const GIVEN = ['--apiserver-endpoint', 'https://x.example'];
const CA_REMEDY = 'Use the value of `aws eks describe-cluster --query cluster.certificateAuthority.data`.';

/** An image with a kubelet that runs with dockerd. */
const DOCKER_IMAGE = { 'etc/eks/kubelet-version.txt': 'v1.23.17\n', 'usr/bin/dockerd': '#!/bin/sh\n' };

/** A certificate of 2020, for one year. */
const EXPIRED = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJERENCc2dJQkFUQUtCZ2dxaGtqT1BRUURBakFTTVJBd0RnWURWUVFEREFkbGVIQnBjbVZrTUI0WERU',
  'SXcKTURFd01UQXdNREF3TUZvWERUSXhNREV3TVRBd01EQXdNRm93RWpFUU1BNEdBMVVFQXd3SFpYaHdhWEpsWkRCWgpNQk1HQnlxR1NNNDlBZ0VHQ0NxR1NN',
  'NDlBd0VIQTBJQUJHOUk5aWZlSjFURDV5MFJLYVRjTzNtcW9OUWFydGVUCnEvbFJVTDRSd1JXd3JHeCtlNUpCWWdnclNFS3d3K0YrZjkvY09zY0pXYkpUc2cz',
  'a1lQcGNlSlF3Q2dZSUtvWkkKemowRUF3SURTUUF3UmdJaEFLb0NURXk2WGJIUW1lUTZPdnBwREpBaTg1NTNzd2dQMThUb2VQUHBBZnVVQWlFQQpxK0FnOEdy',
  'QVppQ25QWDNvTkJmYjg1RXBSRXBudmxwdG45ZkdyY1hoTkJvPQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==',
].join('');

/** Forms of the command line. */
const USAGE: readonly Case[] = [
  {
    name: 'an unknown flag',
    args: ['my-cluster', '--use-max-pod', 'false'],
    code: 64,
    errors: ['--use-max-pod: there is no such flag. Did you mean --use-max-pods?'],
    dropIn: ['--use-max-pod: there is no such flag; bootstrap.sh took such a word for the cluster name. Did you mean --use-max-pods?'],
  },
  {
    name: 'a flag without value',
    args: ['my-cluster', '--dns-cluster-ip'],
    code: 64,
    errors: ['--dns-cluster-ip: needs a value. Write --dns-cluster-ip IP[,IP…].'],
  },
  {
    name: 'no cluster name',
    args: ['--use-max-pods', 'false'],
    code: 64,
    errors: ['<cluster-name>: cluster name is not defined! Name the cluster: bootwright bootstrap my-cluster.'],
    dropIn: ['<cluster-name>: cluster name is not defined! Name the cluster: bootstrap.sh my-cluster.'],
  },
  {
    name: 'an empty cluster name',
    args: [''],
    code: 64,
    errors: ['<cluster-name>: cluster name is not defined! Name the cluster: bootwright bootstrap my-cluster.'],
    dropIn: ['<cluster-name>: cluster name is not defined! Name the cluster: bootstrap.sh my-cluster.'],
  },
  {
    name: 'an IPv6 CIDR with ipv4',
    args: ['c', '--service-ipv6-cidr', 'fd00::/108', '--ip-family', 'ipv4'],
    code: 64,
    errors: ['--ip-family: --ip-family should be ipv6 when --service-ipv6-cidr is specified. Say ipv6, or leave --service-ipv6-cidr out.'],
  },
];

/** Values that are wrong. */
const VALUES: readonly Case[] = [
  {
    name: 'several at once, from flags and variables',
    args: ['my-cluster', '--use-max-pods', 'maybe', '--dns-cluster-ip', '10.0.0', '--service-ipv4-cidr', 'x', '--ip-family', 'ipv5'],
    env: { API_RETRY_ATTEMPTS: 'many', MOUNT_BPF_FS: 'True' },
    code: 65,
    errors: [
      "API_RETRY_ATTEMPTS: 'many' is not a whole number from 0 to 100. Give how often a failed call is tried again: 3.",
      "--dns-cluster-ip: '10.0.0' is not an IP address. Give one address, or several with commas between: 10.100.0.10.",
      "--ip-family: Invalid --ip-family. Only ipv4 or ipv6 are allowed. Write ipv4 or ipv6 instead of 'ipv5'.",
      "MOUNT_BPF_FS: 'True' is neither true nor false; bootstrap.sh took it for false. Write true or false, in lower case.",
      "--service-ipv4-cidr: 'x' is not a CIDR block. Give the service CIDR of the cluster, as in 10.100.0.0/16.",
      "--use-max-pods: 'maybe' is neither true nor false; bootstrap.sh took it for false. Write true or false, in lower case.",
    ],
  },
  {
    name: 'a URL and a CA that are none',
    args: ['c', '--apiserver-endpoint', 'nonsense', '--b64-cluster-ca', 'abc'],
    code: 65,
    errors: [
      "--apiserver-endpoint: 'nonsense' is not a URL. Give the endpoint as EKS shows it: https://….eks.amazonaws.com.",
      `--b64-cluster-ca: 'abc' is not base64. ${CA_REMEDY}`,
    ],
  },
  {
    name: 'base64 of no PEM',
    args: ['c', ...GIVEN, '--b64-cluster-ca', pem('hello world')],
    code: 65,
    errors: [`--b64-cluster-ca: the certificate authority holds no PEM block (-----BEGIN CERTIFICATE-----). ${CA_REMEDY}`],
  },
  {
    name: 'a PEM block that is no certificate',
    args: ['c', ...GIVEN, '--b64-cluster-ca', pem('-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n')],
    code: 65,
    errors: [`--b64-cluster-ca: the certificate authority holds something that is not a certificate. ${CA_REMEDY}`],
  },
  {
    name: 'an expired certificate',
    args: ['c', ...GIVEN, '--b64-cluster-ca', EXPIRED],
    code: 65,
    errors: [
      `--b64-cluster-ca: the certificate authority expired on 2021-01-01T00:00:00Z; the clock says NOW. Check the clock. ${CA_REMEDY}`,
    ],
  },
  {
    name: 'a line break in extra arguments',
    args: ['c', '--kubelet-extra-args', 'a\nb'],
    code: 65,
    errors: ['--kubelet-extra-args: the extra arguments hold a line break. Write them on one line, or end each line with a backslash.'],
  },
  {
    name: 'a local cluster on an Outpost without its id',
    args: ['c', ...GIVEN, '--b64-cluster-ca', CA, '--enable-local-outpost', 'true'],
    code: 64,
    errors: [
      '--enable-local-outpost: Cluster ID is required when local outpost support is enabled. Give --cluster-id, or leave CA and endpoint out, so that the cluster is described.',
    ],
  },
  {
    name: 'an id that is none',
    args: ['c', '--enable-local-outpost', 'true', '--cluster-id', 'a b'],
    code: 65,
    errors: ["--cluster-id: 'a b' is not a cluster id. Use the value of `aws eks describe-cluster --query cluster.id`."],
  },
  {
    name: "docker's configuration that is no JSON",
    args: ['my-cluster', '--docker-config-json', '{"bridge": }'],
    image: DOCKER_IMAGE,
    code: 65,
    errors: ['--docker-config-json:1:12: not valid JSON: "}" is not expected here. Give one JSON object, in single quotes for the shell.'],
  },
  {
    name: "docker's configuration that is no object",
    args: ['my-cluster'],
    env: { DOCKER_CONFIG_JSON: '["a"]' },
    image: DOCKER_IMAGE,
    code: 65,
    errors: ['DOCKER_CONFIG_JSON: it holds an array, and must hold an object. Give one JSON object, in single quotes for the shell.'],
  },
  {
    name: 'a relative path',
    args: ['c', '--containerd-config-file', 'relative.toml'],
    code: 65,
    errors: ["--containerd-config-file: 'relative.toml' is not an absolute path. Give the whole path, from / on."],
  },
  {
    name: 'local disks',
    args: ['c', '--local-disks', 'zfs'],
    code: 65,
    errors: ["--local-disks: 'zfs' is not one of raid0, raid10, mount, none. Write raid0, raid10, mount or none."],
  },
];

/** What this node or this version cannot do. */
const UNSUPPORTED: readonly Case[] = [
  {
    name: 'dockerd',
    args: ['my-cluster', '--container-runtime', 'dockerd'],
    code: 78,
    errors: [
      '--container-runtime: containerd is the only supported container runtime as of Kubernetes version 1.24. Leave it out: the kubelet of this node is 1.32.3.',
    ],
  },
  {
    name: 'another container runtime',
    args: ['c', '--container-runtime', 'cri-o'],
    code: 78,
    errors: ["--container-runtime: unsupported container runtime: 'cri-o'. Write containerd, or dockerd for a kubelet before 1.24."],
  },
  {
    name: 'no dockerd',
    args: ['my-cluster'],
    image: { 'etc/eks/kubelet-version.txt': 'v1.23.17\n' },
    code: 78,
    errors: [
      'dockerd: there is no dockerd on this node. Install docker, use an EKS image for this kubelet, or give --container-runtime containerd.',
    ],
  },
  {
    name: 'a cluster that says no id, taken for one on an Outpost',
    args: ['my-cluster'],
    env: { ENABLE_LOCAL_OUTPOST: 'true' },
    code: 64,
    errors: [
      'ENABLE_LOCAL_OUTPOST: Cluster ID is required when local outpost support is enabled. Give --cluster-id: DescribeCluster says none.',
    ],
  },
  {
    name: '--verify of an unknown level',
    args: ['c', '--verify', 'ready'],
    code: 65,
    errors: ["--verify: 'ready' is not one of none, started, joined. Write none, started or joined."],
  },
  {
    name: 'a kubelet that is too old',
    args: ['my-cluster'],
    image: { 'etc/eks/kubelet-version.txt': 'v1.20.15\n' },
    code: 78,
    errors: ['kubelet: kubelet 1.20.15 is older than 1.21, the oldest that is supported. Use an image with kubelet 1.21 to 1.36.'],
  },
  {
    name: 'a kubelet that is too new',
    args: ['my-cluster'],
    image: { 'etc/eks/kubelet-version.txt': 'v1.37.0\n' },
    code: 78,
    errors: ['kubelet: kubelet 1.37.0 is newer than 1.36, the newest that this bootwright knows. Use a newer bootwright.'],
  },
  {
    name: 'no kubelet and no containerd',
    args: ['my-cluster'],
    image: { 'etc/eks/kubelet-version.txt': null, 'etc/eks/containerd-version.txt': null },
    env: { PATH: '/proc/nonexistent' },
    code: 78,
    errors: [
      'kubelet: there is no kubelet on this node. Install the kubelet as /usr/bin/kubelet, or use an EKS image.',
      'containerd: there is no containerd on this node. Install containerd as /usr/bin/containerd, or use an EKS image.',
    ],
  },
];

/** Files that a user names, and files of the image. */
const FILES: readonly Case[] = [
  {
    name: 'a file that is missing',
    args: ['my-cluster', '--containerd-config-file', '/etc/nothing.toml'],
    code: 66,
    errors: ['--containerd-config-file: there is no file /etc/nothing.toml. Write the file before bootstrap runs, or leave the flag out.'],
  },
  {
    name: 'a directory',
    args: ['my-cluster', '--containerd-config-file', '/etc/directory'],
    code: 66,
    errors: ['/etc/directory is a directory. Give a regular file.'],
  },
  {
    name: 'a socket',
    args: ['my-cluster', '--containerd-config-file', '/etc/socket'],
    code: 66,
    errors: ['/etc/socket is a socket. Give a regular file that root may read.'],
  },
  {
    name: 'containerd TOML that does not parse',
    args: ['my-cluster', '--containerd-config-file', '/etc/my.toml'],
    image: { 'etc/my.toml': 'version = 2\n[plugins\n' },
    code: 65,
    errors: [
      '/etc/my.toml:2:9: not valid TOML: the line ends too early. Correct the file; `containerd --config FILE config dump` reads it as containerd would.',
    ],
  },
  {
    name: 'containerd TOML that repeats a table',
    args: ['my-cluster', '--containerd-config-file', '/etc/my.toml'],
    image: { 'etc/my.toml': 'version = 2\n[plugins]\n[grpc]\n[plugins]\n' },
    code: 65,
    errors: [
      '/etc/my.toml:4:1: not valid TOML: the table or key plugins stands here a second time. Correct the file; `containerd --config FILE config dump` reads it as containerd would.',
    ],
  },
  {
    name: 'daemon.json that is no JSON',
    args: ['my-cluster'],
    image: { ...DOCKER_IMAGE, 'etc/docker/daemon.json': '{ "bridge": "none",, }\n' },
    code: 65,
    errors: [
      '/etc/docker/daemon.json:1:20: not valid JSON: "," is not expected here. Correct it (`jq . /etc/docker/daemon.json` shows the place), or remove the file: then it is made anew.',
    ],
  },
  {
    name: 'kubelet-config.json that is no JSON',
    args: ['my-cluster'],
    image: { 'etc/kubernetes/kubelet/kubelet-config.json': '{ "maxPods": 5,, }\n' },
    code: 65,
    errors: [
      '/etc/kubernetes/kubelet/kubelet-config.json:1:16: not valid JSON: "," is not expected here. Correct it (`jq . /etc/kubernetes/kubelet/kubelet-config.json` shows the place), or remove the file: then it is made anew.',
    ],
  },
  {
    name: 'a line, a file it names and a file on disk, all wrong at once',
    args: ['my-cluster', '--use-max-pods', 'maybe', '--containerd-config-file', '/etc/my.toml'],
    image: { 'etc/my.toml': 'version = 2\n[plugins\n', 'etc/kubernetes/kubelet/kubelet-config.json': '[1]\n' },
    code: 65,
    errors: [
      "--use-max-pods: 'maybe' is neither true nor false; bootstrap.sh took it for false. Write true or false, in lower case.",
      '/etc/my.toml:2:9: not valid TOML: the line ends too early. Correct the file; `containerd --config FILE config dump` reads it as containerd would.',
      '/etc/kubernetes/kubelet/kubelet-config.json: it holds an array, and must hold an object. Correct the file, or remove it: then it is made anew.',
    ],
  },
  {
    name: 'two files on disk, both wrong',
    args: ['my-cluster', '--containerd-config-file', '/etc/directory'],
    image: { 'etc/kubernetes/kubelet/kubelet-config.json': '[1]\n' },
    code: 65,
    errors: [
      '/etc/directory: is a directory. Give a regular file.',
      '/etc/kubernetes/kubelet/kubelet-config.json: it holds an array, and must hold an object. Correct the file, or remove it: then it is made anew.',
    ],
  },
  {
    name: 'a root that is no directory',
    args: ['my-cluster', '--root', '/proc/nonexistent'],
    code: 66,
    errors: ['/proc/nonexistent is no directory. Give --root a directory that exists.'],
  },
];

const errorsIn = (stderr: string): string[] =>
  stderr.split('\n').flatMap((line) => {
    const at = line.indexOf('[eks-bootstrap] ERROR: ');
    const text = line.slice(at + '[eks-bootstrap] ERROR: '.length);
    return at < 0 ? [] : [text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, 'NOW')];
  });

for (const { name, args, env = {}, image = {}, code, errors, dropIn = errors } of [...USAGE, ...VALUES, ...UNSUPPORTED, ...FILES]) {
  t.test(name, async (t) => {
    const root = makeImage(t, image);
    mkdirSync(join(root, 'etc/directory'));
    const server = createServer().listen(join(root, 'etc/socket'));
    t.teardown(() => server.close());
    const before = stateOf(root);
    const options = { env: { ...fakes.env, BOOTWRIGHT_ROOT: root, ...env } };
    const own = await run(['bootstrap', ...args], options);
    t.same(errorsIn(own.stderr), errors);
    t.equal(own.code, code);
    const old = await run(args, { ...options, as: 'bootstrap.sh' });
    t.same(errorsIn(old.stderr), dropIn);
    t.equal(old.code, 1);
    t.equal(own.stdout + old.stdout, '');
    t.same(stateOf(root), before, 'nothing was written');
  });
}

t.test('a word too many: an error of ours, a warning as bootstrap.sh', async (t) => {
  const root = makeImage(t);
  const own = await run(['bootstrap', 'my-cluster', 'd'], { env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });
  t.equal(own.code, 64);
  t.same(errorsIn(own.stderr), [
    "<cluster-name>: 'd' is one word too many: the cluster is 'my-cluster'. Leave it out, or put a value with spaces in quotes.",
  ]);
  const old = await run(['my-cluster', 'd'], { as: 'bootstrap.sh', env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });
  t.equal(old.code, 0, old.stderr);
  t.match(old.stderr, /WARNING: <cluster-name>: 'd' is one word too many/);
});

const { uid } = process.geteuid?.() === 0 ? { uid: 65534 } : { uid: undefined };
t.test('without root: said with all other mistakes', { skip: uid === undefined ? 'needs root to give root up' : false }, async (t) => {
  const own = await run(['bootstrap', 'my-cluster', '--use-max-pods', 'x'], { uid });
  t.same(errorsIn(own.stderr), [
    'only root may change this machine. Run it with sudo. `bootwright preview` and `--root DIR` need no root.',
    "--use-max-pods: 'x' is neither true nor false; bootstrap.sh took it for false. Write true or false, in lower case.",
  ]);
  const right = await run(['bootstrap', 'my-cluster'], { uid });
  t.equal(right.code, 77);
  const old = await run(['my-cluster'], { uid, as: 'bootstrap.sh' });
  t.same(errorsIn(old.stderr), ['script must be run as root. Run it with sudo. `bootwright preview` and `--root DIR` need no root.']);
  t.equal(old.code, 1);
});

t.test('AWS and IMDS answer what they should not', async (t) => {
  const root = makeImage(t);
  const before = stateOf(root);
  const troubled = async (
    prepare: (own: Awaited<ReturnType<typeof startFakes>>) => void,
    options: Parameters<typeof startFakes>[0] = {},
  ) => {
    const own = await startFakes(options);
    t.teardown(() => own.close());
    prepare(own);
    const { code, stderr } = await run(['bootstrap', 'my-cluster', '--aws-api-retry-attempts', '0', '--root', root], { env: own.env });
    return { code, errors: errorsIn(stderr) };
  };
  const html = await troubled((own) => own.imds.fault({ kind: 'html', on: /document/ }));
  t.equal(html.code, 76, html.errors.join('\n'));
  const huge = await troubled((own) => own.imds.fault({ kind: 'huge', on: /document/ }));
  t.equal(huge.code, 76, huge.errors.join('\n'));
  const denied = await troubled((own) =>
    own.aws.fault({
      kind: 'status',
      status: 403,
      on: 'DescribeCluster',
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      body: '{"message":"no"}',
    }),
  );
  t.equal(denied.code, 77, denied.errors.join('\n'));
  const missing = await troubled(() => undefined, { facts: { ...exampleFacts(), cluster: { ...exampleCluster(), name: 'another' } } });
  t.equal(missing.code, 78, missing.errors.join('\n'));
  const expired = await troubled((own) => {
    own.aws.state.clusterStatuses = ['DELETING'];
  });
  t.equal(expired.code, 78, expired.errors.join('\n'));
  for (const { errors } of [html, huge, denied, missing, expired]) t.equal(errors.length, 1, errors.join('\n'));
  t.same(stateOf(root), before, 'nothing was written');
});
