/** Every decision of an Amazon Linux 2023 node, with all that is wrong collected over all rules. */
import type { Facts } from '../facts.ts';
import { nodeIpOf } from '../kubelet/network.ts';
import { type NodeadmKubeletConfig, nodeadmFeatureGatesOf } from '../kubelet/nodeadm-config.ts';
import { gateHolds, kubeletVersionOf } from '../kubelet/versions.ts';
import { type ApiServerHost, apiServerHostOf, outpostHostOf } from '../outpost.ts';
import { type Checked, type Decided, type Decision, type Diagnostic, hasErrors } from '../report.ts';
import type { AmazonLinux2023Spec, IpFamily } from '../spec.ts';
import { archDiagnostics, certificateAuthorityOf, regionOf } from './amazon-linux-2-rules.ts';
import { type ClusterDecisions, clusterDnsOf2023, clusterIdOf2023, clusterOf2023, ipFamilyOf2023 } from './amazon-linux-2023-cluster.ts';
import { baseRuntimeSpecWarnings, type ContainerdDecision, containerdOf } from './amazon-linux-2023-containerd.ts';
import { imageCredentialProviderOf, providerDirectoryOf, type TokenProgram, tokenProgramOf } from './amazon-linux-2023-credentials.ts';
import {
  dropInErrors,
  flagDiagnostics,
  gpuLabelOf,
  kubeletFlagsOf,
  namesOf,
  readsDropIns,
  reservedCgroupsOf2023,
} from './amazon-linux-2023-kubelet.ts';
import { type PodDecisions, podDecisionsOf } from './amazon-linux-2023-pods.ts';
import { extrasWarnings, labelsOf, reservedCpusOf, systemReservedOf, taintsOf } from './amazon-linux-2023-reserved.ts';
import { snapshotterOf } from './amazon-linux-2023-soci.ts';
import { environmentErrors, resolvedErrors } from './amazon-linux-2023-system.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';

export interface Decisions2023 {
  readonly kubelet: NodeadmKubeletConfig;
  readonly kubeletVersion: Decided<string>;
  readonly cluster: ClusterDecisions;
  /** null: not a local cluster on an Outpost. */
  readonly clusterId: Decided<string | null>;
  /** Only there. */
  readonly apiServer: ApiServerHost | undefined;
  readonly region: Decided<string>;
  readonly containerd: ContainerdDecision;
  readonly credentialPlugin: Decided<TokenProgram>;
  /** Names; empty: none. */
  readonly imageCredentialProvider: Decided<readonly string[]>;
  readonly flags: Decided<string>;
  readonly snapshotter: Decided<string>;
  /** All of them, for --explain. */
  readonly all: readonly Decision[];
}

/** Keeps what a rule says besides its value. */
type Take = <T>(checked: Checked<T>) => T | undefined;

/** What rules have decided that may have failed. */
interface Known {
  readonly kubeletVersion: Decided<string>;
  readonly cluster: ClusterDecisions;
  readonly clusterId: Decided<string | null>;
  readonly clusterDns: Decided<string[]>;
  readonly nodeIp: Decided<string>;
  readonly pods: PodDecisions;
  readonly names: { readonly providerId: Decided<string>; readonly hostnameOverride: Decided<string> };
  readonly containerd: ContainerdDecision;
  readonly imageCredentialProvider: Decided<readonly string[]>;
}

const nodeIpOf2023 = (spec: AmazonLinux2023Spec, facts: Facts, family: IpFamily): Checked<Decided<string>> => {
  const { value, diagnostics } = nodeIpOf(spec, facts, family);
  return value === undefined
    ? { diagnostics }
    : { value: { ...value, changes: [wordsOf(spec).serviceCidr, 'another primary network interface'] }, diagnostics };
};

/** Runs every rule whose inputs exist, so that a user hears of all mistakes at once. */
export const decisionsOf2023 = (spec: AmazonLinux2023Spec, facts: Facts): Checked<Decisions2023> => {
  const diagnostics: Diagnostic[] = [
    ...archDiagnostics(facts),
    ...environmentErrors(spec),
    ...resolvedErrors(spec),
    ...flagDiagnostics(spec, facts),
    ...baseRuntimeSpecWarnings(spec),
    ...extrasWarnings(spec),
  ];
  const take: Take = (checked) => {
    diagnostics.push(...checked.diagnostics);
    return checked.value;
  };
  const kubeletVersion = take(kubeletVersionOf(facts));
  if (kubeletVersion !== undefined) diagnostics.push(...dropInErrors(spec, kubeletVersion.value));
  const ipFamily = ipFamilyOf2023(spec, facts);
  const known = {
    kubeletVersion,
    cluster: take(clusterOf2023(spec, facts)),
    clusterId: take(clusterIdOf2023(spec, facts)),
    clusterDns: take(clusterDnsOf2023(spec, facts, ipFamily.value)),
    nodeIp: take(nodeIpOf2023(spec, facts, ipFamily.value)),
    pods: take(podDecisionsOf(spec, facts, ipFamily.value)),
    names: take(namesOf(spec, facts)),
    containerd: take(containerdOf(spec, facts)),
    imageCredentialProvider: take(imageCredentialProviderOf(spec, facts)),
  };
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: recordOf(spec, facts, whole(known), ipFamily), diagnostics };
};

