/** Where the kubelet that a plan makes will answer for its health. */
import type { Plan } from '../core/desired.ts';
import { KUBELET_CONFIG, NODEADM_KUBELET_CONFIG, NODEADM_KUBELET_DROP_IN } from '../core/paths.ts';
import type { NodeSpec } from '../core/spec.ts';

/** KubeletConfiguration's defaults. */
const PORT = 10248;
const ADDRESS = '127.0.0.1';

interface Config {
  readonly healthzPort?: unknown;
  readonly healthzBindAddress?: unknown;
}

/** Later over earlier, as the kubelet merges its drop-ins. */
const CONFIGS = [KUBELET_CONFIG, NODEADM_KUBELET_CONFIG, NODEADM_KUBELET_DROP_IN];

const configOf = (plan: Plan): Config =>
  Object.assign({}, ...CONFIGS.map((config) => objectIn(plan.files.find(({ path }) => path === config)?.text ?? '{}'))) as Config;

const objectIn = (text: string): object => {
  try {
    const config: unknown = JSON.parse(text);
    return typeof config === 'object' && config !== null ? config : {};
  } catch {
    return {}; // the plan has said so already
  }
};

/** The last of a flag in the extra arguments, which come after the configuration file and win. */
const flagIn = (args: string, flag: string): string | undefined =>
  [...args.matchAll(new RegExp(`(?:^|[\\s'"])--${flag}(?:=|\\s+)['"]?([^\\s'"]+)`, 'g'))].at(-1)?.[1];

const hostOf = (address: string): string => {
  if (address === '0.0.0.0' || address === '') return ADDRESS;
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
};

/** The URL; null where the port is switched off. */
export const healthzOf = (plan: Plan, spec: NodeSpec): string | null => {
  const config = configOf(plan);
  const args = spec.kubelet.extraArgs?.value ?? '';
  const port = Number(flagIn(args, 'healthz-port') ?? config.healthzPort ?? PORT);
  const address = flagIn(args, 'healthz-bind-address') ?? config.healthzBindAddress ?? ADDRESS;
  return Number.isInteger(port) && port > 0 && port < 65536 ? `http://${hostOf(String(address))}:${port}/healthz` : null;
};
