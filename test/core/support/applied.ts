/** What a machine looks like after a plan was applied to it: the model against which the law "plan again, nothing to do" is tested. */
import type { Action, Manifest, Observed, ObservedFile, ObservedUnit, Plan } from '../../../src/core/desired.ts';
import { digestOf } from '../../../src/core/digest.ts';

export const fileWith = (text: string, status: { readonly mode?: number; readonly uid?: number } = {}): ObservedFile => ({
  kind: 'file',
  text,
  mode: status.mode ?? 0o644,
  uid: status.uid ?? 0,
  gid: 0,
});

/** The next manifest, as node/ writes it: every file of the plan, with our keys where it is shared. */
export const manifestAfter = (plan: Plan, before: Manifest | null): Manifest => ({
  schemaVersion: 1,
  generation: (before?.generation ?? 0) + 1,
  files: plan.files
    .filter(({ unrecorded }) => !unrecorded)
    .map(({ path, text }) => ({
      path,
      digest: digestOf(text),
      ...plan.owned[path],
    })),
});

/** Observed after all actions of the plan that are not skipped. A plan without actions leaves everything, the manifest too. */
export const applied = (plan: Plan, observed: Observed): Observed => {
  const files: { [path: string]: ObservedFile } = { ...observed.files };
  const units: { [name: string]: ObservedUnit } = { ...observed.units };
  const done = plan.actions.filter(({ skipped }) => skipped === undefined);
  let unitsStale = observed.unitsStale;
  for (const action of done) {
    if (action.kind === 'reload-units') unitsStale = false;
    applyTo(files, units, action);
  }
  return {
    ...observed,
    files,
    units,
    unitsStale,
    manifest: done.length === 0 ? observed.manifest : manifestAfter(plan, observed.manifest),
    interruptedRestarts: [],
  };
};

const applyTo = (files: { [path: string]: ObservedFile }, units: { [name: string]: ObservedUnit }, action: Action): void => {
  if (action.kind === 'make-directory') files[action.path] = { kind: 'directory', mode: action.mode };
  else if (action.kind === 'write-file') files[action.path] = fileWith(action.after, { mode: action.mode });
  else if (action.kind === 'remove-file') files[action.path] = { kind: 'absent' };
  else if (action.kind === 'reload-units') return;
  else if ('unit' in action) {
    const state = units[action.unit] ?? { enabled: false, active: false };
    if (action.kind === 'enable-unit') units[action.unit] = { ...state, enabled: true };
    else if (action.kind === 'disable-unit') units[action.unit] = { ...state, enabled: false };
    else units[action.unit] = { ...state, active: action.kind !== 'stop-unit' };
  }
};
