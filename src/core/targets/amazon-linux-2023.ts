/** A node of Amazon Linux 2023: the files that nodeadm writes, and the units that it starts, in its order. */
import type { Desired, DesiredDirectory, DesiredFile, DesiredUnit } from '../desired.ts';
import { type LocalDisks, localDisksOf } from '../disks/decision.ts';
import { joinedStorage, volumesOf } from '../disks/volumes.ts';
import type { Facts } from '../facts.ts';
import { goJson } from '../formats/go-json.ts';
import { notKubeletsOwnPattern } from '../kubelet/kubeconfig.ts';
import { nodeadmKubeletConfigOf, nodeadmKubeletConfigReasons } from '../kubelet/nodeadm-config.ts';
import { gateHolds } from '../kubelet/versions.ts';
import type { ApiServerHost } from '../outpost.ts';
import * as paths from '../paths.ts';
import { type Checked, type Decision, hasErrors } from '../report.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { baseRuntimeSpecTextOf } from './amazon-linux-2023-containerd.ts';
import { credentialProviderText, hasProviderEnvironment, kubeconfigText2023 } from './amazon-linux-2023-credentials.ts';
import { type Decisions2023, decisionsOf2023 } from './amazon-linux-2023-decisions.ts';
import { hooksOf } from './amazon-linux-2023-hooks.ts';
import { dropInOf, dropInText, environmentFileText, lostToDefaults, readsDropIns } from './amazon-linux-2023-kubelet.ts';
import { serviceEnvironmentOf } from './amazon-linux-2023-proxy.ts';
import { mirrorFiles, sysctlFile } from './amazon-linux-2023-registries.ts';
import { SOCI_CONFIG_TEXT, SOCI_DROP_IN_TEXT } from './amazon-linux-2023-soci.ts';
import { environmentFiles, resolvedFile, serviceEnvironmentPath } from './amazon-linux-2023-system.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';
import { because, MODE, SECRET_MODE, textFile } from './files.ts';
import type { Target } from './target.ts';

const render = (spec: AmazonLinux2023Spec, facts: Facts): Checked<Desired> => {
  const { value: decided, diagnostics: found } = decisionsOf2023(spec, facts);
  const { value: disks, diagnostics: ofDisks } = localDisksOf(spec.options.localDisks, facts);
  const { value: volumes, diagnostics: ofVolumes } = volumesOf(spec.options.volumes, facts);
  const diagnostics = [...found, ...ofDisks, ...ofVolumes];
  if (decided === undefined || disks === undefined || hasErrors(diagnostics)) return { diagnostics };
  const storage = joinedStorage(disks.storage, volumes?.storage);
  diagnostics.push(...lostToDefaults(spec, nodeadmKubeletConfigOf(decided.kubelet), decided.kubeletVersion.value));
  const files = [...systemFiles(spec, facts), ...containerdFiles(spec, decided), ...kubeletFiles(spec, decided), MARKER, ...disks.stale];
  return {
    value: {
      target: 'amazon-linux-2023',
      ...(storage ? { storage } : {}),
      directories: [...directoriesOf(files), ...dropInDirectory(spec, files)],
      files,
      units: units(spec),
      decisions: [
        ...decided.all,
        ...(spec.options.localDisks === undefined ? [] : [disksDecision(spec, disks)]),
        ...(volumes ? [volumes.decision] : []),
        ...[hooksOf(spec) ?? []].flat(),
      ],
      warnings: diagnostics,
    },
    diagnostics,
  };
};

const disksDecision = (spec: AmazonLinux2023Spec, { decision }: LocalDisks): Decision => {
  const [, ...changes] = decision.changes;
  return { ...decision, changes: [wordsOf(spec).localDisks, ...changes] };
};

export const amazonLinux2023: Target<AmazonLinux2023Spec> = { name: 'amazon-linux-2023', render };

/** A file that nodeadm, or an earlier run, has left, and that would count although nobody asks for it. */
const gone = (path: string, ours: string): DesiredFile => ({
  path,
  mode: MODE,
  content: { kind: 'absent', ours },
  because: because('stale.no-longer-wanted', 'An earlier run wrote it, and it is no longer wanted.'),
});
const ANYTHING = '[^]*';

