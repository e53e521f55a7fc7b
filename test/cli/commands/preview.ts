import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { exampleFacts } from '../../fakes/example.ts';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const preview = (args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) =>
  run(['preview', ...args], { env, ...(cwd ? { cwd } : {}) });

t.test('the page: what first, then why', async (t) => {
  const { code, stdout, stderr } = await preview([
    '--instance-type',
    'm5.8xlarge',
    '--region',
    'eu-west-1',
    '--kubernetes-version',
    '1.30',
    'bootstrap',
    'my-cluster',
  ]);
  t.equal(code, 0, stderr);
  t.equal(stderr, '');
  t.match(stdout, /^my-cluster on m5\.8xlarge in eu-west-1 {2}kubelet 1\.30\.0, containerd 1\.7\.27, amazon-linux-2\n/);
  t.match(stdout, /^ {2}maxPods +234 +8 ENIs × \(30 − 1\) IPv4 addresses \+ 2 = 234/m);
  const headings = [...stdout.matchAll(/^(?=\S)(?!my-cluster|Cluster and machine|\d+ steps)(.+)$/gm)].map(([line]) => line);
  t.same(headings, ['Decided', 'Files', 'Units, enabled and running', 'Steps', 'Why', 'Assumed (real ones: --facts FILE, --describe)']);
  t.ok(
    stdout.split('\n').every((line) => line.length <= 140 && line === line.trimEnd()),
    'no long lines, no blanks at their ends',
  );
  t.match(stdout, /instance\.type m5\.8xlarge \(flag --instance-type\)/, 'inputs with their origin');
});

t.test('colour on request only', async (t) => {
  const plain = await preview(['bootstrap', 'c']);
  t.notOk(plain.stdout.includes('\u001b'));
  const coloured = await preview(['--color', 'always', 'bootstrap', 'c'], { NO_COLOR: '1' });
  t.ok(coloured.stdout.includes('\u001b[1m'));
  t.equal(stripVTControlCharacters(coloured.stdout), plain.stdout, 'the same text');
});

t.test('--explain answers one question, in any case of letters', async (t) => {
  const { stdout } = await preview(['--explain', 'maxpods', 'bootstrap', 'c']);
  t.match(
    stdout,
    /^ {2}maxPods = 29\n {4}3 ENIs × \(10 − 1\) IPv4 addresses \+ 2 = 29\n {4}from instance\.type m5\.large \(assumed --instance-type\)/,
  );
  t.match(stdout, /to change it: --use-max-pods false/);
  t.match(stdout, /rule max-pods\./);
  const wrong = await preview(['--explain', 'maxpod', 'bootstrap', 'c']);
  t.equal(wrong.code, 64);
  t.match(
    wrong.stderr,
    /^error: --explain: nothing is decided under the name 'maxpod'\. Did you mean maxPods\? There are kubeletVersion, /i,
  );
});

t.test('--show prints one file', async (t) => {
  const { stdout } = await preview(['--show', 'kubelet-config.json', 'bootstrap', 'c', '--use-max-pods', 'false']);
  t.equal(JSON.parse(stdout).kind, 'KubeletConfiguration');
  t.equal(JSON.parse(stdout).maxPods, undefined);
  const none = await preview(['--show', 'nothing.conf', 'bootstrap', 'c']);
  t.equal(none.code, 64);
  t.match(none.stderr, /^error: --show: no file 'nothing\.conf' is written\. There are \/etc\/kubernetes\/pki\/ca\.crt, /);
});

t.test('the drop-in’s defaults where the drop-in is named', async (t) => {
  const own = await preview(['--explain', 'kubeReserved', 'bootstrap', 'c', '--use-max-pods', 'false']);
  t.match(own.stdout, /memory=1465Mi/, '110 pods');
  for (const word of ['bootstrap.sh', '/etc/eks/bootstrap.sh']) {
    const dropIn = await preview(['--explain', 'kubeReserved', word, 'c', '--use-max-pods', 'false']);
    t.match(dropIn.stdout, /memory=574Mi/, `29 pods: ${word}`);
  }
});

t.test('variables of the dialect count', async (t) => {
  const { stdout } = await preview(['--explain', 'maxPods', 'bootstrap', 'c'], { USE_MAX_PODS: 'false' });
  t.match(stdout, /from useMaxPods false \(environment USE_MAX_PODS\)/);
});

