/** A bootstrap.sh node: the files, units and reasons, in the order in which that script works. */
import type { Desired, DesiredDirectory, DesiredFile, DesiredUnit } from '../desired.ts';
import { localDisksOf } from '../disks/decision.ts';
import type { Facts } from '../facts.ts';
import { environmentDropIn, environmentDropInPattern } from '../formats/unit.ts';
import { kubeletConfigEntries } from '../kubelet/config.ts';
import { credentialProviderEntries } from '../kubelet/credential-provider.ts';
import { kubeconfigText, notKubeletsOwnPattern } from '../kubelet/kubeconfig.ts';
import { BPF_MOUNT_UNIT_PATTERN, BPF_MOUNT_UNIT_TEXT } from '../kubelet/units.ts';
import * as paths from '../paths.ts';
import type { Checked } from '../report.ts';
import type { AmazonLinux2Spec } from '../spec.ts';
import { type Decisions, decisionsOf } from './amazon-linux-2-decisions.ts';
import { because, MODE, textFile } from './files.ts';
import type { Target } from './target.ts';

const render = (spec: AmazonLinux2Spec, facts: Facts): Checked<Desired> => {
  const { value: decided, diagnostics: found } = decisionsOf(spec, facts);
  const { value: disks, diagnostics: ofDisks } = localDisksOf(spec.options.localDisks, facts);
  const diagnostics = [...found, ...ofDisks];
  if (decided === undefined || disks === undefined) return { diagnostics };
  return {
    value: {
      target: 'amazon-linux-2',
      ...(disks.storage ? { storage: disks.storage } : {}),
      directories: directories(decided),
      files: [
        ...joinFiles(decided),
        ...providerFiles(decided),
        ...decided.runtime.files,
        ...argsFiles(decided),
        ...[bpfFile(decided) ?? []].flat(),
        ...disks.stale,
      ],
      units: units(decided),
      decisions: spec.options.localDisks === undefined ? decided.all : [...decided.all, disks.decision],
      warnings: diagnostics,
    },
    diagnostics,
  };
};

export const amazonLinux2: Target<AmazonLinux2Spec> = { name: 'amazon-linux-2', render };

/** Those that an EKS image has anyway stand here too: a directory given as --root may be empty. */
const directories = ({ imageCredentialProvider, runtime }: Decisions): readonly DesiredDirectory[] =>
  [
    '/etc/kubernetes',
    '/etc/kubernetes/pki',
    '/etc/kubernetes/kubelet',
    '/var/lib/kubelet',
    ...(imageCredentialProvider.value ? ['/etc/eks', paths.CREDENTIAL_PROVIDER_DIR] : []),
    ...runtime.directories,
    '/etc/cni',
    paths.CNI_CONFIG_DIR,
    `${paths.KUBELET_UNIT}.d`,
  ].map((path) => ({ path, mode: 0o755, because: DIRECTORY }));

const DIRECTORY = because('directory.needed', 'The container runtime, the kubelet or this program looks for files here.');

/** What the node joins with: bootstrap.sh's steps "CA and kubeconfig" and "kubelet config". */
const joinFiles = (decided: Decisions): readonly DesiredFile[] => [
  textFile(paths.CLUSTER_CA, decided.pem, [decided.certificateAuthority.because]),
  ...kubeconfigFiles(decided),
  {
    path: paths.KUBELET_CONFIG,
    mode: MODE,
    content: {
      kind: 'json',
      indent: 2,
      entries: kubeletConfigEntries({
        ...decided,
        cgroupDriver: decided.runtime.cgroupDriver,
        kubeletVersion: decided.kubeletVersion.value,
      }),
    },
    because: [],
  },
];

/** On an Outpost the kubelet makes its own kubeconfig out of ours, and the API server stands in /etc/hosts. */
const kubeconfigFiles = ({ clusterId, clusterName, endpoint, region, credentialPlugin, apiServer }: Decisions): readonly DesiredFile[] => {
  const id = clusterId.value;
  const text = kubeconfigText({
    endpoint: endpoint.value,
    tokenCluster: id ?? clusterName.value,
    region: region.value,
    plugin: credentialPlugin.value,
  });
  const reasons = [endpoint.because, credentialPlugin.because];
  if (id === null) return [textFile(paths.KUBECONFIG, text, reasons)];
  return [
    textFile(paths.BOOTSTRAP_KUBECONFIG, text, [clusterId.because, ...reasons]),
    {
      path: paths.KUBECONFIG,
      mode: MODE,
      content: { kind: 'absent', ours: notKubeletsOwnPattern(endpoint.value), foreign: true },
      because: [clusterId.because],
    },
    ...(apiServer === undefined
      ? []
      : [
          {
            path: paths.HOSTS,
            mode: MODE,
            content: { kind: 'hosts', host: apiServer.host, addresses: apiServer.addresses.value } as const,
            because: [apiServer.addresses.because],
          },
        ]),
  ];
};

const providerFiles = (decided: Decisions): readonly DesiredFile[] =>
  decided.imageCredentialProvider.value
    ? [
        {
          path: paths.CREDENTIAL_PROVIDER_CONFIG,
          mode: MODE,
          content: { kind: 'json', indent: 2, entries: credentialProviderEntries(decided.kubeletVersion.value) },
          because: [decided.imageCredentialProvider.because],
        },
      ]
    : [];

const argsFiles = (decided: Decisions): readonly DesiredFile[] => [
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
const units = ({ bpffs, runtime }: Decisions): readonly DesiredUnit[] => [
  // No inputs: a restart would unmount what programs have pinned.
  ...(bpffs.value === 'unit' ? [{ name: 'sys-fs-bpf.mount', inputs: [], because: [bpffs.because], optional: true as const }] : []),
  ...runtime.units,
  {
    name: 'kubelet.service',
    // The runtime's file too: the kubelet's unit requires the runtime, so systemd takes it along in a restart anyway, and what it asked
    // of the runtime when it started (cgroup driver, runtime handlers) is asked anew.
    inputs: [
      paths.CLUSTER_CA,
      paths.KUBECONFIG,
      paths.BOOTSTRAP_KUBECONFIG,
      paths.KUBELET_CONFIG,
      paths.CREDENTIAL_PROVIDER_CONFIG,
      runtime.config,
      paths.KUBELET_UNIT,
      paths.KUBELET_ARGS_DROP_IN,
      paths.KUBELET_EXTRA_ARGS_DROP_IN,
    ],
    because: because('unit.kubelet', 'The node agent; enabled, so that a reboot brings the node back.'),
  },
];
