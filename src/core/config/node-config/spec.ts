/** From a merged NodeConfig to a NodeSpec for Amazon Linux 2023: which field means what, and the defaults of nodeadm. */
import { bytesOfBase64 } from '../../base64.ts';
import { movedAround } from '../../disks/binds.ts';
import { cidrOf } from '../../kubelet/cidr.ts';
import { ECR_CREDENTIAL_PROVIDER, LOCAL_DISKS_DIR } from '../../paths.ts';
import { type Checked, type Diagnostic, errorAt, hasErrors, type Sourced, warningAt } from '../../report.ts';
import {
  type AmazonLinux2023Options,
  type AmazonLinux2023Spec,
  type ClusterSpec,
  LOCAL_DISKS_BINDS,
  LOCAL_DISKS_MODES,
  type LocalDisksBind,
  type LocalDisksMode,
  type LocalDisksSpec,
  type PodsRule,
} from '../../spec.ts';
import type { NodeConfigBootwright } from './bootwright-fields.ts';
import type { MergedNodeConfig, NodeConfigInstance } from './document.ts';
import { extrasOf, podsPolicy, present } from './spec-extras.ts';

/** Attempts that nodeadm makes with the EC2 API, less the first. */
const NODEADM_RETRIES = 29;

/** Evaluates a maxPodsExpression, as maxPodsOf of cel.ts, which brings a library that no other boot needs. */
export type EvaluateMaxPods = (
  expression: string,
  variables: { readonly default_enis: number; readonly ips_per_eni: number; readonly max_pods: number },
) => { readonly value: number; readonly finding?: never } | { readonly finding: Finding; readonly value?: never };

type Finding = Pick<Diagnostic, 'code' | 'message' | 'remedy'>;

/** What a caller knows besides the document. */
export interface SpecSurroundings {
  /** Of the process: ECR_CREDENTIAL_PROVIDER_BIN_PATH. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Needed where the document has an expression. */
  readonly evaluateMaxPods?: EvaluateMaxPods;
}

type Path = readonly (string | number)[];
type Read = <T>(value: T, ...path: Path) => Sourced<T>;

const fallback = <T>(value: T, at = 'nodeadm'): Sourced<T> => ({ value, origin: 'default', at });

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
  const strategy = merged.spec.instance?.localStorage?.strategy ?? '';
  if (strategy !== '' && !isMode(strategy.toLowerCase())) {
    const { at } = merged.placeOf(['instance', 'localStorage', 'strategy']);
    diagnostics.push(errorAt('unknown-strategy', at, `'${strategy}' is no strategy for local disks`, 'Give RAID0, RAID10, Mount or None.'));
  }
  diagnostics.push(...pathErrors(merged));
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
  const { name = '', apiServerEndpoint, certificateAuthority, cidr, id, enableOutpost } = merged.spec.cluster ?? {};
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
      id: id ? read(id, 'cluster', 'id') : undefined,
      localOutpost: enableOutpost === undefined ? undefined : read(enableOutpost, 'cluster', 'enableOutpost'),
    }),
  };
};

const optionsOf = (merged: MergedNodeConfig, read: Read, { env = {}, evaluateMaxPods }: SpecSurroundings): AmazonLinux2023Options => {
  const { kubelet = {}, containerd = {}, instance = {}, featureGates = {} } = merged.spec;
  const { network = {}, environment, storage: { volumes } = {} } = instance;
  const fields = (merged.spec.bootwright ?? {}) as NodeConfigBootwright;
  const fast = featureGates['FastImagePull'];
  const expression = kubelet.maxPodsExpression;
  const provider = env['ECR_CREDENTIAL_PROVIDER_BIN_PATH'];
  return {
    kind: 'amazon-linux-2023',
    language: 'node-config',
    startedAtBootBy: 'nodeadm-run',
    describesCluster:
      fields.describeCluster === undefined ? fallback(true, 'bootwright') : read(fields.describeCluster, 'bootwright', 'describeCluster'),
    fastImagePull: fast === undefined ? fallback(false) : read(fast, 'featureGates', 'FastImagePull'),
    credentialProvider: provider
      ? { value: provider, origin: 'env', at: 'ECR_CREDENTIAL_PROVIDER_BIN_PATH' }
      : fallback(ECR_CREDENTIAL_PROVIDER),
    extras: extrasOf(fields, (value, key) => read(value, 'bootwright', key)),
    ...present({
      kubeletConfig: kubelet.config && read(kubelet.config, 'kubelet', 'config'),
      pods: expression
        ? expressionRule(read(expression, 'kubelet', 'maxPodsExpression'), evaluateMaxPods)
        : fields.maxPods && podsPolicy(read(fields.maxPods, 'bootwright', 'maxPods')),
      containerdConfig: containerd.config ? read(containerd.config, 'containerd', 'config') : undefined,
      baseRuntimeSpec: containerd.baseRuntimeSpec && read(containerd.baseRuntimeSpec, 'containerd', 'baseRuntimeSpec'),
      volumes: volumes?.length ? read(volumes, 'instance', 'storage', 'volumes') : undefined,
      localDisks: localDisksOf(instance.localStorage, read),
      environment: environment && read(environment, 'instance', 'environment'),
      nameservers: network.nameservers && read(network.nameservers, 'instance', 'network', 'nameservers'),
      domains: network.domains && read(network.domains, 'instance', 'network', 'domains'),
    }),
  };
};

