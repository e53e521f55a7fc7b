/** How many pods a node of Amazon Linux 2023 takes, and what is set aside for the system. */
import type { Facts } from '../facts.ts';
import { eniMaxPodsOf, type KubeReserved, reservedCpuOf, reservedMemoryOf } from '../kubelet/capacity.ts';
import { extraMaxPodsOf } from '../kubelet/extra-args.ts';
import { tabledLimitsOf } from '../kubelet/instance-limits.ts';
import { given, inputOf } from '../provenance.ts';
import { type Checked, type Decided, type Input, warningAt } from '../report.ts';
import type { AmazonLinux2023Spec, IpFamily } from '../spec.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';

/** The kubelet's own default, and what stands for a type that nobody knows (nodeadm). */
const UNKNOWN_MAX_PODS = 110;

const demand = <T>(value: T | undefined, fact: string): T => {
  if (value === undefined) throw new Error(`${fact} is not known yet`);
  return value;
};

/** Logical CPUs: those that sysfs says are online, else those that this process may use. */
export const onlineCpusOf = (facts: Facts): { readonly cpus: number; readonly input: Input } => {
  const online = demand(facts.host.onlineCpus, 'host.onlineCpus');
  if (online !== null) return { cpus: online, input: inputOf(facts, 'host.onlineCpus', online) };
  const cpus = demand(facts.host.cpus, 'host.cpus');
  return { cpus, input: { ...inputOf(facts, 'host.cpus', cpus), origin: 'fallback' } };
};

const unknownType = (facts: Facts, type: string): Checked<Decided<number>> => ({
  value: {
    key: 'eniMaxPods',
    value: UNKNOWN_MAX_PODS,
    because: {
      rule: 'max-pods.unknown-type',
      text: `Neither the table nor EC2 knows ${type}: ${UNKNOWN_MAX_PODS}, as the kubelet has by itself.`,
      inputs: [
        inputOf(facts, 'instance.type', type),
        { name: 'maxPods', value: UNKNOWN_MAX_PODS, origin: 'fallback', at: "the kubelet's default" },
      ],
    },
    changes: ['the right ec2:DescribeInstanceTypes for the role of the node'],
  },
  diagnostics: [
    warningAt(
      'unknown-instance-type',
      'instance.type',
      `the table has no limits of ${type}, and EC2 could not be asked: maxPods ${UNKNOWN_MAX_PODS} is a guess`,
      'Allow ec2:DescribeInstanceTypes, or set maxPods.',
    ),
  ],
});

/** By the type alone: one address each, of the default network card. */
const standardPodsOf = (facts: Facts): Checked<Decided<number>> => {
  const type = demand(facts.instance.type, 'instance.type');
  return facts.instanceTypes?.[type] === null && tabledLimitsOf(type) === undefined ? unknownType(facts, type) : eniMaxPodsOf(facts);
};

export interface PodDecisions {
  readonly eni: Decided<number>;
  /** null: not written. */
  readonly maxPods: Decided<number | null>;
  readonly kubeReserved: Decided<KubeReserved>;
}

/** What the kubelet takes in place of maxPods in config.json: a flag beats the drop-in, which beats the file. */
const beatingPodsOf = (spec: AmazonLinux2023Spec): { readonly pods: number; readonly input: Input } | undefined => {
  const flag = extraMaxPodsOf(spec);
  const { extraArgs } = spec.kubelet;
  if (flag !== undefined && extraArgs) return { pods: flag, input: { ...given('--max-pods', extraArgs), value: flag } };
  const { kubeletConfig } = spec.options;
  const pods = kubeletConfig?.value['maxPods'];
  return kubeletConfig && typeof pods === 'number'
    ? { pods, input: { ...given('kubelet.config.maxPods', kubeletConfig), value: pods } }
    : undefined;
};

