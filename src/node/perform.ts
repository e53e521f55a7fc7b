/** The actions of a plan, one after the other: what each does, how long it took, and where it stopped. */
import { dirname } from 'node:path';
import type { Action, Plan } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { makeDirectory, readObserved, removeFile, writeAtomic } from './filesystem.ts';
import { restoreLabels } from './selinux.ts';
import type { Systemd } from './systemd.ts';

export interface ActionResult {
  readonly kind: Action['kind'];
  readonly path?: string;
  readonly unit?: string;
  readonly device?: string;
  readonly program?: string;
  /** `not-run`: an action before it failed. */
  readonly status: 'done' | 'skipped' | 'failed' | 'not-run';
  readonly ms: number;
  /** Why it was skipped. */
  readonly reason?: string;
}

export interface PerformOptions {
  readonly root: string;
  readonly live: boolean;
  readonly systemd: Systemd;
  /** PATH, for restorecon. */
  readonly searchPath: string;
  readonly selinuxfs?: string;
  readonly signal?: AbortSignal;
  /** Told after each action. */
  readonly onAction?: (result: ActionResult) => void;
}

/** Filled while a plan is carried out, so that what was done is known also when it fails. */
export interface Progress {
  readonly results: ActionResult[];
  readonly warnings: string[];
}

const JOINT: ReadonlySet<Action['kind']> = new Set(['enable-unit', 'restart-unit']);
const RUNNING: ReadonlySet<Action['kind']> = new Set(['reload-units', 'start-unit', 'restart-unit']);

/** Why an action is not done here. The plan says so; nothing runs in an image in any case. */
export const skipReasonOf = (action: Action, live: boolean): string | undefined =>
  action.skipped ?? (!live && RUNNING.has(action.kind) ? 'nothing runs in an image' : undefined);

/** Units that actions name, each once. */
export const unitsOf = (actions: readonly Action[]): string[] => [
  ...new Set(actions.flatMap((action) => ('unit' in action ? [action.unit] : []))),
];

/** An action that has no result of its own yet, as one. */
export const pendingResultOf = (action: Action, live: boolean): ActionResult => {
  const reason = skipReasonOf(action, live);
  return {
    kind: action.kind,
    ...('path' in action ? { path: action.path } : {}),
    ...('unit' in action ? { unit: action.unit } : {}),
    ...('device' in action ? { device: action.device } : {}),
    ...('program' in action ? { program: action.program } : {}),
    ms: 0,
    ...(reason === undefined ? { status: 'not-run' } : { status: 'skipped', reason }),
  };
};

/**
 * What one call does: units that follow each other are enabled at once, because systemd reads all its units anew after each `enable`, and
 * restarted at once, because systemd restarts the kubelet with each unit that it requires: together it is once.
 */
const batchesOf = (actions: readonly Action[], live: boolean): readonly (readonly [Action, ...Action[]])[] => {
  const batches: [Action, ...Action[]][] = [];
  for (const action of actions) {
    const last = batches.at(-1);
    const joins = (other: Action): boolean => JOINT.has(other.kind) && skipReasonOf(other, live) === undefined;
    if (last !== undefined && action.kind === last[0].kind && joins(action) && joins(last[0])) last.push(action);
    else batches.push([action]);
  }
  return batches;
};

/**
 * Carries out the actions in order and stops at the first that fails. `unlabelled`: paths that an earlier run wrote and perhaps did not
 * label. @throws NodeError, or the signal's reason
 */
