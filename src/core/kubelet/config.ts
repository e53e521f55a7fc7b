/** kubelet-config.json as entries of a shared file: what the EKS image configures as defaults, what is decided here as ours. */
import type { JsonEntry } from '../desired.ts';
import { CLUSTER_CA } from '../paths.ts';
import type { Because, Decided, Json } from '../report.ts';
import type { KubeReserved } from './capacity.ts';
import { type GateId, gateHolds } from './versions.ts';

/** What the decisions put into the file. */
export interface KubeletConfigInput {
  readonly kubeletVersion: string;
  readonly clusterDns: Decided<readonly string[]>;
  readonly kubeReserved: Decided<KubeReserved>;
  /** null: not written. */
  readonly maxPods: Decided<number | null>;
  /** What bootstrap.sh would have written as maxPods: without a manifest, that value in the file is taken for its work. null: not known. */
  readonly eniMaxPods: number | null;
  readonly providerId: Decided<string> | undefined;
  /** The container runtime's. */
  readonly cgroupDriver: Decided<string>;
  /** Names of the cgroups that reservations belong to; null with dockerd, and with --reserved-cpus, which the kubelet refuses together with them. */
  readonly reservedCgroups: Decided<{ systemReservedCgroup: string; kubeReservedCgroup: string } | null>;
}

/** The cgroups in which an EKS image runs system daemons, and kubelet with containerd. */
export const RESERVED_CGROUPS = { systemReservedCgroup: '/system', kubeReservedCgroup: '/runtime' } as const;

/** The suites of an EKS image for Amazon Linux 2, in its order. */
const TLS_CIPHER_SUITES = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
] as const;

const because = (rule: string, text: string): Because => ({ rule, text, inputs: [] });

const FROM_IMAGE = because('kubelet-config.image', 'As the EKS image configures it, unless the file already says otherwise.');

const byDefault = (path: readonly string[], value: Json, why = FROM_IMAGE): JsonEntry => ({ path, value, policy: 'default', because: why });
const own = (path: readonly string[], value: Json, why: Because): JsonEntry => ({ path, value, policy: 'own', because: why });

/** All entries, in the order of a file that is made anew. */
export const kubeletConfigEntries = (input: KubeletConfigInput): readonly JsonEntry[] => [
  ...identityEntries(),
  own(['cgroupDriver'], input.cgroupDriver.value, input.cgroupDriver.because),
  ...nodeEntries(input.kubeletVersion),
  own(['clusterDNS'], input.clusterDns.value, input.clusterDns.because),
  ...gated(input.kubeletVersion, 'api-qps', 'The built-in limits of this version (5 and 10) are too low for an EKS node.', (why) => [
    byDefault(['kubeAPIQPS'], 10, why),
    byDefault(['kubeAPIBurst'], 20, why),
  ]),
  ...evictionEntries(),
  own(['kubeReserved', 'cpu'], input.kubeReserved.value.cpu, input.kubeReserved.because),
  own(['kubeReserved', 'ephemeral-storage'], input.kubeReserved.value['ephemeral-storage'], input.kubeReserved.because),
  own(['kubeReserved', 'memory'], input.kubeReserved.value.memory, input.kubeReserved.because),
  ...maxPodsEntries(input),
  ...(input.providerId ? [own(['providerID'], input.providerId.value, input.providerId.because)] : []),
  ...reservedCgroupEntries(input.reservedCgroups),
];

const identityEntries = (): readonly JsonEntry[] => [
  byDefault(['kind'], 'KubeletConfiguration'),
  byDefault(['apiVersion'], 'kubelet.config.k8s.io/v1beta1'),
  byDefault(['address'], '0.0.0.0'),
  byDefault(['authentication', 'anonymous', 'enabled'], false),
  byDefault(['authentication', 'webhook', 'cacheTTL'], '2m0s'),
  byDefault(['authentication', 'webhook', 'enabled'], true),
  byDefault(['authentication', 'x509', 'clientCAFile'], CLUSTER_CA),
  byDefault(['authorization', 'mode'], 'Webhook'),
  byDefault(['authorization', 'webhook', 'cacheAuthorizedTTL'], '5m0s'),
  byDefault(['authorization', 'webhook', 'cacheUnauthorizedTTL'], '30s'),
  byDefault(['clusterDomain'], 'cluster.local'),
  byDefault(['hairpinMode'], 'hairpin-veth'),
  byDefault(['readOnlyPort'], 0),
];

const nodeEntries = (kubeletVersion: string): readonly JsonEntry[] => [
  byDefault(['cgroupRoot'], '/'),
  byDefault(['featureGates', 'RotateKubeletServerCertificate'], true),
  ...gated(kubeletVersion, 'kubelet-credential-providers', 'Image credential providers stand behind this feature gate.', (why) => [
    byDefault(['featureGates', 'KubeletCredentialProviders'], true, why),
  ]),
  ...gated(kubeletVersion, 'fail-cgroup-v1', 'Amazon Linux 2 boots with cgroup v1, which this version refuses by default.', (why) => [
    byDefault(['failCgroupV1'], false, why),
  ]),
  byDefault(['protectKernelDefaults'], true),
  byDefault(['serializeImagePulls'], false),
  byDefault(['serverTLSBootstrap'], true),
  byDefault(['tlsCipherSuites'], TLS_CIPHER_SUITES),
];

const EVICTION = because('eviction-hard.fixed', 'Fixed thresholds; kubeReserved counts on memory.available of 100Mi.');

/** Thresholds of bootstrap.sh. */
export const EVICTION_HARD = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' } as const;

const evictionEntries = (): readonly JsonEntry[] =>
  Object.entries(EVICTION_HARD).map(([key, value]) => own(['evictionHard', key], value, EVICTION));

const maxPodsEntries = ({ maxPods, eniMaxPods }: KubeletConfigInput): readonly JsonEntry[] =>
  maxPods.value === null
    ? [{ path: ['maxPods'], value: eniMaxPods, policy: 'absent', because: maxPods.because }]
    : [own(['maxPods'], maxPods.value, maxPods.because)];

const reservedCgroupEntries = (decided: KubeletConfigInput['reservedCgroups']): readonly JsonEntry[] =>
  (['systemReservedCgroup', 'kubeReservedCgroup'] as const).map((key) => ({
    path: [key],
    value: decided.value === null ? RESERVED_CGROUPS[key] : decided.value[key],
    policy: decided.value === null ? 'absent' : 'own',
    because: decided.because,
  }));

const gated = (
  kubeletVersion: string,
  gate: GateId,
  text: string,
  entries: (why: Because) => readonly JsonEntry[],
): readonly JsonEntry[] => (gateHolds(gate, kubeletVersion) ? entries(because(`gate.${gate}`, text)) : []);
