/** A bootstrap.sh node: the files, units and reasons, in the order in which that script works. */
import type { Desired, DesiredDirectory, DesiredFile, DesiredUnit } from '../desired.ts';
import type { Facts } from '../facts.ts';
import { environmentDropIn, environmentDropInPattern } from '../formats/unit.ts';
import { kubeletConfigEntries } from '../kubelet/config.ts';
import { credentialProviderEntries } from '../kubelet/credential-provider.ts';
import { kubeconfigText } from '../kubelet/kubeconfig.ts';
import { BPF_MOUNT_UNIT_PATTERN, BPF_MOUNT_UNIT_TEXT } from '../kubelet/units.ts';
import * as paths from '../paths.ts';
import type { Because, Checked } from '../report.ts';
import type { NodeSpec } from '../spec.ts';
import { type Decisions, decisionsOf } from './amazon-linux-2-decisions.ts';
import type { Target } from './target.ts';

const render = (spec: NodeSpec, facts: Facts): Checked<Desired> => {
  const { value: decided, diagnostics } = decisionsOf(spec, facts);
  if (decided === undefined) return { diagnostics };
  return {
    value: {
      target: 'amazon-linux-2',
      directories: directories(decided),
      files: [...joinFiles(decided), ...runtimeFiles(decided), ...kubeletFiles(decided), bpfFile(decided)].filter(
        (file) => file !== undefined,
      ),
      units: units(decided),
      decisions: decided.all,
      warnings: diagnostics,
    },
    diagnostics,
  };
};

export const amazonLinux2: Target = { name: 'amazon-linux-2', render };

const because = (rule: string, text: string): readonly Because[] => [{ rule, text, inputs: [] }];
const MODE = 0o644;
const textFile = (path: string, text: string, reasons: readonly Because[]): DesiredFile => ({
  path,
  mode: MODE,
  content: { kind: 'text', text },
  because: reasons,
});

/** Those that an EKS image has anyway stand here too: a directory given as --root may be empty. */
const directories = ({ imageCredentialProvider }: Decisions): readonly DesiredDirectory[] =>
  [
    '/etc/kubernetes',
    '/etc/kubernetes/pki',
    '/etc/kubernetes/kubelet',
    '/var/lib/kubelet',
    ...(imageCredentialProvider.value ? ['/etc/eks', paths.CREDENTIAL_PROVIDER_DIR] : []),
    paths.CONTAINERD_DIR,
    paths.CONTAINERD_DROP_IN_DIR,
    '/etc/cni',
    paths.CNI_CONFIG_DIR,
    `${paths.KUBELET_UNIT}.d`,
  ].map((path) => ({ path, mode: 0o755, because: DIRECTORY }));

const DIRECTORY = because('directory.needed', 'containerd, the kubelet or this program looks for files here.');

/** What the node joins with: bootstrap.sh's steps "CA and kubeconfig" and "kubelet config". */
const joinFiles = (decided: Decisions): readonly DesiredFile[] => [
  textFile(paths.CLUSTER_CA, decided.pem, [decided.certificateAuthority.because]),
  textFile(
    paths.KUBECONFIG,
    kubeconfigText({
      endpoint: decided.endpoint.value,
      clusterName: decided.clusterName.value,
      region: decided.region.value,
      plugin: decided.credentialPlugin.value,
    }),
    [decided.endpoint.because, decided.credentialPlugin.because],
  ),
  {
    path: paths.KUBELET_CONFIG,
    mode: MODE,
    content: { kind: 'json', indent: 2, entries: kubeletConfigEntries({ ...decided, kubeletVersion: decided.kubeletVersion.value }) },
    because: [],
  },
];

