/** The small rules of a bootstrap.sh node that have no file of their own. */
import type { Cluster } from '../cluster.ts';
import type { Facts } from '../facts.ts';
import { unitCannotCarry } from '../formats/unit.ts';
import { EVICTION_HARD, type KubeletConfigInput, RESERVED_CGROUPS } from '../kubelet/config.ts';
import { usesReservedCgroups } from '../kubelet/extra-args.ts';
import { kubeletUnitText, sandboxImageCommandOf, sandboxImageUnitText } from '../kubelet/units.ts';
import { gateHolds } from '../kubelet/versions.ts';
import { AMI_GPU_HELPER, AMI_KUBELET_UNIT, AMI_SANDBOX_IMAGE_UNIT } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import { type Checked, type Decided, type Diagnostic, errorAt, type Json } from '../report.ts';
import type { NodeSpec } from '../spec.ts';

const ARCHITECTURES = ['x86_64', 'aarch64'];

/** bootstrap.sh's own words; EKS has no images for anything else. */
export const archDiagnostics = ({ host: { arch } }: Facts): readonly Diagnostic[] =>
  arch === undefined || ARCHITECTURES.includes(arch)
    ? []
    : [
        {
          severity: 'error',
          code: 'unknown-architecture',
          path: 'uname -m',
          message: `Unknown machine architecture: '${arch}'`,
          remedy: `Use an instance type with ${ARCHITECTURES.join(' or ')}.`,
        },
      ];

/** An image for GPUs on an instance that has one: its runtime would have to be set up, which nothing here does yet. */
export const gpuDiagnostics = ({ host: { nvidiaDevice } }: Facts): readonly Diagnostic[] =>
  nvidiaDevice === true
    ? [
        errorAt(
          'unsupported-gpu',
          AMI_GPU_HELPER,
          'this is a GPU node (an NVIDIA device, and an image that brings the GPU helper), which is not supported yet',
          "Keep the image's own bootstrap.sh on GPU nodes.",
        ),
      ]
    : [];

/** The decision with what the certificates are good for in place of kilobytes of base64. */
export const certificateAuthorityOf = ({ certificateAuthority: decided, certificates }: Cluster): Decided<string> => {
  const until = certificates.map(({ notAfter }) => notAfter.slice(0, 'YYYY-MM-DD'.length)).join(', ');
  const value = `${certificates.length === 1 ? 'a certificate' : `${certificates.length} certificates`}, valid until ${until}`;
  const inputs = decided.because.inputs.map((input) => (input.value === decided.value ? { ...input, value } : input));
  return { ...decided, value, because: { ...decided.because, inputs } };
};

export const regionOf = (facts: Facts): Decided<string> => {
  const value = facts.instance.region;
  if (value === undefined) throw new Error('instance.region is not known yet');
  const because = {
    rule: 'region.instance',
    text: 'The region that the instance is in.',
    inputs: [inputOf(facts, 'instance.region', value)],
  };
  return { key: 'region', value, because, changes: ['an instance in another region'] };
};

/** What a user wants the kubelet to be told besides; null: nothing. */
export const extraArgsTextOf = (spec: NodeSpec): Checked<Decided<string | null>> => {
  const given = spec.kubelet.extraArgs;
  const key = 'kubeletExtraArgs';
  const changes = ['--kubelet-extra-args (KUBELET_EXTRA_ARGS)'];
  if (given === undefined) {
    const because = { rule: 'kubelet-extra-args.none', text: 'No extra arguments were given.', inputs: [] };
    return { value: { key, value: null, because, changes }, diagnostics: [] };
  }
  const { value, origin, at } = given;
  if (unitCannotCarry(value)) {
    const message = 'the extra arguments hold a line break or another character that a systemd unit cannot carry';
    return {
      diagnostics: [{ severity: 'error', code: 'control-character', path: at, message, remedy: 'Write them on one line, with spaces.' }],
    };
  }
  const because = {
    rule: 'kubelet-extra-args.given',
    text: 'As given; quotes in it group words.',
    inputs: [{ name: '--kubelet-extra-args', value, origin, at }],
  };
  return { value: { key, value, because, changes }, diagnostics: value.includes('%%') ? [doubledPercent(at)] : [] };
};

const doubledPercent = (path: string): Diagnostic => ({
  severity: 'warning',
  code: 'doubled-percent',
  path,
  message: '%% stands in the extra arguments, and the kubelet gets both: percent signs are escaped here now',
  remedy: 'Write one % where one is meant.',
});

