/**
 * NodeSpec: what a user wants of a node, whatever language they said it in. Users never see it: the bootstrap.sh flags,
 * NodeConfig and Bottlerocket TOML are decoders into it. Every value remembers its origin; what was not said is absent.
 */
import type { InstanceLimits } from './facts.ts';
import type { Diagnostic, Json, Sourced } from './report.ts';

export type IpFamily = 'ipv4' | 'ipv6';
export type TargetName = 'amazon-linux-2' | 'amazon-linux-2023';

/** Whose max pods kubeReserved is sized for: the ENI table's (bootstrap.sh) or the one the kubelet really runs with. */
export type ReserveFor = 'eni-max-pods' | 'max-pods';
export type NodeNameSource = 'private-dns-name' | 'instance-id';
/** Which exec credential plugin the kubeconfig names; `auto` decides by what the root has. */
export type CredentialPlugin = 'auto' | 'aws-iam-authenticator' | 'bootwright';

/** What runs the pods' containers; kubelets from 1.24 on know no dockerd. */
export type ContainerRuntime = 'dockerd' | 'containerd';

export interface ClusterSpec {
  readonly name: Sourced<string>;
  /** URL, https. Present only together with certificateAuthority (a half-given pair is dropped with a warning). */
  readonly endpoint?: Sourced<string>;
  /** PEM bundle as base64. */
  readonly certificateAuthority?: Sourced<string>;
  readonly serviceIpv4Cidr?: Sourced<string>;
  readonly serviceIpv6Cidr?: Sourced<string>;
  readonly ipFamily?: Sourced<IpFamily>;
  readonly dnsIps?: Sourced<readonly string[]>;
  /** Local clusters on an Outpost: the id that tokens are made for in place of the name. */
  readonly id?: Sourced<string>;
  /** Is it a local cluster on an Outpost? Absent: as DescribeCluster says. */
  readonly localOutpost?: Sourced<boolean>;
}

export interface KubeletSpec {
  /** One string, as a user typed it; systemd splits it into words. */
  readonly extraArgs?: Sourced<string>;
  /** false: maxPods is left to the kubelet (110) or to the extra args. */
  readonly useMaxPods: Sourced<boolean>;
  readonly reserveFor: Sourced<ReserveFor>;
  readonly nodeName: Sourced<NodeNameSource>;
}

/** What becomes of the disks of the instance store: one array, or each mounted on its own; `none`: they are left alone. */
export const LOCAL_DISKS_MODES = ['raid0', 'raid10', 'mount', 'none'] as const;
export type LocalDisksMode = (typeof LOCAL_DISKS_MODES)[number];
/** What is moved onto an array: the data of these. */
export const LOCAL_DISKS_BINDS = ['kubelet', 'containerd', 'soci', 'pods-logs'] as const;
export type LocalDisksBind = (typeof LOCAL_DISKS_BINDS)[number];

export interface LocalDisksSpec {
  readonly mode: Sourced<LocalDisksMode>;
  /** Absolute; the disks are mounted below it. */
  readonly directory: Sourced<string>;
  readonly binds: readonly LocalDisksBind[];
  /** A setup-local-disks on PATH that is not ours does the work instead. */
  readonly delegates: boolean;
}

/** What only bootstrap.sh nodes have. */
export interface AmazonLinux2Options {
  readonly kind: 'amazon-linux-2';
  /** Absent: the usual one of the kubelet's version. */
  readonly containerRuntime?: Sourced<ContainerRuntime>;
  readonly containerdConfigFile?: Sourced<string>;
  /** The whole text of docker's daemon.json, as it was typed. */
  readonly dockerConfigJson?: Sourced<string>;
  readonly dockerBridge?: Sourced<boolean>;
  /** Absent: nothing was said. */
  readonly localDisks?: LocalDisksSpec;
  readonly mountBpfFs: Sourced<boolean>;
  readonly pauseAccount?: Sourced<string>;
  readonly pauseVersion: Sourced<string>;
  /** Full repository that replaces `<ecr>/eks/pause`; the tag is still appended. */
  readonly pauseImage?: Sourced<string>;
}

type JsonObject = { readonly [key: string]: Json };

/** What a rule for the number of pods reckons with. */
export interface PodsInput {
  readonly instanceType: string;
  /** null: nobody knows the type. */
  readonly limits: InstanceLimits | null;
  /** What the kubelet gets without any rule. */
  readonly standard: number;
  /** Logical CPUs. */
  readonly cpus: number;
  readonly ipFamily: IpFamily;
}

/** A number of pods of the user's own making: an expression, or one of the modes of the VPC CNI. A function, so that no other boot loads what reckons. */
export interface PodsRule {
  readonly given: Sourced<Json>;
  /** undefined: it cannot be reckoned, as the diagnostics say. `text`: the reckoning with its numbers. */
  readonly podsOf: (input: PodsInput) => {
    readonly pods: number | undefined;
    readonly text: string;
    readonly diagnostics: readonly Diagnostic[];
  };
}

