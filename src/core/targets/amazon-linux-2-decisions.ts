/** Every decision of a bootstrap.sh node, with all that is wrong collected over all rules. */
import { type Cluster, clusterOf } from '../cluster.ts';
import { containerdConfigOf } from '../containerd.ts';
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
import type { Checked, Decided, Decision, Diagnostic } from '../report.ts';
import { hasErrors } from '../report.ts';
import type { NodeSpec } from '../spec.ts';
import {
  archDiagnostics,
  certificateAuthorityOf,
  cgroupDriverOf,
  cloudProviderOf,
  evictionHardOf,
  extraArgsTextOf,
  featureGatesOf,
  gpuDiagnostics,
  regionOf,
  reservedCgroupsOf,
  unitTextsOf,
} from './amazon-linux-2-rules.ts';

export interface Decisions extends Omit<KubeletConfigInput, 'kubeletVersion'> {
  readonly kubeletVersion: Decided<string>;
  readonly clusterName: Decided<string>;
  readonly endpoint: Decided<string>;
  readonly certificateAuthority: Decided<string>;
  readonly pem: string;
  readonly region: Decided<string>;
  readonly pauseImage: Decided<string>;
  readonly credentialPlugin: Decided<CredentialCommand>;
  readonly imageCredentialProvider: Decided<boolean>;
  readonly containerdConfig: Decided<string>;
  readonly containerdText: string;
  readonly sandboxImageUnit: Decided<string>;
  readonly sandboxImageUnitText: string;
  readonly kubeletUnit: Decided<string>;
  readonly kubeletUnitText: string;
  readonly kubeletArgs: Decided<string>;
  /** null: none. */
  readonly kubeletExtraArgs: Decided<string | null>;
  readonly bpffs: Decided<BpfFs>;
  /** All of them, for --explain. */
  readonly all: readonly Decision[];
}

/** Runs every rule whose inputs exist, so that a user hears of all mistakes at once. */
export const decisionsOf = (spec: NodeSpec, facts: Facts): Checked<Decisions> => {
  const diagnostics: Diagnostic[] = [...archDiagnostics(facts), ...gpuDiagnostics(facts), ...nodeNameWarnings(spec, facts)];
  const take = <T>(checked: Checked<T>): T | undefined => {
    diagnostics.push(...checked.diagnostics);
    return checked.value;
  };
  const kubeletVersion = take(kubeletVersionOf(facts));
  const cluster = take(clusterOf(spec, facts));
  const ipFamily = take(ipFamilyOf(spec, facts));
  const clusterDns = ipFamily && take(clusterDnsOf(spec, facts, ipFamily.value));
  const nodeIp = ipFamily && take(nodeIpOf(spec, facts, ipFamily.value));
  const maxPods = take(maxPodsOf(spec, facts));
  const kubeReserved = take(kubeReservedOf(spec, facts));
  const pauseImage = take(pauseImageOf(spec, facts));
  const containerd = pauseImage && take(containerdConfigOf(spec, facts, pauseImage.value));
  const kubeletExtraArgs = take(extraArgsTextOf(spec));
  take(extraArgsOf(spec, facts));
  const imageCredentialProvider = take(credentialProviderOf(facts));
  const isExternal = kubeletVersion !== undefined && gateHolds('cloud-provider-external', kubeletVersion.value);
  const providerId = isExternal ? take(providerIdOf(spec, facts)) : undefined;
  const hostnameOverride = isExternal ? take(hostnameOverrideOf(spec, facts)) : undefined;
  if (hasErrors(diagnostics)) return { diagnostics };
  if (!(kubeletVersion && cluster && ipFamily && clusterDns && nodeIp && maxPods && kubeReserved && pauseImage && containerd)) throw gap();
  if (!(kubeletExtraArgs && imageCredentialProvider)) throw gap();

  const units = unitTextsOf(facts, imageCredentialProvider.value);
  const decided = {
    kubeletVersion,
    ...clusterDecisions(cluster),
    region: regionOf(facts),
    ipFamily,
    clusterDns,
    nodeIp,
    eni: eniDecisionOf(facts),
    maxPods,
    kubeReserved,
    evictionHard: evictionHardOf(),
    reservedCgroups: reservedCgroupsOf(spec),
    cgroupDriver: cgroupDriverOf(),
    featureGates: featureGatesOf(kubeletVersion.value),
    cloudProvider: cloudProviderOf(kubeletVersion.value),
    providerId,
    hostnameOverride,
    pauseImage,
    containerdConfig: containerd.source,
    sandboxImageUnit: units.sandboxImage.source,
    sandboxImageCommand: units.command,
    credentialPlugin: credentialPluginOf(spec, facts),
    imageCredentialProvider,
    kubeletUnit: units.kubelet.source,
    kubeletArgs: kubeletArgsOf({ kubeletVersion: kubeletVersion.value, nodeIp, pauseImage, hostnameOverride }),
    kubeletExtraArgs,
    bpffs: bpfFsOf(spec, facts),
  };
  return {
    value: {
      ...decided,
      pem: cluster.pem,
      eniMaxPods: decided.eni?.value ?? null,
      containerdText: containerd.text,
      sandboxImageUnitText: units.sandboxImage.text,
      kubeletUnitText: units.kubelet.text,
      all: Object.values(decided).filter((decision): decision is NonNullable<typeof decision> => decision !== undefined),
    },
    diagnostics,
  };
};

const gap = (): Error => new Error('a rule gave neither a value nor an error');

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