/** @throws Error when one is missing although no rule has said why: a bug. */
const whole = (known: { readonly [K in keyof Known]: Known[K] | undefined }): Known => {
  if (Object.values(known).some((value) => value === undefined)) throw new Error('a rule gave neither a value nor an error');
  return known as Known;
};

/** All decisions with those that cannot fail, in the order in which they are shown. */
const recordOf = (spec: AmazonLinux2023Spec, facts: Facts, known: Known, ipFamily: Decided<IpFamily>): Decisions2023 => {
  const { kubeletVersion, clusterId, clusterDns, nodeIp, pods, names, imageCredentialProvider } = known;
  const snapshotter = snapshotterOf(spec, facts);
  const host = outpostHostOf(spec, facts);
  const apiServer = host === undefined ? undefined : apiServerHostOf(facts, host);
  const region = regionOf(facts);
  const credentialPlugin = tokenProgramOf(spec, facts);
  const reservedCpus = reservedCpusOf(spec, facts);
  const gpuLabel = gpuLabelOf(facts, kubeletVersion.value);
  const flags = kubeletFlagsOf(spec, {
    kubeletVersion,
    nodeIp,
    hostnameOverride: names.hostnameOverride,
    labels: [...(gpuLabel.value === null ? [] : [gpuLabel.value]), ...labelsOf(spec)],
    hasDropIn: readsDropIns(spec),
    isOutpost: clusterId.value !== null,
    providerDirectory: imageCredentialProvider.value.length === 0 ? null : providerDirectoryOf(spec),
  });
  const kubelet: NodeadmKubeletConfig = {
    kubeletVersion: kubeletVersion.value,
    clusterDns,
    kubeReserved: pods.kubeReserved,
    maxPods: pods.maxPods,
    providerId: names.providerId,
    reservedCgroups: reservedCgroupsOf2023(spec, reservedCpus),
    taints: taintsOf(spec),
    systemReserved: systemReservedOf(spec),
    reservedCpus,
    soci: snapshotter.value === 'soci',
  };
  const decided = { ...known, kubelet, apiServer, region, ipFamily, credentialPlugin, gpuLabel, flags, snapshotter };
  return { ...decided, all: listed(decided) };
};

type Listed = Known &
  Pick<Decisions2023, 'kubelet' | 'apiServer' | 'region' | 'credentialPlugin' | 'flags' | 'snapshotter'> & {
    readonly ipFamily: Decided<IpFamily>;
    readonly gpuLabel: Decided<string | null>;
  };

const listed = ({
  kubelet,
  kubeletVersion,
  cluster,
  clusterId,
  apiServer,
  pods,
  names,
  containerd,
  ...decided
}: Listed): readonly Decision[] => [
  kubeletVersion,
  cluster.name,
  cluster.endpoint,
  certificateAuthorityOf(cluster),
  ...(clusterId.value === null ? [] : [clusterId]),
  ...(apiServer ? [apiServer.addresses] : []),
  decided.region,
  decided.ipFamily,
  decided.clusterDns,
  decided.nodeIp,
  pods.eni,
  pods.maxPods,
  pods.kubeReserved,
  kubelet.systemReserved,
  kubelet.reservedCpus,
  kubelet.reservedCgroups,
  featureGatesOf(kubeletVersion.value),
  shutdownOf(kubeletVersion.value),
  names.providerId,
  names.hostnameOverride,
  decided.gpuLabel,
  decided.flags,
  decided.credentialPlugin,
  decided.imageCredentialProvider,
  containerd.config,
  containerd.runtime,
  decided.snapshotter,
];

const featureGatesOf = (kubeletVersion: string): Decided<{ readonly [gate: string]: boolean }> => ({
  key: 'featureGates',
  value: nodeadmFeatureGatesOf(kubeletVersion),
  because: { rule: 'feature-gates.version', text: `Those that a kubelet ${kubeletVersion} gets on an EKS image.`, inputs: [] },
  changes: ['another kubelet version', 'featureGates in a kubelet configuration of your own'],
});

const shutdownOf = (kubeletVersion: string): Decided<string | null> => {
  const isGraceful = gateHolds('graceful-shutdown', kubeletVersion);
  const text = isGraceful
    ? 'From 1.34 on pods get 2m30s to end when the node shuts down, critical ones the last 30s.'
    : 'Before 1.34 the kubelet is not told.';
  return {
    key: 'shutdownGracePeriod',
    value: isGraceful ? '2m30s' : null,
    because: { rule: `gate.graceful-shutdown`, text, inputs: [] },
    changes: ['another kubelet version', 'shutdownGracePeriod in a kubelet configuration of your own'],
  };
};
