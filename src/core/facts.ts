/**
 * Facts: what the world says about this node, as plain JSON that can be saved and replayed on a laptop.
 * `undefined` (absent key) = not asked; `null` = asked, and it is not there.
 */
import type { Origin } from './report.ts';
import type { IpFamily } from './spec.ts';

export interface InstanceFacts {
  readonly id?: string;
  readonly type?: string;
  readonly region?: string;
  readonly availabilityZone?: string;
  /** IMDS `services/domain`: `amazonaws.com`, `amazonaws.com.cn` … */
  readonly domain?: string;
  readonly mac?: string;
  readonly localIpv4?: string | null;
  readonly ipv6s?: readonly string[] | null;
  readonly vpcIpv4Cidrs?: readonly string[] | null;
  /** EC2 DescribeInstances, not IMDS: the name the control plane expects. */
  readonly privateDnsName?: string;
}

/** The part of DescribeCluster that decides something. */
export interface ClusterFacts {
  readonly name: string;
  readonly status: string;
  readonly endpoint: string;
  /** PEM bundle as base64. */
  readonly certificateAuthority: string;
  readonly ipFamily: IpFamily | null;
  readonly serviceIpv4Cidr: string | null;
  readonly serviceIpv6Cidr: string | null;
  /** Outposts local clusters only. */
  readonly id: string | null;
  readonly outpostArn: string | null;
}

/** Limits of an instance type, from the table or DescribeInstanceTypes. Counts of the default network card. */
export interface InstanceLimits {
  readonly enis: number;
  readonly ipv4PerEni: number;
}

/** What a low-level probe (`blkid -p`) found on a block device. */
export interface Signature {
  /** `xfs`, `swap`, `linux_raid_member`, `LVM2_member`, `dos partition table`; `several` where more than one kind of data is there. */
  readonly type: string;
  /** Of the file system; of a member: that of its array, as 8-4-4-4-12 digits. */
  readonly uuid?: string;
  /** By its own bytes it was never finished, or never ran (disks/unfinished.ts). */
  readonly unfinished?: true;
}

/** A disk of the instance store. */
export interface DiskFacts {
  /** The kernel's name: `/dev/nvme1n1`. */
  readonly path: string;
  /** Its name in /dev/disk/by-id, with the serial number: another disk has another one. */
  readonly id: string;
  readonly bytes: number;
  /** null: blank. */
  readonly signature: Signature | null;
  /** Names: `nvme1n1p1`. */
  readonly partitions: readonly string[];
  /** What the kernel has built on it: `md127`, `dm-0`. */
  readonly holders: readonly string[];
  readonly isSwap: boolean;
}

/** An md array that has a disk of the instance store among its members. */
export interface ArrayFacts {
  /** `/dev/md127`. */
  readonly path: string;
  /** `raid0`, `raid10`; empty where it does not run. */
  readonly level: string;
  /** `clear` and `inactive`: it does not run. */
  readonly state: string;
  /** Kernel's paths, sorted. */
  readonly members: readonly string[];
  readonly signature: Signature | null;
  readonly holders: readonly string[];
}

/** A volume by the name that a user gave. `id`: as for disks, else that name. */
export interface VolumeFacts extends DiskFacts {
  /** What is mounted where on this machine. */
  readonly mounts: LocalDiskFacts['mounts'];
}

export interface LocalDiskFacts {
  /** Sorted by path. */
  readonly disks: readonly DiskFacts[];
  readonly arrays: readonly ArrayFacts[];
  /** What is mounted where: the device's path, or the type of a file system without one. */
  readonly mounts: { readonly [point: string]: string };
  /** Texts of mount units about the instance store, by name: an earlier run's. */
  readonly units: { readonly [name: string]: string };
  /** Where a program is; null: nowhere on PATH. `setup-local-disks` only if it is not bootwright itself. */
  readonly programs: { readonly [name: string]: string | null };
}
/** The text in containerd's newest format, what containerd objects to, or null: no containerd could be run. */
export type Migration = { readonly text: string } | { readonly error: string } | null;

