/** `spec.bootwright` of a NodeConfig as parts of a NodeSpec. */
import { tabledTypeOf } from '../../kubelet/instance-types.ts';
import { PLAIN_WISH, podLimitOf, wishMistakes } from '../../kubelet/max-pods.ts';
import { type Json, type Sourced, warningAt } from '../../report.ts';
import type { CredentialProviderSpec, NodeExtras, PodsInput, PodsRule, Taint } from '../../spec.ts';

/** The fields that decide something here, as the schema has checked them. */
export interface BootwrightFields {
  readonly describeCluster?: boolean;
  readonly labels?: { readonly [key: string]: string };
  readonly taints?: readonly Taint[];
  readonly maxPods?: PodsWish;
  readonly systemReserved?: { readonly [key: string]: string };
  readonly reservedSystemCPUs?: { readonly count?: number; readonly percent?: number };
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly noProxy?: readonly string[] };
  readonly sysctls?: { readonly [name: string]: string };
  readonly registryMirrors?: { readonly [registry: string]: readonly string[] };
  readonly imageCredentialProviders?: readonly CredentialProviderSpec[];
}

interface PodsWish {
  /** `eni`, `prefix-delegation`, `custom-networking`, `custom-networking-prefix-delegation`. */
  readonly mode?: string;
  readonly cap?: number;
  readonly reserve?: number;
}

type ReadField = <T>(value: T, key: keyof BootwrightFields) => Sourced<T>;

/** What `systemReserved.preset` stands for. For sshd, journald, systemd, chronyd and the SSM agent; `large` with agents of security tools beside them. */
const PRESETS: { readonly [preset: string]: { readonly [resource: string]: string } } = {
  standard: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '1Gi' },
  large: { cpu: '200m', memory: '512Mi', 'ephemeral-storage': '2Gi' },
};

const reservedOf = ({ preset = 'none', ...given }: { readonly [key: string]: string }): { readonly [resource: string]: string } => ({
  ...(Object.hasOwn(PRESETS, preset) ? PRESETS[preset] : {}),
  ...given,
});

/** Only keys that are there: absent, not undefined. */
const present = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

export const extrasOf = (fields: BootwrightFields, read: ReadField): NodeExtras =>
  present({
    labels: fields.labels && read(fields.labels, 'labels'),
    taints: fields.taints && read(fields.taints, 'taints'),
    systemReserved: fields.systemReserved && read(reservedOf(fields.systemReserved), 'systemReserved'),
    reservedSystemCpus: fields.reservedSystemCPUs && read(fields.reservedSystemCPUs, 'reservedSystemCPUs'),
    proxy: fields.proxy && read(fields.proxy, 'proxy'),
    sysctls: fields.sysctls && read(fields.sysctls, 'sysctls'),
    registryMirrors: fields.registryMirrors && read(fields.registryMirrors, 'registryMirrors'),
    imageCredentialProviders: fields.imageCredentialProviders && read(fields.imageCredentialProviders, 'imageCredentialProviders'),
  });

type Pods = ReturnType<PodsRule['podsOf']>;

/** The mode of the VPC CNI decides, then the cap, then the reserve; what cannot be had is a warning, and the standard value stands. */
export const podsPolicy = (given: Sourced<PodsWish>): PodsRule => {
  const { cap, reserve = 0 } = given.value;
  return {
    given: given as Sourced<Json>,
    podsOf: (input) => {
      const { pods: reached, text, diagnostics } = podsByMode(given, input);
      if (reached === undefined) return { pods: undefined, text, diagnostics };
      const pods = Math.max(1, Math.min(reached, cap ?? reached) - reserve);
      const steps = [...(cap !== undefined && cap < reached ? [`at most ${cap}`] : []), ...(reserve > 0 ? [`${reserve} less`] : [])];
      return { pods, text: steps.length === 0 ? text : `${[text, ...steps].join(', ')}: ${pods}`, diagnostics };
    },
  };
};

const podsByMode = ({ value: { mode = 'eni', cap }, at }: Sourced<PodsWish>, input: PodsInput): Pods => {
  const { instanceType, limits, standard, cpus, ipFamily } = input;
  const failed = (why: string): Pods => {
    const message = `no number of pods for the mode ${mode}: ${why}`;
    return {
      pods: undefined,
      text: message,
      diagnostics: [warningAt('max-pods-mode', at, message, 'Use another mode, or another instance type.')],
    };
  };
  if (mode === 'eni') return { pods: standard, text: `${standard} by the addresses of the instance type`, diagnostics: [] };
  const type = tabledTypeOf(instanceType) ?? (limits && { type: instanceType, ...limits });
  if (!type) return failed(`the limits of ${instanceType} are not known`);
  const isPrefixed = mode.includes('prefix-delegation');
  const wish = {
    ...PLAIN_WISH,
    ipFamily,
    prefixDelegation: isPrefixed,
    customNetworking: mode.startsWith('custom-networking'),
    // 110 or 250 by the CPUs, as max-pods-calculator.sh advises for prefixes: without it memory would be set aside for hundreds of pods.
    isCapped: isPrefixed && cap === undefined,
  };
  const [mistake] = wishMistakes({ ...wish, isCapped: true });
  if (mistake) return failed(mistake.message);
  const { maxPods, text, impossible, notes } = podLimitOf({ ...type, vcpus: cpus }, wish);
  const diagnostics = notes.map((note) => warningAt('max-pods-mode', at, note, 'Check spec.bootwright.maxPods.mode.'));
  // IPv6 addresses set no limit, and then the cap is the number.
  const pods = maxPods ?? (impossible === undefined ? cap : undefined);
  return pods === undefined ? failed(impossible ?? text) : { pods, text, diagnostics };
};
