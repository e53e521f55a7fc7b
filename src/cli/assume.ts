/**
 * Facts made up for a preview: an ordinary node, changed by a few words. Each made-up fact carries origin `assumed` (one that
 * the user said: `flag`), and only those that the decision asks for are made.
 */
import { partitionOf } from '../core/data/partitions.ts';
import { type DiskFacts, type FactName, type Facts, type FactsPatch, type LocalDiskFacts, withFacts } from '../core/facts.ts';
import { NVIDIA_RUNTIME } from '../core/paths.ts';
import type { NodeSpec, TargetName } from '../core/spec.ts';

/** What a user said about the machine; absent means ordinary. */
export interface Wish {
  readonly instanceType?: string;
  readonly region?: string;
  /** The variable that gave the region; absent: `--region`, or nobody did. */
  readonly regionAt?: string;
  /** Blank disks of the instance store. */
  readonly disks?: number;
  /** `1.32` or `1.32.3`. */
  readonly kubernetesVersion?: string;
  readonly containerdVersion?: string;
  readonly cpus?: number;
  readonly arch?: string;
  readonly localIpv4?: string;
  readonly vpcCidrs?: readonly string[];
  /** Contents for paths of the node, from the laptop. */
  readonly files: Readonly<Record<string, string>>;
}

/** A certificate that vouches for nothing: its key was thrown away. */
const CA = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJjekNDQVJtZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQW9NU1l3SkFZRFZRUUREQjF0WVdSbElI',
  'VncKSUdKNUlHSnZiM1IzY21sbmFIUWdjSEpsZG1sbGR6QWdGdzB5TURBeE1ERXdNREF3TURCYUdBOHlNVEl3TURFdwpNVEF3TURBd01Gb3dLREVtTUNRR0Ex',
  'VUVBd3dkYldGa1pTQjFjQ0JpZVNCaWIyOTBkM0pwWjJoMElIQnlaWFpwClpYY3dXVEFUQmdjcWhrak9QUUlCQmdncWhrak9QUU1CQndOQ0FBUTZJVFRWWE0y',
  'SThSU0plS29oZkJRQkhzUmcKNzl0TEs0ckF6VW9Wa0xlUk1CaXVzaUJHWmpxSlhhVjRoM0lNaXIrNVR1STlnNm1tZWhBUUtuOWNsanM0b3pJdwpNREFQQmdO',
  'VkhSTUJBZjhFQlRBREFRSC9NQjBHQTFVZERnUVdCQlFwSlRBa0M2bG52NkE1a3BDVU9FN1FITk1kCnl6QUtCZ2dxaGtqT1BRUURBZ05JQURCRkFpRUF5L0tj',
  'cnJDQlhzSVhzZ0RPVFYwSFA2cTJIWGFCcEVQRHlIcGIKSDJoWHRKUUNJSEpnT3pkT1JjNjFjV3BKalYvM1RzQXRzanI2OUpmem5IVEppN3RCOEFiSgotLS0t',
  'LUVORCBDRVJUSUZJQ0FURS0tLS0tCg==',
].join('');

/** What images come with: the last of Amazon Linux 2, and those of today. */
const VERSIONS: Readonly<Record<TargetName, { readonly kubelet: string; readonly containerd: string }>> = {
  'amazon-linux-2': { kubelet: '1.32.0', containerd: '1.7.27' },
  'amazon-linux-2023': { kubelet: '1.34.0', containerd: '2.1.5' },
};

const DEFAULT_REGION = 'us-west-2';
const typeOf = (wish: Wish): string => wish.instanceType ?? 'm5.large';
export const regionOf = (wish: Wish): string => wish.region ?? DEFAULT_REGION;
const ipv4Of = (wish: Wish): string => wish.localIpv4 ?? '192.168.1.10';
const domainOf = (wish: Wish): string => partitionOf(regionOf(wish)).dnsSuffix;

/** By the size in the type's name: `large` 2, `xlarge` 4, `8xlarge` 32. Exact for most families; `--cpus` says better. */
export const cpusOf = (type: string): number => {
  const [family = '', size = ''] = type.split('.');
  const times = /^(?:metal-)?(\d{1,3})xl(?:arge)?$/.exec(size)?.[1];
  if (times !== undefined) return Number(times) * 4;
  if (size === 'xlarge') return 4;
  return size === 'medium' && !/^t\d/.test(family) ? 1 : 2;
};

