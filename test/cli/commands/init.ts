/** nodeadm init, as its suites and its units call it: sources, phases, cache, daemons. */
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { exampleCluster } from '../../fakes/example.ts';
import { type Fakes, startFakes } from '../../fakes/main.ts';
import { sequentialRoundTrips } from '../../fakes/server.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram, type Run, type RunOptions } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const UNIT = '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';
const IMAGE = {
  'etc/eks/kubelet-version.txt': 'v1.34.1\n',
  'etc/eks/containerd-version.txt': '2.1.5\n',
  'usr/bin/aws': '#!/bin/sh\n',
  'etc/systemd/system/kubelet.service': UNIT,
  'etc/systemd/system/containerd.service': UNIT,
};

const CLUSTER = `
  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.com
    certificateAuthority: ${exampleCluster().certificateAuthority}
    cidr: 10.100.0.0/16
`;
const documentOf = (more = '', cluster = CLUSTER): string => `apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:${cluster}${more}`;

interface Stage {
  readonly fakes: Fakes;
  readonly root: string;
  readonly cache: string;
  readonly read: (path: string) => string;
  readonly has: (path: string) => boolean;
  readonly userData: (text: string) => void;
  readonly call: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** The two calls of a boot. */
  readonly config: (...args: readonly string[]) => Promise<Run>;
  readonly serve: (...args: readonly string[]) => Promise<Run>;
}

const stage = async (
  t: Test,
  changes: Readonly<Record<string, string | null>> = {},
  options: Parameters<typeof startFakes>[0] = {},
): Promise<Stage> => {
  const fakes = await startFakes(options);
  t.teardown(() => fakes.close());
  const root = makeImage(t, { ...IMAGE, ...changes });
  const cache = join(dirname(root), 'cache', 'config.json');
  const call: Stage['call'] = (args, options = {}) =>
    run(args, { as: 'nodeadm', ...options, env: { ...fakes.env, BOOTWRIGHT_ROOT: root, ...options.env } });
  const userData = (text: string): void => void fakes.imds.tree.set('latest/user-data', text);
  userData(documentOf());
  return {
    fakes,
    root,
    cache,
    userData,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    has: (path) => existsSync(join(root, path)),
    call,
    config: (...args) => call(['init', '--skip', 'run', '--config-source', 'imds://user-data', '--config-cache', cache, ...args]),
    serve: (...args) => call(['init', '--skip', 'config', '--config-source', 'imds://user-data', '--config-cache', cache, ...args]),
  };
};

/** Not one of our records. */
const isNodes = (line: string): boolean => !line.startsWith('/var/lib/bootwright');
const namesIn = ({ aws }: Fakes): readonly string[] => aws.exchanges.map(({ name }) => name);

const KUBELET = 'etc/kubernetes/kubelet/config.json';
const WANTS = 'etc/systemd/system/multi-user.target.wants/kubelet.service';
const MARKER = 'run/nodeadm/init';

t.test('both phases at once', async (t) => {
  const { call, read, has, root } = await stage(t);
  const { code, stdout, stderr } = await call(['init']);
  t.equal(code, 0, stderr);
  t.equal(stdout, '');
  t.match(JSON.parse(read(KUBELET)), { maxPods: 29, clusterDNS: ['10.100.0.10'] });
  t.equal(has(MARKER), true);
  t.match(stderr, /^read imds:\/\/user-data$/m);
  t.match(stderr, /^done!$/m);
  t.notMatch(stderr, /PRIVATE|BEGIN CERT/);
  t.match(JSON.parse(read('run/bootwright/report.json')), { command: 'nodeadm init', outcome: 'changed', exitCode: 0 });
  t.equal(lstatSync(join(root, WANTS)).isSymbolicLink(), true, 'a reboot brings the node back');
  const before = stateOf(root);
  const again = await call(['init']);
  t.match(again.stderr, /nothing to do/);
  t.strictSame(stateOf(root), before, 'the same call again changes nothing');
});

