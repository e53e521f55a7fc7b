/**
 * NodeConfig, nodeadm's document (`apiVersion: node.eks.aws/v1alpha1`), as plain JSON after decoding and merging, and where each value
 * of it came from. What stands under `spec.bootwright` is ours; nodeadm ignores it.
 */
import type { JsonObject, Origin } from '../../report.ts';

export interface NodeConfigCluster {
  readonly name?: string;
  readonly apiServerEndpoint?: string;
  /** PEM bundle as base64. */
  readonly certificateAuthority?: string;
  /** The service CIDR. */
  readonly cidr?: string;
  readonly enableOutpost?: boolean;
  readonly id?: string;
}

export interface NodeConfigKubelet {
  /** A KubeletConfiguration, for the drop-in. */
  readonly config?: JsonObject;
  readonly flags?: readonly string[];
  /** CEL. */
  readonly maxPodsExpression?: string;
}

export interface NodeConfigContainerd {
  /** TOML. */
  readonly config?: string;
  readonly baseRuntimeSpec?: JsonObject;
}

export interface NodeConfigVolume {
  readonly device: string;
  readonly mountTargets: readonly string[];
  readonly fsType?: string;
}

export interface NodeConfigInstance {
  readonly localStorage?: {
    readonly strategy?: string;
    readonly mountPath?: string;
    readonly disabledMounts?: readonly string[];
  };
  /** By service (`default`: all), then by variable. Secret: proxies carry passwords. */
  readonly environment?: { readonly [service: string]: { readonly [variable: string]: string } };
  readonly network?: { readonly nameservers?: readonly string[]; readonly domains?: readonly string[] };
  readonly storage?: { readonly volumes?: readonly NodeConfigVolume[] };
}

export interface NodeConfigSpec {
  readonly cluster?: NodeConfigCluster;
  readonly kubelet?: NodeConfigKubelet;
  readonly containerd?: NodeConfigContainerd;
  readonly instance?: NodeConfigInstance;
  readonly featureGates?: { readonly [gate: string]: boolean };
  /** Fields of our own. */
  readonly bootwright?: JsonObject;
}

/** Where a value stands: `user-data`, part 2, line 7. */
export interface Place {
  readonly origin: Origin;
  /** As a person would look it up: `imds://user-data part 2 (application/node.eks.aws), line 7, column 5`. */
  readonly at: string;
}

/** All documents of all sources, later over earlier. */
export interface MergedNodeConfig {
  readonly spec: NodeConfigSpec;
  /** Of the value at a path of keys below `spec`, or of the nearest known one above it. */
  readonly placeOf: (path: readonly (string | number)[]) => Place;
}
