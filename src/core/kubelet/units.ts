/** systemd units of a bootstrap.sh node: the kubelet's service and arguments, the sandbox image's pull, the bpffs mount. */
import type { Facts } from '../facts.ts';
import {
  AMI_PULL_SANDBOX_IMAGE,
  BOOTWRIGHT,
  BPF_MOUNT_POINT,
  BPF_MOUNT_UNIT,
  CONTAINERD_SOCKET,
  CREDENTIAL_PROVIDER_CONFIG,
  CREDENTIAL_PROVIDER_DIR,
  FIREWALL_RULES,
  KUBECONFIG,
  KUBELET_CONFIG,
} from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Decided, Input } from '../report.ts';
import type { AmazonLinux2Options, ContainerRuntime } from '../spec.ts';
import { gateHolds } from './versions.ts';

export interface KubeletArgsInput {
  readonly kubeletVersion: string;
  readonly containerRuntime: ContainerRuntime;
  readonly nodeIp: Decided<string>;
  readonly pauseImage: Decided<string>;
  /** Only where the external cloud provider is used. */
  readonly hostnameOverride: Decided<string> | undefined;
}

/** The value of KUBELET_ARGS: what differs from node to node, in bootstrap.sh's order. */
export const kubeletArgsOf = (input: KubeletArgsInput): Decided<string> => {
  const { kubeletVersion, containerRuntime, nodeIp, pauseImage, hostnameOverride } = input;
  const args = [`--node-ip=${nodeIp.value}`];
  // The image itself to dockershim, only a hint to the image garbage collector with containerd; a kubelet from 1.35 on does not start with it.
  if (gateHolds('pod-infra-container-image', kubeletVersion)) args.push(`--pod-infra-container-image=${pauseImage.value}`);
  args.push('--v=2');
  if (hostnameOverride !== undefined) args.push(`--hostname-override=${hostnameOverride.value}`);
  args.push(`--cloud-provider=${gateHolds('cloud-provider-external', kubeletVersion) ? 'external' : 'aws'}`);
  if (containerRuntime === 'containerd' && gateHolds('container-runtime-remote', kubeletVersion)) args.push('--container-runtime=remote');
  return {
    key: 'kubeletArgs',
    value: args.join(' '),
    because: {
      rule: 'kubelet-args.version',
      text: `What a kubelet ${kubeletVersion} takes as flags; --kubelet-extra-args follow them, and the last one counts.`,
      inputs: [nodeIp, pauseImage, ...(hostnameOverride ? [hostnameOverride] : [])].map(inputOfDecision),
    },
    changes: ['another kubelet version', '--kubelet-extra-args adds to them, or overrides'],
  };
};

const inputOfDecision = ({ key, value }: Decided<string>): Input => ({ name: key, value, origin: 'rule', at: `--explain ${key}` });

/**
 * kubelet.service where the image brings no template. It wants the sandbox image's pull and does not require it (upstream
 * does): containerd pulls the image itself for the first pod, so a failed pull is no reason to keep the kubelet down.
 */
export const kubeletUnitText = (credentialProvider: boolean): string => `[Unit]
Description=Kubernetes Kubelet
Documentation=https://github.com/kubernetes/kubernetes
After=containerd.service sandbox-image.service
Requires=containerd.service
Wants=sandbox-image.service

[Service]
Slice=runtime.slice
ExecStartPre=/sbin/iptables -P FORWARD ACCEPT -w 5
ExecStart=${kubeletCommand('containerd', credentialProvider).join(' \\\n    ')}

Restart=on-failure
RestartForceExitStatus=SIGPIPE
RestartSec=5
KillMode=process
CPUAccounting=true
MemoryAccounting=true

[Install]
WantedBy=multi-user.target
`;

const kubeletCommand = (runtime: ContainerRuntime, credentialProvider: boolean): readonly string[] => [
  '/usr/bin/kubelet',
  `--config ${KUBELET_CONFIG}`,
  `--kubeconfig ${KUBECONFIG}`,
  ...(runtime === 'dockerd'
    ? ['--container-runtime docker', '--network-plugin cni']
    : [`--container-runtime-endpoint unix://${CONTAINERD_SOCKET}`]),
  ...(credentialProvider
    ? [`--image-credential-provider-config ${CREDENTIAL_PROVIDER_CONFIG}`, `--image-credential-provider-bin-dir ${CREDENTIAL_PROVIDER_DIR}`]
    : []),
  '$KUBELET_ARGS',
  '$KUBELET_EXTRA_ARGS',
];

/** kubelet.service on a dockerd node whose image brings none. */
export const dockerKubeletUnitText = (credentialProvider: boolean): string => `[Unit]
Description=Kubernetes Kubelet
Documentation=https://github.com/kubernetes/kubernetes
After=docker.service iptables-restore.service
Requires=docker.service

[Service]
ExecStartPre=/sbin/iptables -P FORWARD ACCEPT -w 5
ExecStart=${kubeletCommand('dockerd', credentialProvider).join(' \\\n    ')}

Restart=always
RestartSec=5
KillMode=process

[Install]
WantedBy=multi-user.target
`;

