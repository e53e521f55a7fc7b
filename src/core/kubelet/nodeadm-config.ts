/** The kubelet's config.json as nodeadm writes it: every key, in its order. */

import { CLUSTER_CA, CONTAINERD_SOCKET, SOCI_SOCKET } from '../paths.ts';
import type { Because, Decided, Json } from '../report.ts';
import type { KubeReserved } from './capacity.ts';
import { EVICTION_HARD } from './config.ts';
import { gateHolds } from './versions.ts';

export interface NodeadmKubeletConfig {
  readonly kubeletVersion: string;
  readonly clusterDns: Decided<readonly string[]>;
  readonly kubeReserved: Decided<KubeReserved>;
  /** null: not written. */
  readonly maxPods: Decided<number | null>;
  readonly providerId: Decided<string>;
  readonly reservedCgroups: Decided<{ systemReservedCgroup: string; kubeReservedCgroup: string } | null>;
  readonly taints: readonly { readonly [key: string]: string }[];
  /** null: nothing. */
  readonly systemReserved: Decided<{ readonly [resource: string]: string } | null>;
  readonly reservedCpus: Decided<string | null>;
  /** Images are pulled through SOCI's snapshotter. */
  readonly soci: boolean;
}

/** Sorted, unlike those of an image for Amazon Linux 2: the kubelet keeps its own order of preference. */
const TLS_CIPHER_SUITES = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
];

/** Feature gates of a kubelet of this version, sorted. */
export const nodeadmFeatureGatesOf = (kubeletVersion: string): { readonly [gate: string]: boolean } => ({
  ...(gateHolds('dynamic-resource-allocation', kubeletVersion) ? { DynamicResourceAllocation: true } : {}),
  ...(gateHolds('mutable-csi-node-allocatable-count', kubeletVersion) ? { MutableCSINodeAllocatableCount: true } : {}),
  RotateKubeletServerCertificate: true,
});

export const nodeadmKubeletConfigOf = (input: NodeadmKubeletConfig): { readonly [key: string]: Json } => {
  const isGraceful = gateHolds('graceful-shutdown', input.kubeletVersion);
  const cgroups = input.reservedCgroups.value;
  return {
    address: '0.0.0.0',
    authentication: {
      x509: { clientCAFile: CLUSTER_CA },
      webhook: { enabled: true, cacheTTL: '2m0s' },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    cgroupDriver: 'systemd',
    cgroupRoot: '/',
    clusterDNS: input.clusterDns.value,
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    ...(input.soci ? { imageServiceEndpoint: `unix://${SOCI_SOCKET}` } : {}),
    evictionHard: EVICTION_HARD,
    featureGates: nodeadmFeatureGatesOf(input.kubeletVersion),
    hairpinMode: 'hairpin-veth',
    kubeReserved: input.kubeReserved.value,
    ...(cgroups ? { kubeReservedCgroup: cgroups.kubeReservedCgroup } : {}),
    logging: { verbosity: 2 },
    ...(input.maxPods.value === null ? {} : { maxPods: input.maxPods.value }),
    protectKernelDefaults: true,
    providerID: input.providerId.value,
    readOnlyPort: 0,
    ...(input.taints.length > 0 ? { registerWithTaints: input.taints } : {}),
    ...(input.reservedCpus.value === null ? {} : { reservedSystemCPUs: input.reservedCpus.value }),
    serializeImagePulls: false,
    serverTLSBootstrap: true,
    ...(isGraceful ? { shutdownGracePeriod: '2m30s', shutdownGracePeriodCriticalPods: '30s' } : {}),
    ...(input.systemReserved.value === null ? {} : { systemReserved: input.systemReserved.value }),
    ...(cgroups ? { systemReservedCgroup: cgroups.systemReservedCgroup } : {}),
    tlsCipherSuites: TLS_CIPHER_SUITES,
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
  };
};

/** Why the file is as it is. */
export const nodeadmKubeletConfigReasons = (input: NodeadmKubeletConfig): readonly Because[] => [
  ...[input.clusterDns, input.kubeReserved, input.maxPods, input.providerId, input.reservedCgroups].map(({ because }) => because),
  ...[input.systemReserved, input.reservedCpus].flatMap(({ value, because }) => (value === null ? [] : [because])),
];