t.test('a boot: the files first, then what serves pods', async (t) => {
  const { config, serve, cache, read, has, fakes, root } = await stage(t);
  const first = await config();
  t.equal(first.code, 0, first.stderr);
  t.equal(has(KUBELET), true);
  t.equal(has(MARKER), false, 'network interfaces are still networkd’s');
  t.equal(statSync(cache).mode & 0o777, 0o600);
  const cached = JSON.parse(readFileSync(cache, 'utf8'));
  t.strictSame(Object.keys(cached), ['metadata', 'spec', 'status']);
  t.match(cached, {
    metadata: {},
    spec: { cluster: { name: 'my-cluster' }, containerd: {}, instance: { localStorage: {}, network: {} }, kubelet: {} },
    status: { instance: { id: 'i-0123456789abcdef0', type: 'm5.large' }, kubeletVersion: 'v1.34.1' },
  });
  const asked = fakes.imds.exchanges.length;
  const files = stateOf(root);
  const second = await serve();
  t.equal(second.code, 0, second.stderr);
  t.equal(has(MARKER), true);
  t.equal(lstatSync(join(root, WANTS), { throwIfNoEntry: false }), undefined, 'nodeadm-run starts it in each boot');
  t.strictSame(stateOf(root).filter(isNodes), files.filter(isNodes), 'no file is written again');
  t.strictSame(
    fakes.imds.exchanges.slice(asked).map(({ path }) => path),
    ['/latest/api/token', '/latest/user-data'],
    'what the first half has learnt is not asked again',
  );
  t.match(read('run/bootwright/report.json'), /"kind": "write-file",\s+"path": "\/run\/nodeadm\/init"/);
});

t.test('each thing is asked once, as early as can be', async (t) => {
  const { config, fakes } = await stage(t, {}, { delayMs: 40 });
  t.equal((await config()).code, 0);
  const all = [...fakes.imds.exchanges, ...fakes.aws.exchanges];
  t.strictSame(all.map(({ path }) => path).sort(), [
    '/',
    '/latest/api/token',
    '/latest/dynamic/instance-identity/document',
    '/latest/meta-data/iam/security-credentials/',
    '/latest/meta-data/iam/security-credentials/my-node-role',
    '/latest/meta-data/local-ipv4',
    '/latest/meta-data/mac',
    '/latest/meta-data/network/interfaces/macs/02:29:15:c0:c3:d1/vpc-ipv4-cidr-blocks',
    '/latest/user-data',
  ]);
  // The token, the user data, the credentials of the role, EC2.
  t.ok(sequentialRoundTrips(all) <= 4, `${sequentialRoundTrips(all)} round trips`);
});

t.test('documents that changed in between are written, whatever is skipped', async (t) => {
  const { config, serve, read, userData, fakes } = await stage(t);
  t.equal((await config()).code, 0);
  const asked = fakes.aws.exchanges.length;
  userData(documentOf('  kubelet:\n    flags: [--node-labels=late=yes]\n'));
  const { code, stderr } = await serve();
  t.equal(code, 0, stderr);
  t.match(stderr, /has changed since the files were written/);
  t.match(read('etc/eks/kubelet/environment'), /--node-labels=late=yes/);
  t.equal(fakes.aws.exchanges.length, asked, 'what is known of the instance is not asked again');
  const third = await serve();
  t.notMatch(third.stderr, /has changed since/, 'the cache is that of the new documents');
});

t.test('a directory of drop-ins: missing in user data, later over earlier', async (t) => {
  const { call, read, userData, root } = await stage(t);
  userData('#!/bin/sh\necho no document\n');
  const dir = join(dirname(root), 'nodeadm.d');
  mkdirSync(dir);
  writeFileSync(join(dir, '10.yaml'), documentOf('  kubelet:\n    config: {maxPods: 10}\n'));
  writeFileSync(
    join(dir, '20.json'),
    '{"apiVersion":"node.eks.aws/v1alpha1","kind":"NodeConfig","spec":{"kubelet":{"config":{"maxPods":20}}}}',
  );
  writeFileSync(join(dir, 'README'), 'not read');
  const { code, stderr } = await call(['init', '-c', 'imds://user-data', '-c', `file://${dir}/`]);
  t.equal(code, 0, stderr);
  t.match(JSON.parse(read('etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf')), { maxPods: 20 });
});

t.test('the cache stands in where no source has a document', async (t) => {
  const { config, serve, userData, fakes, has } = await stage(t);
  t.equal((await config()).code, 0);
  userData('#!/bin/sh\necho gone\n');
  const { code, stderr } = await serve();
  t.equal(code, 0, stderr);
  t.match(stderr, /the cached one counts/);
  t.equal(has(MARKER), true);
  fakes.imds.tree.delete('latest/user-data');
  t.equal((await serve()).code, 0, 'also without any user data');
});