const DIRECTORY = because('directory.needed', 'containerd, the kubelet or this program looks for files here.');
/** Those of every Linux. */
const TOP = new Set(['', '/etc', '/run', '/var', '/var/lib', '/etc/systemd', '/etc/systemd/system', '/run/systemd']);

/** The kubelet does not start without a directory that it was told of. */
const dropInDirectory = (spec: AmazonLinux2023Spec, files: readonly DesiredFile[]): readonly DesiredDirectory[] =>
  readsDropIns(spec) && !files.some(({ path, content }) => path === paths.NODEADM_KUBELET_DROP_IN && content.kind !== 'absent')
    ? [{ path: paths.NODEADM_KUBELET_DROP_IN_DIR, mode: 0o755, because: DIRECTORY }]
    : [];

/** Every directory above a file, the outermost first. */
const directoriesOf = (files: readonly DesiredFile[]): readonly DesiredDirectory[] => {
  const found = new Set<string>();
  for (const { path, content } of files) {
    if (content.kind === 'absent') continue;
    const parts = path.split('/').slice(0, -1);
    for (let length = 2; length <= parts.length; length++) found.add(parts.slice(0, length).join('/'));
  }
  return [...found].filter((path) => !TOP.has(path)).map((path) => ({ path, mode: 0o755, because: DIRECTORY }));
};

const systemFiles = (spec: AmazonLinux2023Spec, facts: Facts): readonly DesiredFile[] => [
  ...environmentFiles(serviceEnvironmentOf(spec, facts)),
  ...[sysctlFile(spec) ?? []].flat(),
  resolvedFile(spec) ?? gone(paths.RESOLVED_DROP_IN, ANYTHING),
];

const containerdFiles = (spec: AmazonLinux2023Spec, { containerd, snapshotter }: Decisions2023): readonly DesiredFile[] => {
  const reasons = [snapshotter.because];
  const isSoci = snapshotter.value === 'soci';
  return [
    ...mirrorFiles(spec),
    textFile(
      paths.BASE_RUNTIME_SPEC,
      baseRuntimeSpecTextOf(spec),
      because('base-runtime-spec.default', 'What every container starts from.'),
    ),
    ...(isSoci ? [textFile(paths.SOCI_CONFIG, SOCI_CONFIG_TEXT, reasons)] : []),
    textFile(paths.CONTAINERD_CONFIG, containerd.text, [containerd.config.because, containerd.runtime.because]),
    isSoci
      ? textFile(paths.SOCI_DROP_IN, SOCI_DROP_IN_TEXT, reasons)
      : gone(paths.SOCI_DROP_IN, '[^]*(?:Requires|After)=soci-snapshotter\\.service[^]*'),
  ];
};

const kubeletFiles = (spec: AmazonLinux2023Spec, decided: Decisions2023): readonly DesiredFile[] => {
  const { cluster, imageCredentialProvider, kubelet, kubeletVersion, flags } = decided;
  const dropIn = dropInOf(spec);
  const providers = imageCredentialProvider.value;
  const isAlphaDropIn = readsDropIns(spec) && gateHolds('config-dir-alpha', kubeletVersion.value);
  return [
    textFile(paths.NODEADM_KUBELET_CONFIG, goJson(nodeadmKubeletConfigOf(kubelet), 4), nodeadmKubeletConfigReasons(kubelet)),
    dropIn === undefined
      ? gone(paths.NODEADM_KUBELET_DROP_IN, ANYTHING)
      : textFile(
          paths.NODEADM_KUBELET_DROP_IN,
          dropInText(dropIn),
          because('kubelet-drop-in.given', 'A configuration was given; the kubelet merges it over config.json.'),
        ),
    ...kubeconfigFiles(decided),
    ...(providers.length === 0
      ? []
      : [
          {
            ...textFile(paths.CREDENTIAL_PROVIDER_CONFIG, credentialProviderText(spec, providers, kubeletVersion.value), [
              imageCredentialProvider.because,
            ]),
            mode: hasProviderEnvironment(spec) ? SECRET_MODE : MODE,
          },
        ]),
    textFile(paths.CLUSTER_CA, cluster.pem, [cluster.certificateAuthority.because]),
    textFile(paths.NODEADM_KUBELET_ENVIRONMENT, environmentFileText(flags.value, isAlphaDropIn), [flags.because]),
  ];
};

