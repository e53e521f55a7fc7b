/** `spec.bootwright` of a NodeConfig as parts of a NodeSpec. */
import { tabledTypeOf } from '../../kubelet/instance-types.ts';
import { PLAIN_WISH, podLimitOf, wishMistakes } from '../../kubelet/max-pods.ts';
import { type Json, type Sourced, warningAt } from '../../report.ts';
import type { HookSpec, NodeExtras, PodsInput, PodsRule } from '../../spec.ts';
import { HOOK_DEADLINE, type Hook, type NodeConfigBootwright, SYSTEM_RESERVED_PRESETS, secondsOf } from './bootwright-fields.ts';

type ReadField = <T>(value: T, key: keyof NodeConfigBootwright) => Sourced<T>;

/** Quantities beat those of the preset. */
const reservedOf = ({
  preset = 'none',
  ...given
}: NonNullable<NodeConfigBootwright['systemReserved']>): { readonly [resource: string]: string } => ({
  ...(isPreset(preset) ? SYSTEM_RESERVED_PRESETS[preset] : {}),
  ...given,
});

const isPreset = (word: string): word is Extract<keyof typeof SYSTEM_RESERVED_PRESETS, string> =>
  Object.hasOwn(SYSTEM_RESERVED_PRESETS, word);

const hookOf = ({ command, deadline = HOOK_DEADLINE }: Hook): HookSpec => ({ command, deadlineMs: Math.round(secondsOf(deadline) * 1000) });

const hooksOf = ({ pre = [], post = [] }: NonNullable<NodeConfigBootwright['hooks']>) => ({ pre: pre.map(hookOf), post: post.map(hookOf) });

/** Only keys that are there: absent, not undefined. */
export const present = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

export const extrasOf = (fields: NodeConfigBootwright, read: ReadField): NodeExtras =>
  present({
    labels: fields.labels && read(fields.labels, 'labels'),
    taints: fields.taints && read(fields.taints, 'taints'),
    systemReserved: fields.systemReserved && read(reservedOf(fields.systemReserved), 'systemReserved'),
    reservedSystemCpus: fields.reservedSystemCPUs && read(fields.reservedSystemCPUs, 'reservedSystemCPUs'),
    proxy: fields.proxy && read(fields.proxy, 'proxy'),
    sysctls: fields.sysctls && read(fields.sysctls, 'sysctls'),
    registryMirrors: fields.registryMirrors && read(fields.registryMirrors, 'registryMirrors'),
    kubeletDropIns: fields.kubeletDropIns === undefined ? undefined : read(fields.kubeletDropIns, 'kubeletDropIns'),
    hooks: fields.hooks && read(hooksOf(fields.hooks), 'hooks'),
    imageCredentialProviders: fields.imageCredentialProviders && read(fields.imageCredentialProviders, 'imageCredentialProviders'),
  });

type PodsWish = NonNullable<NodeConfigBootwright['maxPods']>;
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
