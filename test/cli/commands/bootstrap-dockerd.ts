/** A node with dockerd, end to end: what the real program leaves in an image with a kubelet before 1.24. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeImage, stateOf } from '../support/image.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const fakes = await startFakes();
t.teardown(() => fakes.close());

const DAEMON = { bridge: 'none', 'log-driver': 'json-file', 'log-opts': { 'max-size': '10m', 'max-file': '10' }, 'live-restore': true };
const CONFIG = 'etc/docker/daemon.json';
const UNIT = '[Service]\nExecStart=/usr/bin/dockerd\n[Install]\nWantedBy=multi-user.target\n';

const dockerImage = (t: Test, changes: Readonly<Record<string, string | null>> = {}): string =>
  makeImage(t, {
    'etc/eks/kubelet-version.txt': 'v1.23.17\n',
    'usr/bin/dockerd': '#!/bin/sh\n',
    'usr/lib/systemd/system/docker.service': UNIT,
    [CONFIG]: `${JSON.stringify(DAEMON, null, 2)}\n`,
    ...changes,
  });

const text = (root: string, path: string): string => readFileSync(join(root, path), 'utf8');
const json = (root: string, path: string): Record<string, unknown> => JSON.parse(text(root, path));
const bootstrap = (root: string, ...args: string[]) =>
  run(['my-cluster', ...args], { as: 'bootstrap.sh', env: { ...fakes.env, BOOTWRIGHT_ROOT: root } });

t.test('dockerd is what such a kubelet runs with', async (t) => {
  const root = dockerImage(t);
  const first = await bootstrap(root);
  t.equal(first.code, 0, first.stderr);
  t.match(first.stderr, 'INFO: Using kubelet version 1.23.17');
  t.match(first.stderr, 'INFO: Using dockerd as the container runtime');
  t.same(json(root, CONFIG), DAEMON, 'the image’s own file stays');
  t.match(text(root, 'etc/systemd/system/kubelet.service'), /--container-runtime docker \\\n {4}--network-plugin cni \\\n/);
  t.match(
    text(root, 'etc/systemd/system/kubelet.service.d/10-kubelet-args.conf'),
    /--pod-infra-container-image=\S+\/eks\/pause:3\.5 --v=2 --cloud-provider=aws'\n$/,
  );
  const kubelet = json(root, 'etc/kubernetes/kubelet/kubelet-config.json');
  t.match(kubelet, { cgroupDriver: 'cgroupfs', kubeAPIQPS: 10, featureGates: { KubeletCredentialProviders: true } });
  for (const key of ['providerID', 'systemReservedCgroup', 'kubeReservedCgroup']) t.notOk(key in kubelet, key);
  t.match(json(root, 'etc/eks/image-credential-provider/config.json'), { apiVersion: 'kubelet.config.k8s.io/v1alpha1' });
  for (const path of ['etc/containerd/config.toml', 'etc/systemd/system/sandbox-image.service', 'etc/sysconfig/iptables'])
    t.notOk(existsSync(join(root, path)), path);
  t.match(first.stderr, 'INFO: enabled iptables-restore.service', 'for the next boot');
  t.match(
    first.stderr,
    /INFO: skipped \(.*\): reload systemd units, start sys-fs-bpf\.mount, start docker\.service, start kubelet\.service\n/,
  );
  const before = stateOf(root);
  const second = await bootstrap(root);
  t.match(second.stderr, 'INFO: nothing to do: everything is what it should be');
  t.same(stateOf(root), before);
});

t.test('a bridge, a document of one’s own, and back', async (t) => {
  const root = dockerImage(t);
  t.equal((await bootstrap(root, '--enable-docker-bridge', 'true')).code, 0);
  t.same(json(root, CONFIG), { ...DAEMON, bridge: 'docker0', 'live-restore': false });
  t.equal((await bootstrap(root)).code, 0);
  t.same(json(root, CONFIG), DAEMON, 'without the flag');
  const own = '{"exec-opts":["native.cgroupdriver=systemd"]}';
  const given = await bootstrap(root, '--docker-config-json', own);
  t.equal(given.code, 0, given.stderr);
  t.match(given.stderr, "INFO: --docker-config-json='***'");
  t.equal(text(root, CONFIG), `${own}\n`);
  t.equal(json(root, 'etc/kubernetes/kubelet/kubelet-config.json')['cgroupDriver'], 'systemd', 'the kubelet follows');
  t.equal((await bootstrap(root)).code, 0);
  t.match(json(root, CONFIG), DAEMON, 'as in an EKS image');
});

t.test('what users have edited stays', async (t) => {
  const unit = '[Unit]\nRequires=docker.service\n[Service]\nExecStart=/usr/bin/kubelet --container-runtime docker --mine\n';
  const rules = '*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n';
  const root = dockerImage(t, { 'etc/systemd/system/kubelet.service': unit, 'etc/sysconfig/iptables': rules });
  writeFileSync(join(root, CONFIG), '{"log-driver":"awslogs","default-ulimits":{}}');
  t.equal((await bootstrap(root)).code, 0);
  t.equal(text(root, 'etc/systemd/system/kubelet.service'), unit);
  t.equal(text(root, 'etc/sysconfig/iptables'), rules);
  t.equal(text(root, CONFIG), '{"log-driver":"awslogs","default-ulimits":{}}');
});

t.test('containerd on the same kubelet, and back to dockerd', async (t) => {
  const root = dockerImage(t);
  const first = await bootstrap(root, '--container-runtime', 'containerd', '--enable-docker-bridge', 'true');
  t.equal(first.code, 0, first.stderr);
  t.match(first.stderr, "Flag --enable-docker-bridge was set but will be ignored as it's not relevant to containerd");
  t.match(first.stderr, 'INFO: Using containerd as the container runtime');
  t.match(text(root, 'etc/systemd/system/kubelet.service.d/10-kubelet-args.conf'), /--cloud-provider=aws --container-runtime=remote'\n$/);
  t.same(json(root, CONFIG), DAEMON);
  const second = await bootstrap(root);
  t.equal(second.code, 0, second.stderr);
  t.notOk(existsSync(join(root, 'etc/containerd/config.toml')));
  t.match(text(root, 'etc/systemd/system/kubelet.service'), 'Requires=docker.service');
  t.match((await bootstrap(root)).stderr, 'nothing to do');
});

t.test('without docker.service nothing is written', async (t) => {
  const root = dockerImage(t, { 'usr/lib/systemd/system/docker.service': null });
  const before = stateOf(root);
  const { code, stderr } = await bootstrap(root);
  t.equal(code, 1);
  t.match(stderr, /ERROR: there is no docker\.service in .*; nothing was written/);
  t.same(stateOf(root), before);
});

t.test('plan and preview name the runtime', async (t) => {
  const root = dockerImage(t);
  const plan = await run(['plan', '--root', root, 'my-cluster'], { env: fakes.env });
  t.match(plan.stdout, /kubelet 1\.23\.17, dockerd, amazon-linux-2/);
  const preview = await run(['preview', '--kubernetes-version', '1.21', '--explain', 'containerRuntime', 'bootstrap', 'c']);
  t.match(preview.stdout, /containerRuntime = dockerd\n {4}Kubelets before 1\.24 run with dockerd unless told otherwise\./);
});
