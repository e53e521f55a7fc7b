/** What the kubelet of an Amazon Linux 2023 node is told beside its config.json: flags, environment, the user's drop-in. */
import type { Facts } from '../facts.ts';
import { goJson, sortedKeys } from '../formats/go-json.ts';
import { unitCannotCarry } from '../formats/unit.ts';
import { RESERVED_CGROUPS } from '../kubelet/config.ts';
import { extraArgsOf, usesReservedCgroups } from '../kubelet/extra-args.ts';
import { DEFAULT_OF_1_28, mergedKubeletConfigOf } from '../kubelet/merged-config.ts';
import { hostnameOverrideOf, providerIdOf } from '../kubelet/names.ts';
import { gateHolds, isBetween } from '../kubelet/versions.ts';
import {
  BOOTSTRAP_KUBECONFIG,
  CREDENTIAL_PROVIDER_CONFIG,
  KUBECONFIG,
  NODEADM_KUBELET_CONFIG,
  NODEADM_KUBELET_DROP_IN_DIR,
} from '../paths.ts';
import { inputOf } from '../provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, errorAt, type Input, type JsonObject, warningAt } from '../report.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';

/** A drop-in of the user's; undefined: none was asked for. */
export const dropInOf = ({ options: { kubeletConfig } }: AmazonLinux2023Spec): JsonObject | undefined =>
  kubeletConfig === undefined || Object.keys(kubeletConfig.value).length === 0
    ? undefined
    : { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1', ...kubeletConfig.value };

/** Is the kubelet told of the directory of drop-ins? */
export const readsDropIns = (spec: AmazonLinux2023Spec): boolean =>
  dropInOf(spec) !== undefined || spec.options.extras.kubeletDropIns?.value === true;

export const dropInText = (dropIn: JsonObject): string => goJson(sortedKeys(dropIn), 4);

export const dropInErrors = (spec: AmazonLinux2023Spec, kubeletVersion: string): readonly Diagnostic[] => {
  if (!readsDropIns(spec) || gateHolds('config-dir', kubeletVersion)) return [];
  const message = `kubelet ${kubeletVersion} reads no drop-ins, so a configuration of your own cannot be given to it`;
  const { kubeletConfig, extras } = spec.options;
  return [
    errorAt('no-kubelet-drop-ins', (kubeletConfig ?? extras.kubeletDropIns)?.at ?? '', message, 'Use flags, or a kubelet from 1.28 on.'),
  ];
};

/** Kubelet 1.28 alone: what it sets to its own default because a drop-in of the user's is silent about it. */
export const lostToDefaults = (spec: AmazonLinux2023Spec, config: JsonObject, kubeletVersion: string): readonly Diagnostic[] => {
  const dropIn = dropInOf(spec);
  if (dropIn === undefined || !isBetween(kubeletVersion, { before: '1.29' })) return [];
  const layers = { file: { by: 'config.json', patch: config }, dropIns: [{ by: 'the drop-in', patch: dropIn }], flags: [] };
  const lost = mergedKubeletConfigOf(layers, kubeletVersion).filter(({ by }) => by === DEFAULT_OF_1_28);
  if (lost.length === 0) return [];
  const taken = lost.map(({ path, value }) => `${path.join('.')} ${JSON.stringify(value)}`).join(', ');
  const message = `kubelet ${kubeletVersion} takes its own defaults for what a configuration of yours leaves out: ${taken}`;
  const ours = lost.map(({ path, beats: [first] }) => `${path.join('.')}: ${JSON.stringify(first?.value)}`).join(', ');
  return [warningAt('kubelet-defaults-win', spec.options.kubeletConfig?.at ?? '', message, `Say them there, too: ${ours}.`)];
};

/** Cgroups of what is reserved; null: the CPUs are reserved by number, which the kubelet refuses together with them. */
export const reservedCgroupsOf2023 = (
  spec: AmazonLinux2023Spec,
  reservedCpus: Decided<string | null>,
): Decided<typeof RESERVED_CGROUPS | null> => {
  const { kubeletConfig } = spec.options;
  const cpus = kubeletConfig?.value['reservedSystemCPUs'];
  const key = 'reservedCgroups';
  const changes = [`reservedSystemCPUs in ${wordsOf(spec).kubeletConfig} leaves them out`];
  const byFlag = !usesReservedCgroups(spec);
  const cpuList = typeof cpus === 'string' ? cpus : (reservedCpus.value ?? '');
  const isByNumber = cpuList !== '';
  if (!byFlag && !isByNumber) {
    const text = 'System daemons run in system.slice, kubelet and containerd in runtime.slice. They are named, not enforced.';
    return { key, value: RESERVED_CGROUPS, because: { rule: 'reserved-cgroups.named', text, inputs: [] }, changes };
  }
  const inputs: readonly Input[] = isByNumber
    ? [{ name: 'reservedSystemCPUs', value: cpuList, origin: 'rule', at: '--explain reservedSystemCPUs' }]
    : [];
  const text = 'CPUs are reserved by number, so the cgroups are not named: the kubelet refuses both together.';
  return { key, value: null, because: { rule: 'reserved-cgroups.reserved-cpus', text, inputs }, changes };
};

/** Who the node is, said in the user's words. */
export const namesOf = (
  spec: AmazonLinux2023Spec,
  facts: Facts,
): Checked<{ providerId: Decided<string>; hostnameOverride: Decided<string> }> => {
  const word = wordsOf(spec).instanceIdNodeName;
  const providerId = providerIdOf(spec, facts).value;
  const { value: name, diagnostics: found } = hostnameOverrideOf(spec, facts);
  const diagnostics = found.map((one) =>
    one.code === 'invalid-node-name' ? { ...one, remedy: `Check the domain name in the DHCP options of the VPC, or use ${word}.` } : one,
  );
  if (providerId === undefined || name === undefined) return { diagnostics };
  return {
    value: { providerId, hostnameOverride: { ...name, changes: [`${word} chooses between the private DNS name and the instance id`] } },
    diagnostics,
  };
};

/** The label by which GPU nodes are found; null: none. */
export const gpuLabelOf = (facts: Facts, kubeletVersion: string): Decided<string | null> => {
  const hasDevice = facts.host.nvidiaDevice === true;
  const isLabelled = gateHolds('gpu-label', kubeletVersion) && hasDevice;
  const text = isLabelled
    ? 'There is a device of NVIDIA.'
    : hasDevice
      ? 'Nodes are labelled by their GPU from 1.35 on.'
      : 'Not a node with a GPU of NVIDIA.';
  const inputs = facts.host.nvidiaDevice === undefined ? [] : [inputOf(facts, 'host.nvidiaDevice', hasDevice)];
  return {
    key: 'gpuLabel',
    value: isLabelled ? 'nvidia.com/gpu.present=true' : null,
    because: { rule: `gpu-label.${isLabelled ? 'device' : 'none'}`, text, inputs },
    changes: ['another kubelet version', 'an instance type with, or without, a GPU of NVIDIA'],
  };
};

export interface FlagsInput {
  readonly kubeletVersion: Decided<string>;
  readonly nodeIp: Decided<string>;
  readonly hostnameOverride: Decided<string>;
  readonly labels: readonly string[];
  readonly hasDropIn: boolean;
  readonly isOutpost: boolean;
  /** Where image credential providers are; null: there are none. */
  readonly providerDirectory: string | null;
}

/** Flags in the order in which they are written; what a user gave follows, and the last one counts. */
export const kubeletFlagsOf = (spec: AmazonLinux2023Spec, input: FlagsInput): Decided<string> => {
  const { providerDirectory } = input;
  const flags: readonly (readonly [string, string])[] = [
    ['node-ip', input.nodeIp.value],
    ['cloud-provider', 'external'],
    ['hostname-override', input.hostnameOverride.value],
    // Without it the kubelet reports no statistics of its runtime under cgroup v2.
    ['runtime-cgroups', '/runtime.slice/containerd.service'],
    ...(input.labels.length > 0 ? ([['node-labels', input.labels.join(',')]] as const) : []),
    ['config', NODEADM_KUBELET_CONFIG],
    ...(input.hasDropIn ? ([['config-dir', NODEADM_KUBELET_DROP_IN_DIR]] as const) : []),
    ['kubeconfig', KUBECONFIG],
    ...(input.isOutpost ? ([['bootstrap-kubeconfig', BOOTSTRAP_KUBECONFIG]] as const) : []),
    ...(providerDirectory === null
      ? []
      : ([
          ['image-credential-provider-bin-dir', providerDirectory],
          ['image-credential-provider-config', CREDENTIAL_PROVIDER_CONFIG],
        ] as const)),
  ];
  const extra = spec.kubelet.extraArgs;
  const because: Because = {
    rule: 'kubelet-flags.all',
    text: `What the kubelet is told on its command line${extra ? '; what was given follows, and the last one counts' : ''}.`,
    inputs: [
      ...[input.nodeIp, input.hostnameOverride].map(
        ({ key, value }): Input => ({ name: key, value, origin: 'rule', at: `--explain ${key}` }),
      ),
      ...(extra ? [{ name: 'flags', value: extra.value, origin: extra.origin, at: extra.at }] : []),
    ],
  };
  const value = [...flags.map(([name, text]) => `--${name}=${text}`), ...(extra && extra.value !== '' ? [extra.value] : [])].join(' ');
  return { key: 'kubeletFlags', value, because, changes: [`${wordsOf(spec).kubeletFlags} adds to them, or overrides`] };
};

/** The file that kubelet.service reads its variables from. */
export const environmentFileText = (flags: string, isAlphaDropIn: boolean): string =>
  [`NODEADM_KUBELET_ARGS=${flags}`, ...(isAlphaDropIn ? ['KUBELET_CONFIG_DROPIN_DIR_ALPHA=on'] : [])].join('\n');

/** All that is wrong with the user's flags. Errors: what no line of a file can carry. */
export const flagDiagnostics = (spec: AmazonLinux2023Spec, facts: Facts): readonly Diagnostic[] => {
  const given = spec.kubelet.extraArgs;
  if (given !== undefined && unitCannotCarry(given.value)) {
    const message = 'a flag holds a line break or another character that systemd cannot carry';
    return [errorAt('control-character', given.at, message, 'Write it on one line, with spaces.')];
  }
  const { diagnostics } = extraArgsOf(spec, facts);
  if (spec.options.language === 'bootstrap.sh') return diagnostics;
  return diagnostics.filter(({ code }) => !SAID.has(code)).map(inNodeConfigWords);
};

/** What the document's own checks have said, and that flags beat the file, which is what they are given for. */
const SAID = new Set(['unknown-kubelet-flag', 'stray-kubelet-word', 'open-quote', 'doubled-max-pods']);

const inNodeConfigWords = (diagnostic: Diagnostic): Diagnostic => ({
  ...diagnostic,
  message: diagnostic.message.replace('kubelet-config.json', 'config.json'),
  remedy: diagnostic.remedy
    .replace('kubelet-config.json', 'config.json')
    .replace('Use --dns-cluster-ip instead.', 'Leave it out, or know that clusterDNS in config.json no longer counts.'),
});