/** Graviton has a `g` after the generation (`m6g`, `c7gn`, `im4gn`, `p6e-gb200`); the first were `a1`. */
export const archOf = (type: string): string => (/^(?:a1\.|[a-z]+\d+g|[a-z0-9]+-gb\d+\.)/.test(type) ? 'aarch64' : 'x86_64');

/** Families with GPUs of NVIDIA: `p4d`, `g5`, `gr6`. Those of `g4ad` are AMD's. */
const isGpuType = (type: string): boolean => /^(?:p|gr?)\d/.test(type) && !type.startsWith('g4ad.');

const patchVersion = (version: string): string => (/^\d+\.\d+$/.test(version) ? `${version}.0` : version);

/** EC2's private DNS name; us-east-1 has the short suffix of old. */
const privateNameOf = (wish: Wish): string => {
  const suffix = regionOf(wish) === 'us-east-1' ? 'ec2.internal' : `${regionOf(wish)}.compute.internal`;
  return `ip-${ipv4Of(wish).replaceAll('.', '-')}.${suffix}`;
};

interface Guess {
  readonly patch: FactsPatch;
  /** Fact by fact the option that says it, or would. */
  readonly at: Readonly<Record<string, string>>;
}

const MADE_UP = '';

const instanceGuess = (fact: FactName, wish: Wish): Guess | undefined => {
  const type = typeOf(wish);
  const region = regionOf(wish);
  switch (fact) {
    case 'instance.identity':
      return {
        patch: { instance: { id: 'i-0123456789abcdef0', type, region, availabilityZone: `${region}a` } },
        at: {
          'instance.type': '--instance-type',
          'instance.region': '--region',
          'instance.availabilityZone': MADE_UP,
          'instance.id': MADE_UP,
        },
      };
    case 'instance.domain':
      return { patch: { instance: { domain: domainOf(wish) } }, at: { 'instance.domain': '--region' } };
    case 'instance.mac':
      return { patch: { instance: { mac: '0a:00:00:00:00:0a' } }, at: { 'instance.mac': MADE_UP } };
    case 'instance.localIpv4':
      return { patch: { instance: { localIpv4: ipv4Of(wish) } }, at: { 'instance.localIpv4': '--local-ipv4' } };
    case 'instance.ipv6s':
      return { patch: { instance: { ipv6s: ['2001:db8::10'] } }, at: { 'instance.ipv6s': MADE_UP } };
    case 'instance.vpcIpv4Cidrs':
      return { patch: { instance: { vpcIpv4Cidrs: wish.vpcCidrs ?? ['192.168.0.0/16'] } }, at: { 'instance.vpcIpv4Cidrs': '--vpc-cidr' } };
    case 'instance.privateDnsName':
      return { patch: { instance: { privateDnsName: privateNameOf(wish) } }, at: { 'instance.privateDnsName': MADE_UP } };
    default:
      return undefined;
  }
};

const clusterGuess = (spec: NodeSpec, wish: Wish): Guess => {
  const ipv6 = spec.cluster.ipFamily?.value === 'ipv6' || spec.cluster.serviceIpv6Cidr !== undefined;
  const isOutpost = spec.cluster.localOutpost?.value === true || (spec.cluster.id !== undefined && spec.cluster.localOutpost === undefined);
  // Not a flag's: a run describes the cluster and warns that the flag does not count, and so does a preview. A document's does count.
  const { serviceIpv4Cidr, serviceIpv6Cidr } = spec.cluster;
  const isDocument = spec.target === 'amazon-linux-2023' && spec.options.language === 'node-config';
  const said = isDocument ? { serviceIpv4Cidr: serviceIpv4Cidr?.value, serviceIpv6Cidr: serviceIpv6Cidr?.value } : {};
  return {
    patch: {
      cluster: {
        name: spec.cluster.name.value,
        status: 'ACTIVE',
        endpoint: `https://0123456789ABCDEF0123456789ABCDEF.gr7.${regionOf(wish)}.eks.${domainOf(wish)}`,
        certificateAuthority: CA,
        ipFamily: ipv6 ? 'ipv6' : 'ipv4',
        serviceIpv4Cidr: ipv6 ? null : (said.serviceIpv4Cidr ?? '10.100.0.0/16'),
        serviceIpv6Cidr: ipv6 ? (said.serviceIpv6Cidr ?? 'fd00:1234:5678::/108') : null,
        id: isOutpost ? (spec.cluster.id?.value ?? '00000000-1111-2222-3333-444444444444') : null,
        outpostArn: isOutpost ? `arn:aws:outposts:${regionOf(wish)}:111122223333:outpost/op-0123456789abcdef0` : null,
      },
    },
    at: { cluster: '--describe' },
  };
};

