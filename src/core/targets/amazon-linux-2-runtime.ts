/** The container runtime's part of a bootstrap.sh node: containerd with the sandbox image's pull, or dockerd with the firewall's rules. */
import { containerdConfigOf } from '../containerd.ts';
import type { DesiredFile, DesiredUnit } from '../desired.ts';
import { dockerConfigOf } from '../docker.ts';
import type { Facts } from '../facts.ts';
import { firewallRulesOf } from '../firewall.ts';
import {
  dockerKubeletUnitText,
  FIREWALL_UNIT_TEXT,
  kubeletUnitText,
  sandboxImageCommandOf,
  sandboxImageUnitText,
} from '../kubelet/units.ts';
import * as paths from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Because, Checked, Decided, Decision } from '../report.ts';
import type { AmazonLinux2Spec, ContainerRuntime } from '../spec.ts';
import { because, MODE, textFile } from './files.ts';

/** What either runtime brings to the node. */
export interface Runtime {
  readonly cgroupDriver: Decided<string>;
  readonly directories: readonly string[];
  /** With the kubelet's unit, which differs between the two. */
  readonly files: readonly DesiredFile[];
  /** Without the kubelet's, in the order of their starts. */
  readonly units: readonly DesiredUnit[];
  /** A change of it restarts the runtime, and with it the kubelet. */
  readonly config: string;
  /** For --explain. */
  readonly decisions: readonly Decision[];
}

export interface RuntimeInput {
  readonly pauseImage: Decided<string>;
  /** Path of NVIDIA's runtime; undefined: none. */
  readonly nvidiaRuntime: Decided<string> | undefined;
  readonly credentialProvider: boolean;
}

/** Errors: a configuration that the runtime, or we, cannot read. */
export const runtimeOf = (name: ContainerRuntime, spec: AmazonLinux2Spec, facts: Facts, input: RuntimeInput): Checked<Runtime> =>
  name === 'dockerd' ? dockerdOf(spec, facts, input) : containerdOf(spec, facts, input);

const containerdOf = (
  spec: AmazonLinux2Spec,
  facts: Facts,
  { pauseImage, nvidiaRuntime, credentialProvider }: RuntimeInput,
): Checked<Runtime> => {
  const { value: config, diagnostics } = containerdConfigOf(spec, facts, {
    pauseImage: pauseImage.value,
    nvidiaRuntime: nvidiaRuntime?.value ?? null,
  });
  if (config === undefined) return { diagnostics };
  const gpu = nvidiaRuntime ? [nvidiaRuntime.because] : [];
  const command = sandboxImageCommandOf(facts);
  const sandboxImage = templateOr(facts, 'sandboxImageUnit', paths.AMI_SANDBOX_IMAGE_UNIT, sandboxImageUnitText(command.value));
  const kubelet = templateOr(facts, 'kubeletUnit', paths.AMI_KUBELET_UNIT, kubeletUnitText(credentialProvider));
  const value: Runtime = {
    cgroupDriver: CONTAINERD_CGROUP_DRIVER,
    directories: [paths.CONTAINERD_DIR, paths.CONTAINERD_DROP_IN_DIR],
    files: [
      textFile(paths.CONTAINERD_CONFIG, config.text, [config.source.because, pauseImage.because, ...gpu]),
      textFile(paths.SANDBOX_IMAGE_UNIT, sandboxImage.text, [sandboxImage.source.because]),
      textFile(paths.KUBELET_UNIT, kubelet.text, [kubelet.source.because]),
    ],
    units: containerdUnits(sandboxImage.source.because),
    config: paths.CONTAINERD_CONFIG,
    decisions: [
      config.source,
      sandboxImage.source,
      // Else the image's unit says what runs.
      ...((facts.host.files?.[paths.AMI_SANDBOX_IMAGE_UNIT] ?? null) === null ? [command] : []),
      kubelet.source,
    ],
  };
  return { value, diagnostics };
};

const CONTAINERD_CGROUP_DRIVER: Decided<string> = {
  key: 'cgroupDriver',
  value: 'systemd',
  because: {
    rule: 'cgroup-driver.containerd',
    text: 'containerd is configured with SystemdCgroup = true, and both must use the same driver.',
    inputs: [],
  },
  changes: [],
};

