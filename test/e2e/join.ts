/** The whole way with the real parts: user data, cloud-init, bootwright, containerd, kubelet, token, API server: Ready. */
import t, { type Test } from 'tap';
import type { Ami } from '../rig/ami.ts';
import { filesOf, invocationsOf } from '../rig/bootstrapped.ts';
import { makeClusterNode } from '../rig/cluster-node.ts';
import type { ControlPlane } from '../rig/control-plane.ts';
import { becomesReady, comesBackAfter, configz, JOIN_PARTS, type NodeObject, whyNot } from '../rig/join.ts';
import { type RigNode, until } from '../rig/node.ts';
import { needs } from '../rig/parts.ts';

const USER_DATA = `#!/bin/bash
/etc/eks/bootstrap.sh my-cluster --kubelet-extra-args '--node-labels=tier=web,team=a'
`;
const CALL = ['/etc/eks/bootstrap.sh', 'my-cluster', '--kubelet-extra-args', '--node-labels=tier=web,team=a'];

const secondRunTouchesNothing = async (t: Test, node: RigNode): Promise<void> => {
  const before = { files: await filesOf(node), invocations: await invocationsOf(node) };
  const started = performance.now();
  await node.must(CALL);
  t.comment(`the second run took ${Math.round(performance.now() - started)} ms`);
  t.equal(await filesOf(node), before.files, 'no file changed');
  t.strictSame(await invocationsOf(node), before.invocations, 'no unit restarted');
};

const joins = async (t: Test, ami: Ami): Promise<void> => {
  const { network, cluster, node, nodeName } = await makeClusterNode(t, ami, USER_DATA);
  const started = performance.now();
  await node.boot();
  t.match(await node.must(['cloud-init', 'status', '--wait', '--long']), /^status: done$/m, 'user data ran');
  t.comment(`from power-on to the end of user data: ${Math.round(performance.now() - started)} ms`);
  await becomesReady(cluster, nodeName).catch((error: Error) => whyNot(error, cluster, node));
  t.comment(`from power-on to Ready: ${Math.round(performance.now() - started)} ms`);

  const object = JSON.parse(await cluster.kubectl('get', 'node', nodeName, '-o', 'json')) as NodeObject;
  t.equal(object.spec.providerID, 'aws:///us-west-2a/i-0123456789abcdef0');
  t.match(object.metadata.labels, { tier: 'web', team: 'a' });
  t.equal(object.status.allocatable.pods, '29');
  t.match(object.status.addresses, [{ type: 'InternalIP', address: network.node }]);
  t.match(object.status.nodeInfo.containerRuntimeVersion, `containerd://${ami.containerd}.`);
  t.match(await node.must(['ctr', '-n', 'k8s.io', 'images', 'ls', '-q']), /\/eks\/pause:3\.5$/m, 'the pause image came from the registry');
  t.strictSame([...new Set(cluster.verdicts)], [`system:node:${nodeName}`], 'every token passed the strict verifier');
  t.match(await configz(cluster, nodeName), {
    cgroupsPerQOS: false,
    oomScoreAdj: 0,
    maxPods: 29,
    clusterDNS: ['10.100.0.10'],
    cgroupDriver: 'systemd',
    serverTLSBootstrap: true,
  });

  await secondRunTouchesNothing(t, node);

  await comesBackAfter(node.reboot(), cluster, node, nodeName);
  t.pass('after a reboot the kubelet is back without user data');

  await labelsComeTooLate(t, cluster, node, nodeName);
};

/** What the warning `after-registration` says, shown by the kubelet itself. */
const labelsComeTooLate = async (t: Test, cluster: ControlPlane, node: RigNode, nodeName: string): Promise<void> => {
  const { code, stderr } = await node.exec([...CALL.slice(0, -1), '--node-labels=tier=db,team=a --max-pods=17']);
  t.equal(code, 0);
  t.match(stderr, /--node-labels has tier=db, and the kubelet was started without/);
  const { metadata } = await until('the kubelet reports its new limit', 30_000, async () => {
    const object = JSON.parse(await cluster.kubectl('get', 'node', nodeName, '-o', 'json')) as NodeObject;
    return object.status.allocatable.pods === '17' ? object : undefined;
  });
  t.match(metadata.labels, { tier: 'web', team: 'a' }, 'the labels of the registration stay');
};

t.test('containerd 1.7 with the texts of the image', { timeout: 120_000 }, async (t) => {
  if (!needs(t, ...JOIN_PARTS)) return;
  await joins(t, { kubelet: 'built', containerd: '1.7' });
});

t.test('containerd 2 with our own texts', { timeout: 120_000 }, async (t) => {
  if (!needs(t, ...JOIN_PARTS)) return;
  await joins(t, { kubelet: 'built', containerd: '2', templates: false });
});
