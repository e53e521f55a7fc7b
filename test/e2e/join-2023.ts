/** The whole way on Amazon Linux 2023: a NodeConfig in user data, cloud-init, the units of systemd/, containerd 2, kubelet: Ready, and again after a reboot. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { filesOf } from '../rig/bootstrapped.ts';
import { makeControlPlane } from '../rig/control-plane.ts';
import { makeCloud } from '../rig/ec2.ts';
import { authenticatorFor, becomesReady, comesBackAfter, configz, JOIN_PARTS, type NodeObject, RIG_ONLY, whyNot } from '../rig/join.ts';
import { makeNetwork } from '../rig/node.ts';
import { needs } from '../rig/parts.ts';

t.test('a NodeConfig makes a node, and makes it again after a reboot', { timeout: 120_000 }, async (t) => {
  if (!needs(t, ...JOIN_PARTS)) return;
  const network = await makeNetwork(t);
  const nodeName = `ip-${network.node.replaceAll('.', '-')}.us-west-2.compute.internal`;
  const cluster = await makeControlPlane(t, network, authenticatorFor(nodeName));
  const { endpoint: apiServerEndpoint, certificateAuthority } = cluster;
  const cloud = await makeCloud(t, network, { endpoint: apiServerEndpoint, certificateAuthority });
  // JSON is YAML: user data may be either.
  const document = {
    apiVersion: 'node.eks.aws/v1alpha1',
    kind: 'NodeConfig',
    spec: {
      cluster: { name: 'my-cluster', apiServerEndpoint, certificateAuthority, cidr: '10.100.0.0/16' },
      kubelet: { config: { ...RIG_ONLY, registryPullQPS: 7 }, flags: ['--node-labels=tier=web,team=a'] },
    },
  };
  const ami = { system: 'amazon-linux-2023', kubelet: 'built', containerd: '2' } as const;
  const node = await cloud.launch(t, ami, JSON.stringify(document));
  rmSync(join(node.root, 'usr/bin/aws')); // it cannot sign; without it the kubeconfig names bootwright

  const started = performance.now();
  t.equal(await node.boot(), 'running', 'no unit has failed');
  t.comment(`from power-on to the end of nodeadm-run: ${Math.round(performance.now() - started)} ms`);
  await becomesReady(cluster, nodeName).catch((error: Error) => whyNot(error, cluster, node));
  t.comment(`from power-on to Ready: ${Math.round(performance.now() - started)} ms`);

  const object = JSON.parse(await cluster.kubectl('get', 'node', nodeName, '-o', 'json')) as NodeObject;
  t.equal(object.spec.providerID, 'aws:///us-west-2a/i-0123456789abcdef0');
  t.match(object.metadata.labels, { tier: 'web', team: 'a' });
  t.equal(object.status.allocatable.pods, '29');
  t.match(object.status.nodeInfo.containerRuntimeVersion, 'containerd://2.');
  t.strictSame([...new Set(cluster.verdicts)], [`system:node:${nodeName}`], 'every token passed the strict verifier');
  const { enforceNodeAllocatable: _empty, ...told } = RIG_ONLY; // what is empty is left out
  const wanted = { ...told, registryPullQPS: 7, maxPods: 29, clusterDNS: ['10.100.0.10'], shutdownGracePeriod: '2m30s' };
  t.match(await configz(cluster, nodeName), wanted, 'config.json with the drop-in over it');

  const before = await filesOf(node);
  await comesBackAfter(node.reboot(), cluster, node, nodeName);
  t.equal(await filesOf(node), before, 'no file was written again');
});