export interface HostFacts {
  /** `x86_64`, `aarch64`, as uname -m says. */
  readonly arch?: string;
  /** Logical CPUs this process may use (`nproc`). */
  readonly cpus?: number;
  /** Logical CPUs that are online, counted by NUMA node as nodeadm does; null: sysfs does not say. */
  readonly onlineCpus?: number | null;
  /** Logical CPUs by core, in order of the first of each; null: sysfs does not say. Asked only where some are reserved. */
  readonly cpuCores?: readonly (readonly number[])[] | null;
  /** Bytes of memory that is online; null: sysfs does not say. Asked only for SOCI. */
  readonly onlineMemory?: number | null;
  /** `1.32.3`, without `v`; null: no kubelet. */
  readonly kubeletVersion?: string | null;
  /** `1.7.27`; null: no containerd. */
  readonly containerdVersion?: string | null;
  /** Kernel in FIPS mode (/proc/sys/crypto/fips_enabled). */
  readonly fips?: boolean;
  /** Is there a PCI device of NVIDIA (vendor 0x10de)? Asked only where the image brings upstream's GPU helper. */
  readonly nvidiaDevice?: boolean;
  /** Mount points of type bpf, and what is mounted at /sys/fs/bpf. */
  readonly bpfMounts?: readonly string[];
  /** What iptables-save prints, without times and counters; null: not to be had. Asked only for dockerd. */
  readonly firewallRules?: string | null;
  /** Addresses of a host name, sorted. Asked only for the API server of a local cluster on an Outpost. */
  readonly addresses?: { readonly [hostName: string]: readonly string[] };
  /** null: an image, which has no disks. */
  readonly localDisks?: LocalDiskFacts | null;
  /** By device as it was named; a null inside: there is no such device. null: an image, which has no volumes. */
  readonly volumes?: { readonly [device: string]: VolumeFacts | null } | null;
  /** Does this host name resolve? Asked only for ECR's FIPS name. */
  readonly resolves?: { readonly [hostName: string]: boolean };
  /** Texts that decide something: AMI templates, --containerd-config-file. null: no such file. */
  readonly files?: { readonly [path: string]: string | null };
  /** Is there an executable file at this path? */
  readonly executables?: { readonly [path: string]: boolean };
  /** What `containerd config migrate` makes of a configuration, by the digest of its text. */
  readonly migrated?: { readonly [digest: string]: Migration };
}

export interface Facts {
  readonly schemaVersion: 1;
  /** The clock of every decision, ISO 8601 in UTC. */
  readonly now: string;
  readonly instance: InstanceFacts;
  readonly cluster?: ClusterFacts;
  readonly host: HostFacts;
  /** From DescribeInstanceTypes: only types that the table lacks. null: it was asked in vain, and the node can do without. */
  readonly instanceTypes?: { readonly [type: string]: InstanceLimits | null };
  /** Where a fact came from when it is not its natural source: `{ "instance.id": { origin: "assumed", at: "preview" } }`. */
  readonly provenance?: { readonly [fact: string]: { readonly origin: Origin; readonly at: string } };
}

/** The unit of asking. One name is one request or one read (`instance.identity` brings id, type, region, availability zone). */
export type FactName =
  | 'instance.identity'
  | 'instance.domain'
  | 'instance.mac'
  | 'instance.localIpv4'
  | 'instance.ipv6s'
  | 'instance.vpcIpv4Cidrs'
  | 'instance.privateDnsName'
  | 'instance.typeLimits'
  | 'cluster'
  | 'host.arch'
  | 'host.cpus'
  | 'host.onlineCpus'
  | 'host.onlineMemory'
  | 'host.cpuCores'
  | 'host.kubeletVersion'
  | 'host.containerdVersion'
  | 'host.fips'
  | 'host.nvidiaDevice'
  | 'host.bpfMounts'
  | 'host.firewallRules'
  | `host.addresses:${string}`
  | 'host.localDisks'
  | `host.volume:${string}`
  | `host.resolves:${string}`
  | `host.file:${string}`
  | `host.executable:${string}`
  | `host.migrated:${string}`;

/** A fact that a decision still lacks. */
export interface Need {
  readonly fact: FactName;
  /** Facts that must be known before this one can be asked for (the MAC before its addresses). */
  readonly after: readonly FactName[];
  /** One clause: why it is asked for. */
  readonly why: string;
  /** Only a warning depends on it: it is waited for briefly, and a failure counts as "not known". */
  readonly optional?: true;
  /** What stands for the answer when there is none, and the decision can do without. */
  readonly otherwise?: FactsPatch;
  /** Input of the question: the text that `containerd config migrate` is to read. */
  readonly text?: string;
}

/** A set of answers to merge into Facts: `{ instance: { mac } }`. */
export interface FactsPatch {
  readonly instance?: InstanceFacts;
  readonly cluster?: ClusterFacts;
  readonly host?: HostFacts;
  readonly instanceTypes?: { readonly [type: string]: InstanceLimits | null };
}

/** Facts with an answer added; nothing is overwritten by absence. */
export const withFacts = (facts: Facts, patch: FactsPatch): Facts => ({
  ...facts,
  ...(patch.cluster ? { cluster: patch.cluster } : {}),
  ...(patch.instanceTypes ? { instanceTypes: { ...facts.instanceTypes, ...patch.instanceTypes } } : {}),
  instance: { ...facts.instance, ...patch.instance },
  host: {
    ...facts.host,
    ...patch.host,
    ...(patch.host?.files ? { files: { ...facts.host.files, ...patch.host.files } } : {}),
    ...(patch.host?.executables ? { executables: { ...facts.host.executables, ...patch.host.executables } } : {}),
    ...(patch.host?.addresses ? { addresses: { ...facts.host.addresses, ...patch.host.addresses } } : {}),
    ...(patch.host?.volumes ? { volumes: { ...facts.host.volumes, ...patch.host.volumes } } : {}),
    ...(patch.host?.migrated ? { migrated: { ...facts.host.migrated, ...patch.host.migrated } } : {}),
    ...(patch.host?.resolves ? { resolves: { ...facts.host.resolves, ...patch.host.resolves } } : {}),
  },
});
