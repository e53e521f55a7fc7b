/** The small rules of a bootstrap.sh node that have no file of their own. */
import type { Cluster } from '../cluster.ts';
import type { Facts } from '../facts.ts';
import { unitCannotCarry } from '../formats/unit.ts';
import { EVICTION_HARD, type KubeletConfigInput, RESERVED_CGROUPS } from '../kubelet/config.ts';
import { usesReservedCgroups } from '../kubelet/extra-args.ts';
import { gateHolds } from '../kubelet/versions.ts';
import { BOOTSTRAP_KUBECONFIG } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Checked, Decided, Diagnostic, Json } from '../report.ts';
import type { ContainerRuntime, NodeSpec } from '../spec.ts';

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

/** The decision with what the certificates are good for in place of kilobytes of base64. */
export const certificateAuthorityOf = ({ certificateAuthority: decided, certificates }: Cluster): Decided<string> => {
  const until = certificates.map(({ notAfter }) => notAfter.slice(0, 'YYYY-MM-DD'.length)).join(', ');
  const count = certificates.length === 1 ? 'a certificate' : `${certificates.length} certificates`;
  const value = certificates.length === 0 ? 'no certificate' : `${count}, valid until ${until}`;
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

/** What the kubelet is told besides, by a user or for a local cluster on an Outpost; null: nothing. */
export const extraArgsTextOf = (spec: NodeSpec, clusterId: Decided<string | null>): Checked<Decided<string | null>> => {
  const given = spec.kubelet.extraArgs;
  const key = 'kubeletExtraArgs';
  const changes = ['--kubelet-extra-args (KUBELET_EXTRA_ARGS)'];
  if (given !== undefined && unitCannotCarry(given.value)) {
    const message = 'the extra arguments hold a line break or another character that a systemd unit cannot carry';
    return {
      diagnostics: [
        { severity: 'error', code: 'control-character', path: given.at, message, remedy: 'Write them on one line, with spaces.' },
      ],
    };
  }
  const diagnostics = given?.value.includes('%%') ? [doubledPercent(given.at)] : [];
  const inputs = given ? [{ name: '--kubelet-extra-args', value: given.value, origin: given.origin, at: given.at }] : [];
  const decided = (value: string | null, rule: string, text: string): Checked<Decided<string | null>> => ({
    value: { key, value, because: { rule: `kubelet-extra-args.${rule}`, text, inputs }, changes },
    diagnostics,
  });
  if (clusterId.value !== null) {
    const text = `A node of a local cluster on an Outpost asks for its own certificate with ${BOOTSTRAP_KUBECONFIG}${given ? '; what was given follows' : ''}.`;
    return decided([`--bootstrap-kubeconfig ${BOOTSTRAP_KUBECONFIG}`, ...(given ? [given.value] : [])].join(' '), 'outpost', text);
  }
  return given
    ? decided(given.value, 'given', 'As given; quotes in it group words.')
    : decided(null, 'none', 'No extra arguments were given.');
};

const doubledPercent = (path: string): Diagnostic => ({
  severity: 'warning',
  code: 'doubled-percent',
  path,
  message: '%% stands in the extra arguments, and the kubelet gets both: percent signs are escaped here now',
  remedy: 'Write one % where one is meant.',
});

export const reservedCgroupsOf = (spec: NodeSpec, runtime: ContainerRuntime): KubeletConfigInput['reservedCgroups'] => {
  const given = spec.kubelet.extraArgs;
  const key = 'reservedCgroups';
  const changes = ['--reserved-cpus in --kubelet-extra-args leaves them out'];
  if (runtime === 'dockerd') {
    const text = 'With dockerd kubelet and docker run in system.slice, like everything else: there is no cgroup to name.';
    return { key, value: null, because: { rule: 'reserved-cgroups.dockerd', text, inputs: [] }, changes };
  }
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
