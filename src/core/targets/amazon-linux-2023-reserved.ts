/** What of the node is kept from pods beyond kubeReserved, and what the node says of itself when it registers: fields of `spec.bootwright`. */
import type { Facts } from '../facts.ts';
import { sortedEntries } from '../formats/go-json.ts';
import { extraArgOf } from '../kubelet/extra-args.ts';
import { given, inputOf } from '../provenance.ts';
import { type Decided, type Diagnostic, type Input, type Sourced, warningAt } from '../report.ts';
import type { AmazonLinux2023Spec, Taint } from '../spec.ts';
import { onlineCpusOf } from './amazon-linux-2023-pods.ts';

/** For --node-labels. */
export const labelsOf = ({ options: { extras } }: AmazonLinux2023Spec): readonly string[] =>
  sortedEntries(extras.labels?.value ?? {}).map(([key, value]) => `${key}=${value}`);

/** registerWithTaints of config.json. */
export const taintsOf = ({ options: { extras } }: AmazonLinux2023Spec): readonly { readonly [key: string]: string }[] =>
  (extras.taints?.value ?? []).map(({ key, value, effect }: Taint) => ({ key, ...(value === undefined ? {} : { value }), effect }));

/** systemReserved of config.json; null: none. */
export const systemReservedOf = ({ options: { extras } }: AmazonLinux2023Spec): Decided<{ readonly [resource: string]: string } | null> => {
  const wish = extras.systemReserved;
  const isEmpty = wish === undefined || Object.keys(wish.value).length === 0;
  return {
    key: 'systemReserved',
    value: isEmpty ? null : Object.fromEntries(sortedEntries(wish.value)),
    because: {
      rule: `system-reserved.${isEmpty ? 'none' : 'given'}`,
      text: isEmpty
        ? 'Nothing was asked for: system daemons share what pods leave.'
        : 'Set aside for system daemons; counted, not enforced.',
      inputs: wish ? [given('systemReserved', wish)] : [],
    },
    changes: ['spec.bootwright.systemReserved', 'systemReserved in a kubelet configuration of your own'],
  };
};

/** `0-1,8` of numbers in order. */
const listOf = (cpus: readonly number[]): string => {
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const last = ranges.at(-1);
    if (last !== undefined && cpu === last[1] + 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
};

/** CPUs that pods never run on, from the first core on; null: none. Whole cores, so that no pod shares one with the system. */
export const reservedCpusOf = (spec: AmazonLinux2023Spec, facts: Facts): Decided<string | null> => {
  const wish = spec.options.extras.reservedSystemCpus;
  const decided = (value: string | null, rule: string, text: string, inputs: readonly Input[]): Decided<string | null> => ({
    key: 'reservedSystemCPUs',
    value,
    because: { rule: `reserved-cpus.${rule}`, text, inputs },
    changes: ['spec.bootwright.reservedSystemCPUs', 'reservedSystemCPUs in a kubelet configuration of your own'],
  });
  if (wish === undefined) return decided(null, 'none', 'No CPUs were to be reserved.', []);
  const { cpuCores } = facts.host;
  if (cpuCores === undefined) throw new Error('host.cpuCores is not known yet');
  const { cpus, input } = onlineCpusOf(facts);
  const cores = cpuCores ?? Array.from({ length: cpus }, (_, cpu) => [cpu]);
  const wanted = wish.value.count ?? Math.ceil((cpus * (wish.value.percent ?? 0)) / 100);
  const chosen: number[] = [];
  // The last core is never taken: a node without a CPU for pods would register and run none.
  for (const core of cores.slice(0, -1)) if (chosen.length < wanted) chosen.push(...core);
  const inputs = [
    given('reservedSystemCPUs', wish),
    input,
    inputOf(facts, 'host.cpuCores', cpuCores === null ? null : `${cores.length} cores`),
  ];
  if (chosen.length === 0) return decided(null, 'too-small', 'The node has one core: it stays for pods.', inputs);
  const value = listOf(chosen.sort((a, b) => a - b));
  const text = `${wanted} of ${cpus} CPUs were asked for; by whole cores that is ${value}.`;
  return decided(value, 'cores', text, inputs);
};

/** Wishes that something else beats, or that the kubelet refuses. */
export const extrasWarnings = (spec: AmazonLinux2023Spec): readonly Diagnostic[] => {
  const { extras, kubeletConfig } = spec.options;
  const found: Diagnostic[] = [];
  const beaten = (wish: Sourced<unknown> | undefined, key: string, flag: string): void => {
    if (wish === undefined) return;
    const by =
      extraArgOf(spec, flag) !== undefined
        ? `--${flag}`
        : Object.hasOwn(kubeletConfig?.value ?? {}, key)
          ? `kubelet.config.${key}`
          : undefined;
    if (by !== undefined) found.push(warningAt('beaten-field', wish.at, `it is not used: ${by} takes its place`, 'Leave one of them out.'));
  };
  beaten(extras.taints, 'registerWithTaints', 'register-with-taints');
  beaten(extras.reservedSystemCpus, 'reservedSystemCPUs', 'reserved-cpus');
  const { sysctls } = extras;
  for (const [name, value] of Object.entries(sysctls?.value ?? {})) {
    const demanded = PROTECTED[name.replaceAll('/', '.')];
    if (sysctls === undefined || demanded === undefined || demanded === value) continue;
    const message = `${name} = ${value}, but a kubelet with protectKernelDefaults does not start unless it is ${demanded}`;
    found.push(warningAt('protected-sysctl', sysctls.at, message, 'Leave it out, or set protectKernelDefaults to false.'));
  }
  return found;
};

/** What the kubelet demands of the kernel (kubernetes v1.36 pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables). */
const PROTECTED: { readonly [name: string]: string } = {
  'vm.overcommit_memory': '1',
  'vm.panic_on_oom': '0',
  'kernel.panic': '10',
  'kernel.panic_on_oops': '1',
  'kernel.keys.root_maxkeys': '1000000',
  'kernel.keys.root_maxbytes': '25000000',
};
