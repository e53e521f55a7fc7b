/** The plain node of the unit tests: m5.large in us-west-2 with kubelet 1.32, and the words to make it another one. */
import { decodeBootstrap } from '../../../src/core/config/bootstrap-flags.ts';
import type { ClusterFacts, Facts, HostFacts, InstanceFacts } from '../../../src/core/facts.ts';
import {
  AMI_CONTAINERD_CONFIG,
  AMI_ENI_MAX_PODS,
  AMI_FIREWALL_UNIT,
  AMI_GPU_HELPER,
  AMI_KUBELET_UNIT,
  AMI_PULL_SANDBOX_IMAGE,
  AMI_SANDBOX_IMAGE_UNIT,
  BPF_MOUNT_UNIT,
  DOCKER_CONFIG,
  DOCKERD_PLACES,
  ECR_CREDENTIAL_PROVIDER,
  FIREWALL_RULES,
  IAM_AUTHENTICATOR,
  KUBELET_UNIT,
  NVIDIA_RUNTIME_PLACES,
} from '../../../src/core/paths.ts';
import type { Checked, Diagnostic } from '../../../src/core/report.ts';
import type { AmazonLinux2Spec } from '../../../src/core/spec.ts';
import { CLUSTER_CA_PEM } from '../../fakes/certificates.ts';

export const CA = Buffer.from(CLUSTER_CA_PEM).toString('base64');
export const ENDPOINT = 'https://EXAMPLE.gr7.us-west-2.eks.amazonaws.com';
/** Flags with which nobody has to ask EKS. */
export const PAIR = ['--apiserver-endpoint', ENDPOINT, '--b64-cluster-ca', CA] as const;

export const CLUSTER: ClusterFacts = {
  name: 'my-cluster',
  status: 'ACTIVE',
  endpoint: ENDPOINT,
  certificateAuthority: CA,
  ipFamily: 'ipv4',
  serviceIpv4Cidr: '10.100.0.0/16',
  serviceIpv6Cidr: null,
  id: null,
  outpostArn: null,
};

export interface Differences {
  readonly instance?: { readonly [K in keyof InstanceFacts]?: InstanceFacts[K] | undefined };
  readonly host?: { readonly [K in keyof HostFacts]?: HostFacts[K] | undefined };
  /** null: not described. */
  readonly cluster?: Partial<ClusterFacts> | null;
  readonly instanceTypes?: Facts['instanceTypes'];
  readonly now?: string;
}

const without = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };

/** Facts of the plain node with differences; `undefined` takes a fact away. */
export const factsWith = ({ instance, host, cluster, instanceTypes, now }: Differences = {}): Facts => ({
  schemaVersion: 1,
  now: now ?? '2026-11-21T08:00:00Z',
  instance: without({
    id: 'i-0123456789abcdef0',
    type: 'm5.large',
    region: 'us-west-2',
    availabilityZone: 'us-west-2a',
    domain: 'amazonaws.com',
    mac: '0a:00:00:00:00:0a',
    localIpv4: '192.168.1.10',
    ipv6s: null,
    vpcIpv4Cidrs: ['192.168.0.0/16'],
    privateDnsName: 'ip-192-168-1-10.us-west-2.compute.internal',
    ...instance,
  }),
  host: without({
    arch: 'x86_64',
    cpus: 2,
    kubeletVersion: '1.32.3',
    containerdVersion: '1.7.27',
    fips: false,
    bpfMounts: [],
    files: {
      [AMI_KUBELET_UNIT]: null,
      [AMI_SANDBOX_IMAGE_UNIT]: null,
      [AMI_CONTAINERD_CONFIG]: null,
      [AMI_ENI_MAX_PODS]: null,
      [BPF_MOUNT_UNIT]: null,
      [KUBELET_UNIT]: null,
      [AMI_FIREWALL_UNIT]: null,
      [FIREWALL_RULES]: null,
      [DOCKER_CONFIG]: null,
    },
    firewallRules: '',
    addresses: { 'example.gr7.us-west-2.eks.amazonaws.com': ['10.0.0.5', '10.0.0.6'] },
    executables: {
      [AMI_GPU_HELPER]: false,
      [AMI_PULL_SANDBOX_IMAGE]: true,
      [ECR_CREDENTIAL_PROVIDER]: true,
      [IAM_AUTHENTICATOR]: true,
      ...Object.fromEntries([...NVIDIA_RUNTIME_PLACES, ...DOCKERD_PLACES].map((path) => [path, path === DOCKERD_PLACES[0]])),
    },
    ...host,
  }),
  ...(cluster === null ? {} : { cluster: { ...CLUSTER, ...cluster } }),
  ...(instanceTypes ? { instanceTypes } : {}),
});

/** Facts of a machine of which nothing is known yet. */
export const NOTHING: Facts = { schemaVersion: 1, now: '2026-11-21T08:00:00Z', instance: {}, host: {} };

/** The wish that a call of bootstrap.sh makes. */
export const specWith = (
  args: readonly string[] = [],
  env: { readonly [name: string]: string } = {},
  style: 'drop-in' | 'own' = 'drop-in',
): AmazonLinux2Spec => {
  const { request, diagnostics } = decodeBootstrap(['my-cluster', ...args], env, style);
  if (request?.spec === undefined) throw new Error(`no spec: ${JSON.stringify(diagnostics)}`);
  return request.spec;
};

/** The value of a result that must have one. */
export const decidedOf = <T>({ value, diagnostics }: Checked<T>): T => {
  if (value === undefined) throw new Error(`no value: ${JSON.stringify(diagnostics)}`);
  return value;
};

/** Diagnostics as lines: `error invalid-ip --dns-cluster-ip: message`. */
export const linesOf = (diagnostics: readonly Diagnostic[]): readonly string[] =>
  diagnostics.map(({ severity, code, path, message }) => `${severity} ${code} ${path}: ${message}`);
