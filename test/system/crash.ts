/** The plug is pulled in the middle of a bootstrap: every file is whole, and the next run finishes the work. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { comesUp, contentsOf } from '../rig/bootstrapped.ts';
import { type Cloud, makeCloud } from '../rig/ec2.ts';
import { makeNetwork, type RigNode } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';

const AMI = { kubelet: '1.32.3', containerd: '1.6' } as const;
const CALL = ['/etc/eks/bootstrap.sh', 'my-cluster', '--kubelet-extra-args', '--v=4'];

type Contents = { readonly [path: string]: string };

/** Names of temporary files begin with a dot; nobody reads them. */
const isTemporary = (path: string): boolean => path.includes('/.');

/** The disk of the rig is memory, on which all is written in a few milliseconds: this one takes 20 ms for each fsync. */
const ON_A_SLOW_DISK = ['strace', '-f', '-qqq', '-o', '/dev/null', '-e', 'trace=fsync', '-e', 'inject=fsync:delay_enter=20000'];

/** Pulls the plug as soon as a file is there: the program is then about to write the next one. */
const crashOnceThere = async (node: RigNode, path: string): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!lstatSync(join(node.root, path), { throwIfNoEntry: false })) {
    if (performance.now() > deadline) throw new Error(`${path} did not come`);
    await yieldToOthers();
  }
  await node.crash();
};

const crashesAfter = async (t: Test, cloud: Cloud, file: string, untouched: Contents, wanted: Contents): Promise<void> => {
  const node = await cloud.launch(t, AMI);
  await node.boot();
  await Promise.all([node.exec(CALL, { under: ON_A_SLOW_DISK }), crashOnceThere(node, file)]);

  await node.boot();
  const left = await contentsOf(node);
  const broken = Object.keys(left).filter((path) => left[path] !== wanted[path] && left[path] !== untouched[path] && !isTemporary(path));
  t.strictSame(broken, [], 'no file is half-written');
  t.comment(`${Object.keys(wanted).filter((path) => left[path] !== wanted[path]).length} files were left to write`);

  await node.must(CALL);
  t.strictSame(await contentsOf(node), wanted, 'the next run converges');
  await comesUp(t, node);
  await node.stop();
};

t.test('a crash, a reboot, the same call again', async (t) => {
  if (!needs(t, ...NODE_PARTS, 'strace')) return;
  const cloud = await makeCloud(t, await makeNetwork(t));

  const undisturbed = await cloud.launch(t, AMI);
  await undisturbed.boot();
  const untouched = await contentsOf(undisturbed);
  await undisturbed.must(CALL);
  const wanted = await contentsOf(undisturbed);
  await undisturbed.stop();

  const moments = [
    'var/lib/bootwright/intent.json',
    'etc/kubernetes/pki/ca.crt',
    'etc/systemd/system/kubelet.service',
    'etc/systemd/system/multi-user.target.wants/kubelet.service',
  ];
  for (const file of moments) {
    await t.test(`once ${file} is there`, (t) => crashesAfter(t, cloud, file, untouched, wanted));
  }
});
