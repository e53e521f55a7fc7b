/** How many pods the node takes, and what is set aside for the system. Formulas of bootstrap.sh, with their numbers in the reasons. */
import { INSTANCE_LIMITS_DATE } from '../data/instance-limits.ts';
import type { Facts, InstanceLimits } from '../facts.ts';
import { AMI_ENI_MAX_PODS } from '../paths.ts';
import { given, inputOf } from '../provenance.ts';
import type { Checked, Decided, Input } from '../report.ts';
import type { NodeSpec } from '../spec.ts';
import { extraMaxPodsOf } from './extra-args.ts';
import { imageEntryOf, imageEntryWarnings } from './image-limits.ts';
import { tabledLimitsOf } from './instance-limits.ts';

/** The kubelet's own default, and the advised bound of small nodes. */
const KUBELET_DEFAULT_MAX_PODS = 110;

interface FoundLimits extends InstanceLimits {
  readonly from: Input;
}

const limitsOf = (facts: Facts, type: string): FoundLimits => {
  const tabled = tabledLimitsOf(type);
  const asked = facts.instanceTypes && Object.hasOwn(facts.instanceTypes, type) ? facts.instanceTypes[type] : undefined;
  const limits = tabled ?? asked;
  if (limits === undefined || limits === null) throw new Error(`the limits of ${type} are not known yet`);
  const text = `${limits.enis} ENIs with ${limits.ipv4PerEni} IPv4 addresses each`;
  const from: Input = tabled
    ? { name: `limits of ${type}`, value: text, origin: 'rule', at: `table of ${INSTANCE_LIMITS_DATE}` }
    : { ...inputOf(facts, `instanceTypes.${type}`, text), name: `limits of ${type}` };
  return { ...limits, from };
};

/** How pods get their addresses, where it is not one secondary address each. */
export interface AddressUse {
  /** Addresses behind each place of an ENI: 16 with prefix delegation, which puts a /28 there. */
  readonly perPlace?: 1 | 16;
  /** Pods on the host's network, which need none: aws-node and kube-proxy. Not counted on Windows. */
  readonly hostPods?: 2 | 0;
}

/**
 * Pods that get an address of their own from the VPC: `ENIs × (IPv4 addresses per ENI − 1) × addresses per place + 2`, of the default
 * network card (amazon-eks-ami files/max-pods-calculator.sh). One address of each ENI is its own.
 */
export const podsOf = (
  { enis, ipv4PerEni }: InstanceLimits,
  { perPlace = 1, hostPods = 2 }: AddressUse = {},
): { readonly pods: number; readonly text: string } => {
  const pods = enis * (ipv4PerEni - 1) * perPlace + hostPods;
  const places = `(${ipv4PerEni} − 1) ${perPlace === 1 ? 'IPv4 addresses' : `prefixes × ${perPlace} addresses`}`;
  return { pods, text: `${enis} ENI${enis === 1 ? '' : 's'} × ${places}${hostPods === 0 ? '' : ` + ${hostPods}`} = ${pods}` };
};

/** Pods by the instance type alone: no cap, as bootstrap.sh never had one. */
export const eniMaxPodsOf = (facts: Facts): Checked<Decided<number>> => {
  const type = facts.instance.type;
  if (type === undefined) throw new Error('instance.type is not known yet');
  const image = imageMaxPodsOf(facts, type);
  if (image !== undefined) return { value: image, diagnostics: [] };
  const { from, ...limits } = limitsOf(facts, type);
  const { pods, text } = podsOf(limits);
  return {
    value: {
      key: 'eniMaxPods',
      value: pods,
      because: {
        rule: 'max-pods.eni',
        text,
        inputs: [inputOf(facts, 'instance.type', type), from],
      },
      changes: ['another instance type'],
    },
    diagnostics: imageEntryWarnings(facts, type),
  };
};

/** By the image's own table, where it says something else than ours, or knows a type that ours lacks. */
const imageMaxPodsOf = (facts: Facts, type: string): Decided<number> | undefined => {
  const pods = imageEntryOf(facts, type)?.pods;
  const tabled = tabledLimitsOf(type);
  if (pods === undefined || (tabled && podsOf(tabled).pods === pods)) return undefined;
  const text = `${AMI_ENI_MAX_PODS} of the image says ${pods} for ${type}`;
  const inputs = [inputOf(facts, 'instance.type', type), { ...inputOf(facts, `host.files.${AMI_ENI_MAX_PODS}`, pods), name: type }];
  return {
    key: 'eniMaxPods',
    value: pods,
    because: { rule: 'max-pods.image-table', text, inputs },
    changes: [`editing ${AMI_ENI_MAX_PODS}`],
  };
};

const MAX_PODS_CHANGES = [
  'another instance type',
  '--use-max-pods false leaves the number to the kubelet (110)',
  "--kubelet-extra-args '--max-pods=N' with --use-max-pods false sets it by hand (prefix delegation, custom networking)",
];

