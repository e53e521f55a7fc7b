/**
 * Kubelet versions: which ones this program serves, and what changes at which version. Code, preview and README all read the
 * one table here; nobody else compares versions.
 */
import type { Facts } from '../facts.ts';
import { inputOf } from '../provenance.ts';
import type { Checked, Decided } from '../report.ts';

/** First and last minor version that is served, inclusive. */
export const SUPPORTED_KUBELETS = { first: '1.21', last: '1.36' } as const;

/** `1.24`, `1.25` …: all of them. */
export const servedMinors = (): readonly string[] => {
  const [first, last] = [SUPPORTED_KUBELETS.first, SUPPORTED_KUBELETS.last].map((version) => Number(version.slice(2)));
  return Array.from({ length: (last ?? 0) - (first ?? 0) + 1 }, (_, i) => `1.${(first ?? 0) + i}`);
};

export interface Gate {
  readonly id: string;
  /** First minor version it holds for; absent: from the first. */
  readonly from?: string;
  /** First minor version it no longer holds for; absent: to the last. */
  readonly before?: string;
  /** What holds in that range, one sentence. */
  readonly effect: string;
  /** Where one can look it up. */
  readonly source: string;
}

const BOOTSTRAP_P = 'bootstrap.sh of amazon-eks-ami v20250819';
const NODEADM = 'nodeadm of amazon-eks-ami, commit 81fec2e8';
const ON_2023 = 'On Amazon Linux 2023';
const AMI = "install-worker.sh of amazon-eks-ami's AL2 template";

/** Everything that depends on the kubelet's version, oldest first. */
export const GATES = [
  {
    id: 'dockerd',
    before: '1.24',
    effect: 'The kubelet runs with dockerd unless --container-runtime says containerd. From 1.24 on containerd is the only one.',
    source: `${BOOTSTRAP_P}; dockershim removed in kubernetes v1.24 (pkg/kubelet/dockershim)`,
  },
  {
    id: 'api-qps',
    from: '1.22',
    before: '1.27',
    effect: 'kubelet-config.json gets kubeAPIQPS 10 and kubeAPIBurst 20 where it has none: the built-in defaults were 5 and 10.',
    source: `${BOOTSTRAP_P}; built-in 50 and 100 since kubernetes v1.27 (pkg/kubelet/apis/config/v1beta1/defaults.go)`,
  },
  {
    id: 'cloud-provider-aws',
    before: '1.26',
    effect: 'The kubelet runs with --cloud-provider=aws: it asks EC2 for its own name and provider id.',
    source: BOOTSTRAP_P,
  },
  {
    id: 'cloud-provider-external',
    from: '1.26',
    effect: 'The kubelet runs with --cloud-provider=external and --hostname-override, and kubelet-config.json gets providerID.',
    source: `${BOOTSTRAP_P}; k8s.io/legacy-cloud-providers has no aws after v0.26`,
  },
  {
    id: 'container-runtime-remote',
    before: '1.27',
    effect: 'With containerd the kubelet runs with --container-runtime=remote.',
    source: `${BOOTSTRAP_P}; flag removed in kubernetes v1.27 (pkg/kubelet/config/flags.go)`,
  },
  {
    id: 'credential-provider-v1alpha1',
    before: '1.27',
    effect: 'The image credential provider is configured with API version v1alpha1 (v1 otherwise).',
    source: `${BOOTSTRAP_P}; v1 exists since kubernetes v1.26 (pkg/kubelet/apis/config)`,
  },
  {
    id: 'public-ecr',
    from: '1.27',
    effect: 'The image credential provider also serves public.ecr.aws.',
    source: AMI,
  },
  {
    id: 'kubelet-credential-providers',
    before: '1.28',
    effect: 'kubelet-config.json gets the feature gate KubeletCredentialProviders.',
    source: `${AMI}; the gate is unknown, and refused, since kubernetes v1.28 (pkg/features/kube_features.go)`,
  },
  {
    id: 'pod-infra-container-image',
    before: '1.35',
    effect: 'The kubelet runs with --pod-infra-container-image. From 1.35 on the sandbox image is set through containerd alone.',
    source: 'flag in kubernetes v1.34.4 (pkg/kubelet/config/flags.go), gone in v1.35.4',
  },
  {
    id: 'fail-cgroup-v1',
    from: '1.35',
    effect:
      'kubelet-config.json gets failCgroupV1 false where it has none: Amazon Linux 2 boots with cgroup v1, which is refused by default.',
    source: 'default of failCgroupV1 in kubernetes v1.35.4 (pkg/kubelet/apis/config/v1beta1/defaults.go); false in v1.34.4',
  },
  {
    id: 'config-dir',
    from: '1.28',
    effect: `${ON_2023} a KubeletConfiguration of one's own is a drop-in, read with --config-dir. Kubelets before 1.28 have none.`,
    source: 'flag in kubernetes v1.28.15 (pkg/kubelet/config/flags.go), not in v1.27',
  },
  {
    id: 'config-dir-alpha',
    before: '1.30',
    effect: `${ON_2023} with --config-dir the kubelet's environment gets KUBELET_CONFIG_DROPIN_DIR_ALPHA=on.`,
    source: `${NODEADM}; the variable is gone since kubernetes v1.30 (cmd/kubelet/app/server.go)`,
  },
  {
    id: 'enable-cdi',
    from: '1.32',
    effect: `${ON_2023} containerd is configured with enable_cdi = true (false before).`,
    source: NODEADM,
  },
  {
    id: 'ecr-public-alias',
    from: '1.32',
    effect: `${ON_2023} the image credential provider also serves ecr-public.aws.com.`,
    source: NODEADM,
  },
  {
    id: 'dynamic-resource-allocation',
    from: '1.33',
    effect: `${ON_2023} config.json gets the feature gate DynamicResourceAllocation.`,
    source: NODEADM,
  },
  {
    id: 'mutable-csi-node-allocatable-count',
    from: '1.34',
    effect: `${ON_2023} config.json gets the feature gate MutableCSINodeAllocatableCount.`,
    source: NODEADM,
  },
  {
    id: 'graceful-shutdown',
    from: '1.34',
    effect: `${ON_2023} config.json gets shutdownGracePeriod 2m30s, of which 30s for critical pods.`,
    source: NODEADM,
  },
  {
    id: 'gpu-label',
    from: '1.35',
    effect: `${ON_2023} a node with a device of NVIDIA gets the label nvidia.com/gpu.present=true.`,
    source: NODEADM,
  },
] as const satisfies readonly Gate[];

