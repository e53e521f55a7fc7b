/** `--root DIR`: an image is prepared on another machine, and the node that boots from it starts its kubelet. */
import t from 'tap';
import { comesUp, filesOf, kubeletArguments } from '../rig/bootstrapped.ts';
import { makeCloud } from '../rig/ec2.ts';
import { executable } from '../rig/executable.ts';
import { makeNetwork } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';
import { complaintOf, run } from '../rig/shell.ts';

t.test('an image is bootstrapped in its directory, then booted', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const node = await cloud.launch(t, { kubelet: '1.32.3', containerd: '1.6' });
  node.write('etc/eks/kubelet-version.txt', 'v1.32.3\n');
  node.write('etc/eks/containerd-version.txt', '1.6.20\n');

  // The systemd of the rig refuses the unit that an image without bpffs would get; Amazon Linux 2's takes it.
  const args = ['bootstrap', 'my-cluster', '--mount-bpf-fs', 'false'];
  const env = { PATH: process.env['PATH'], ...cloud.fakes.env };
  const first = await run(await executable(), [...args, '--root', node.root, '--json'], { env });
  t.equal(complaintOf(first), '');
  t.match(first.stdout, /"status": "skipped"/, 'the report lists what an image has no use for');
  t.equal((await run('systemctl', ['--root', node.root, 'is-enabled', 'kubelet', 'containerd'])).stdout, 'enabled\nenabled\n');

  await node.boot();
  await comesUp(t, node);
  t.match(kubeletArguments(node), [/^--config$/]);

  const before = await filesOf(node);
  await node.must(['/usr/bin/bootwright', ...args, '--verify', 'started']);
  t.equal(await filesOf(node), before, 'the live run finds nothing left to write');
});