t.test('facts of a real node, from a file or standard input', async (t) => {
  const facts = { ...exampleFacts(), host: { kubeletVersion: '1.28.5', containerdVersion: '1.7.27', cpus: 2, arch: 'x86_64' } };
  const dir = t.testdir({ 'facts.json': JSON.stringify(facts) });
  const fromFile = await preview(['--facts', join(dir, 'facts.json'), 'bootstrap', 'my-cluster']);
  t.equal(fromFile.code, 0, fromFile.stderr);
  t.match(fromFile.stdout, /kubelet 1\.28\.5/);
  t.match(fromFile.stdout, /instance\.type m5\.large \(IMDS latest\/dynamic\/instance-identity\/document\)/);
  const fromStdin = await run(['preview', '--facts', '-', 'bootstrap', 'my-cluster'], { input: JSON.stringify(facts) });
  t.equal(fromStdin.stdout, fromFile.stdout);
  t.match(fromFile.stdout, /^Some facts are made up \(see Assumed\)/m, 'what the file lacks');
  const both = await preview(
    ['--facts', 'facts.json', '--instance-type', 'm5.8xlarge', '--region', 'us-east-1', 'bootstrap', 'c'],
    {},
    dir,
  );
  t.equal(both.code, 64);
  t.equal(
    both.stderr,
    'error: --facts: says what the machine is, and so do --instance-type, --region. Choose one of them; a copy of the file can be edited.\n',
  );
});