/** As `--disks` allows. */
const MOST_DISKS = 64;

const blankDisk = (number: number): DiskFacts => ({
  path: `/dev/nvme${number}n1`,
  id: `nvme-Amazon_EC2_NVMe_Instance_Storage_AWS${String(number).padStart(17, '0')}`,
  bytes: 474_999_980_032,
  signature: null,
  partitions: [],
  holders: [],
  isSwap: false,
});

const blankDisks = (count: number): LocalDiskFacts => ({
  disks: Array.from({ length: count }, (_, i) => blankDisk(i + 1)),
  arrays: [],
  mounts: {},
  units: {},
  programs: { mdadm: '/usr/sbin/mdadm', 'mkfs.xfs': '/usr/sbin/mkfs.xfs', 'setup-local-disks': null },
});

/** As on x86: two CPUs a core, the second ones behind all first ones. */
const coresOf = (cpus: number): number[][] => {
  const cores = Math.ceil(cpus / 2);
  return Array.from({ length: cores }, (_, core) => (core + cores < cpus ? [core, core + cores] : [core]));
};

const hostGuess = (fact: FactName, spec: NodeSpec, wish: Wish): Guess | undefined => {
  switch (fact) {
    case 'host.arch':
      return { patch: { host: { arch: wish.arch ?? archOf(typeOf(wish)) } }, at: { 'host.arch': '--arch' } };
    case 'host.cpus':
      return {
        patch: { host: { cpus: wish.cpus ?? cpusOf(typeOf(wish)) } },
        at: { 'host.cpus': '--cpus' },
      };
    case 'host.onlineCpus':
      return { patch: { host: { onlineCpus: wish.cpus ?? cpusOf(typeOf(wish)) } }, at: { 'host.onlineCpus': '--cpus' } };
    case 'host.cpuCores':
      return { patch: { host: { cpuCores: coresOf(wish.cpus ?? cpusOf(typeOf(wish))) } }, at: { 'host.cpuCores': '--cpus' } };
    case 'host.onlineMemory':
      return { patch: { host: { onlineMemory: 64 * 1024 ** 3 } }, at: { 'host.onlineMemory': MADE_UP } };
    case 'host.kubeletVersion':
      return {
        patch: { host: { kubeletVersion: patchVersion(wish.kubernetesVersion ?? VERSIONS[spec.target].kubelet) } },
        at: { 'host.kubeletVersion': '--kubernetes-version' },
      };
    case 'host.containerdVersion':
      return {
        patch: { host: { containerdVersion: patchVersion(wish.containerdVersion ?? VERSIONS[spec.target].containerd) } },
        at: { 'host.containerdVersion': '--containerd-version' },
      };
    case 'host.localDisks':
      return {
        patch: { host: { localDisks: blankDisks(wish.disks ?? (spec.options.localDisks?.mode.value === 'raid10' ? 4 : 2)) } },
        at: { 'host.localDisks': '--disks' },
      };
    case 'host.nvidiaDevice':
      return { patch: { host: { nvidiaDevice: isGpuType(typeOf(wish)) } }, at: { 'host.nvidiaDevice': '--instance-type' } };
    case 'host.firewallRules':
      return { patch: { host: { firewallRules: '' } }, at: { 'host.firewallRules': MADE_UP } };
    case 'host.fips':
      return { patch: { host: { fips: false } }, at: { 'host.fips': MADE_UP } };
    case 'host.bpfMounts':
      return { patch: { host: { bpfMounts: [] } }, at: { 'host.bpfMounts': MADE_UP } };
    default:
      return undefined;
  }
};

