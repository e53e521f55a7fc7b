/** A node with dockerd under a real systemd, with real iptables; docker itself and the kubelet are stand-ins. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { kubeletArguments } from '../rig/bootstrapped.ts';
import { makeCloud } from '../rig/ec2.ts';
import { makeNetwork, type RigNode, until } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';

const CALL = ['bash', '/etc/eks/bootstrap.sh', 'my-cluster'];
const DOCKER = `[Service]
# As docker does: rules of its own, and nobody may be forwarded.
ExecStartPre=/sbin/iptables -P FORWARD DROP
ExecStart=/usr/bin/dockerd
[Install]
WantedBy=multi-user.target
`;
const DAEMON = '{\n  "bridge": "none",\n  "live-restore": true\n}\n';
const UNITS = ['docker.service', 'kubelet.service', 'iptables-restore.service'];

const invocationsOf = async (node: RigNode): Promise<{ [unit: string]: string }> => {
  const texts = await Promise.all(UNITS.map((unit) => node.must(['systemctl', 'show', '-P', 'InvocationID', unit])));
  return Object.fromEntries(UNITS.map((unit, i) => [unit, texts[i]?.trim() ?? '']));
};
const isUp = (node: RigNode): Promise<string> =>
  until('docker and the kubelet run', 20_000, async () => {
    const { code, stdout } = await node.exec(['systemctl', 'is-active', 'docker', 'kubelet']);
    return code === 0 ? stdout : undefined;
  });

t.test('docker, the kubelet, and the firewall as it was before', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const node = await cloud.launch(t, { kubelet: '1.23.17', containerd: '1.6' });
  node.write('usr/bin/dockerd', '#!/bin/sh\nexec sleep infinity\n', 0o755);
  node.write('usr/lib/systemd/system/docker.service', DOCKER);
  mkdirSync(join(node.root, 'etc/docker'));
  node.write('etc/docker/daemon.json', DAEMON);
  await node.boot();
  await node.must(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '4242', '-j', 'ACCEPT']);

  await t.test('bootstrap starts both', async (t) => {
    await node.must(CALL);
    await isUp(node);
    const args = kubeletArguments(node);
    t.strictSame(args.slice(4, 8), ['--container-runtime', 'docker', '--network-plugin', 'cni']);
    t.equal(args.at(-1), '--cloud-provider=aws');
    t.equal(node.read('etc/docker/daemon.json'), DAEMON);
    const rules = node.read('etc/sysconfig/iptables');
    t.match(rules, '--dport 4242');
    t.match(rules, ':FORWARD ACCEPT [0:0]', 'as it was before docker was started');
    t.equal(await node.must(['systemctl', 'is-enabled', ...UNITS]), 'enabled\nenabled\nenabled\n');
    t.equal((await invocationsOf(node))['iptables-restore.service'], '', 'restored at boot, not now');
  });

  await t.test('the same again touches nothing, though the rules are others by now', async (t) => {
    await node.must(['iptables', '-N', 'KUBE-SERVICES']);
    const before = await invocationsOf(node);
    t.match((await node.exec(CALL)).stderr, 'nothing to do');
    t.strictSame(await invocationsOf(node), before);
    t.notMatch(node.read('etc/sysconfig/iptables'), 'KUBE-SERVICES');
  });

  await t.test('a bridge restarts docker, and with it the kubelet', async (t) => {
    const before = await invocationsOf(node);
    await node.must([...CALL, '--enable-docker-bridge', 'true']);
    await isUp(node);
    const after = await invocationsOf(node);
    t.not(after['docker.service'], before['docker.service']);
    t.not(after['kubelet.service'], before['kubelet.service']);
    t.same(JSON.parse(node.read('etc/docker/daemon.json')), { bridge: 'docker0', 'live-restore': false });
  });

  await t.test('a reboot brings all of it back', async (t) => {
    await node.reboot();
    await isUp(node);
    const rules = await until('the rules are restored', 20_000, async () => {
      const text = await node.must(['iptables-save']);
      return text.includes('--dport 4242') ? text : undefined;
    });
    t.notMatch(rules, 'KUBE-SERVICES');
    t.match((await node.exec([...CALL, '--enable-docker-bridge', 'true'])).stderr, 'nothing to do');
  });
});