/** On an Outpost the kubelet makes its own kubeconfig out of ours, and the API server stands in /etc/hosts. */
const kubeconfigFiles = ({ cluster, clusterId, apiServer, region, credentialPlugin }: Decisions2023): readonly DesiredFile[] => {
  const text = kubeconfigText2023({
    endpoint: cluster.endpoint.value,
    tokenCluster: clusterId.value ?? cluster.name.value,
    region: region.value,
    program: credentialPlugin.value,
  });
  const reasons = [cluster.endpoint.because, credentialPlugin.because];
  if (clusterId.value === null) return [textFile(paths.KUBECONFIG, text, reasons), gone(paths.BOOTSTRAP_KUBECONFIG, ANYTHING)];
  const kubeletsOwn = { kind: 'absent', ours: notKubeletsOwnPattern(cluster.endpoint.value), foreign: true } as const;
  return [
    textFile(paths.BOOTSTRAP_KUBECONFIG, text, [clusterId.because, ...reasons]),
    { path: paths.KUBECONFIG, mode: MODE, content: kubeletsOwn, because: [clusterId.because] },
    ...(apiServer === undefined ? [] : [hostsFile(apiServer)]),
  ];
};

const hostsFile = ({ host, addresses }: ApiServerHost): DesiredFile => ({
  path: paths.HOSTS,
  mode: MODE,
  content: { kind: 'hosts', host, addresses: addresses.value },
  because: [addresses.because],
});

const MARKER = textFile(
  paths.NODEADM_MARKER,
  '',
  because('marker.initialized', 'From now on network interfaces that are added belong to the CNI (udev-net-manager).'),
);

const CONTAINERD_INPUTS = [
  paths.CONTAINERD_CONFIG,
  paths.BASE_RUNTIME_SPEC,
  paths.SOCI_CONFIG,
  paths.SOCI_DROP_IN,
  paths.MANAGER_ENVIRONMENT,
  serviceEnvironmentPath('containerd'),
];

const SYSCTL_UNIT: DesiredUnit = {
  name: 'systemd-sysctl.service',
  inputs: [paths.SYSCTLS],
  because: because('unit.sysctl', 'It gives the kernel its parameters.'),
  startedAtBootBy: 'the system',
};

/** In the order of their starts. */
const units = (spec: AmazonLinux2023Spec): readonly DesiredUnit[] => {
  const boot = spec.options.startedAtBootBy === 'nodeadm-run' ? { startedAtBootBy: 'nodeadm-run.service' } : {};
  return [
    // Before the kubelet: it does not start on a kernel that is not as it wants it.
    ...(sysctlFile(spec) === undefined ? [] : [SYSCTL_UNIT]),
    {
      name: 'systemd-resolved.service',
      inputs: [paths.RESOLVED_DROP_IN],
      because: because('unit.resolved', 'It answers for names, by the servers that were given.'),
      startedAtBootBy: 'the system',
      ...(resolvedFile(spec) === undefined ? { onlyIfActive: true } : {}),
    },
    {
      name: 'containerd.service',
      inputs: CONTAINERD_INPUTS,
      because: because('unit.containerd', 'The kubelet runs its pods through containerd.'),
      ...boot,
    },
    {
      name: 'kubelet.service',
      // containerd's file too: what the kubelet asked of the runtime when it started is asked anew.
      inputs: [
        paths.CLUSTER_CA,
        paths.KUBECONFIG,
        paths.BOOTSTRAP_KUBECONFIG,
        paths.NODEADM_KUBELET_CONFIG,
        paths.NODEADM_KUBELET_DROP_IN,
        paths.NODEADM_KUBELET_ENVIRONMENT,
        paths.CREDENTIAL_PROVIDER_CONFIG,
        paths.CONTAINERD_CONFIG,
        paths.MANAGER_ENVIRONMENT,
        serviceEnvironmentPath('kubelet'),
      ],
      because: because('unit.kubelet', 'The node agent.'),
      ...boot,
    },
  ];
};