t.test('a file of the node comes from the laptop', async (t) => {
  const dir = t.testdir({ 'c.toml': 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "SANDBOX_IMAGE"\n' });
  const args = ['bootstrap', 'c', '--containerd-config-file', '/etc/my.toml'];
  const { stdout, code, stderr } = await preview([
    `--host-file`,
    `/etc/my.toml=${join(dir, 'c.toml')}`,
    '--show',
    '/etc/containerd/config.toml',
    ...args,
  ]);
  t.equal(code, 0, stderr);
  t.match(stdout, /sandbox_image = "602401143452\.dkr\.ecr\.us-west-2\.amazonaws\.com\/eks\/pause:3\.5"/);
  const without = await preview(args);
  t.equal(without.code, 66);
  t.equal(
    without.stderr,
    'error: /etc/my.toml: preview has no content for this file of the node. Give it with --host-file /etc/my.toml=LOCAL_FILE.\n',
  );
});

t.test('--against an image: a unified diff', async (t) => {
  const dir = t.testdir({});
  const first = await preview(['--out', join(dir, 'root'), 'bootstrap', 'c']);
  t.equal(first.code, 0, first.stderr);
  t.match(first.stderr, /^9 files written to /);
  const same = await preview(['--against', join(dir, 'root'), 'bootstrap', 'c']);
  t.equal(same.stdout, '', 'no difference');
  const other = await preview([
    '--against',
    join(dir, 'root'),
    'bootstrap',
    'c',
    '--use-max-pods',
    'false',
    '--reserve-for',
    'eni-max-pods',
  ]);
  t.match(
    other.stdout,
    /^--- a\/etc\/kubernetes\/kubelet\/kubelet-config\.json\n\+\+\+ b\/etc\/kubernetes\/kubelet\/kubelet-config\.json\n@@/,
  );
  t.match(other.stdout, /^- {2}"maxPods": 29,$/m);
  t.match(readFileSync(join(dir, 'root/etc/kubernetes/kubelet/kubelet-config.json'), 'utf8'), /"maxPods": 29/, 'nothing was written');
});

t.test('--json, secrets masked', async (t) => {
  const { stdout } = await preview(['--json', 'bootstrap', 'c', '--kubelet-extra-args', '--bootstrap-token=hunter2 --node-labels=a=b']);
  const plan = JSON.parse(stdout);
  t.equal(plan.kind, 'plan');
  t.equal(plan.converged, false);
  t.notMatch(stdout, /hunter2/);
  for (const args of [[], ['--diff'], ['--show', '30-kubelet-extra-args.conf'], ['--explain', 'kubeletExtraArgs']]) {
    const text = await preview([...args, 'bootstrap', 'c', '--kubelet-extra-args', '--bootstrap-token=hunter2 --node-labels=a=b']);
    t.equal(text.code, 0, text.stderr);
    t.notMatch(text.stdout, /hunter2/, args.join(' '));
    t.match(text.stdout, /--bootstrap-token=\*\*\*/, args.join(' '));
  }
});

t.test('--describe asks AWS for the cluster, and for a type that the table lacks', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const asked = await preview(['--describe', '--instance-type', 'x9.large', '--explain', 'maxPods', 'bootstrap', 'my-cluster'], fakes.env);
  t.equal(asked.code, 0, asked.stderr);
  t.match(asked.stdout, /maxPods = 35\n/);
  t.match(asked.stdout, /DescribeInstanceTypes/);
  t.equal(fakes.aws.count('DescribeCluster'), 1);
  t.equal(fakes.aws.count('DescribeInstanceTypes'), 1);
  const unasked = await preview(['--instance-type', 'x9.large', 'bootstrap', 'my-cluster']);
  t.equal(unasked.code, 65);
  t.match(
    unasked.stderr,
    /^error: --instance-type: the table has no limits for 'x9\.large' \(.*\)\. Check its spelling, or add --describe to ask AWS\.\n$/,
  );
});

const BAD: readonly (readonly [readonly string[], number, string])[] = [
  [[], 64, 'error: <cluster-name>: cluster name is not defined! Name the cluster: bootwright preview bootstrap my-cluster.\n'],
  [['bootstrap'], 64, 'error: <cluster-name>: cluster name is not defined! Name the cluster: bootwright preview bootstrap my-cluster.\n'],
  [['--instance-type', 'm5', 'bootstrap', 'c'], 65, "error: --instance-type: 'm5' is not an instance type. Give it as in m5.large.\n"],
  [['--region', 'us', 'bootstrap', 'c'], 65, "error: --region: 'us' is not a region. Give it as in us-west-2.\n"],
  [['--cpus', '0', 'bootstrap', 'c'], 65, "error: --cpus: '0' is not a number of CPUs. Give it as in 4.\n"],
  [
    ['--kubernetes-version', 'latest', 'bootstrap', 'c'],
    65,
    "error: --kubernetes-version: 'latest' is not a version of Kubernetes. Give it as in 1.32 or 1.32.3.\n",
  ],
  [
    ['--containerd-version', 'x', 'bootstrap', 'c'],
    65,
    "error: --containerd-version: 'x' is not a version of containerd. Give it as in 1.7.27.\n",
  ],
  [
    ['--arch', 'arm64', '--instance-type', 'm5.large', 'bootstrap', 'c'],
    64,
    'error: --arch: arm64 is not what m5.large is made of: x86_64. Leave --arch out.\n',
  ],
  [['--arch', 'mips', 'bootstrap', 'c'], 65, "error: --arch: 'mips' is not an architecture. Give it as in x86_64 or aarch64.\n"],
  [
    ['--local-ipv4', '1.2.3.400', 'bootstrap', 'c'],
    65,
    "error: --local-ipv4: '1.2.3.400' is not an IPv4 address. Give it as in 192.168.1.10.\n",
  ],
  [
    ['--vpc-cidr', '10.0.0.0', 'bootstrap', 'c'],
    65,
    "error: --vpc-cidr: '10.0.0.0' is not an IPv4 CIDR block. Give it as in 192.168.0.0/16.\n",
  ],
  [
    ['--host-file', 'x=y', 'bootstrap', 'c'],
    65,
    "error: --host-file: 'x=y' is not an absolute path and a file. Give it as in /etc/x.toml=./x.toml.\n",
  ],
  [
    ['--facts', '/nonexistent.json', 'bootstrap', 'c'],
    66,
    'error: --facts /nonexistent.json does not exist. Check the path; it is a file of this machine.\n',
  ],
  [['--facts', '/', 'bootstrap', 'c'], 66, 'error: --facts / is a directory. Give a regular file.\n'],
  [
    ['--out', '/', 'bootstrap', 'c'],
    65,
    'error: --out: is the root of this machine. Name a directory for the previewed files; `bootstrap` writes the real ones.\n',
  ],
  [['--against', '/nope', 'bootstrap', 'c'], 66, 'error: /nope is no directory. Give --against a directory that exists.\n'],
  [['c', '--root', '/nope'], 66, 'error: /nope is no directory. Give --root a directory that exists.\n'],
  [['--json', '--show', 'x', 'bootstrap', 'c'], 64, 'error: --show: does not go together with --json. Choose one of --show, --json.\n'],
  [
    ['--explain', 'maxPods', '--diff', 'bootstrap', 'c'],
    64,
    'error: --explain: does not go together with --diff. Choose one of --explain, --diff.\n',
  ],
  [
    ['facts'],
    64,
    'error: facts: is a command of bootwright, not taken for a cluster name. For a cluster of that name write: bootstrap facts.\n',
  ],
  [
    ['bootstrap', 'c', '--instance-type', 'm5.large'],
    64,
    'error: --instance-type: is an option of preview. Put it before the cluster and the word bootstrap.\n',
  ],
  [['--color', 'pink', 'bootstrap', 'c'], 65, "error: --color: 'pink' is none of auto, always, never. Give one of them.\n"],
  [['--jsn', 'bootstrap', 'c'], 64, 'error: --jsn: there is no such option. Did you mean --json?\n'],
  [
    ['--kubernetes-version', '1.20', 'bootstrap', 'c'],
    78,
    'error: kubelet: kubelet 1.20.0 is older than 1.21, the oldest that is supported. Use an image with kubelet 1.21 to 1.36.\n',
  ],
  [
    ['--kubernetes-version', '1.37', 'bootstrap', 'c'],
    78,
    'error: kubelet: kubelet 1.37.0 is newer than 1.36, the newest that this bootwright knows. Use a newer bootwright.\n',
  ],
];
for (const [args, code, message] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    const refused = await preview(args);
    t.equal(refused.stderr, message);
    t.equal(refused.code, code);
    t.equal(refused.stdout, '');
  });
}

