/**
 * What every container starts from (OCI runtime specification 1.1), as in an EKS image of Amazon Linux 2023: containerd's own default, with a
 * limit of open files that programs can live with. Keys are sorted, for the file is compared by bytes.
 */
import type { Json } from '../report.ts';

const CAPABILITIES = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

const mount = (destination: string, type: string, options: readonly string[], source = type): Json => ({
  destination,
  options,
  source,
  type,
});

const PROC = ['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi', 'timer_list', 'timer_stats'];

export const BASE_RUNTIME_SPEC_DEFAULT: { readonly [key: string]: Json } = {
  linux: {
    maskedPaths: [...PROC.map((name) => `/proc/${name}`), '/sys/firmware'],
    namespaces: ['ipc', 'mount', 'network', 'pid', 'uts'].map((type) => ({ type })),
    readonlyPaths: ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
    resources: { devices: [{ access: 'rwm', allow: false }] },
  },
  mounts: [
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
  ],
  ociVersion: '1.1.0',
  process: {
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    cwd: '/',
    noNewPrivileges: true,
    rlimits: [{ type: 'RLIMIT_NOFILE', soft: 65536, hard: 1048576 }],
    user: { gid: 0, uid: 0 },
  },
  root: { path: 'rootfs' },
};
