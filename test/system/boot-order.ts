/**
 * The units of systemd/ in a boot, beside cloud-init's in every order that it is known to have: all run, each in its place. A unit that
 * systemd leaves out to break a cycle is missing there; what systemd says of it is lost in a container, as it comes before the journal.
 */
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NODEADM_UNITS } from '../rig/ami-2023.ts';
import { CLOUD_INITS, type CloudInit, installCloudInit, networkStageOf } from '../rig/cloud-init.ts';
import { type Cloud, makeCloud } from '../rig/ec2.ts';
import { makeNetwork, type RigNode } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';
import { run } from '../rig/shell.ts';

const AMI = { system: 'amazon-linux-2023', kubelet: '1.32.3', containerd: '1.6' } as const;
const UNITS = '/etc/systemd/system/';
const CYCLE = /ordering cycle/i;

/** systemd's messages for a unit (sd-messages.h, SD_MESSAGE_UNIT_STARTING and SD_MESSAGE_UNIT_STARTED). */
const EVENTS: Readonly<Record<string, string>> = {
  '7d4958e842da4a758f6c1cdc7b36dcc5': 'starts',
  '39f53479d3a045ac8e11786248231fbf': 'is done',
};

/** What became of these units in this boot, in the order in which it came. */
const eventsOf = async (node: RigNode, units: readonly string[]): Promise<readonly string[]> => {
  const ids = Object.keys(EVENTS).map((id) => `MESSAGE_ID=${id}`);
  const lines = await node.must(['journalctl', '-b', '-q', '-o', 'json', '--output-fields=UNIT,MESSAGE_ID', ...ids]);
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly UNIT: string; readonly MESSAGE_ID: string })
    .filter(({ UNIT }) => units.includes(UNIT))
    .map(({ UNIT, MESSAGE_ID }) => `${UNIT} ${EVENTS[MESSAGE_ID]}`);
};

/** Says when it was called and with what: here only the order counts. */
const RECORDER = '#!/bin/sh\necho "$*" >>/var/tmp/nodeadm-calls\n';
const USER_DATA = '#!/bin/sh\necho user data >>/var/tmp/nodeadm-calls\n';
const CALLS = `init --skip run --config-source imds://user-data --config-cache /run/eks/nodeadm/config.json
user data
init --skip config --config-source imds://user-data --config-source file:///etc/eks/nodeadm.d/ --config-cache /run/eks/nodeadm/config.json
`;

const launch = async (t: Test, cloud: Cloud, cloudInit: CloudInit): Promise<RigNode> => {
  const node = await cloud.launch(t, AMI, USER_DATA);
  rmSync(join(node.root, 'usr/bin/nodeadm'));
  node.write('usr/bin/nodeadm', RECORDER, 0o755);
  installCloudInit(node.root, cloudInit);
  return node;
};

for (const cloudInit of CLOUD_INITS)
  t.test(`a boot with the cloud-init of ${cloudInit}`, { timeout: 120_000 }, async (t) => {
    if (!needs(t, ...NODE_PARTS)) return;
    const cloud = await makeCloud(t, await makeNetwork(t));
    const node = await launch(t, cloud, cloudInit);
    t.equal(await node.boot(), 'running', 'no unit has failed');
    t.match(await node.must(['cloud-init', 'status', '--wait', '--long']), /^status: done$/m);
    const [bootHook, config, runs] = NODEADM_UNITS;
    const chain = [
      ...[bootHook, 'systemd-networkd-wait-online.service', config],
      ...[networkStageOf(cloudInit), 'cloud-config.service', 'cloud-final.service', runs],
    ];
    t.strictSame(
      await eventsOf(node, chain),
      chain.flatMap((unit) => [`${unit} starts`, `${unit} is done`]),
    );
    t.equal(node.read('var/tmp/nodeadm-calls'), CALLS);
    t.equal(await node.must(['cat', '/etc/eks/nodeadm/udev-net-manager/i-0123456789abcdef0/eth0']), 'io.systemd.Network');
    await node.stop();
  });

t.test('systemd-analyze verify finds nothing wrong and no cycle', async (t) => {
  if (!needs(t, ...NODE_PARTS, 'systemd-analyze')) return;
  const verify = async (root: string, ...words: readonly string[]): Promise<string> =>
    (await run('chroot', [root, 'systemd-analyze', 'verify', '--man=no', ...words])).stderr;
  const verdict = async (cloudInit: CloudInit, files: Readonly<Record<string, string>> = {}): Promise<string> => {
    const cloud = await makeCloud(t, await makeNetwork(t));
    const node = await launch(t, cloud, cloudInit);
    for (const [path, text] of Object.entries(files)) node.write(path, text);
    symlinkSync('/usr/lib/systemd/system/cloud-init.target', join(node.root, `${UNITS}multi-user.target.wants/cloud-init.target`));
    const said = await verify(node.root, 'multi-user.target');
    node.write('usr/bin/bootwright', '', 0o755); // bound when it boots, and verify looks for it
    const units = ['--recursive-errors=yes', ...NODEADM_UNITS, 'udev-net-manager@eth0.service'];
    if (Object.keys(files).length === 0) t.equal(await verify(node.root, ...units), '', `the units by themselves, ${cloudInit}`);
    await node.stop();
    return said;
  };
  for (const cloudInit of CLOUD_INITS) t.notMatch(await verdict(cloudInit), /cycle|nodeadm|udev-net-manager/, cloudInit);
  const asUpstream = {
    'etc/systemd/system/nodeadm-run.service':
      '[Unit]\nRequires=nodeadm-config.service\nAfter=nodeadm-config.service cloud-final.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
  };
  t.match(await verdict('debian-22.4', asUpstream), CYCLE, 'one would be told');
  t.match(await verdict('rhel-24.4', asUpstream), CYCLE);
  t.notMatch(await verdict('amazon-22.2', asUpstream), CYCLE, 'on Amazon Linux 2023 today there is none');
});