export const reservedCgroupsOf = (spec: NodeSpec): KubeletConfigInput['reservedCgroups'] => {
  const given = spec.kubelet.extraArgs;
  const key = 'reservedCgroups';
  const changes = ['--reserved-cpus in --kubelet-extra-args leaves them out'];
  if (usesReservedCgroups(spec)) {
    const text = 'System daemons run in system.slice, kubelet and containerd in runtime.slice. They are named, not enforced.';
    return { key, value: RESERVED_CGROUPS, because: { rule: 'reserved-cgroups.named', text, inputs: [] }, changes };
  }
  const inputs = given ? [{ name: '--kubelet-extra-args', value: given.value, origin: given.origin, at: given.at }] : [];
  const text =
    '--kubelet-extra-args includes --reserved-cpus, so kube/system-reserved cgroups will not be used: the kubelet refuses both together.';
  return { key, value: null, because: { rule: 'reserved-cgroups.reserved-cpus', text, inputs }, changes };
};

const fixed = <T extends Json>(key: string, value: T, rule: string, text: string, changes: readonly string[] = []): Decided<T> => ({
  key,
  value,
  because: { rule, text, inputs: [] },
  changes,
});

export const evictionHardOf = (): Decided<typeof EVICTION_HARD> =>
  fixed('evictionHard', EVICTION_HARD, 'eviction-hard.fixed', 'Fixed thresholds; more keys beside them in the file stay.', [
    '--eviction-hard in --kubelet-extra-args',
  ]);

export const cgroupDriverOf = (): Decided<string> =>
  fixed(
    'cgroupDriver',
    'systemd',
    'cgroup-driver.containerd',
    'containerd is configured with SystemdCgroup = true, and both must use the same driver.',
  );

export const cloudProviderOf = (kubeletVersion: string): Decided<string> => {
  const isExternal = gateHolds('cloud-provider-external', kubeletVersion);
  const text = isExternal
    ? 'From 1.26 on the cloud controller knows the node by its providerID and its name.'
    : 'Before 1.26 the kubelet asks EC2 for its own name and provider id.';
  return fixed('cloudProvider', isExternal ? 'external' : 'aws', `gate.cloud-provider-${isExternal ? 'external' : 'aws'}`, text, [
    'another kubelet version',
  ]);
};

export const featureGatesOf = (kubeletVersion: string): Decided<{ readonly [gate: string]: boolean }> => {
  const needsGate = gateHolds('kubelet-credential-providers', kubeletVersion);
  const text = needsGate
    ? 'Serving certificates are requested from the cluster; before 1.28 image credential providers stand behind a gate.'
    : 'Serving certificates are requested from the cluster.';
  const gates: { readonly [gate: string]: boolean } = {
    RotateKubeletServerCertificate: true,
    ...(needsGate ? { KubeletCredentialProviders: true } : {}),
  };
  return fixed('featureGates', gates, 'feature-gates.version', text, [
    'another kubelet version',
    'gates of your own in kubelet-config.json stay',
  ]);
};

interface UnitText {
  readonly source: Decided<string>;
  readonly text: string;
}

export interface UnitTexts {
  readonly kubelet: UnitText;
  readonly sandboxImage: UnitText;
  /** What the sandbox image's unit runs; undefined: the image's unit says. */
  readonly command: Decided<string> | undefined;
}

/** Unit texts: the image's templates as they are, because people edit them, or ours. */
export const unitTextsOf = (facts: Facts, credentialProvider: boolean): UnitTexts => {
  const command = sandboxImageCommandOf(facts);
  const hasTemplate = (facts.host.files?.[AMI_SANDBOX_IMAGE_UNIT] ?? null) !== null;
  return {
    kubelet: templateOr(facts, 'kubeletUnit', AMI_KUBELET_UNIT, kubeletUnitText(credentialProvider)),
    sandboxImage: templateOr(facts, 'sandboxImageUnit', AMI_SANDBOX_IMAGE_UNIT, sandboxImageUnitText(command.value)),
    command: hasTemplate ? undefined : command,
  };
};

const templateOr = (facts: Facts, key: string, path: string, own: string): UnitText => {
  const template = facts.host.files?.[path] ?? null;
  const isTemplate = template !== null;
  const because = {
    rule: `${key === 'kubeletUnit' ? 'kubelet-unit' : 'sandbox-image-unit'}.${isTemplate ? 'image' : 'own'}`,
    text: isTemplate
      ? 'The image brings this unit, which people edit: it is used as it is.'
      : 'The image brings no such unit, so it is ours.',
    inputs: [inputOf(facts, `host.files.${path}`, isTemplate ? `${template.length} characters` : null)],
  };
  return { source: { key, value: isTemplate ? path : 'bootwright', because, changes: [`editing ${path}`] }, text: template ?? own };
};