/** iptables-restore.service where the image brings none. Docker changes rules when it starts; pods need those of before. */
export const FIREWALL_UNIT_TEXT = `[Unit]
Description=Restore the iptables rules of the time before docker
Documentation=man:iptables-restore(8)
After=docker.service
ConditionPathExists=${FIREWALL_RULES}

[Service]
Type=oneshot
ExecStart=/bin/sh -c '/sbin/iptables-restore < ${FIREWALL_RULES}'

[Install]
WantedBy=multi-user.target
`;

/** sandbox-image.service where the image brings none: pulls the sandbox image before the kubelet needs it. */
export const sandboxImageUnitText = (command: string): string => `[Unit]
Description=Pull the sandbox image for containerd
Documentation=https://kubernetes.io/docs/setup/production-environment/container-runtimes/
After=containerd.service
Requires=containerd.service

[Service]
Type=oneshot
ExecStart=${command}

[Install]
WantedBy=multi-user.target
`;

/** What pulls it: the image's own script, which users patch for proxies, or ourselves. */
export const sandboxImageCommandOf = (facts: Facts): Decided<string> => {
  const hasScript = facts.host.executables?.[AMI_PULL_SANDBOX_IMAGE] === true;
  return {
    key: 'sandboxImageCommand',
    value: hasScript ? AMI_PULL_SANDBOX_IMAGE : `${BOOTWRIGHT} pull-sandbox-image`,
    because: {
      rule: hasScript ? 'sandbox-image.script' : 'sandbox-image.own',
      text: hasScript ? 'The image brings a script for it.' : 'The image brings no script for it, so bootwright pulls.',
      inputs: [inputOf(facts, `host.executables.${AMI_PULL_SANDBOX_IMAGE}`, hasScript)],
    },
    changes: [`installing or removing ${AMI_PULL_SANDBOX_IMAGE}`],
  };
};

/** The mount unit of mount-bpf-fs. */
export const BPF_MOUNT_UNIT_TEXT = `[Unit]
Description=BPF mounts
Documentation=https://docs.kernel.org/bpf/index.html
DefaultDependencies=no
Before=local-fs.target umount.target
After=swap.target

[Mount]
What=bpffs
Where=${BPF_MOUNT_POINT}
Type=bpf
Options=rw,nosuid,nodev,noexec,relatime,mode=700

[Install]
WantedBy=multi-user.target
`;

/** Regular expression (whole text): a mount unit of ours, or of mount-bpf-fs. */
export const BPF_MOUNT_UNIT_PATTERN = '[^]*\\nDescription=BPF mounts\\n[^]*';

/**
 * `unit`: ours mounts it. `kept`: ours is there and a bpffs is mounted, by it or by systemd, which does that itself from 238 on and
 * refuses such units. `left`: something else mounts it, or has. `none`: not wanted.
 */
export type BpfFs = 'unit' | 'kept' | 'left' | 'none';

/** Who sees to a bpffs at /sys/fs/bpf. A unit that is already ours stays wanted when its own mount is seen, or the second run would remove it. */
export const bpfFsOf = (spec: { readonly options: Pick<AmazonLinux2Options, 'mountBpfFs'> }, facts: Facts): Decided<BpfFs> => {
  const flag = spec.options.mountBpfFs;
  const asked = { name: '--mount-bpf-fs', value: flag.value, origin: flag.origin, at: flag.at };
  const mounts = facts.host.bpfMounts ?? [];
  const unit = facts.host.files?.[BPF_MOUNT_UNIT] ?? null;
  const seen = inputOf(facts, 'host.bpfMounts', mounts);
  const file = inputOf(facts, `host.files.${BPF_MOUNT_UNIT}`, unit === null ? null : `${unit.length} characters`);
  const decided = (value: BpfFs, rule: string, text: string, inputs: readonly Input[]): Decided<BpfFs> => ({
    key: 'bpffs',
    value,
    because: { rule: `bpffs.${rule}`, text, inputs: [asked, ...inputs] },
    changes: ['--mount-bpf-fs false leaves bpffs alone'],
  });
  if (!flag.value) return decided('none', 'not-wanted', 'It was not wanted; what is mounted stays so until the next boot.', []);
  if (unit !== null && new RegExp(`^${BPF_MOUNT_UNIT_PATTERN}$`).test(unit)) {
    const isMounted = mounts.length > 0;
    const text = `The mount unit of an earlier run stays${isMounted ? '; a bpffs is mounted' : ''}.`;
    return decided(isMounted ? 'kept' : 'unit', 'ours', text, [file, seen]);
  }
  if (unit !== null) return decided('left', 'foreign-unit', `${BPF_MOUNT_UNIT} is not ours and is left alone.`, [file]);
  if (mounts.length > 0) return decided('left', 'mounted', `A bpffs is mounted already (${mounts.join(', ')}).`, [seen]);
  return decided('unit', 'missing', `No bpffs is mounted: a unit mounts one at ${BPF_MOUNT_POINT}.`, [seen]);
};
