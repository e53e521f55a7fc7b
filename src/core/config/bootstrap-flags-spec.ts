/** From single values to a NodeSpec: reading each, what contradicts what, and the defaults of bootstrap.sh. */
import { LOCAL_DISKS_DIR } from '../paths.ts';
import { redacted } from '../redact.ts';
import { type Diagnostic, errorAt, type Sourced, warningAt } from '../report.ts';
import { type AmazonLinux2Spec, LOCAL_DISKS_BINDS } from '../spec.ts';
import { FLAGS, type FlagName, type FlagValue } from './bootstrap-flags-table.ts';
import type { Reader } from './bootstrap-flags-values.ts';

/** What was given and is right, by name. */
export type Given = { readonly [N in FlagName]?: Sourced<FlagValue<N>> };

/** Reads every text that was given; what is wrong is said, and left out of the values. */
export const givenOf = (
  texts: ReadonlyMap<FlagName, Sourced<string>>,
): { readonly given: Given; readonly diagnostics: readonly Diagnostic[] } => {
  const given: Partial<Record<FlagName, Sourced<unknown>>> = {};
  const diagnostics: Diagnostic[] = [];
  for (const [name, { value: text, origin, at }] of texts) {
    const { value, fault } = (FLAGS[name].read as Reader<unknown>)(text);
    if (fault === undefined) given[name] = { value, origin, at };
    else diagnostics.push({ severity: 'error', code: fault.code, path: at, message: redacted(fault.message), remedy: fault.remedy });
  }
  // Each value came from the reader that stands in the table under the same name.
  return { given: given as Given, diagnostics };
};

/** A pair of which one half is given and right, and the other not given at all. */
const halfPair = ({ endpoint, certificateAuthority }: Given, wrong: readonly Diagnostic[]): readonly Diagnostic[] => {
  const [half, other] = endpoint ? [endpoint, FLAGS.certificateAuthority] : [certificateAuthority, FLAGS.endpoint];
  const isOtherWrong = wrong.some(({ path }) => path === other.flag || path === other.env);
  if (half === undefined || (endpoint && certificateAuthority) || isOtherWrong) return [];
  return [
    warningAt(
      'half-given-pair',
      half.at,
      `counts only together with ${other.flag}: it is not used, the cluster is described`,
      `Give ${other.flag}, too, or leave both out.`,
    ),
  ];
};

const familyConflicts = (given: Given, wrong: readonly Diagnostic[]): readonly Diagnostic[] => {
  const { ipFamily, serviceIpv6Cidr, dnsIps, endpoint, certificateAuthority } = given;
  if (ipFamily?.value === 'ipv4' && serviceIpv6Cidr !== undefined) {
    const message = '--ip-family should be ipv6 when --service-ipv6-cidr is specified';
    return [errorAt('ip-family-conflict', ipFamily.at, message, `Say ipv6, or leave ${serviceIpv6Cidr.at} out.`)];
  }
  // A wrong value in their place has been said already.
  const isWrong = wrong.some(({ path }) => [FLAGS.serviceIpv6Cidr, FLAGS.dnsIps].some(({ flag, env }) => path === flag || path === env));
  const isDescribed = endpoint === undefined || certificateAuthority === undefined;
  if (ipFamily?.value !== 'ipv6' || serviceIpv6Cidr !== undefined || dnsIps !== undefined || isDescribed || isWrong) return [];
  const message = 'One of --service-ipv6-cidr or --dns-cluster-ip must be provided when --ip-family is ipv6';
  return [
    errorAt('no-ipv6-cidr', ipFamily.at, message, 'Give one of them, or leave CA and endpoint out, so that the cluster is described.'),
  ];
};

/** Nobody says the id: neither the user nor DescribeCluster, which is not asked. */
const idConflicts = (given: Given, wrong: readonly Diagnostic[]): readonly Diagnostic[] => {
  const { localOutpost, clusterId, endpoint, certificateAuthority } = given;
  const isWrong = wrong.some(({ path }) => path === FLAGS.clusterId.flag || path === FLAGS.clusterId.env);
  if (localOutpost?.value !== true || clusterId !== undefined || !endpoint || !certificateAuthority || isWrong) return [];
  const message = 'Cluster ID is required when local outpost support is enabled';
  return [
    errorAt(
      'no-cluster-id',
      localOutpost.at,
      message,
      'Give --cluster-id, or leave CA and endpoint out, so that the cluster is described.',
    ),
  ];
};

/** What contradicts what. `wrong`: diagnostics of single values. */
export const conflictsOf = (given: Given, wrong: readonly Diagnostic[]): readonly Diagnostic[] => [
  ...halfPair(given, wrong),
  ...familyConflicts(given, wrong),
  ...idConflicts(given, wrong),
];

const fallback = <T>(value: T, at = 'bootstrap.sh'): Sourced<T> => ({ value, origin: 'default', at });

/** Only keys that are there: absent, not undefined. */
const present = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };

const clusterOf = (name: Sourced<string>, given: Given): AmazonLinux2Spec['cluster'] => {
  const { endpoint, certificateAuthority, serviceIpv4Cidr, serviceIpv6Cidr, ipFamily, dnsIps, clusterId: id, localOutpost } = given;
  const pair = endpoint && certificateAuthority ? { endpoint, certificateAuthority } : {};
  return { name, ...pair, ...present({ serviceIpv4Cidr, serviceIpv6Cidr, ipFamily, dnsIps, id, localOutpost }) };
};

/** The whole wish. `style` matters for one default: our own name reserves for the pods that the kubelet really takes. */
export const specOf = (name: Sourced<string>, given: Given, style: 'drop-in' | 'own'): AmazonLinux2Spec => {
  const { extraArgs, containerRuntime, containerdConfigFile, dockerConfigJson, dockerBridge, pauseAccount, pauseImage, localDisks } = given;
  return {
    target: 'amazon-linux-2',
    cluster: clusterOf(name, given),
    kubelet: {
      ...present({ extraArgs }),
      useMaxPods: given.useMaxPods ?? fallback(true),
      reserveFor: given.reserveFor ?? (style === 'drop-in' ? fallback('eni-max-pods') : fallback('max-pods', 'bootwright')),
      nodeName: given.nodeName ?? fallback('private-dns-name'),
    },
    credentialPlugin: given.credentialPlugin ?? fallback('auto', 'bootwright'),
    apiRetryAttempts: given.apiRetryAttempts ?? fallback(3),
    options: {
      kind: 'amazon-linux-2',
      ...present({ containerRuntime, containerdConfigFile, dockerConfigJson, dockerBridge, pauseAccount, pauseImage }),
      ...(localDisks
        ? { localDisks: { mode: localDisks, directory: fallback(LOCAL_DISKS_DIR), binds: LOCAL_DISKS_BINDS, delegates: true } }
        : {}),
      mountBpfFs: given.mountBpfFs ?? fallback(true),
      pauseVersion: given.pauseVersion ?? fallback('3.5'),
    },
  };
};
