/** Every decision of a bootstrap.sh node, with all that is wrong collected over all rules. */
import { type Cluster, clusterOf } from '../cluster.ts';
import { containerRuntimeOf } from '../container-runtime.ts';
import type { Facts } from '../facts.ts';
import { pauseImageOf } from '../images.ts';
import { eniMaxPodsOf, kubeReservedOf, maxPodsOf } from '../kubelet/capacity.ts';
import type { KubeletConfigInput } from '../kubelet/config.ts';
import { credentialProviderOf } from '../kubelet/credential-provider.ts';
import { extraArgsOf } from '../kubelet/extra-args.ts';
import { areLimitsKnown } from '../kubelet/image-limits.ts';
import { type CredentialCommand, credentialPluginOf } from '../kubelet/kubeconfig.ts';
import { hostnameOverrideOf, nodeNameWarnings, providerIdOf } from '../kubelet/names.ts';
import { clusterDnsOf, ipFamilyOf, nodeIpOf } from '../kubelet/network.ts';
import { type BpfFs, bpfFsOf, kubeletArgsOf } from '../kubelet/units.ts';
import { gateHolds, kubeletVersionOf } from '../kubelet/versions.ts';
import { nvidiaRuntimeOf } from '../nvidia.ts';
import { type ApiServerHost, apiServerHostOf, clusterIdOf, outpostHostOf } from '../outpost.ts';
import type { Checked, Decided, Decision, Diagnostic } from '../report.ts';
import { hasErrors } from '../report.ts';
import type { AmazonLinux2Spec, ContainerRuntime, IpFamily } from '../spec.ts';
import {
  archDiagnostics,
  certificateAuthorityOf,
  cloudProviderOf,
  evictionHardOf,
  extraArgsTextOf,
  featureGatesOf,
  regionOf,
  reservedCgroupsOf,
} from './amazon-linux-2-rules.ts';
import { type Runtime, runtimeOf } from './amazon-linux-2-runtime.ts';

export interface Decisions extends Omit<KubeletConfigInput, 'kubeletVersion' | 'cgroupDriver'> {
  readonly kubeletVersion: Decided<string>;
  /** null: not on an Outpost. */
  readonly clusterId: Decided<string | null>;
  readonly clusterName: Decided<string>;
  readonly endpoint: Decided<string>;
  readonly certificateAuthority: Decided<string>;
  readonly pem: string;
  /** What goes into /etc/hosts; undefined: nothing. */
  readonly apiServer: ApiServerHost | undefined;
  readonly region: Decided<string>;
  readonly credentialPlugin: Decided<CredentialCommand>;
  readonly imageCredentialProvider: Decided<boolean>;
  readonly runtime: Runtime;
  readonly kubeletArgs: Decided<string>;
  /** null: none. */
  readonly kubeletExtraArgs: Decided<string | null>;
  readonly bpffs: Decided<BpfFs>;
  /** All of them, for --explain. */
  readonly all: readonly Decision[];
}

/** Keeps what a rule says besides its value. */
type Take = <T>(checked: Checked<T>) => T | undefined;

/** Runs every rule whose inputs exist, so that a user hears of all mistakes at once. */
export const decisionsOf = (spec: AmazonLinux2Spec, facts: Facts): Checked<Decisions> => {
  const diagnostics: Diagnostic[] = [...archDiagnostics(facts), ...nodeNameWarnings(spec, facts)];
  const take: Take = (checked) => {
    diagnostics.push(...checked.diagnostics);
    return checked.value;
  };
  const kubeletVersion = take(kubeletVersionOf(facts));
  const containerRuntime = kubeletVersion && take(containerRuntimeOf(spec, facts, kubeletVersion.value));
  const nvidiaRuntime = take(nvidiaRuntimeOf(facts));
  const cluster = take(clusterOf(spec, facts));
  const clusterId = take(clusterIdOf(spec, facts));
  const network = networkOf(spec, facts, take);
  const pauseImage = take(pauseImageOf(spec, facts));
  const imageCredentialProvider = take(credentialProviderOf(facts));
  const input = { nvidiaRuntime, credentialProvider: imageCredentialProvider?.value === true };
  // Of a kubelet that is refused the runtime is not known; then containerd's configuration is looked at, which nearly all nodes have.
  const runtime = pauseImage && take(runtimeOf(containerRuntime?.value ?? 'containerd', spec, facts, { ...input, pauseImage }));
  const kubeletExtraArgs = clusterId && take(extraArgsTextOf(spec, clusterId));
  take(extraArgsOf(spec, facts));
  const names = namesOf(spec, facts, kubeletVersion?.value, take);
  if (hasErrors(diagnostics)) return { diagnostics };
  const decided = whole({
    ...network,
    ...{ kubeletVersion, containerRuntime, cluster, clusterId, pauseImage, imageCredentialProvider, runtime, kubeletExtraArgs },
  });
  return { value: recordOf(spec, facts, decided, { ...names, nvidiaRuntime }), diagnostics };
};