t.test('facts that are none: every problem with its place', async (t) => {
  const dir = t.testdir({
    'a.json': '{',
    'b.json': JSON.stringify({ schemaVersion: 1, now: 'yesterday', instance: { region: 7 }, host: {} }),
  });
  const garbled = await preview(['--facts', join(dir, 'a.json'), 'bootstrap', 'c']);
  t.equal(garbled.code, 65);
  t.match(garbled.stderr, /^error: --facts .*a\.json: is not JSON \(.*\)\. Give the output of `bootwright facts`\.\n$/);
  const wrong = await preview(['--facts', join(dir, 'b.json'), 'bootstrap', 'c']);
  t.equal(wrong.code, 65);
  t.equal(wrong.stderr.trimEnd().split('\n').length, 2, wrong.stderr);
});

t.test('an unwritable --out', async (t) => {
  const dir = t.testdir({ file: 'x' });
  const refused = await preview(['--out', join(dir, 'file'), 'bootstrap', 'c']);
  t.equal(refused.code, 73);
  t.match(refused.stderr, /^error: .*file is no directory\. Give --out a directory, or a name that is free\.$/m);
  t.equal(refused.stdout, '');
  const below = await preview(['--out', join(dir, 'file/x'), 'bootstrap', 'c']);
  t.equal(below.code, 73);
  t.match(below.stderr, /could not be written \((?:ENOTDIR|EEXIST)\)/);
  const proc = await preview(['--out', '/proc/bootwright', 'bootstrap', 'c']);
  t.equal(proc.code, 73, 'and it ends');
  t.equal(proc.stdout, '');
  const fine = await preview(['--out', join(dir, 'a/b/c'), 'bootstrap', 'c']);
  t.equal(fine.code, 0, fine.stderr);
});

t.test('needs nothing: no root, no network, no files', async (t) => {
  const dir = t.testdir({});
  mkdirSync(join(dir, 'empty'));
  writeFileSync(join(dir, 'marker'), '');
  const { code, stderr } = await run(['preview', 'bootstrap', 'c'], { cwd: join(dir, 'empty'), env: { HOME: '/proc/nonexistent' } });
  t.equal(code, 0, stderr);
});

