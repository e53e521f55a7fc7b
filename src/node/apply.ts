/**
 * Does what a plan says. The intent is on the disk before the first action and goes after the last, so a run that is cut off at any moment
 * is finished by the next one. Call it only while holding the lock.
 */

import { dirname } from 'node:path';
import type { Manifest, Plan } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { RUN_DIR } from '../core/paths.ts';
import { timestampOf } from '../core/timestamp.ts';
import { readBootId } from './boot.ts';
import { removeLeftovers } from './filesystem.ts';
import { hasUnitFile, isMasked } from './image-units.ts';
import { type ActionResult, type PerformOptions, type Progress, pendingResultOf, performAll, skipReasonOf, unitsOf } from './perform.ts';
import {
  garbageWarning,
  type Intent,
  keepGeneration,
  lastManifestOf,
  makeStateDirectories,
  manifestAfter,
  moveAside,
  nextGeneration,
  readState,
  removeIntent,
  STATE_DIRS,
  type State,
  sameFiles,
  stageGeneration,
  writeIntent,
  writeManifest,
} from './state.ts';
import { isSilent } from './systemd.ts';

/** `converged`: there was nothing to do. */
export type ApplyOutcome = 'converged' | 'changed' | 'failed';

export interface ApplyResult {
  readonly outcome: ApplyOutcome;
  /** One for each action of the plan, in its order. */
  readonly actions: readonly ActionResult[];
  readonly warnings: readonly string[];
  /** Number of the generation that is in place; 0: none. */
  readonly generation: number;
  /** With outcome `failed`: what stopped it. The intent stays, and the next run goes on. */
  readonly error?: unknown;
}

export interface ApplyOptions extends PerformOptions {
  /** The plan is of a part of a node: it leaves records of whole ones alone, and needs none, because it is decided by what is there. */
  readonly isPart?: boolean;
  readonly now: () => Date;
}

/**
 * Never rejects once it has begun: the result tells how far it came. A plan without actions touches nothing, unless a run that was cut off
 * has to be finished, or the manifest is not that of the plan (it was lost).
 * @throws NodeError CONFIG when a unit of the plan does not exist; then nothing was done
 */
export const applyPlan = async (plan: Plan, options: ApplyOptions): Promise<ApplyResult> => {
  const { root, live, isPart = false } = options;
  const state = readState(root);
  const last = lastManifestOf(root, state);
  const next = manifestAfter(plan, nextGeneration(root, state));
  const isRecorded = isPart || sameFiles(state.manifest, next);
  const isConverged = plan.actions.every((action) => skipReasonOf(action, live) !== undefined);
  const progress: Progress = { results: [], warnings: [] };
  const ended = (outcome: ApplyOutcome, generation = state.manifest?.generation ?? 0): ApplyResult => ({
    outcome,
    generation,
    warnings: progress.warnings,
    actions: [...progress.results, ...plan.actions.slice(progress.results.length).map((action) => pendingResultOf(action, live))],
  });
  if (isConverged && isRecorded && (isPart || state.intent === null)) return ended('converged');
  await mustHaveUnits(plan, options);
  try {
    if (!isPart) begin(plan, options, state, { last, next, isRecorded }, progress);
    await performAll(plan, options, state.intent === null ? [] : plan.files.map(({ path }) => path), progress);
    if (!isRecorded) {
      keepGeneration(root, next);
      writeManifest(root, next);
    }
    if (!isPart) removeIntent(root);
    return ended(isConverged ? 'converged' : 'changed', isRecorded ? undefined : next.generation);
  } catch (error) {
    return { ...ended('failed'), error };
  }
};

const UNIT_DIRECTORY = '/etc/systemd/system/';

/** A unit that is neither there nor about to be written would stop the run half-way; so it is asked for first. */
const mustHaveUnits = async (plan: Plan, { root, live, systemd }: ApplyOptions): Promise<void> => {
  const written = new Set(plan.actions.flatMap((action) => (action.kind === 'write-file' ? [action.path] : [])));
  const units = unitsOf(plan.actions.filter((action) => skipReasonOf(action, live) === undefined));
  const masked = units.find((unit) => isMasked(root, unit));
  if (masked !== undefined)
    throw new NodeError('CONFIG', `${masked} is masked; nothing was written`, {
      remedy: `Unmask it: systemctl unmask ${masked}.`,
      path: masked,
    });
  const unseen = units.filter((unit) => !written.has(`${UNIT_DIRECTORY}${unit}`) && !hasUnitFile(root, unit));
  if (unseen.length === 0) return;
  // Generators and mounts make units that have no file in the usual places.
  const states = live ? await systemd.states(unseen) : undefined;
  const missing = unseen.filter((unit) => {
    const state = states?.get(unit);
    return state === undefined || !(state.load === 'loaded' || isSilent(state));
  });
  if (missing.length === 0) return;
  throw new NodeError('CONFIG', `there is no ${missing.join(' and no ')} ${live ? 'on this machine' : `in ${root}`}; nothing was written`, {
    remedy: 'Install what brings it first; an EKS image has the unit of containerd.',
    path: missing[0] ?? root,
  });
};

interface Manifests {
  /** What is ours now, and what will be. */
  readonly last: Manifest | null;
  readonly next: Manifest;
  /** They say the same of every file: no new generation. */
  readonly isRecorded: boolean;
}

/** Tidies up after runs that were killed, and says on the disk what this one is about to do. */
const begin = (
  plan: Plan,
  { root, live, now }: ApplyOptions,
  state: State,
  { last, next, isRecorded }: Manifests,
  { warnings }: Progress,
): void => {
  makeStateDirectories(root);
  const paths = [...plan.files.map(({ path }) => path), ...plan.actions.flatMap((action) => ('path' in action ? [action.path] : []))];
  removeLeftovers(root, [...paths.map(dirname), ...STATE_DIRS, RUN_DIR]);
  for (const garbage of state.garbage) {
    moveAside(root, garbage.path);
    warnings.push(`${garbageWarning(garbage)}; it was moved to ${garbage.path}.unreadable`);
  }
  if (!isRecorded) stageGeneration(root, plan, next);
  // The intent is about to be replaced: what an earlier run wrote must not be forgotten.
  const base = state.intent !== null && last !== null ? { base: last } : {};
  const run = { bootId: live ? readBootId() : null, startedAt: timestampOf(now()), manifest: next, ...base };
  writeIntent(root, intentOf(plan, state.intent, run));
};

/** What an earlier run of this boot left undone stays on the list until a run has ended well. */
const intentOf = (plan: Plan, earlier: Intent | null, run: Pick<Intent, 'bootId' | 'startedAt' | 'manifest' | 'base'>): Intent => {
  const open = earlier !== null && earlier.bootId === run.bootId ? earlier : { restarts: [], reload: false };
  const restarts = unitsOf(plan.actions.filter(({ kind }) => kind === 'restart-unit'));
  return {
    schemaVersion: 1,
    ...run,
    restarts: [...new Set([...open.restarts, ...restarts])],
    reload: open.reload || plan.actions.some(({ kind }) => kind === 'reload-units'),
  };
};