const ruledPodsOf = (spec: AmazonLinux2023Spec, facts: Facts, eni: Decided<number>, ipFamily: IpFamily): Checked<Decided<number>> => {
  const { pods: rule } = spec.options;
  const changes = ['another instance type', wordsOf(spec).maxPods];
  if (rule === undefined) return { value: { ...eni, key: 'maxPods', changes }, diagnostics: [] };
  const type = demand(facts.instance.type, 'instance.type');
  const limits = tabledLimitsOf(type) ?? facts.instanceTypes?.[type] ?? null;
  const { pods, text, diagnostics } = rule.podsOf({
    instanceType: type,
    limits,
    standard: eni.value,
    cpus: onlineCpusOf(facts).cpus,
    ipFamily,
  });
  const because = {
    rule: pods === undefined ? 'max-pods.rule-failed' : 'max-pods.rule',
    text: pods === undefined ? `${text}; the standard value stands: ${eni.because.text}` : text,
    inputs: [given('maxPods', rule.given), ...eni.because.inputs],
  };
  return { value: { key: 'maxPods', value: pods ?? eni.value, because, changes }, diagnostics };
};

/** maxPods as it is written, and kubeReserved. Never an error: a node with a guess is better than none, and the warning says so. */
export const podDecisionsOf = (spec: AmazonLinux2023Spec, facts: Facts, ipFamily: IpFamily): Checked<PodDecisions> => {
  const eni = standardPodsOf(facts);
  if (eni.value === undefined) return eni;
  const ruled = ruledPodsOf(spec, facts, eni.value, ipFamily);
  if (ruled.value === undefined) return ruled;
  const beating = beatingPodsOf(spec);
  return {
    value: {
      eni: eni.value,
      maxPods: writtenPodsOf(spec, ruled.value, beating),
      kubeReserved: kubeReservedOf2023(spec, facts, ruled.value, beating),
    },
    diagnostics: [...eni.diagnostics, ...ruled.diagnostics],
  };
};

type Beating = ReturnType<typeof beatingPodsOf>;

const writtenPodsOf = (spec: AmazonLinux2023Spec, ruled: Decided<number>, beating: Beating): Decided<number | null> => {
  const { useMaxPods } = spec.kubelet;
  const inputs = beating ? [beating.input] : [];
  if (!useMaxPods.value) {
    const text = `maxPods is not written; the kubelet takes ${beating ? `${beating.pods} from what was given` : `its own default, ${UNKNOWN_MAX_PODS}`}.`;
    return { ...ruled, value: null, because: { rule: 'max-pods.unset', text, inputs: [given('useMaxPods', useMaxPods), ...inputs] } };
  }
  if (beating === undefined) return ruled;
  const text =
    beating.pods === ruled.value
      ? `${ruled.because.text}; the same was given, and counts`
      : `${ruled.because.text}; but the kubelet takes ${beating.pods}, which was given and beats config.json`;
  return { ...ruled, because: { ...ruled.because, text, inputs: [...ruled.because.inputs, ...inputs] } };
};

/** 11 MiB a pod and 255 MiB, and a share of the CPUs, as nodeadm and bootstrap.sh reckon. */
const kubeReservedOf2023 = (spec: AmazonLinux2023Spec, facts: Facts, ruled: Decided<number>, beating: Beating): Decided<KubeReserved> => {
  const { reserveFor, useMaxPods } = spec.kubelet;
  const follows = reserveFor.value === 'max-pods';
  const pods = (follows ? beating?.pods : undefined) ?? (follows && !useMaxPods.value ? UNKNOWN_MAX_PODS : ruled.value);
  const { cpus, input } = onlineCpusOf(facts);
  const memory = reservedMemoryOf(pods);
  const cpu = reservedCpuOf(cpus);
  const note = beating && beating.pods !== pods ? ` (the kubelet takes ${beating.pods})` : '';
  const text = `memory for ${pods} pods${note}: ${memory.text}; cpu of ${cpus} CPUs: ${cpu.text}; ephemeral-storage is always 1 GiB`;
  return {
    key: 'kubeReserved',
    value: { cpu: `${cpu.millicores}m`, 'ephemeral-storage': '1Gi', memory: `${memory.mebibytes}Mi` },
    because: {
      rule: `kube-reserved.${reserveFor.value}`,
      text,
      inputs: [given('reserveFor', reserveFor), ...ruled.because.inputs, ...(beating ? [beating.input] : []), input],
    },
    changes: ['another instance type, or another number of CPUs', wordsOf(spec).maxPods],
  };
};
