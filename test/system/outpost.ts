/** A node of a local cluster on an Outpost under a real systemd; the kubelet is a stand-in. */
import t from 'tap';
import { exampleCluster } from '../fakes/example.ts';
import { kubeletArguments } from '../rig/bootstrapped.ts';
import { makeCloud } from '../rig/ec2.ts';
import { makeNetwork } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';

const CALL = ['bash', '/etc/eks/bootstrap.sh', 'my-cluster'];

t.test('a local cluster on an Outpost: the kubelet makes its own kubeconfig, and keeps it', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const outpost = { id: '5bd5d1d7-9a0d-4f53-8b4c-0a3b1e6c7d11', outpostArn: 'arn:aws:outposts:us-west-2:1:outpost/op-1' };
  const cloud = await makeCloud(t, await makeNetwork(t), outpost);
  const node = await cloud.launch(t, { kubelet: '1.32.3', containerd: '1.6' });
  await node.boot();
  const host = new URL(exampleCluster().endpoint).hostname;

  const unknown = await node.exec(CALL);
  t.equal(unknown.code, 1);
  t.match(unknown.stderr, `ERROR: no address of ${host} was found`);
  t.notMatch(node.read('etc/hosts'), host, 'nothing was written');

  const line = `10.99.99.99 ${host} # of the administrator\n`;
  node.write('etc/hosts', `${node.read('etc/hosts')}${line}`);
  await node.must(CALL);
  t.match(node.read('etc/hosts'), new RegExp(`^[^]*${line}$`), 'a line that is there counts');
  t.match(kubeletArguments(node).slice(-2), ['--bootstrap-kubeconfig', '/var/lib/kubelet/bootstrap-kubeconfig']);
  t.match(node.read('var/lib/kubelet/bootstrap-kubeconfig'), outpost.id);
  t.match(node.read('var/lib/kubelet/kubeconfig'), 'made by the kubelet');
  t.match((await node.exec(CALL)).stderr, 'nothing to do');
});
