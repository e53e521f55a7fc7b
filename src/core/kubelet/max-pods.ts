/**
 * How many pods a node of an instance type takes under each mode of the VPC CNI. The rules of max-pods-calculator.sh (amazon-eks-ami
 * files/max-pods-calculator.sh), and those that it lacks: bare metal, IPv6, Windows.
 */
import { type Diagnostic, errorAt } from '../report.ts';
import { podsOf, reservedCpuOf, reservedMemoryOf } from './capacity.ts';
import type { InstanceType } from './instance-types.ts';

/** Major, minor, patch. */
export type CniVersion = readonly [number, number, number];

export interface PodWish {
  readonly prefixDelegation: boolean;
  readonly customNetworking: boolean;
  /** MAX_ENI of the CNI. */
  readonly maxEni?: number;
  /** Absent: one of today. */
  readonly cniVersion?: CniVersion;
  readonly ipFamily: 'ipv4' | 'ipv6';
  readonly windows: boolean;
  /** False: as many as addresses allow (--show-max-allowed). */
  readonly isCapped: boolean;
  /** False: as max-pods-calculator.sh, which takes bare metal for no Nitro instance, since EC2 names no hypervisor for it. */
  readonly prefixesOnMetal: boolean;
}

export const PLAIN_WISH: PodWish = {
  prefixDelegation: false,
  customNetworking: false,
  ipFamily: 'ipv4',
  windows: false,
  isCapped: true,
  prefixesOnMetal: true,
};

export interface PodLimit {
  /** Pods that addresses allow; null: they set no limit, or no such node can be. */
  readonly allowed: number | null;
  /** The number to give the kubelet; null: vCPUs decide and are not known, or no such node can be. */
  readonly maxPods: number | null;
  /** Why there can be no such node, in one clause. */
  readonly impossible?: string;
  /** The reckoning in one line, with its numbers. */
  readonly text: string;
  /** What of the wish could not be had, one clause each. */
  readonly notes: readonly string[];
  readonly kubeReserved: {
    readonly memory: { readonly mebibytes: number; readonly text: string } | null;
    readonly cpu: { readonly millicores: number; readonly text: string } | null;
  };
}

/** `1.9`, `v1.18.1-eksbuild.3`; undefined: no version. */
export const cniVersionOf = (text: string): CniVersion | undefined => {
  const [, major, minor, patch = '0'] = /^v?(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?:[-+][0-9A-Za-z.+-]{1,64})?$/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
};

const isOlder = (version: CniVersion | undefined, than: CniVersion): boolean => {
  const differs = version?.findIndex((part, i) => part !== than[i]) ?? -1;
  return version !== undefined && differs >= 0 && (version[differs] ?? 0) < (than[differs] ?? 0);
};

/** Since when amazon-vpc-cni-k8s has them (its README, ENABLE_PREFIX_DELEGATION and ENABLE_IPv6; for bare metal also its pull request 1937). */
const PREFIXES_SINCE: CniVersion = [1, 9, 0];
const PREFIXES_ON_METAL_SINCE: CniVersion = [1, 11, 0];
const IPV6_SINCE: CniVersion = [1, 10, 0];

const conflict = (option: string, message: string): Diagnostic => errorAt('option-conflict', option, message, `leave ${option} out`);

