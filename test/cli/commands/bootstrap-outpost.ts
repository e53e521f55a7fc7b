/** A node of a local cluster on an Outpost, end to end: bootstrap kubeconfig, cluster id, and the API server in /etc/hosts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exampleCluster, exampleFacts } from '../../fakes/example.ts';
import { type Fakes, startFakes } from '../../fakes/main.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const ID = '5bd5d1d7-9a0d-4f53-8b4c-0a3b1e6c7d11';
/** The one name that every machine finds without a name server. */
const ENDPOINT = 'https://localhost:6443';
const HOSTS = '192.0.2.1 somebody.example\n';

const fakesFor = async (t: Test, outpostArn: string | null = 'arn:aws:outposts:us-west-2:1:outpost/op-1'): Promise<Fakes> => {
  const cluster = { ...exampleCluster(), endpoint: ENDPOINT, id: outpostArn === null ? null : ID, outpostArn };
  const fakes = await startFakes({ facts: { ...exampleFacts(), cluster } });
  t.teardown(() => fakes.close());
  return fakes;
};
const outpostImage = (t: Test): string => makeImage(t, { 'etc/hosts': HOSTS, 'var/lib/kubelet/kubeconfig': KUBECONFIG_OF_IMAGE });
const KUBECONFIG_OF_IMAGE = `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /etc/kubernetes/pki/ca.crt
    server: MASTER_ENDPOINT
  name: kubernetes
users:
- name: kubelet
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
`;

const text = (root: string, path: string): string => readFileSync(join(root, path), 'utf8');
const KUBECONFIG = 'var/lib/kubelet/kubeconfig';
const BOOTSTRAP = 'var/lib/kubelet/bootstrap-kubeconfig';
const EXTRA = 'etc/systemd/system/kubelet.service.d/30-kubelet-extra-args.conf';

const isJoined = (t: Test, root: string): void => {
  t.match(text(root, BOOTSTRAP), new RegExp(`server: ${ENDPOINT}\\n[^]*- "-i"\\n {8}- "${ID}"\\n`));
  t.notOk(existsSync(join(root, KUBECONFIG)), 'the kubelet will make its own');
  t.match(text(root, 'etc/hosts'), /^192\.0\.2\.1 somebody\.example\n(?:(?:127\.0\.0\.1|::1) localhost\n){1,2}$/);
};

t.test('described: all of it, and nothing more the second time', async (t) => {
  const fakes = await fakesFor(t);
  const root = outpostImage(t);
  const call = (...args: string[]) => run(['my-cluster', ...args], { as: 'bootstrap.sh', env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });
  const first = await call('--kubelet-extra-args', '--node-labels=a=b');
  t.equal(first.code, 0, first.stderr);
  isJoined(t, root);
  t.equal(text(root, EXTRA), `[Service]\nEnvironment='KUBELET_EXTRA_ARGS=--bootstrap-kubeconfig /${BOOTSTRAP} --node-labels=a=b'\n`);
  const before = stateOf(root);
  t.match((await call('--kubelet-extra-args', '--node-labels=a=b')).stderr, 'nothing to do');
  t.same(stateOf(root), before);
  // What the kubelet writes when it has its certificate.
  writeFileSync(join(root, KUBECONFIG), `clusters:\n- cluster:\n    server: ${ENDPOINT}\n  name: default-cluster\n`);
  const third = await call();
  t.equal(third.code, 0, third.stderr);
  t.notMatch(third.stderr, 'WARNING');
  t.ok(existsSync(join(root, KUBECONFIG)), 'the kubelet’s own stays');
  t.equal(text(root, EXTRA), `[Service]\nEnvironment='KUBELET_EXTRA_ARGS=--bootstrap-kubeconfig /${BOOTSTRAP}'\n`);
});

t.test('given: EKS is not asked', async (t) => {
  const fakes = await fakesFor(t);
  const root = outpostImage(t);
  const { code, stderr } = await run(
    [
      ...['bootstrap', 'any-name', '--apiserver-endpoint', ENDPOINT, '--b64-cluster-ca', exampleCluster().certificateAuthority],
      ...['--enable-local-outpost', 'true', '--cluster-id', ID, '--root', root],
    ],
    { env: fakes.env },
  );
  t.equal(code, 0, stderr);
  t.equal(fakes.aws.count('DescribeCluster'), 0);
  isJoined(t, root);
});

t.test('switched off, the node is one like others; a line of the user’s stays', async (t) => {
  const fakes = await fakesFor(t);
  const root = outpostImage(t);
  const call = (...args: string[]) => run(['bootstrap', 'my-cluster', '--root', root, ...args], { env: fakes.env });
  t.equal((await call()).code, 0);
  writeFileSync(join(root, 'etc/hosts'), `${text(root, 'etc/hosts')}192.0.2.2 mine.example\n`);
  const off = await call('--enable-local-outpost', 'false');
  t.equal(off.code, 0, off.stderr);
  t.match(off.stderr, /WARNING: --enable-local-outpost: the cluster my-cluster is a local cluster on an Outpost/);
  t.equal(text(root, 'etc/hosts'), `${HOSTS}192.0.2.2 mine.example\n`);
  t.notOk(existsSync(join(root, BOOTSTRAP)));
  t.notOk(existsSync(join(root, EXTRA)));
  t.match(text(root, KUBECONFIG), '- "my-cluster"');
});

t.test('a line of the user’s for the API server counts', async (t) => {
  const fakes = await fakesFor(t);
  const root = makeImage(t, { 'etc/hosts': '10.9.9.9 localhost\n' });
  t.equal((await run(['bootstrap', 'my-cluster', '--root', root], { env: fakes.env })).code, 0);
  t.equal(text(root, 'etc/hosts'), '10.9.9.9 localhost\n');
});

t.test('a cluster in the cloud has no /etc/hosts of ours', async (t) => {
  const fakes = await fakesFor(t, null);
  const root = outpostImage(t);
  t.equal((await run(['bootstrap', 'my-cluster', '--root', root], { env: fakes.env })).code, 0);
  t.equal(text(root, 'etc/hosts'), HOSTS);
  t.match(text(root, KUBECONFIG), '- "my-cluster"');
});

t.test('facts of a node on an Outpost replay', async (t) => {
  const fakes = await fakesFor(t);
  const facts = await run(['facts', '--root', outpostImage(t), 'bootstrap', 'my-cluster'], { env: fakes.env });
  t.equal(facts.code, 0, facts.stderr);
  t.match(JSON.parse(facts.stdout), { cluster: { id: ID }, host: { addresses: { localhost: /^(127|::)/ } } });
  const shown = await run(['preview', '--facts', '-', '--explain', 'clusterId', 'bootstrap', 'my-cluster'], { input: facts.stdout });
  t.equal(shown.code, 0, shown.stderr);
  t.match(shown.stdout, `clusterId = ${ID}`);
});
