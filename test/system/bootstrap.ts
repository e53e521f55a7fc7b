/** The replacement of bootstrap.sh on a node with a real systemd, containerd 1.6 and cloud-init; the kubelet is a stand-in. */
import t from 'tap';
import { exampleCluster } from '../fakes/example.ts';
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

/** The own part patches the script, as many do to get an argument in, and edits the kubelet's file; then comes what EKS adds. */
const managedGroupUserData = (endpoint: string, ca: string): string => `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
set -o errexit
sed -i 's/KUBELET_EXTRA_ARGS=$2/KUBELET_EXTRA_ARGS="$2 --v=3"/' /etc/eks/bootstrap.sh
sed -i 's/"serializeImagePulls": false,/&\\n  "containerLogMaxFiles": 7,/' /etc/kubernetes/kubelet/kubelet-config.json

--//
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
set -ex
B64_CLUSTER_CA=${ca}
API_SERVER_URL=${endpoint}
K8S_CLUSTER_DNS_IP=172.20.0.10
/etc/eks/bootstrap.sh my-cluster --kubelet-extra-args '--node-labels=eks.amazonaws.com/nodegroup=web,eks.amazonaws.com/capacityType=SPOT --max-pods=17' --b64-cluster-ca $B64_CLUSTER_CA --apiserver-endpoint $API_SERVER_URL --dns-cluster-ip $K8S_CLUSTER_DNS_IP --use-max-pods false

--//--
`;

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

t.test('MIME user data, as a managed node group merges it: the own part, then that of EKS', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const { endpoint, certificateAuthority } = cloud.facts.cluster ?? exampleCluster();
  const node = await cloud.launch(t, { ...AMI, templates: false }, managedGroupUserData(endpoint, certificateAuthority));
  await node.boot();
  t.match(await node.must(['cloud-init', 'status', '--wait', '--long']), /^status: done$/m);
  await comesUp(t, node);
  t.strictSame(kubeletArguments(node).slice(-3), [
    '--node-labels=eks.amazonaws.com/nodegroup=web,eks.amazonaws.com/capacityType=SPOT',
    '--max-pods=17',
    '--v=3',
  ]);
  t.match(node.read('etc/kubernetes/kubelet/kubelet-config.json'), '"172.20.0.10"');
  t.notMatch(node.read('etc/kubernetes/kubelet/kubelet-config.json'), 'maxPods');
  t.match(
    node.read('etc/kubernetes/kubelet/kubelet-config.json'),
    '"containerLogMaxFiles": 7',
    'what the own part put there is still there',
  );
  t.equal(cloud.fakes.aws.count('DescribeCluster'), 0, 'the cluster was given');
});