export const performAll = async (plan: Plan, options: PerformOptions, unlabelled: readonly string[], progress: Progress): Promise<void> => {
  const paths = new Set(unlabelled);
  const label = async (): Promise<void> => {
    const warning = options.live ? await restoreLabels([...paths], options) : undefined;
    if (warning !== undefined) progress.warnings.push(warning);
    paths.clear();
  };
  const toStart = unitsOf(plan.actions.filter((action) => isStart(action) && skipReasonOf(action, options.live) === undefined));
  for (const batch of batchesOf(plan.actions, options.live)) {
    const [action] = batch;
    if (skipReasonOf(action, options.live) !== undefined) {
      note(batch, {}, options, progress);
      continue;
    }
    options.signal?.throwIfAborted();
    if ('path' in action && action.kind !== 'remove-file') paths.add(action.path);
    if ('unit' in action || action.kind === 'reload-units') await label(); // before anything reads what was written
    // Crashes of an earlier configuration must not count against the start limit of this one.
    if (isStart(action)) await options.systemd.resetFailed(toStart.splice(0));
    await timed(batch, options, progress);
  }
  await label();
};

const isStart = ({ kind }: Action): boolean => kind === 'start-unit' || kind === 'restart-unit';

const note = (
  batch: readonly Action[],
  ending: Partial<Pick<ActionResult, 'status' | 'ms'>>,
  { live, onAction }: PerformOptions,
  { results }: Progress,
): void => {
  for (const [i, action] of batch.entries()) {
    // The time of a call that did several things stands at the first.
    const result = { ...pendingResultOf(action, live), ...ending, ...(i > 0 ? { ms: 0 } : {}) };
    results.push(result);
    onAction?.(result);
  }
};

const timed = async (batch: readonly [Action, ...Action[]], options: PerformOptions, progress: Progress): Promise<void> => {
  const started = performance.now();
  const end = (status: 'done' | 'failed'): void => note(batch, { status, ms: Math.round(performance.now() - started) }, options, progress);
  try {
    await perform(batch, options);
  } catch (error) {
    const [action] = batch;
    if (action.kind === 'restart-unit' && batch.length > 1) {
      for (const one of batch) await timed([one], options, progress); // which one it is, and whether the node can do without
      return;
    }
    end('failed');
    if (!(error instanceof NodeError && isStart(action) && 'optional' in action)) throw error;
    progress.warnings.push(`${action.unit} did not start, and the node can do without: ${error.message}. ${error.remedy ?? ''}`.trimEnd());
    return;
  }
  end('done');
};

const perform = async (batch: readonly [Action, ...Action[]], options: PerformOptions): Promise<void> => {
  const [action] = batch;
  const { root, systemd } = options;
  switch (action.kind) {
    case 'make-directory':
      return makeDirectory(root, action.path, action.mode);
    case 'write-file':
      if (!action.anew) mustBeAsPlanned(root, action.path, action.before, action.after);
      makeDirectory(root, dirname(action.path), 0o755);
      return writeAtomic(root, { path: action.path, text: action.after, mode: action.mode });
    case 'remove-file':
      mustBeAsPlanned(root, action.path, action.before, null);
      return removeFile(root, action.path);
    case 'reload-units':
      return systemd.reload();
    case 'enable-unit':
      return systemd.enable(unitsOf(batch));
    case 'disable-unit':
      return systemd.disable(action.unit);
    case 'start-unit':
      return systemd.start(action.unit);
    case 'restart-unit':
      return batch.length > 1 ? systemd.restartTogether(unitsOf(batch)) : systemd.restart(action.unit);
    case 'stop-unit':
      return systemd.stop(action.unit);
    case 'create-array':
    case 'make-file-system':
    case 'announce-device':
    case 'copy-directory':
    case 'run-program':
      return (await import('./disks.ts')).performOnDisks(action, options);
  }
};

/** An edit that somebody made after the plan must not be lost: the plan was merged from another text. */
const mustBeAsPlanned = (root: string, path: string, before: string | null, after: string | null): void => {
  const there = readObserved(root, path);
  const text = there.kind === 'file' ? there.text : null;
  if (text === before || text === after) return;
  throw new NodeError('TEMPORARY', `${path} was changed by another program while this run was under way`, {
    remedy: 'Run it again: it then starts from what the file is now.',
    path,
  });
};
