/** What the machine has left, and how its kernel is set. */
import { NodeError } from '../core/errors.ts';
import { type Check, fail, pass, skip, warn } from './check.ts';
import type { Probes } from './probes.ts';

const KUBERNETES = 'https://kubernetes.io/docs';

/** The kubelet's defaults for evictionHard (pkg/kubelet/apis/config/v1beta1/defaults_linux.go): nodefs 10 %, its inodes 5 %. */
const EVICTED = { free: 0.1, freeInodes: 0.05 } as const;
const NARROW = 0.2;
const PLACES = ['/', '/var/lib/kubelet', '/var/lib/containerd'] as const;

const percent = (share: number): string => `${Math.round(share * 100)} %`;

const disk: Check = {
  id: 'disk',
  title: 'its file systems have room',
  reach: 'machine',
  after: [],
  deadlineMs: 5_000,
  link: `${KUBERNETES}/concepts/scheduling-eviction/node-pressure-eviction/`,
  run: async ({ space }) => {
    const remedy =
      'Free space or use a larger volume: `df -h`, `df -i`, `crictl rmi --prune`; the kubelet evicts pods and takes no new ones.';
    const found = PLACES.flatMap((path) => {
      const left = space(path);
      return left === undefined ? [] : [{ path, ...left }];
    });
    const textOf = ({ path, free, freeInodes }: (typeof found)[number]): string =>
      `${path}: ${percent(free)} free, ${percent(freeInodes)} of its inodes`;
    const full = found.filter(({ free, freeInodes }) => free < EVICTED.free || freeInodes < EVICTED.freeInodes);
    if (full.length > 0) return fail(full.map(textOf).join('; '), remedy);
    const narrow = found.filter(({ free }) => free < NARROW);
    return narrow.length > 0 ? warn(narrow.map(textOf).join('; '), remedy) : pass(found.map(textOf).join('; '));
  },
};

const kibIn = (text: string, key: string): number | undefined => {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
};

const LEAST_MIB = 100;

const memory: Check = {
  id: 'memory',
  title: 'there is memory, and no swap that the kubelet refuses',
  reach: 'machine',
  after: [],
  deadlineMs: 5_000,
  link: `${KUBERNETES}/concepts/architecture/nodes/#swap-memory`,
  run: async ({ text, kubeletFields }) => {
    const available = kibIn(text('/proc/meminfo') ?? '', 'MemAvailable');
    const swaps = (text('/proc/swaps') ?? '').trim().split('\n').slice(1);
    const { failSwapOn } = await kubeletFields();
    if (swaps.length > 0 && failSwapOn !== false)
      return fail(
        `swap is on: ${swaps.map((line) => line.split(/\s/)[0]).join(', ')}`,
        'swapoff -a and remove it from /etc/fstab, or set failSwapOn to false: the kubelet does not start with it.',
      );
    if (available === undefined) return skip('/proc/meminfo does not say');
    const mib = Math.round(available / 1024);
    // The kubelet's default for evictionHard, memory.available.
    return mib < LEAST_MIB
      ? fail(`${mib} MiB of memory are available`, 'See what takes it (`ps aux --sort=-rss`); below 100 MiB the kubelet evicts pods.')
      : pass(`${mib} MiB of memory are available`);
  },
};

/** What the kubelet demands with protectKernelDefaults (pkg/kubelet/cm/container_manager_linux.go). */
const DEMANDED = { 'vm.overcommit_memory': '1', 'kernel.panic': '10', 'kernel.panic_on_oops': '1' } as const;

const settingOf = ({ text }: Probes, name: string): string | undefined => text(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();

const sysctl: Check = {
  id: 'sysctl',
  title: 'the kernel’s settings are those that the kubelet demands',
  reach: 'machine',
  after: [],
  deadlineMs: 5_000,
  link: `${KUBERNETES}/reference/config-api/kubelet-config.v1beta1/`,
  run: async (probes) => {
    const forward = settingOf(probes, 'net.ipv4.ip_forward');
    const { protectKernelDefaults } = await probes.kubeletFields();
    const wrong = Object.entries(DEMANDED).filter(([name, value]) => (settingOf(probes, name) ?? value) !== value);
    if (protectKernelDefaults === true && wrong.length > 0)
      return fail(
        `protectKernelDefaults is on, and ${wrong.map(([name]) => `${name} is ${settingOf(probes, name)}`).join(', ')}`,
        `Set ${wrong.map(([name, value]) => `${name}=${value}`).join(' ')} in /etc/sysctl.d and call \`sysctl --system\`: the kubelet does not start otherwise.`,
      );
    if (forward === '0')
      return warn('net.ipv4.ip_forward is 0', 'Set it to 1 in /etc/sysctl.d: pods reach nothing outside the node otherwise.');
    return pass(protectKernelDefaults === true ? 'as protectKernelDefaults wants them' : 'protectKernelDefaults is off');
  },
};

const CLOUD_FINAL = 'cloud-final.service';

const cloudInit: Check = {
  id: 'cloud-init',
  title: 'user data has run to its end',
  reach: 'machine',
  after: [],
  deadlineMs: 8_000,
  link: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html',
  run: async ({ unit }) => {
    const state = await unit(CLOUD_FINAL).catch((error: unknown) => {
      if (error instanceof NodeError) return error.message;
      throw error;
    });
    // That there is no systemd is told where it matters.
    if (typeof state === 'string') return skip(state);
    const { load, active, sub } = state;
    if (load === 'not-found') return skip(`there is no ${CLOUD_FINAL}`);
    if (active === 'failed') return warn('a script of the user data has failed', 'See the end of /var/log/cloud-init-output.log.');
    if (active !== 'activating') return pass(`${CLOUD_FINAL} is ${active}/${sub}`);
    return warn(
      'scripts of the user data still run',
      'See /var/log/cloud-init-output.log and `systemctl list-jobs`: a `systemctl start` in user data of a unit that waits for cloud-init waits for itself (add --no-block).',
    );
  },
};

export const MACHINE_CHECKS: readonly Check[] = [cloudInit, disk, memory, sysctl];