/** What nodeadm's `disabledMounts` say, and what stays where it is by that. Other spellings it ignores, unlike those of `strategy`. */
const DISABLED: { readonly [word: string]: LocalDisksBind } = { Containerd: 'containerd', PodLogs: 'pods-logs', SOCI: 'soci' };

const isMode = (word: string): word is LocalDisksMode => (LOCAL_DISKS_MODES as readonly string[]).includes(word);

/** No character that means something in a unit file. */
const isPlainPath = (path: string): boolean => /^(?:\/[A-Za-z0-9_.:@+-]+)+\/?$/.test(path) && !/\/\.\.?(?:\/|$)/.test(path);

const pathErrors = ({ spec, placeOf }: MergedNodeConfig): readonly Diagnostic[] => {
  const { localStorage, storage } = spec.instance ?? {};
  const paths: readonly (readonly [string, Path])[] = [
    ...(localStorage?.mountPath ? ([[localStorage.mountPath, ['instance', 'localStorage', 'mountPath']]] as const) : []),
    ...(storage?.volumes ?? []).flatMap(({ device, mountTargets }, index) =>
      [device, ...mountTargets].map((path) => [path, ['instance', 'storage', 'volumes', index]] as const),
    ),
  ];
  const say = (at: Path, message: string): Diagnostic =>
    errorAt('invalid-path', placeOf(at).at, message, 'Give a directory like /mnt/data, and a device like /dev/sdf.');
  const moved = localStorage?.mountPath ? movedAround(localStorage.mountPath.replace(/\/$/, '')) : undefined;
  return [
    ...paths
      .filter(([path]) => !isPlainPath(path))
      .map(([path, at]) => say(at, `'${path}' is not an absolute path of letters, digits, and . _ : @ + -`)),
    ...(moved === undefined
      ? []
      : [
          say(
            ['instance', 'localStorage', 'mountPath'],
            `'${localStorage?.mountPath}' is, or lies in, ${moved}, which goes onto the disks itself`,
          ),
        ]),
  ];
};

/** undefined: no strategy was given. */
const localDisksOf = (storage: NodeConfigInstance['localStorage'], read: Read): LocalDisksSpec | undefined => {
  const mode = storage?.strategy?.toLowerCase() ?? '';
  if (storage === undefined || !isMode(mode)) return undefined;
  const stays = new Set(storage.disabledMounts?.map((word) => (Object.hasOwn(DISABLED, word) ? DISABLED[word] : undefined)));
  return {
    mode: read(mode, 'instance', 'localStorage', 'strategy'),
    directory: storage.mountPath
      ? read(storage.mountPath.replace(/\/$/, ''), 'instance', 'localStorage', 'mountPath')
      : fallback(LOCAL_DISKS_DIR),
    binds: LOCAL_DISKS_BINDS.filter((bind) => !stays.has(bind)),
    delegates: true,
  };
};

/** Without the limits of the type there is only one variable. */
const NEEDS_LIMITS = /\b(?:default_enis|ips_per_eni)\b/;

/** As nodeadm: an expression that gives no number is a warning, and the standard value stands. */
const expressionRule = (given: Sourced<string>, evaluate: EvaluateMaxPods | undefined): PodsRule => {
  if (evaluate === undefined) throw new Error('there is an expression for maxPods and nothing to evaluate it');
  const expression = given.value;
  const warned = ({ code, message, remedy }: Finding): Diagnostic => warningAt(code, given.at, message, remedy);
  return {
    given,
    podsOf: ({ instanceType, limits, standard }) => {
      if (limits === null && NEEDS_LIMITS.test(expression)) {
        const message = `the expression needs the limits of ${instanceType}, which nobody knows`;
        const remedy = 'Allow ec2:DescribeInstanceTypes, or use max_pods alone.';
        return { pods: undefined, text: message, diagnostics: [warned({ code: 'unknown-instance-type', message, remedy })] };
      }
      const variables = { default_enis: limits?.enis ?? 0, ips_per_eni: limits?.ipv4PerEni ?? 0, max_pods: standard };
      const { value, finding } = evaluate(expression, variables);
      const known =
        limits === null
          ? `max_pods = ${standard}`
          : Object.entries(variables)
              .map(([name, number]) => `${name} = ${number}`)
              .join(', ');
      return finding === undefined
        ? { pods: value, text: `${expression} = ${value}, with ${known}`, diagnostics: [] }
        : { pods: undefined, text: finding.message, diagnostics: [warned(finding)] };
    },
  };
};
