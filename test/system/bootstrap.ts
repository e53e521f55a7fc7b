/** The replacement of bootstrap.sh on a node with a real systemd, containerd 1.6 and cloud-init; the kubelet is a stand-in. */
import t from 'tap';
import { comesUp, filesOf, invocationsOf, kubeletArguments } from '../rig/bootstrapped.ts';
import { makeCloud } from '../rig/ec2.ts';
import { makeNetwork } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';

const AMI = { kubelet: '1.32.3', containerd: '1.6' } as const;
const USER_DATA = `#!/bin/bash
set -o xtrace
/etc/eks/bootstrap.sh my-cluster --kubelet-extra-args '--node-labels=tier=web,team=a --v=4'
`;
/** The same by hand, as an administrator would repeat it. */
const CALL = ['bash', '/etc/eks/bootstrap.sh', 'my-cluster', '--kubelet-extra-args', '--node-labels=tier=web,team=a --v=4'];

t.test('from user data to a running kubelet, and then only what changes', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const node = await cloud.launch(t, AMI, USER_DATA);
  await node.boot();

  await t.test('user data starts the kubelet', async (t) => {
    t.match(await node.must(['cloud-init', 'status', '--wait', '--long']), /^status: done$/m);
    await comesUp(t, node);
    t.strictSame(kubeletArguments(node).slice(-8), [
      '/etc/eks/image-credential-provider',
      `--node-ip=${cloud.network.node}`,
      '--pod-infra-container-image=602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5',
      '--v=2',
      `--hostname-override=${cloud.facts.instance.privateDnsName}`,
      '--cloud-provider=external',
      '--node-labels=tier=web,team=a',
      '--v=4',
    ]);
    t.match(node.read('var/log/cloud-init-output.log'), /\[eks-bootstrap\] INFO: complete!/);
    t.match(await node.must(['ctr', '-n', 'k8s.io', 'images', 'ls', '-q']), /\/eks\/pause:3\.5$/m, 'the pause image was pulled');
    t.match(await node.must(['cat', '/proc/mounts']), /^\S+ \/sys\/fs\/bpf bpf /m, 'the BPF file system is mounted');
  });

  await t.test('the same again touches nothing', async (t) => {
    const before = { files: await filesOf(node), invocations: await invocationsOf(node) };
    t.match(await node.must(CALL), '');
    t.equal(await filesOf(node), before.files, 'no file');
    t.strictSame(await invocationsOf(node), before.invocations, 'no unit');
  });

  await t.test('other extra arguments restart the kubelet alone', async (t) => {
    const before = await invocationsOf(node);
    await node.must([...CALL.slice(0, -1), '--v=5']);
    await comesUp(t, node);
    const after = await invocationsOf(node);
    t.not(after['kubelet.service'], before['kubelet.service']);
    t.equal(after['containerd.service'], before['containerd.service']);
    t.equal(kubeletArguments(node).at(-1), '--v=5');
  });

  await t.test('another pause image reaches containerd too', async (t) => {
    const before = await invocationsOf(node);
    await node.must([...CALL, '--pause-container-version', '3.9']);
    await comesUp(t, node);
    t.not((await invocationsOf(node))['containerd.service'], before['containerd.service']);
    t.match(node.read('etc/containerd/config.toml'), '/eks/pause:3.9');
    t.match(await node.must(['ctr', '-n', 'k8s.io', 'images', 'ls', '-q']), /\/eks\/pause:3\.9$/m);
  });

  await t.test('a reboot brings the kubelet back without user data', async (t) => {
    await node.reboot();
    await comesUp(t, node);
    const before = { files: await filesOf(node), invocations: await invocationsOf(node) };
    await node.must([...CALL, '--pause-container-version', '3.9']);
    t.equal(await filesOf(node), before.files, 'and nothing is left to do');
    t.strictSame(await invocationsOf(node), before.invocations);
  });
});