export type GateId = (typeof GATES)[number]['id'];

/** `1.32.3`, `1.32` or with a leading v as `[1, 32]`; undefined: not a version. */
const minorOf = (version: string): readonly [number, number] | undefined => {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:[.+-]|$)/.exec(version);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
};

/** Negative: `a` is the older minor version; 0: the same one. Patch levels do not count. @throws Error when one is not a version (a bug). */
export const compareMinors = (a: string, b: string): number => {
  const [left, right] = [minorOf(a), minorOf(b)];
  if (left === undefined || right === undefined) throw new Error(`not a version: '${left === undefined ? a : b}'`);
  return left[0] - right[0] || left[1] - right[1];
};

/** Does the version lie in the range? `from` is inclusive, `before` is not. */
export const isBetween = (version: string, range: { readonly from?: string; readonly before?: string }): boolean =>
  (range.from === undefined || compareMinors(version, range.from) >= 0) &&
  (range.before === undefined || compareMinors(version, range.before) < 0);

/** Does this row of the table hold for a kubelet of this version (`1.32.3`)? */
export const gateHolds = (id: GateId, kubeletVersion: string): boolean => {
  const gate: Gate | undefined = GATES.find((row) => row.id === id);
  if (gate === undefined) throw new Error(`no such version gate: ${id}`);
  return isBetween(kubeletVersion, gate);
};

const refusal = (code: string, message: string, remedy: string): Checked<never> => ({
  diagnostics: [{ severity: 'error', code, path: 'kubelet', message, remedy }],
});

/** The kubelet's version, once it is clear that this program can serve it. */
export const kubeletVersionOf = (facts: Facts): Checked<Decided<string>> => {
  const version = facts.host.kubeletVersion;
  const { first, last } = SUPPORTED_KUBELETS;
  if (version === undefined || version === null) {
    return refusal('no-kubelet', 'there is no kubelet on this node', 'Install the kubelet as /usr/bin/kubelet, or use an EKS image.');
  }
  if (minorOf(version) === undefined) {
    return refusal(
      'unknown-kubelet-version',
      `the kubelet's version '${version}' is not a version`,
      'Check what `kubelet --version` prints.',
    );
  }
  if (compareMinors(version, first) < 0) {
    return refusal(
      'kubelet-too-old',
      `kubelet ${version} is older than ${first}, the oldest that is supported`,
      `Use an image with kubelet ${first} to ${last}.`,
    );
  }
  if (compareMinors(version, last) > 0) {
    return refusal(
      'kubelet-too-new',
      `kubelet ${version} is newer than ${last}, the newest that this bootwright knows`,
      'Use a newer bootwright.',
    );
  }
  const input = inputOf(facts, 'host.kubeletVersion', version);
  return {
    value: {
      key: 'kubeletVersion',
      value: version,
      because: {
        rule: 'kubelet-version.found',
        text: `The kubelet on this node is ${version}; ${first} to ${last} are served.`,
        inputs: [input],
      },
      changes: ['another kubelet in the image'],
    },
    diagnostics: [],
  };
};
