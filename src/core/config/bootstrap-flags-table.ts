/** The flags of bootstrap.sh and ours beside them: one table for parsing, help, completion and README. */
import { type CredentialPlugin, LOCAL_DISKS_MODES, type NodeNameSource, type ReserveFor } from '../spec.ts';
import {
  CONTAINER_RUNTIMES,
  type Reader,
  readAccount,
  readAnything,
  readBoolean,
  readCertificateAuthority,
  readClusterId,
  readContainerRuntime,
  readDockerBridge,
  readExtraArgs,
  readImageTag,
  readIpFamily,
  readIps,
  readIpv4Cidr,
  readIpv6Cidr,
  readLocalPath,
  readPath,
  readRepository,
  readRetryAttempts,
  readUrl,
  readVerify,
  readWord,
} from './bootstrap-flags-values.ts';

export interface BootstrapFlag<T = unknown> {
  /** With its dashes; absent: there is only the variable. */
  readonly flag?: string;
  /** The environment variable that supplies it when the flag is absent. */
  readonly env?: string;
  /** What its value is called in help; absent: it takes none. */
  readonly value?: string;
  /** The only words it takes, where there are such. */
  readonly choices?: readonly string[];
  /** What holds when it is not given, as text; empty: nothing. */
  readonly default: string;
  /** bootstrap.sh's own, ours about the node, ours about this run. */
  readonly group: 'bootstrap.sh' | 'bootwright' | 'run';
  readonly help: string;
  readonly read: Reader<T>;
  /** Its value is shortened or masked in the log: a CA, a JSON document that may hold passwords. */
  readonly log?: 'short' | 'masked';
}

const BOOLEANS = ['true', 'false'];
const CREDENTIAL_PLUGINS = ['auto', 'aws-iam-authenticator', 'bootwright'] as const satisfies readonly CredentialPlugin[];
const RESERVE_FOR = ['eni-max-pods', 'max-pods'] as const satisfies readonly ReserveFor[];
const NODE_NAMES = ['private-dns-name', 'instance-id'] as const satisfies readonly NodeNameSource[];

// Made here, not in the table: there the compiler would widen their type.
const readCredentialPlugin = readWord(CREDENTIAL_PLUGINS);
const readReserveFor = readWord(RESERVE_FOR);
const readLocalDisks = readWord(LOCAL_DISKS_MODES);
const readNodeName = readWord(NODE_NAMES);

const upstream = <const F extends Omit<BootstrapFlag, 'group'>>(flag: F) => ({ ...flag, group: 'bootstrap.sh' }) as const;
const own = <const F extends Omit<BootstrapFlag, 'group'>>(flag: F) => ({ ...flag, group: 'bootwright' }) as const;
const run = <const F extends Omit<BootstrapFlag, 'group'>>(flag: F) => ({ ...flag, group: 'run' }) as const;