const runtimeFiles = (decided: Decisions): readonly DesiredFile[] => [
  ...(decided.imageCredentialProvider.value
    ? [
        {
          path: paths.CREDENTIAL_PROVIDER_CONFIG,
          mode: MODE,
          content: { kind: 'json', indent: 2, entries: credentialProviderEntries(decided.kubeletVersion.value) },
          because: [decided.imageCredentialProvider.because],
        } as const,
      ]
    : []),
  textFile(paths.CONTAINERD_CONFIG, decided.containerdText, [decided.containerdConfig.because, decided.pauseImage.because]),
  textFile(paths.SANDBOX_IMAGE_UNIT, decided.sandboxImageUnitText, [decided.sandboxImageUnit.because]),
];

const kubeletFiles = (decided: Decisions): readonly DesiredFile[] => [
  textFile(paths.KUBELET_UNIT, decided.kubeletUnitText, [decided.kubeletUnit.because]),
  textFile(paths.KUBELET_ARGS_DROP_IN, environmentDropIn('KUBELET_ARGS', decided.kubeletArgs.value), [decided.kubeletArgs.because]),
  decided.kubeletExtraArgs.value === null
    ? {
        path: paths.KUBELET_EXTRA_ARGS_DROP_IN,
        mode: MODE,
        content: { kind: 'absent', ours: environmentDropInPattern('KUBELET_EXTRA_ARGS') },
        because: [decided.kubeletExtraArgs.because],
      }
    : textFile(paths.KUBELET_EXTRA_ARGS_DROP_IN, environmentDropIn('KUBELET_EXTRA_ARGS', decided.kubeletExtraArgs.value), [
        decided.kubeletExtraArgs.because,
      ]),
];

/** The file of the bpffs mount; undefined: it is left to others. */
export const bpfFile = ({ bpffs }: Pick<Decisions, 'bpffs'>): DesiredFile | undefined => {
  if (bpffs.value === 'left') return undefined;
  if (bpffs.value === 'unit' || bpffs.value === 'kept') return textFile(paths.BPF_MOUNT_UNIT, BPF_MOUNT_UNIT_TEXT, [bpffs.because]);
  return { path: paths.BPF_MOUNT_UNIT, mode: MODE, content: { kind: 'absent', ours: BPF_MOUNT_UNIT_PATTERN }, because: [bpffs.because] };
};

/** In the order of their starts. */
const units = ({ bpffs, sandboxImageUnit }: Decisions): readonly DesiredUnit[] => [
  // No inputs: a restart would unmount what programs have pinned.
  ...(bpffs.value === 'unit' ? [{ name: 'sys-fs-bpf.mount', inputs: [], because: [bpffs.because], optional: true as const }] : []),
  {
    name: 'containerd.service',
    inputs: [paths.CONTAINERD_CONFIG],
    because: because('unit.containerd', 'The kubelet runs its pods through containerd; enabled, so that a reboot brings the node back.'),
  },
  {
    name: 'sandbox-image.service',
    inputs: [paths.SANDBOX_IMAGE_UNIT, paths.CONTAINERD_CONFIG],
    because: because('unit.sandbox-image', 'Pulls the sandbox image before the first pod needs it.').concat(sandboxImageUnit.because),
    // containerd pulls it itself for the first pod; upstream's kubelet required it, and stayed down after one failed pull.
    optional: true,
  },
  {
    name: 'kubelet.service',
    // containerd's file too: the kubelet's unit requires containerd, so systemd takes it along in a restart anyway, and what it asked
    // of the runtime when it started (cgroup driver, runtime handlers) is asked anew.
    inputs: [
      paths.CLUSTER_CA,
      paths.KUBECONFIG,
      paths.KUBELET_CONFIG,
      paths.CREDENTIAL_PROVIDER_CONFIG,
      paths.CONTAINERD_CONFIG,
      paths.KUBELET_UNIT,
      paths.KUBELET_ARGS_DROP_IN,
      paths.KUBELET_EXTRA_ARGS_DROP_IN,
    ],
    because: because('unit.kubelet', 'The node agent; enabled, so that a reboot brings the node back.'),
  },
];