const networkOf = (spec: AmazonLinux2Spec, facts: Facts, take: Take) => {
  const ipFamily = take(ipFamilyOf(spec, facts));
  return {
    ipFamily,
    clusterDns: ipFamily && take(clusterDnsOf(spec, facts, ipFamily.value)),
    nodeIp: ipFamily && take(nodeIpOf(spec, facts, ipFamily.value)),
    maxPods: take(maxPodsOf(spec, facts)),
    kubeReserved: take(kubeReservedOf(spec, facts)),
  };
};

/** Only with the external cloud provider; the one inside the kubelet finds both itself. */
const namesOf = (spec: AmazonLinux2Spec, facts: Facts, kubeletVersion: string | undefined, take: Take) => {
  const isExternal = kubeletVersion !== undefined && gateHolds('cloud-provider-external', kubeletVersion);
  return {
    providerId: isExternal ? take(providerIdOf(spec, facts)) : undefined,
    hostnameOverride: isExternal ? take(hostnameOverrideOf(spec, facts)) : undefined,
  };
};

/** What rules have decided that may have failed. */
interface Known
  extends Pick<Decisions, 'kubeletVersion' | 'clusterId' | 'clusterDns' | 'maxPods' | 'kubeReserved' | 'imageCredentialProvider'>,
    Pick<Decisions, 'runtime' | 'kubeletExtraArgs'> {
  readonly containerRuntime: Decided<ContainerRuntime>;
  readonly cluster: Cluster;
  readonly ipFamily: Decided<IpFamily>;
  readonly nodeIp: Decided<string>;
  readonly pauseImage: Decided<string>;
}

/** What a node may lack. */
interface Optional {
  readonly providerId: Decided<string> | undefined;
  readonly hostnameOverride: Decided<string> | undefined;
  readonly nvidiaRuntime: Decided<string> | undefined;
}

/** All decisions with those that cannot fail, in the order in which they are shown. */
const recordOf = (spec: AmazonLinux2Spec, facts: Facts, known: Known, { nvidiaRuntime, ...names }: Optional): Decisions => {
  const { kubeletVersion, containerRuntime, cluster, clusterId, ipFamily, clusterDns, nodeIp, pauseImage, runtime } = known;
  const host = outpostHostOf(spec, facts);
  const apiServer = host === undefined ? undefined : apiServerHostOf(facts, host);
  const decided = {
    kubeletVersion,
    containerRuntime,
    ...clusterDecisions(cluster),
    clusterId,
    apiServerAddresses: apiServer?.addresses,
    region: regionOf(facts),
    ipFamily,
    clusterDns,
    nodeIp,
    eni: eniDecisionOf(facts),
    maxPods: known.maxPods,
    kubeReserved: known.kubeReserved,
    evictionHard: evictionHardOf(),
    reservedCgroups: reservedCgroupsOf(spec, containerRuntime.value),
    cgroupDriver: runtime.cgroupDriver,
    featureGates: featureGatesOf(kubeletVersion.value),
    cloudProvider: cloudProviderOf(kubeletVersion.value),
    ...names,
    pauseImage,
    nvidiaRuntime,
    credentialPlugin: credentialPluginOf(spec, facts),
    imageCredentialProvider: known.imageCredentialProvider,
    kubeletArgs: kubeletArgsOf({
      kubeletVersion: kubeletVersion.value,
      containerRuntime: containerRuntime.value,
      nodeIp,
      pauseImage,
      hostnameOverride: names.hostnameOverride,
    }),
    kubeletExtraArgs: known.kubeletExtraArgs,
    bpffs: bpfFsOf(spec, facts),
  };
  const ordinary = clusterId.value === null ? { clusterId: undefined } : {};
  const all = [...Object.values({ ...decided, ...ordinary }), ...runtime.decisions].filter((decision) => decision !== undefined);
  return { ...decided, pem: cluster.pem, apiServer, runtime, eniMaxPods: decided.eni?.value ?? null, all };
};

/** @throws Error when one is missing although no rule has said why: a bug. */
const whole = <T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } => {
  if (Object.values(values).some((value) => value === undefined)) throw new Error('a rule gave neither a value nor an error');
  return values as { [K in keyof T]: NonNullable<T[K]> };
};

const clusterDecisions = (cluster: Cluster) => ({
  clusterName: cluster.name,
  endpoint: cluster.endpoint,
  certificateAuthority: certificateAuthorityOf(cluster),
});

/** Known unless nobody needed it: then neither the table nor DescribeInstanceTypes has been asked for a type the table lacks. */
const eniDecisionOf = (facts: Facts): Decided<number> | undefined => {
  const { type } = facts.instance;
  return type !== undefined && areLimitsKnown(facts, type) ? eniMaxPodsOf(facts).value : undefined;
};
