/** From a merged NodeConfig to a NodeSpec for Amazon Linux 2023: which field means what, and the defaults of nodeadm. */
import { bytesOfBase64 } from '../../base64.ts';
import { cidrOf } from '../../kubelet/cidr.ts';
import { ECR_CREDENTIAL_PROVIDER } from '../../paths.ts';
import { type Checked, type Diagnostic, errorAt, hasErrors, type Sourced } from '../../report.ts';
import type { AmazonLinux2023Options, AmazonLinux2023Spec, ClusterSpec, PodsRule } from '../../spec.ts';
import type { MergedNodeConfig } from './document.ts';

/** Attempts that nodeadm makes with the EC2 API, less the first. */
const NODEADM_RETRIES = 29;

/** Reads the expression; from cel.ts, which brings an evaluator that no other boot needs. */
export type ExpressionRule = (expression: Sourced<string>) => PodsRule;

/** What a caller knows besides the document. */
export interface SpecSurroundings {
  /** Of the process: ECR_CREDENTIAL_PROVIDER_BIN_PATH. */
  readonly env?: { readonly [name: string]: string | undefined };
  readonly expressionRule?: ExpressionRule;
}

type Path = readonly (string | number)[];
type Read = <T>(value: T, ...path: Path) => Sourced<T>;

const fallback = <T>(value: T, at = 'nodeadm'): Sourced<T> => ({ value, origin: 'default', at });

/** Only keys that are there: absent, not undefined. */
const present = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

/** The spec. Errors: no cluster name, values that nothing can be made of. What is missing otherwise is asked of EKS, or refused when it is decided. */
export const nodeSpecOf = (merged: MergedNodeConfig, surroundings: SpecSurroundings = {}): Checked<AmazonLinux2023Spec> => {
  const diagnostics: Diagnostic[] = [];
  const read: Read = (value, ...path) => ({ value, ...merged.placeOf(path) });
  const { cluster = {}, kubelet = {}, featureGates = {} } = merged.spec;
  if (!cluster.name) {
    const { at } = merged.placeOf(['cluster']);
    diagnostics.push(errorAt('no-cluster-name', at, 'Name missing in cluster configuration', 'Give spec.cluster.name.'));
  }
  const clusterSpec = clusterOf(merged, read, diagnostics);
  const nodeName = featureGates['InstanceIdNodeName'];
  if (hasErrors(diagnostics)) return { diagnostics };
  const spec: AmazonLinux2023Spec = {
    target: 'amazon-linux-2023',
    cluster: clusterSpec,
    kubelet: {
      // nodeadm joins them by blanks, and systemd splits the line into words.
      ...(kubelet.flags?.length ? { extraArgs: read(kubelet.flags.join(' '), 'kubelet', 'flags') } : {}),
      useMaxPods: fallback(true),
      reserveFor: fallback('eni-max-pods'),
      nodeName:
        nodeName === undefined
          ? fallback('private-dns-name')
          : read(nodeName ? 'instance-id' : 'private-dns-name', 'featureGates', 'InstanceIdNodeName'),
    },
    credentialPlugin: fallback('auto', 'bootwright'),
    apiRetryAttempts: fallback(NODEADM_RETRIES),
    options: optionsOf(merged, read, surroundings),
  };
  return { value: spec, diagnostics };
};

const clusterOf = (merged: MergedNodeConfig, read: Read, diagnostics: Diagnostic[]): ClusterSpec => {
  const { name = '', apiServerEndpoint, certificateAuthority, cidr } = merged.spec.cluster ?? {};
  if (certificateAuthority && bytesOfBase64(certificateAuthority) === undefined) {
    const remedy = 'Use the value of `aws eks describe-cluster --query cluster.certificateAuthority.data`.';
    const { at } = merged.placeOf(['cluster', 'certificateAuthority']);
    diagnostics.push(errorAt('invalid-base64', at, 'the certificate authority is not base64', remedy));
  }
  const service = cidr ? read(cidr, 'cluster', 'cidr') : undefined;
  const block = cidr ? cidrOf(cidr) : undefined;
  if (service !== undefined && block === undefined) {
    const remedy = "Give the cluster's service CIDR, as in 10.100.0.0/16.";
    diagnostics.push(errorAt('invalid-cidr', service.at, `'${service.value}' is not a CIDR block`, remedy));
  }
  return {
    name: read(name, 'cluster', 'name'),
    ...present({
      endpoint: apiServerEndpoint ? read(apiServerEndpoint, 'cluster', 'apiServerEndpoint') : undefined,
      certificateAuthority: certificateAuthority ? read(certificateAuthority, 'cluster', 'certificateAuthority') : undefined,
      serviceIpv4Cidr: block?.family === 'ipv4' ? service : undefined,
      serviceIpv6Cidr: block?.family === 'ipv6' ? service : undefined,
    }),
  };
};

const optionsOf = (merged: MergedNodeConfig, read: Read, { env = {}, expressionRule }: SpecSurroundings): AmazonLinux2023Options => {
  const { kubelet = {}, containerd = {}, instance = {}, featureGates = {} } = merged.spec;
  const { network = {}, environment } = instance;
  const fast = featureGates['FastImagePull'];
  const expression = kubelet.maxPodsExpression;
  const provider = env['ECR_CREDENTIAL_PROVIDER_BIN_PATH'];
  return {
    kind: 'amazon-linux-2023',
    language: 'node-config',
    describesCluster: fallback(true, 'bootwright'),
    fastImagePull: fast === undefined ? fallback(false) : read(fast, 'featureGates', 'FastImagePull'),
    credentialProvider: provider
      ? { value: provider, origin: 'env', at: 'ECR_CREDENTIAL_PROVIDER_BIN_PATH' }
      : fallback(ECR_CREDENTIAL_PROVIDER),
    ...present({
      kubeletConfig: kubelet.config && read(kubelet.config, 'kubelet', 'config'),
      pods: expression ? expressionRule?.(read(expression, 'kubelet', 'maxPodsExpression')) : undefined,
      containerdConfig: containerd.config ? read(containerd.config, 'containerd', 'config') : undefined,
      baseRuntimeSpec: containerd.baseRuntimeSpec && read(containerd.baseRuntimeSpec, 'containerd', 'baseRuntimeSpec'),
      environment: environment && read(environment, 'instance', 'environment'),
      nameservers: network.nameservers && read(network.nameservers, 'instance', 'network', 'nameservers'),
      domains: network.domains && read(network.domains, 'instance', 'network', 'domains'),
    }),
  };
};
