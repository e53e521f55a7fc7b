/**
 * The two halves of a plan for Amazon Linux 2023: nodeadm-config writes files before cloud-init runs, nodeadm-run sets up disks and starts
 * what serves pods after user data had its say. What user data has changed in the files meanwhile stays.
 */
import type { Action, Desired, Observed, Plan } from '../desired.ts';
import { NODEADM_MARKER } from '../paths.ts';
import { planOf } from '../plan.ts';
import type { Checked } from '../report.ts';

export type Phase = 'config' | 'run';
/** Units of the second half, by their names in nodeadm. */
export const DAEMONS: readonly string[] = ['containerd', 'kubelet'];
const SERVING = new Set(DAEMONS.map((name) => `${name}.service`));

const isServing = (action: Action): boolean => 'unit' in action && SERVING.has(action.unit);

const withActions = ({ value: plan, diagnostics }: Checked<Plan>, select: (plan: Plan) => readonly Action[]): Checked<Plan> =>
  plan === undefined ? { diagnostics } : { value: { ...plan, actions: select(plan) }, diagnostics };

export interface PhaseOptions {
  readonly phases: ReadonlySet<Phase>;
  /** Only these, with their files; absent: both. */
  readonly daemons?: ReadonlySet<string>;
}

/** What `init` does of a plan. Without a phase it does nothing. */
export const phasePlan = (desired: Desired, observed: Observed, { phases, daemons }: PhaseOptions): Checked<Plan> => {
  const plan = phases.size === 2 ? planOf : phases.has('config') ? configPhasePlan : runPhasePlan;
  const planned = plan(desired, observed);
  return daemons === undefined ? planned : withActions(planned, ({ actions }) => actions.filter((action) => isOf(action, daemons)));
};

/** Directories of one daemon alone. */
const OWN_PLACES: Readonly<Record<string, RegExp>> = {
  containerd: /^\/etc\/(?:containerd|soci-snapshotter-grpc|systemd\/system\/containerd\.service\.d)(?:\/|$)/,
  kubelet: /^\/(?:etc\/(?:kubernetes|eks|systemd\/system\/kubelet\.service\.d)|var\/lib\/kubelet)(?:\/|$)/,
};

const isOf = (action: Action, daemons: ReadonlySet<string>): boolean =>
  DAEMONS.every(
    (name) =>
      daemons.has(name) ||
      !('unit' in action ? action.unit === `${name}.service` : 'path' in action && OWN_PLACES[name]?.test(action.path) === true),
  );

/** `init --skip run`: all files but the marker, and the parts of the system that read them at once. */
export const configPhasePlan = ({ storage: _disks, ...desired }: Desired, observed: Observed): Checked<Plan> => {
  const isMarker = (action: Action): boolean => 'path' in action && NODEADM_MARKER.startsWith(action.path);
  return withActions(planOf(desired, observed), ({ actions }) => actions.filter((action) => !isServing(action) && !isMarker(action)));
};

/**
 * `init --skip config`: disks, the marker, containerd and the kubelet. Both start anew, as with nodeadm: what the first half, or user data,
 * has changed is not known here.
 */
export const runPhasePlan = (desired: Desired, observed: Observed): Checked<Plan> => {
  const paths = new Set(
    [...desired.files, ...desired.directories].map(({ path }) => path).filter((path) => !NODEADM_MARKER.startsWith(path)),
  );
  const recorded = new Set(observed.manifest?.files.map(({ path }) => path));
  const isOfFirstHalf = (action: Action): boolean =>
    'path' in action && (paths.has(action.path) || (recorded.has(action.path) && action.path !== NODEADM_MARKER));
  return withActions(planOf(desired, observed), (plan) => {
    const actions = plan.actions.filter(
      (action) => !isOfFirstHalf(action) && (!('unit' in action) || isServing(action) || isOfDisks(action, desired)),
    );
    const serving = desired.units.filter(({ name }) => SERVING.has(name));
    const starts = serving.map(({ name }) => actions.find((action) => isStart(action) && action.unit === name) ?? restartOf(name, plan));
    return [...actions.filter((action) => !(isServing(action) && isStart(action))), ...starts];
  });
};

const isStart = (action: Action): action is Action & { readonly unit: string } =>
  action.kind === 'start-unit' || action.kind === 'restart-unit';

const isOfDisks = (action: Action & { readonly unit: string }, { storage }: Desired): boolean =>
  (storage?.mounts ?? []).some(({ unit, bind }) => unit === action.unit || bind?.users.includes(action.unit));

const restartOf = (unit: string, { live }: Plan): Action => ({
  kind: 'restart-unit',
  unit,
  because: [{ rule: 'phase.run', text: 'What has changed since it started is not known in this phase.', inputs: [] }],
  ...(live ? {} : { skipped: 'this is not the running system; it happens when it boots' }),
});