t.test('a cache of another boot is no source of facts', async (t) => {
  const { config, serve, cache, fakes } = await stage(t);
  t.equal((await config()).code, 0);
  const other = readFileSync(cache, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"another"');
  writeFileSync(cache, other);
  const asked = fakes.imds.exchanges.length;
  t.equal((await serve()).code, 0);
  t.ok(fakes.imds.exchanges.slice(asked).some(({ path }) => path === '/latest/dynamic/instance-identity/document'));
});

t.test('one daemon alone, or none', async (t) => {
  const { call, has } = await stage(t);
  t.equal((await call(['init', '--daemon', 'containerd'])).code, 0);
  t.equal(has('etc/containerd/config.toml'), true);
  t.equal(has(KUBELET), false);
  t.equal((await call(['init', '--daemon', 'kubelet'])).code, 0);
  t.equal(has(KUBELET), true);
  t.match((await call(['init', '--daemon', 'kubelt'])).stderr, /^warning: --daemon: 'kubelt' is none of containerd, kubelet/m);
  const none = await stage(t);
  t.equal((await none.call(['init', '--daemon='])).code, 0);
  t.equal(none.has(KUBELET), false);
  t.equal(none.has('etc/containerd/config.toml'), false);
  t.equal(none.has(MARKER), true);
});

t.test('what is left out of the cluster is asked of EKS, what is given is not', async (t) => {
  const { call, read, fakes, userData } = await stage(t);
  t.equal((await call(['init'])).code, 0);
  t.strictSame(namesIn(fakes), ['DescribeInstances']);
  userData(documentOf('', '\n  cluster:\n    name: my-cluster\n'));
  const { code, stderr } = await call(['init']);
  t.equal(code, 0, stderr);
  t.match(stderr, /EKS is asked for what is not said/);
  t.match(read('var/lib/kubelet/kubeconfig'), exampleCluster().endpoint);
  const refused = await call(['init', '--compat']);
  t.equal(refused.code, 1, 'nodeadm never asks');
  t.match(refused.stderr, /apiServerEndpoint/);
});

t.test('hooks run around it, with a deadline', async (t) => {
  const { call, has, userData } = await stage(t);
  // An image runs nothing; that hooks run is seen on a machine (test/system).
  userData(documentOf('  bootwright:\n    hooks:\n      pre:\n        - command: [/bin/false]\n'));
  t.equal((await call(['init'])).code, 0);
  t.equal(has(KUBELET), true);
});

t.test('bad input: all of it, and nothing is written', async (t) => {
  const { call, root, userData } = await stage(t);
  const before = stateOf(root);
  const refused = async (args: readonly string[], exit: number, ...messages: readonly RegExp[]): Promise<void> => {
    const { code, stderr, stdout } = await call(['init', ...args]);
    t.equal(code, exit, stderr);
    t.equal(stdout, '');
    for (const message of messages) t.match(stderr, message);
    t.strictSame(stateOf(root), before, 'nothing was written');
  };
  await refused(['--skip', 'confg'], 1, /--skip: 'confg' is none of config, run/);
  await refused(['--skipp', 'config'], 2, /--skipp: there is no such option/);
  await refused(['file:///etc/x'], 2, /one word too many/);
  await refused(['-c', 'https://x/y'], 1, /nobody knows the scheme https/);
  userData(
    documentOf('  kubelet:\n    maxPodsExpression: "1 +"\n    config: {maxPods: [1]}\n  instance:\n    localStorage: {strategy: RAID5}\n'),
  );
  await refused(['--strict'], 1, /line \d+, column \d+: spec\.kubelet\.maxPodsExpression/, /spec\.kubelet\.config\.maxPods/, /RAID5/);
  userData('no document');
  await refused([], 1, /this is text and no document/);
  userData(documentOf('', '\n  cluster: {name: a, cidr: banana}\n'));
  await refused([], 1, /spec\.cluster\.cidr.*banana/);
});

t.test('our own name: our exit codes, sources as words, a report as JSON', async (t) => {
  const { call, root } = await stage(t);
  const file = join(dirname(root), 'node.yaml');
  writeFileSync(file, documentOf());
  const { code, stdout, stderr } = await call(['init', '--json', file], { as: 'bootwright' });
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { command: 'bootwright init', outcome: 'changed', exitCode: 0 });
  writeFileSync(file, documentOf('', '\n  cluster: {name: a, cidr: banana}\n'));
  const refused = await call(['init', '--json', file], { as: 'bootwright' });
  t.equal(refused.code, 65, refused.stderr);
  t.match(JSON.parse(refused.stdout), { outcome: 'failed', exitCode: 65, error: { code: 'BAD_DATA' } });
});