/** What of a wish does not go together. */
export const wishMistakes = ({ customNetworking, maxEni, cniVersion, ipFamily, windows, isCapped }: PodWish): readonly Diagnostic[] => [
  ...(windows && ipFamily === 'ipv6' ? [conflict('--ip-family ipv6', 'Windows nodes have no IPv6')] : []),
  ...(windows && customNetworking ? [conflict('--cni-custom-networking-enabled', 'Windows nodes have no custom networking')] : []),
  ...(windows && maxEni !== undefined ? [conflict('--cni-max-eni', 'Windows nodes use one ENI in any case')] : []),
  ...(!windows && ipFamily === 'ipv6' && customNetworking
    ? [conflict('--cni-custom-networking-enabled', 'there is no custom networking in IPv6 clusters')]
    : []),
  ...(!windows && ipFamily === 'ipv6' && maxEni !== undefined
    ? [conflict('--cni-max-eni', 'pods of IPv6 clusters take their addresses from the first ENI in any case')]
    : []),
  ...(!windows && ipFamily === 'ipv6' && !isCapped
    ? [conflict('--show-max-allowed', 'IPv6 addresses set no limit that could be shown')]
    : []),
  ...(!windows && ipFamily === 'ipv6' && isOlder(cniVersion, IPV6_SINCE)
    ? [
        errorAt(
          'unsupported-cni-version',
          '--cni-version',
          `the CNI serves IPv6 clusters from ${IPV6_SINCE.join('.')} on`,
          'update the CNI',
        ),
      ]
    : []),
];

/** Is the hypervisor missing for what is wished? */
export const needsHypervisor = ({ hypervisor, bareMetal }: InstanceType, { prefixDelegation, ipFamily }: PodWish): boolean =>
  (prefixDelegation || ipFamily === 'ipv6') && hypervisor === undefined && bareMetal !== true;

const newerCni = ([major, minor]: CniVersion): string => `needs a CNI from ${major}.${minor} on`;

/** Why this type has no prefix delegation, as the end of a clause; undefined: it has. */
const prefixObstacle = ({ hypervisor, bareMetal }: InstanceType, { prefixesOnMetal, cniVersion, windows }: PodWish): string | undefined => {
  if (bareMetal && !prefixesOnMetal) return 'is for virtual machines, as max-pods-calculator.sh has it';
  if (bareMetal && !windows && isOlder(cniVersion, PREFIXES_ON_METAL_SINCE)) return `${newerCni(PREFIXES_ON_METAL_SINCE)} for bare metal`;
  if (bareMetal) return undefined;
  if (hypervisor === 'nitro') return undefined;
  return `needs a Nitro instance, ${hypervisor === undefined ? 'and whether this is one is not known' : `and this is ${hypervisor}`}`;
};

const secondary = (obstacle: string): string => `prefix delegation ${obstacle}: reckoned with single addresses`;

interface Reckoned {
  readonly allowed: number | null;
  readonly text: string;
  readonly notes?: readonly string[];
  readonly impossible?: string;
}

const impossible = (why: string): Reckoned => ({ allowed: null, text: why, impossible: why });

/**
 * One ENI, and no pods on the host's network: the addresses come from amazon-vpc-resource-controller-k8s, not from the CNI on the node (its
 * docs/windows: addresses of an ENI − 1, times 16 with prefixes; prefixes on Nitro and bare metal).
 */
const onWindows = (type: InstanceType, wish: PodWish): Reckoned => {
  if (type.arch === 'arm64') return impossible('Windows nodes are x86-64 only');
  const obstacle = wish.prefixDelegation ? prefixObstacle(type, wish) : undefined;
  const perPlace = wish.prefixDelegation && obstacle === undefined ? 16 : 1;
  const { pods, text } = podsOf({ enis: 1, ipv4PerEni: type.ipv4PerEni }, { perPlace, hostPods: 0 });
  const unknown = type.arch === undefined ? ['Windows needs x86-64, and the architecture is not known'] : [];
  return { allowed: pods, text: `Windows uses one ENI: ${text}`, notes: [...unknown, ...(obstacle ? [secondary(obstacle)] : [])] };
};

/** The CNI gives an IPv6 node one /80 prefix on its first ENI. */
const onIpv6 = (type: InstanceType, wish: PodWish): Reckoned => {
  const obstacle = prefixObstacle(type, wish);
  if (obstacle !== undefined && !needsHypervisor(type, wish)) return impossible(`IPv6 takes prefixes, and prefix delegation ${obstacle}`);
  const notes = obstacle === undefined ? [] : [`IPv6 takes prefixes, and prefix delegation ${obstacle}`];
  return { allowed: null, text: 'a /80 prefix on the first ENI has 2^48 IPv6 addresses: they set no limit', notes };
};

