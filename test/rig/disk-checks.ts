/** What tests ask of a machine whose disks were set up. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Part } from './parts.ts';
import type { Machine } from './uml.ts';

export const MACHINE_PARTS: readonly Part[] = ['linux', 'x64', 'root', 'rootfs', 'nspawn', 'uml', 'systemctl'];

/** Two services in place of containerd and kubelet, which say by their start what they found. */
const service = (name: string, directory: string): string => `[Service]
ExecStart=/bin/sh -c 'ls ${directory} >/var/tmp/${name}-found; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

export const withServices = ({ root }: Machine): void => {
  for (const name of ['kubelet', 'containerd']) {
    writeFileSync(join(root, `etc/systemd/system/${name}.service`), service(name, `/var/lib/${name}`));
  }
};

/** All that a run could have touched: units with their invocations, mounts, arrays, and files with inode and change time. */
export const stateOf = (machine: Machine): Promise<string> =>
  machine.must(`
    cat /proc/mdstat; findmnt --real --noheadings --list | sort; blkid -p /dev/ubd* /dev/md* || true
    find /etc/systemd/system /.aws /var/lib/kubelet /var/lib/containerd -printf '%p %T@ %i %m %s\\n' | sort
    systemctl show -P InvocationID kubelet containerd mnt-k8s\\\\x2ddisks-0.mount`);

export const mountsOf = (machine: Machine): Promise<string> =>
  machine.must('findmnt --real --noheadings --raw -o TARGET,SOURCE,FSTYPE | grep -E "k8s|/var" | sort');

export const isConverged = async (t: Test, machine: Machine, command: string): Promise<void> => {
  const before = await stateOf(machine);
  const { code, stderr } = await machine.run(command);
  t.equal(code, 0, stderr);
  t.match(stderr, /^Nothing to do\.$/m, 'a second run says that there is nothing to do');
  t.equal(await stateOf(machine), before, 'and touches nothing');
  t.match(await machine.must(command.replace(/ (?=\w+$)/, ' --plan ')), /^Nothing to do\.$/m, 'a plan says the same');
};