/** Facts of a host's own files: what the user gave for the path, else an image of today has no such file and these programs. */
const pathGuess = (fact: FactName, spec: NodeSpec, wish: Wish): Guess | undefined => {
  const at = fact.indexOf(':');
  const [kind, path] = [fact.slice(0, at), fact.slice(at + 1)];
  if (kind === 'host.file') {
    const given = Object.hasOwn(wish.files, path) ? wish.files[path] : undefined;
    return {
      patch: { host: { files: { [path]: given ?? null } } },
      at: { [`host.files.${path}`]: given === undefined ? MADE_UP : '--host-file' },
    };
  }
  if (kind === 'host.executable') {
    // Images for GPUs bring it.
    const isThere = path !== NVIDIA_RUNTIME || (spec.target === 'amazon-linux-2023' && isGpuType(typeOf(wish)));
    return { patch: { host: { executables: { [path]: isThere } } }, at: { [`host.executables.${path}`]: MADE_UP } };
  }
  if (kind === 'host.addresses')
    return { patch: { host: { addresses: { [path]: ['192.168.0.5', '192.168.0.6'] } } }, at: { [`host.addresses.${path}`]: MADE_UP } };
  if (kind === 'host.volume') {
    // Behind all disks of the instance store.
    const wished = spec.target === 'amazon-linux-2023' ? (spec.options.volumes?.value ?? []) : [];
    const number = wished.findIndex(({ device }) => device === path) + 1;
    const id = `nvme-Amazon_Elastic_Block_Store_vol${String(number).padStart(17, '0')}`;
    const volume = { ...blankDisk(MOST_DISKS + number), id, mounts: {} };
    return { patch: { host: { volumes: { [path]: volume } } }, at: { [`host.volumes.${path}`]: MADE_UP } };
  }
  if (kind === 'host.migrated') return { patch: { host: { migrated: { [path]: null } } }, at: { [`host.migrated.${path}`]: MADE_UP } };
  if (kind === 'host.resolves') return { patch: { host: { resolves: { [path]: true } } }, at: { [`host.resolves.${path}`]: MADE_UP } };
  return undefined;
};

/** Options by which the user said a fact; what they did not say is made up. */
const saidBy = (wish: Wish): ReadonlySet<string> => {
  const said: readonly (readonly [string, unknown])[] = [
    ['--instance-type', wish.instanceType],
    ['--region', wish.region],
    ['--kubernetes-version', wish.kubernetesVersion],
    ['--containerd-version', wish.containerdVersion],
    ['--cpus', wish.cpus],
    ['--arch', wish.arch],
    ['--disks', wish.disks],
    ['--local-ipv4', wish.localIpv4],
    ['--vpc-cidr', wish.vpcCidrs],
    ['--host-file', wish.files],
  ];
  return new Set(said.flatMap(([option, value]) => (value === undefined ? [] : [option])));
};

/** One fact made up, with its provenance; undefined for what cannot be made up (limits of an unknown instance type). */
export const assumed = (fact: FactName, spec: NodeSpec, wish: Wish): Guess | undefined =>
  fact === 'cluster' ? clusterGuess(spec, wish) : (instanceGuess(fact, wish) ?? hostGuess(fact, spec, wish) ?? pathGuess(fact, spec, wish));

/** Facts with a guess added: `assumed`, or of the flag that said it. */
export const withGuess = (facts: Facts, guess: Guess, wish: Wish): Facts => {
  const said = saidBy(wish);
  const sourceOf = (at: string) =>
    at === '--region' && wish.regionAt !== undefined
      ? ({ origin: 'env', at: wish.regionAt } as const)
      : ({ origin: said.has(at) ? 'flag' : 'assumed', at } as const);
  const sources = Object.entries(guess.at).map(([fact, at]) => [fact, sourceOf(at)] as const);
  return { ...withFacts(facts, guess.patch), provenance: { ...facts.provenance, ...Object.fromEntries(sources) } };
};

/** The certificate of preview's made-up cluster, base64 of PEM. */
export const PLACEHOLDER_CA = CA;