t.test('warnings beside an output that has no place for them', async (t) => {
  const args = ['bootstrap', 'c', '--service-ipv4-cidr', '172.20.0.0/16'];
  const warning =
    'warning: --service-ipv4-cidr: 172.20.0.0/16 is not used: the cluster was described, and says 10.100.0.0/16. Leave it out, or give --apiserver-endpoint and --b64-cluster-ca, too.\n';
  for (const options of [['--show', 'kubelet-config.json'], ['--explain', 'clusterDNS'], ['--diff'], ['--json', '--explain', 'clusterDNS']])
    t.equal((await preview([...options, ...args])).stderr, warning, options.join(' '));
  const json = await preview(['--json', ...args]);
  t.equal(json.stderr, '');
  t.equal(JSON.parse(json.stdout).warnings.length, 1);
  t.equal((await preview(args)).stderr, '', 'the page has them');
});

t.test('a cluster may be called like a command, behind the word bootstrap', async (t) => {
  t.match((await preview(['bootstrap', 'facts'])).stdout, /^facts on m5\.large/);
});

t.test('what is made up is called so', async (t) => {
  const { stdout } = await preview(['--instance-type', 'm5.large', 'c']);
  t.match(stdout, /^c on m5.*\nCluster and machine are made up \(see Assumed\)\. Real ones: --facts, --describe\n/);
  t.match(stdout, /ca\.crt {2}assumed: As DescribeCluster says\./);
  t.match(stdout, /^ {2}maxPods +29 +3 ENIs/m, 'by the type that was given');
});

t.test('an unknown region is a warning', async (t) => {
  const { code, stdout } = await preview(['--region', 'us-wst-2', 'c']);
  t.equal(code, 0);
  t.match(
    stdout.replaceAll(/\s+/g, ' '),
    /the region us-wst-2 is not in the table of .*: the pause image comes from us-west-2\. Did you mean us-west-2\?/,
  );
});

t.test('as wide as COLUMNS says', async (t) => {
  const { stdout } = await preview(['c'], { COLUMNS: '80' });
  const head = stdout.split('\n').slice(0, 4);
  t.ok(
    head.every((line) => line.length <= 80),
    head.join('\n'),
  );
  t.match(stdout, /^c on m5\.large in us-west-2 {2}kubelet/);
  t.match((await preview(['my-cluster'], { COLUMNS: '70' })).stdout, /^my-cluster on m5\.large in us-west-2\n {2}kubelet 1\.32/);
});

t.test('--describe without IMDS and without keys: soon, and with a remedy', async (t) => {
  const { code, stderr } = await preview(['--describe', 'c'], { HOME: '/proc/nonexistent' });
  t.equal(code, 69);
  t.match(stderr, /after 3 s: .*refused the connection\. Give AWS credentials: AWS_PROFILE, .*; or leave --describe out\.\n$/);
});

t.test('--explain knows every key of the kubelet’s configuration and every flag, whoever they are from', async (t) => {
  const root = t.testdir({
    etc: { kubernetes: { kubelet: { 'kubelet-config.json': '{"kubeAPIQPS": 50, "containerLogMaxFiles": 3, "maxPods": 5}\n' } } },
  });
  const explain = async (key: string): Promise<string> => {
    const args = ['--kubernetes-version', '1.26', '--against', root, '--explain', key, 'bootstrap', 'c'];
    return (await preview(args)).stdout;
  };
  t.match(await explain('kubeapiqps'), /^ {2}kubeAPIQPS = 50\n {4}The file's own value counts before the default\./);
  t.match(await explain('kubeAPIBurst'), /^ {2}kubeAPIBurst = 20\n {4}The built-in limits .*\n[\s\S]*rule gate\.api-qps/);
  t.match(await explain('containerLogMaxFiles'), /^ {2}containerLogMaxFiles = 3\n[\s\S]*rule merge\.foreign/);
  t.match(await explain('authentication.webhook.enabled'), /^ {2}authentication\.webhook\.enabled = true\n/);
  t.match(await explain('evictionHard.memory.available'), /^ {2}evictionHard\.memory\.available = 100Mi\n/);
  t.match(await explain('node-ip'), /^ {2}--node-ip = 192\.168\.1\.10\n/);
  t.match(await explain('maxPods'), /^ {2}maxPods = 29\n {4}3 ENIs/, 'a decision comes before the key of the same name');
});