/** maxPods as it is written; null: not written. */
export const maxPodsOf = (spec: NodeSpec, facts: Facts): Checked<Decided<number | null>> => {
  const { useMaxPods } = spec.kubelet;
  const choice = given('useMaxPods', useMaxPods);
  if (!useMaxPods.value) {
    const extra = extraMaxPodsOf(spec);
    const inputs = extra === undefined ? [choice] : [choice, ...maxPodsInput(spec, extra)];
    const text = `maxPods is not written; the kubelet takes ${extra === undefined ? `its own default, ${KUBELET_DEFAULT_MAX_PODS}` : `${extra} from its arguments`}.`;
    const value = {
      key: 'maxPods',
      value: null,
      because: { rule: 'max-pods.unset', text, inputs },
      changes: ['--use-max-pods true writes the instance type’s number'],
    };
    return { value, diagnostics: [] };
  }
  const { value: eni, diagnostics } = eniMaxPodsOf(facts);
  if (eni === undefined) return { diagnostics };
  const extra = extraMaxPodsOf(spec);
  const beaten = extra === undefined ? '' : `; but the kubelet takes ${extra} from its arguments, which beat the file`;
  const because = {
    ...eni.because,
    text: `${eni.because.text}${beaten}`,
    inputs: [...eni.because.inputs, choice, ...(extra === undefined ? [] : maxPodsInput(spec, extra))],
  };
  return { value: { key: 'maxPods', value: eni.value, because, changes: MAX_PODS_CHANGES }, diagnostics };
};

const maxPodsInput = (spec: NodeSpec, value: number): readonly Input[] =>
  spec.kubelet.extraArgs ? [{ name: '--max-pods', value, origin: spec.kubelet.extraArgs.origin, at: spec.kubelet.extraArgs.at }] : [];

/** Share of the CPU that is set aside, by range of millicores: bootstrap.sh's table, in hundredths of a percent. */
const CPU_RANGES: readonly { readonly from: number; readonly to: number; readonly share: number; readonly text: string }[] = [
  { from: 0, to: 1000, share: 600, text: '6 %' },
  { from: 1000, to: 2000, share: 100, text: '1 %' },
  { from: 2000, to: 4000, share: 50, text: '0.5 %' },
  { from: 4000, to: Number.POSITIVE_INFINITY, share: 25, text: '0.25 %' },
];

interface Reserved {
  readonly millicores: number;
  readonly text: string;
}

/** Millicores set aside of a number of CPUs; each range is rounded down by itself. */
export const reservedCpuOf = (cpus: number): Reserved => {
  const parts = CPU_RANGES.filter((range) => cpus * 1000 > range.from).map((range) => {
    const width = Math.min(cpus * 1000, range.to) - range.from;
    return { millicores: Math.floor((width * range.share) / 10_000), text: `${range.text} of ${width}m` };
  });
  const millicores = parts.reduce((sum, part) => sum + part.millicores, 0);
  return { millicores, text: `${parts.map((part) => part.text).join(' + ')} = ${millicores}m` };
};

/** Memory set aside for a number of pods. */
export const reservedMemoryOf = (maxPods: number): { readonly mebibytes: number; readonly text: string } => {
  const mebibytes = 11 * maxPods + 255;
  return { mebibytes, text: `11 MiB × ${maxPods} + 255 MiB = ${mebibytes} MiB` };
};

interface Pods {
  readonly value: number;
  readonly text: string;
  readonly inputs: readonly Input[];
}

/** The number of pods that the reservation is made for. */
const reservedPodsOf = (spec: NodeSpec, facts: Facts): Pods => {
  const extra = extraMaxPodsOf(spec);
  if (spec.kubelet.reserveFor.value === 'max-pods' && extra !== undefined) {
    return { value: extra, text: `the ${extra} pods of --max-pods`, inputs: maxPodsInput(spec, extra) };
  }
  if (spec.kubelet.reserveFor.value === 'max-pods' && !spec.kubelet.useMaxPods.value) {
    const value = KUBELET_DEFAULT_MAX_PODS;
    return { value, text: `the kubelet's default of ${value} pods`, inputs: [given('useMaxPods', spec.kubelet.useMaxPods)] };
  }
  const eni = eniMaxPodsOf(facts).value;
  if (eni === undefined) throw new Error('eniMaxPodsOf has no value');
  return { value: eni.value, text: `the ${eni.value} pods of the instance type (${eni.because.text})`, inputs: eni.because.inputs };
};

export type KubeReserved = { readonly cpu: string; readonly 'ephemeral-storage': string; readonly memory: string };

/** kubeReserved of kubelet-config.json. */
export const kubeReservedOf = (spec: NodeSpec, facts: Facts): Checked<Decided<KubeReserved>> => {
  const cpus = facts.host.cpus;
  if (cpus === undefined) throw new Error('host.cpus is not known yet');
  const pods = reservedPodsOf(spec, facts);
  const memory = reservedMemoryOf(pods.value);
  const cpu = reservedCpuOf(cpus);
  const text = `memory for ${pods.text}: ${memory.text}; cpu of ${cpus} CPUs: ${cpu.text}; ephemeral-storage is always 1 GiB`;
  return {
    value: {
      key: 'kubeReserved',
      value: { cpu: `${cpu.millicores}m`, 'ephemeral-storage': '1Gi', memory: `${memory.mebibytes}Mi` },
      because: {
        rule: `kube-reserved.${spec.kubelet.reserveFor.value}`,
        text,
        inputs: [given('reserveFor', spec.kubelet.reserveFor), ...pods.inputs, inputOf(facts, 'host.cpus', cpus)],
      },
      changes: [
        '--reserve-for max-pods reserves for the number of pods that the kubelet really takes, --reserve-for eni-max-pods for that of the instance type',
        'another instance type, or another number of CPUs',
      ],
    },
    diagnostics: [],
  };
};
