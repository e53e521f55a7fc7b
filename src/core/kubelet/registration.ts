/** What comes too late for a kubelet that runs: it gives its node labels and taints when it registers it, and never again. */
import type { Action } from '../desired.ts';
import { environmentValueIn } from '../formats/unit.ts';
import { KUBECONFIG, KUBELET_ARGS_DROP_IN, KUBELET_EXTRA_ARGS_DROP_IN } from '../paths.ts';
import type { Diagnostic } from '../report.ts';
import { kubeletArgsOf } from './extra-args.ts';

/** kubelet, pkg/kubelet/kubelet_node_status.go: tryRegisterWithAPIServer takes both from the flags for a new Node only. */
const ONCE = ['node-labels', 'register-with-taints'] as const;

/**
 * New labels and taints for a kubelet that was started without them, as when user data and a managed group both call in one boot.
 * Another API server, or another name, is another Node: there they count.
 */
export const registrationWarnings = (actions: readonly Action[]): readonly Diagnostic[] => {
  const change = actions.find((action) => action.kind === 'write-file' && action.path === KUBELET_EXTRA_ARGS_DROP_IN);
  const isOtherNode = actions.some((action) => 'path' in action && (action.path === KUBECONFIG || action.path === KUBELET_ARGS_DROP_IN));
  if (change?.kind !== 'write-file' || isOtherNode) return [];
  const at = change.because.flatMap(({ inputs }) => inputs)[0]?.at ?? change.path;
  return ONCE.flatMap((flag) => {
    const before = itemsOf(flag, change.before ?? '');
    const late = itemsOf(flag, change.after).filter((item) => !before.includes(item));
    return late.length === 0 ? [] : [tooLate(at, flag, late)];
  });
};

const itemsOf = (flag: string, dropIn: string): readonly string[] =>
  kubeletArgsOf(environmentValueIn(dropIn) ?? '').flags.flatMap(({ name, value }) =>
    name === flag ? (value ?? '').split(',').filter((item) => item !== '') : [],
  );

const tooLate = (at: string, flag: (typeof ONCE)[number], late: readonly string[]): Diagnostic => ({
  severity: 'warning',
  code: 'after-registration',
  path: at,
  message: `--${flag} has ${late.join(', ')}, and the kubelet was started without: once its node is registered they no longer reach it`,
  remedy: `Call it once, with all of them, or set them with kubectl ${flag === 'node-labels' ? 'label' : 'taint'} node.`,
});
