/** The file layout of an EKS image of Amazon Linux 2023, with bootwright and its units in place of nodeadm's. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory, rigDirectory } from './shell.ts';

export const NODEADM_UNITS = ['nodeadm-boot-hook.service', 'nodeadm-config.service', 'nodeadm-run.service'] as const;

/** As the README tells builders of images. */
const installUnits = (root: string): void => {
  const [units, rules] = ['etc/systemd/system', 'etc/udev/rules.d'];
  for (const name of readdirSync(join(projectDirectory, 'systemd'))) {
    const text = readFileSync(join(projectDirectory, 'systemd', name), 'utf8');
    if (!name.endsWith('.rules')) writeFileSync(join(root, units, name), text);
    // The rig's interfaces are no devices of EC2.
    else writeFileSync(join(root, rules, name), text.replace('|vif"', '|vif|veth"'));
  }
  execFileSync('systemctl', ['--root', root, '--quiet', 'enable', ...NODEADM_UNITS]);
};

/** Rules about interfaces and those that systemd itself goes by: events of the host's disks reach a container, too. */
const KEPT_RULES = /-(?:net-|udev-default|systemd\.)/;

/** The image has udev masked; here it has interfaces to tell of. */
const wakeUdev = (root: string): void => {
  for (const unit of ['systemd-udevd.service', 'systemd-udev-trigger.service']) rmSync(join(root, 'etc/systemd/system', unit));
  const rules = join(root, 'usr/lib/udev/rules.d');
  for (const name of readdirSync(rules)) if (!KEPT_RULES.test(name)) rmSync(join(rules, name));
};

/** The machine has as many cores as an m5.large, whatever this one has; the program looks for them where nodeadm does. */
const giveCores = (root: string): void => {
  for (const core of ['cpu0', 'cpu1']) mkdirSync(join(root, 'opt/rig/node/node0', core), { recursive: true });
  const text = '[Manager]\nDefaultEnvironment=CPU_DIR=/opt/rig/cpu NODE_DIR=/opt/rig/node\n';
  mkdirSync(join(root, 'etc/systemd/system.conf.d'), { recursive: true });
  writeFileSync(join(root, 'etc/systemd/system.conf.d/90-rig.conf'), text);
};

export interface Versions {
  readonly kubelet: string;
  readonly containerd: string;
}

export const installAmi2023 = (root: string, versions: Versions): void => {
  cpSync(join(rigDirectory, 'al2023'), root, { recursive: true });
  mkdirSync(join(root, 'etc/eks/nodeadm.d'));
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), `v${versions.kubelet}\n`);
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), `containerd ${versions.containerd}\n`);
  for (const name of ['nodeadm', 'nodeadm-internal']) symlinkSync('bootwright', join(root, 'usr/bin', name));
  giveCores(root);
  wakeUdev(root);
  execFileSync('systemctl', ['--root', root, '--quiet', 'enable', 'systemd-networkd.service', 'systemd-networkd-wait-online.service']);
  installUnits(root);
};
