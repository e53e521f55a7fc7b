/** Programs that `init` runs before and after; they are no part of what the node is, and so no action of a plan. */
import type { Decided, Json } from '../report.ts';
import type { AmazonLinux2023Spec, HookSpec } from '../spec.ts';

const shown = (hooks: readonly HookSpec[]): Json => hooks.map(({ command }) => command.join(' '));

/** undefined: there are none. */
export const hooksOf = ({ options }: AmazonLinux2023Spec): Decided<Json> | undefined => {
  const { hooks } = options.extras;
  if (hooks === undefined) return undefined;
  const { pre = [], post = [] } = hooks.value;
  const value = { pre: shown(pre), post: shown(post) };
  const text = 'Programs run by `init`: before the first write, and when the kubelet has started.';
  return {
    key: 'hooks',
    value,
    because: { rule: 'hooks.given', text, inputs: [{ name: 'hooks', value, origin: hooks.origin, at: hooks.at }] },
    changes: ['spec.bootwright.hooks'],
  };
};