/** By the name that our own code gives the value. */
export const FLAGS = {
  endpoint: upstream({
    flag: '--apiserver-endpoint',
    env: 'APISERVER_ENDPOINT',
    value: 'URL',
    default: '',
    help: 'The cluster’s API server. Counts only together with --b64-cluster-ca; then the cluster is not described.',
    read: readUrl,
  }),
  certificateAuthority: upstream({
    flag: '--b64-cluster-ca',
    env: 'B64_CLUSTER_CA',
    value: 'BASE64',
    default: '',
    help: 'The cluster’s certificate authority, PEM in base64. Counts only together with --apiserver-endpoint.',
    read: readCertificateAuthority,
    log: 'short',
  }),
  apiRetryAttempts: upstream({
    flag: '--aws-api-retry-attempts',
    env: 'API_RETRY_ATTEMPTS',
    value: 'N',
    default: '3',
    help: 'How often a failed AWS API call is tried again.',
    read: readRetryAttempts,
  }),
  clusterId: upstream({
    flag: '--cluster-id',
    env: 'CLUSTER_ID',
    value: 'ID',
    default: '',
    help: 'Id of a local cluster on an Outpost; one that DescribeCluster says wins. Needed there when the cluster is not described.',
    read: readClusterId,
  }),
  containerRuntime: upstream({
    flag: '--container-runtime',
    env: 'CONTAINER_RUNTIME',
    value: 'RUNTIME',
    choices: CONTAINER_RUNTIMES,
    default: 'dockerd before kubelet 1.24, else containerd',
    help: 'What runs the containers. From kubelet 1.24 on only containerd.',
    read: readContainerRuntime,
  }),
  containerdConfigFile: upstream({
    flag: '--containerd-config-file',
    env: 'CONTAINERD_CONFIG_FILE',
    value: 'PATH',
    default: '',
    help: 'A file to use for containerd’s config.toml; SANDBOX_IMAGE in it becomes the pause image.',
    read: readPath,
  }),
  dnsIps: upstream({
    flag: '--dns-cluster-ip',
    env: 'DNS_CLUSTER_IP',
    value: 'IP[,IP…]',
    default: 'address 10 of the service CIDR',
    help: 'Addresses of the cluster DNS; they win over everything that could be derived.',
    read: readIps,
  }),
  dockerConfigJson: upstream({
    flag: '--docker-config-json',
    env: 'DOCKER_CONFIG_JSON',
    value: 'JSON',
    default: '',
    help: 'The whole of /etc/docker/daemon.json. For dockerd; else ignored with a warning.',
    read: readAnything,
    log: 'masked',
  }),
  dockerBridge: upstream({
    flag: '--enable-docker-bridge',
    env: 'ENABLE_DOCKER_BRIDGE',
    value: 'BOOL',
    choices: BOOLEANS,
    default: 'false',
    help: 'Give docker a bridge network (docker0), without live restore. For dockerd; else ignored with a warning.',
    read: readDockerBridge,
  }),
  localOutpost: upstream({
    flag: '--enable-local-outpost',
    env: 'ENABLE_LOCAL_OUTPOST',
    value: 'BOOL',
    choices: BOOLEANS,
    default: 'as DescribeCluster says',
    help: 'Join as a node of a local cluster on an Outpost: with a bootstrap kubeconfig, and the API server in /etc/hosts.',
    read: readBoolean,
  }),
  ipFamily: upstream({
    flag: '--ip-family',
    env: 'IP_FAMILY',
    value: 'FAMILY',
    choices: ['ipv4', 'ipv6'],
    default: 'as DescribeCluster says, else ipv4',
    help: 'IP family of the cluster.',
    read: readIpFamily,
  }),
  extraArgs: upstream({
    flag: '--kubelet-extra-args',
    env: 'KUBELET_EXTRA_ARGS',
    value: 'ARGS',
    default: '',
    help: 'Arguments for the kubelet in one string. The flag replaces the variable, they are not joined.',
    read: readExtraArgs,
  }),
  localDisks: upstream({
    flag: '--local-disks',
    env: 'LOCAL_DISKS',
    value: 'MODE',
    choices: LOCAL_DISKS_MODES,
    default: 'none',
    help: 'Instance store: one array (raid0, raid10) that holds the data of kubelet and containerd, or each disk mounted on its own.',
    read: readLocalDisks,
  }),
  mountBpfFs: upstream({
    flag: '--mount-bpf-fs',
    env: 'MOUNT_BPF_FS',
    value: 'BOOL',
    choices: BOOLEANS,
    default: 'true',
    help: 'Mount a bpffs at /sys/fs/bpf unless there is one.',
    read: readBoolean,
  }),
  pauseAccount: upstream({
    flag: '--pause-container-account',
    env: 'PAUSE_CONTAINER_ACCOUNT',
    value: 'ACCOUNT',
    default: 'EKS’s own in the region',
    help: 'ECR account to take the pause image from, in the node’s own region.',
    read: readAccount,
  }),
  pauseVersion: upstream({
    flag: '--pause-container-version',
    env: 'PAUSE_CONTAINER_VERSION',
    value: 'TAG',
    default: '3.5',
    help: 'Tag of the pause image.',
    read: readImageTag,
  }),
  pauseImage: upstream({
    env: 'PAUSE_CONTAINER_IMAGE',
    value: 'REPOSITORY',
    default: '<ECR of the region>/eks/pause',
    help: 'Replaces the whole repository of the pause image; the tag is appended.',
    read: readRepository,
  }),
  serviceIpv4Cidr: upstream({
    flag: '--service-ipv4-cidr',
    env: 'SERVICE_IPV4_CIDR',
    value: 'CIDR',
    default: 'as DescribeCluster says',
    help: 'The cluster’s service CIDR, from which the cluster DNS follows. Not used when the cluster is described.',
    read: readIpv4Cidr,
  }),
  serviceIpv6Cidr: upstream({
    flag: '--service-ipv6-cidr',
    env: 'SERVICE_IPV6_CIDR',
    value: 'CIDR',
    default: 'as DescribeCluster says',
    help: 'The same for an IPv6 cluster; means --ip-family ipv6.',
    read: readIpv6Cidr,
  }),
  useMaxPods: upstream({
    flag: '--use-max-pods',
    env: 'USE_MAX_PODS',
    value: 'BOOL',
    choices: BOOLEANS,
    default: 'true',
    help: 'Write maxPods by the network limits of the instance type; false leaves it to the kubelet (110).',
    read: readBoolean,
  }),
  credentialPlugin: own({
    flag: '--credential-plugin',
    env: 'BOOTWRIGHT_CREDENTIAL_PLUGIN',
    value: 'PLUGIN',
    choices: CREDENTIAL_PLUGINS,
    default: 'auto',
    help: 'What the kubeconfig calls for tokens; auto: aws-iam-authenticator where it is installed, else bootwright.',
    read: readCredentialPlugin,
  }),
  reserveFor: own({
    flag: '--reserve-for',
    env: 'BOOTWRIGHT_RESERVE_FOR',
    value: 'WHAT',
    choices: RESERVE_FOR,
    default: 'eni-max-pods as bootstrap.sh, max-pods as bootwright',
    help: 'Size kubeReserved for the instance type’s pods (eni-max-pods), or for those the kubelet really takes (max-pods).',
    read: readReserveFor,
  }),
  nodeName: own({
    flag: '--node-name',
    env: 'BOOTWRIGHT_NODE_NAME',
    value: 'WHAT',
    choices: NODE_NAMES,
    default: 'private-dns-name',
    help: 'The name to register under; instance-id saves an EC2 call and needs an access entry of type EC2.',
    read: readNodeName,
  }),
  root: run({
    flag: '--root',
    env: 'BOOTWRIGHT_ROOT',
    value: 'DIR',
    default: '/',
    help: 'Act on this directory as on an image: nothing is started there.',
    read: readLocalPath,
  }),
  verify: run({
    flag: '--verify',
    env: 'BOOTWRIGHT_VERIFY',
    value: 'WHAT',
    choices: ['none', 'started', 'joined'],
    default: 'joined as bootwright, started as bootstrap.sh',
    help: 'What must be true at the end: nothing, that the kubelet stays up, or that the node is registered and serves by a certificate of the cluster (as bootstrap.sh: only a warning).',
    read: readVerify,
  }),
  json: run({
    flag: '--json',
    default: '',
    help: 'Print the report as JSON.',
    read: readAnything,
  }),
} as const satisfies { readonly [name: string]: BootstrapFlag };

export type FlagName = keyof typeof FLAGS;
export type FlagValue<N extends FlagName> = (typeof FLAGS)[N]['read'] extends Reader<infer T> ? T : never;