const onIpv4 = (type: InstanceType, wish: PodWish): Reckoned => {
  const { prefixDelegation, customNetworking, maxEni, cniVersion } = wish;
  const limited = Math.min(maxEni ?? type.enis, type.enis);
  const enis = customNetworking ? limited - 1 : limited;
  const tooOld = isOlder(cniVersion, PREFIXES_SINCE) ? newerCni(PREFIXES_SINCE) : undefined;
  const obstacle = prefixDelegation ? (tooOld ?? prefixObstacle(type, wish)) : undefined;
  const { pods, text } = podsOf({ enis, ipv4PerEni: type.ipv4PerEni }, { perPlace: prefixDelegation && obstacle === undefined ? 16 : 1 });
  const less = [
    ...(limited < type.enis ? [`${limited} of ${type.enis} ENIs by --cni-max-eni`] : []),
    ...(customNetworking ? ['the first ENI is not for pods under custom networking'] : []),
  ];
  return {
    allowed: pods,
    text: [...less, text].join('; '),
    notes: [
      ...(obstacle ? [secondary(obstacle)] : []),
      ...(enis === 0 ? ['no ENI is left for pods: only those on the host’s network run'] : []),
    ],
  };
};

/** The advised bound: 110 up to 30 vCPUs, 250 above (max-pods-calculator.sh). A number that is not known is at least the smaller one. */
export const SMALL = { upTo: 30, pods: 110 } as const;
const LARGE = { pods: 250 } as const;

interface Capped {
  readonly maxPods: number | null;
  readonly text: string;
}

/** For Windows nobody advises more than Kubernetes does for every node (kubernetes.io, "Considerations for large clusters"). */
const cappedOnWindows = ({ allowed, text }: Reckoned): Capped =>
  allowed !== null && allowed > SMALL.pods
    ? { maxPods: SMALL.pods, text: `${text}; at most ${SMALL.pods}, the kubelet’s default: the bound by vCPUs is for Linux` }
    : { maxPods: allowed, text };

const capped = ({ allowed, text }: Reckoned, vcpus: number | undefined): Capped => {
  if (allowed !== null && allowed <= SMALL.pods) return { maxPods: allowed, text };
  if (vcpus === undefined) {
    const unknown = `at most ${SMALL.pods} up to ${SMALL.upTo} vCPUs, ${LARGE.pods} above; the number of vCPUs is not known`;
    return { maxPods: null, text: `${text}; ${unknown}` };
  }
  const cap = vcpus > SMALL.upTo ? LARGE.pods : SMALL.pods;
  const maxPods = Math.min(allowed ?? cap, cap);
  return { maxPods, text: maxPods === allowed ? text : `${text}; at most ${cap} with ${vcpus} vCPU${vcpus === 1 ? '' : 's'}` };
};

/** Pods of a node of this type, with the reckoning. The wish must be without mistakes. */
export const podLimitOf = (type: InstanceType, wish: PodWish): PodLimit => {
  const reckoned = wish.windows ? onWindows(type, wish) : wish.ipFamily === 'ipv6' ? onIpv6(type, wish) : onIpv4(type, wish);
  const { allowed, notes = [] } = reckoned;
  const isFinal = reckoned.impossible !== undefined || !wish.isCapped;
  const bound = (): Capped => (wish.windows ? cappedOnWindows(reckoned) : capped(reckoned, type.vcpus));
  const { maxPods, text } = isFinal ? { maxPods: allowed, text: reckoned.text } : bound();
  // bootstrap.sh's formula, which is for Linux.
  const isReserved = !wish.windows && reckoned.impossible === undefined;
  return {
    allowed,
    maxPods,
    text,
    notes,
    ...(reckoned.impossible === undefined ? {} : { impossible: reckoned.impossible }),
    kubeReserved: {
      memory: isReserved && maxPods !== null ? reservedMemoryOf(maxPods) : null,
      cpu: isReserved && type.vcpus !== undefined ? reservedCpuOf(type.vcpus) : null,
    },
  };
};