export type Environment = { readonly [service: string]: { readonly [variable: string]: string } };

/** An EBS volume and the directories that are to be on it. */
export interface VolumeSpec {
  /** `/dev/sdf`. */
  readonly device: string;
  readonly mountTargets: readonly string[];
  /** Made where the volume is blank; absent: xfs. */
  readonly fsType?: string;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** A credential provider of the kubelet beside the one for ECR. */
export interface CredentialProviderSpec {
  /** Its program, in the directory of the one for ECR. */
  readonly name: string;
  readonly apiVersion?: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheDuration: string;
  readonly args?: readonly string[];
  /** Secret. */
  readonly env?: { readonly [name: string]: string };
}

/** A program of the user's own. */
export interface HookSpec {
  /** Program and arguments; not empty. */
  readonly command: readonly string[];
  readonly deadlineMs: number;
}

/** What users of nodeadm have asked for and it does not do: `spec.bootwright` of a NodeConfig. */
export interface NodeExtras {
  /** The kubelet reads its drop-in directory also where we write nothing into it. */
  readonly kubeletDropIns?: Sourced<boolean>;
  readonly labels?: Sourced<{ readonly [key: string]: string }>;
  readonly taints?: Sourced<readonly Taint[]>;
  /** Quantities by resource. */
  readonly systemReserved?: Sourced<{ readonly [resource: string]: string }>;
  /** One of the two; the CPUs are chosen by whole cores. */
  readonly reservedSystemCpus?: Sourced<{ readonly count?: number; readonly percent?: number }>;
  /** Secret. */
  readonly proxy?: Sourced<{ readonly http?: string; readonly https?: string; readonly noProxy?: readonly string[] }>;
  readonly sysctls?: Sourced<{ readonly [name: string]: string }>;
  /** Where containerd asks instead, first to last, by registry; `_default` or `*`: for all others. */
  readonly registryMirrors?: Sourced<{ readonly [registry: string]: readonly string[] }>;
  readonly imageCredentialProviders?: Sourced<readonly CredentialProviderSpec[]>;
  /** Before the first write of `init`, and when its kubelet has started. */
  readonly hooks?: Sourced<{ readonly pre?: readonly HookSpec[]; readonly post?: readonly HookSpec[] }>;
}

/** What only nodes of Amazon Linux 2023 have. */
export interface AmazonLinux2023Options {
  readonly kind: 'amazon-linux-2023';
  /** In which words remedies are said. Who speaks bootstrap.sh also expects its guess of the service CIDR. */
  readonly language: 'node-config' | 'bootstrap.sh';
  /** What starts containerd and the kubelet at boot: nodeadm-run.service, when the files have been made anew for it, or systemd by itself. */
  readonly startedAtBootBy: 'nodeadm-run' | 'systemd';
  /** Shall EKS be asked for what is not said of the cluster? */
  readonly describesCluster: Sourced<boolean>;
  /** A KubeletConfiguration that the kubelet merges over ours. */
  readonly kubeletConfig?: Sourced<JsonObject>;
  readonly pods?: PodsRule;
  /** TOML, merged over ours. */
  readonly containerdConfig?: Sourced<string>;
  /** A file on the node in its place. */
  readonly containerdConfigFile?: Sourced<string>;
  /** An OCI runtime specification, merged over the default one. */
  readonly baseRuntimeSpec?: Sourced<JsonObject>;
  /** SOCI's snapshotter, where the node is large enough for it. */
  readonly fastImagePull: Sourced<boolean>;
  /** Path of the ECR credential provider. */
  readonly credentialProvider: Sourced<string>;
  /** Secret: proxies carry passwords. */
  readonly environment?: Sourced<Environment>;
  readonly nameservers?: Sourced<readonly string[]>;
  readonly domains?: Sourced<readonly string[]>;
  /** Absent: nothing was said. */
  readonly localDisks?: LocalDisksSpec;
  readonly volumes?: Sourced<readonly VolumeSpec[]>;
  readonly extras: NodeExtras;
}

interface CommonSpec {
  readonly cluster: ClusterSpec;
  readonly kubelet: KubeletSpec;
  readonly credentialPlugin: Sourced<CredentialPlugin>;
  /** Re-tries after the first failed AWS API call. */
  readonly apiRetryAttempts: Sourced<number>;
}

export interface AmazonLinux2Spec extends CommonSpec {
  readonly target: 'amazon-linux-2';
  readonly options: AmazonLinux2Options;
}

export interface AmazonLinux2023Spec extends CommonSpec {
  readonly target: 'amazon-linux-2023';
  readonly options: AmazonLinux2023Options;
}

/** A closed union: each target has its own options. */
export type NodeSpec = AmazonLinux2Spec | AmazonLinux2023Spec;