const containerdUnits = (sandboxImage: Because): readonly DesiredUnit[] => [
  {
    name: 'containerd.service',
    inputs: [paths.CONTAINERD_CONFIG],
    because: because('unit.containerd', 'The kubelet runs its pods through containerd; enabled, so that a reboot brings the node back.'),
  },
  {
    name: 'sandbox-image.service',
    inputs: [paths.SANDBOX_IMAGE_UNIT, paths.CONTAINERD_CONFIG],
    because: because('unit.sandbox-image', 'Pulls the sandbox image before the first pod needs it.').concat(sandboxImage),
    // containerd pulls it itself for the first pod; upstream's kubelet required it, and stayed down after one failed pull.
    optional: true,
  },
];

const dockerdOf = (spec: AmazonLinux2Spec, facts: Facts, { nvidiaRuntime, credentialProvider }: RuntimeInput): Checked<Runtime> => {
  const { value: config, diagnostics } = dockerConfigOf(spec, facts, nvidiaRuntime?.value ?? null);
  if (config === undefined) return { diagnostics };
  const kubelet = dockerKubeletUnitOf(facts, credentialProvider);
  const rules = firewallRulesOf(facts);
  const restore = templateOr(facts, 'firewallUnit', paths.AMI_FIREWALL_UNIT, FIREWALL_UNIT_TEXT);
  const value: Runtime = {
    cgroupDriver: config.cgroupDriver,
    directories: [paths.DOCKER_DIR],
    files: [
      { path: paths.DOCKER_CONFIG, mode: MODE, content: config.content, because: [config.source.because] },
      ...(rules.text === undefined ? [] : [textFile(paths.FIREWALL_RULES, rules.text, [rules.source.because])]),
      textFile(paths.FIREWALL_UNIT, restore.text, [restore.source.because]),
      textFile(paths.KUBELET_UNIT, kubelet.text, [kubelet.source.because]),
    ],
    units: dockerdUnits(restore.source.because),
    config: paths.DOCKER_CONFIG,
    decisions: [config.source, rules.source, restore.source, kubelet.source],
  };
  return { value, diagnostics };
};

const dockerdUnits = (restore: Because): readonly DesiredUnit[] => [
  {
    name: 'docker.service',
    inputs: [paths.DOCKER_CONFIG],
    because: because('unit.docker', 'The kubelet runs its pods through docker; enabled, so that a reboot brings the node back.'),
  },
  {
    name: 'iptables-restore.service',
    inputs: [],
    because: because(
      'unit.iptables-restore',
      'Undoes what docker does to iptables when the node boots. Now it would undo what kube-proxy did.',
    ).concat(restore),
    atBoot: true,
  },
];

interface UnitText {
  readonly source: Decided<string>;
  readonly text: string;
}

const RULES: { readonly [key: string]: string } = {
  kubeletUnit: 'kubelet-unit',
  sandboxImageUnit: 'sandbox-image-unit',
  firewallUnit: 'firewall-unit',
};

/** The image's template as it is, because people edit it, or our own text. */
const templateOr = (facts: Facts, key: string, path: string, own: string): UnitText => {
  const template = facts.host.files?.[path] ?? null;
  const isTemplate = template !== null;
  const reason = {
    rule: `${RULES[key]}.${isTemplate ? 'image' : 'own'}`,
    text: isTemplate
      ? 'The image brings this unit, which people edit: it is used as it is.'
      : 'The image brings no such unit, so it is ours.',
    inputs: [inputOf(facts, `host.files.${path}`, isTemplate ? `${template.length} characters` : null)],
  };
  return { source: { key, value: isTemplate ? path : 'bootwright', because: reason, changes: [`editing ${path}`] }, text: template ?? own };
};

/** Images with docker have their unit in place already. One for containerd there is of another run, and one of ours may have changed since. */
const dockerKubeletUnitOf = (facts: Facts, credentialProvider: boolean): UnitText => {
  const there = facts.host.files?.[paths.KUBELET_UNIT] ?? null;
  const isOurs = [true, false].some((provider) => there === dockerKubeletUnitText(provider));
  const isForContainerd = there !== null && /containerd\.service|--container-runtime-endpoint/.test(there);
  if (there !== null && !isOurs && !isForContainerd) return templateOr(facts, 'kubeletUnit', paths.KUBELET_UNIT, there);
  const reason = {
    rule: 'kubelet-unit.own',
    text: isForContainerd ? 'The unit that is there is for containerd, so it is ours.' : 'The image brings no such unit, so it is ours.',
    inputs: [inputOf(facts, `host.files.${paths.KUBELET_UNIT}`, there === null ? null : `${there.length} characters`)],
  };
  return {
    source: { key: 'kubeletUnit', value: 'bootwright', because: reason, changes: [`editing ${paths.KUBELET_UNIT}`] },
    text: dockerKubeletUnitText(credentialProvider),
  };
};
