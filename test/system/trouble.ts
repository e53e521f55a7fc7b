/** What goes wrong around a bootstrap on a real systemd, and what is said about it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { comesUp, invocationsOf, kubeletArguments } from '../rig/bootstrapped.ts';
import { makeCloud } from '../rig/ec2.ts';
import { makeNetwork } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';
import { complaintOf } from '../rig/shell.ts';

const AMI = { kubelet: '1.32.3', containerd: '1.6' } as const;
const DROP_IN = ['/etc/eks/bootstrap.sh', 'my-cluster'];
const OWN = ['/usr/bin/bootwright', 'bootstrap', 'my-cluster', '--verify', 'started'];

t.test('a kubelet that does not stay up', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const node = await cloud.launch(t, AMI);
  // Else systemd starts it again and again, and only the deadline of 30 s ends the verification.
  mkdirSync(join(node.root, 'etc/systemd/system/kubelet.service.d'));
  node.write('etc/systemd/system/kubelet.service.d/90-test.conf', '[Service]\nRestart=no\n');
  await node.boot();

  const dropIn = await node.exec([...DROP_IN, '--kubelet-extra-args', '--crash']);
  t.equal(dropIn.code, 0, 'the old name ends as bootstrap.sh did');
  t.match(dropIn.stderr, /WARNING: .*kubelet/);
  t.match(dropIn.stderr, /unknown flag: --crash/, 'with the decisive line of the journal');
  t.match(dropIn.stderr, /INFO: complete!/);

  const own = await node.exec([...OWN, '--kubelet-extra-args', '--crash']);
  t.equal(own.code, 40, 'the own name fails');
  t.match(own.stderr, /unknown flag: --crash/);

  await node.must([...DROP_IN, '--kubelet-extra-args', '--v=3']);
  await comesUp(t, node);
  t.equal(kubeletArguments(node).at(-1), '--v=3', 'the next call with good arguments mends it');
});

t.test('two runs at once', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const node = await cloud.launch(t, AMI);
  await node.boot();
  const both = await Promise.all([
    node.exec([...DROP_IN, '--kubelet-extra-args', '--v=3']),
    node.exec([...DROP_IN, '--kubelet-extra-args', '--v=4']),
  ]);
  t.match(both, [{ code: 0 }, { code: 0 }], 'one waits for the other');
  await comesUp(t, node);
  const before = await invocationsOf(node);
  await node.must([...DROP_IN, '--kubelet-extra-args', String(kubeletArguments(node).at(-1))]);
  t.strictSame(await invocationsOf(node), before, 'and the last one has left nothing half-done');
});

t.test('a registry that refuses does not keep the kubelet from starting', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  cloud.fakes.aws.fault({
    on: 'GetAuthorizationToken',
    kind: 'status',
    status: 400,
    body: '{"__type":"AccessDeniedException","message":"not authorized"}',
  });
  const node = await cloud.launch(t, { ...AMI, templates: false });
  await node.boot();
  const run = await node.exec(DROP_IN);
  t.equal(complaintOf(run), '');
  await comesUp(t, node);
  t.equal((await node.exec(['systemctl', 'is-failed', 'sandbox-image'])).stdout, 'failed\n');
});
