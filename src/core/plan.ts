/**
 * The plan: ordered actions between what is (Observed) and what should be (Desired). Empty means converged, and after a plan
 * was applied the next one is empty; test/core/plan.ts holds that law over generated states.
 */
import type { Action, Desired, DesiredUnit, Manifest, Observed, ObservedUnit, Plan, PlannedFile } from './desired.ts';
import { registrationWarnings } from './kubelet/registration.ts';
import { directoryOutcome, type FileOutcome, fileOutcome, leftoverOutcome } from './plan-files.ts';
import { afterStorage, isBelow, stateOf, storagePathsOf, storagePlan, storageUnitsOf } from './plan-storage.ts';
import type { Because, Checked } from './report.ts';
import { hasErrors } from './report.ts';

/** Every path that must be looked at before a plan can be made. */
export const pathsOf = (desired: Desired, manifest: Manifest | null): string[] => [
  ...new Set([
    ...storagePathsOf(desired.storage),
    ...desired.directories.map(({ path }) => path),
    ...desired.files.map(({ path }) => path),
    ...(manifest?.files ?? []).map(({ path }) => path),
  ]),
];

/** Every unit whose state must be asked. */
export const unitsToSee = (desired: Desired): string[] => [
  ...new Set([...storageUnitsOf(desired.storage), ...desired.units.map(({ name }) => name)]),
];

/** A machine with nothing on it, for previews: everything is made. */
export const emptyObserved = (root: string): Observed => ({
  root,
  live: root === '/',
  files: {},
  units: {},
  unitsStale: false,
  manifest: null,
  interruptedRestarts: [],
});

/** The actions, in order. `diagnostics` of a plan are its warnings, those of Desired among them. */
export const planOf = (desired: Desired, seen: Observed): Checked<Plan> => {
  const storage = storagePlan(desired.storage, seen, new Set(desired.units.map(({ name }) => name)));
  const observed = afterStorage(storage, seen);
  const directories = desired.directories.map((directory) => directoryOutcome(directory, observed));
  const files = desired.files.map((file) => fileOutcome(file, observed));
  const wanted = new Set(desired.files.map(({ path }) => path));
  const leftovers = (observed.manifest?.files ?? []).filter(({ path }) => !wanted.has(path)).map((file) => leftoverOutcome(file, observed));
  const outcomes = [...directories, ...files, ...leftovers];
  const found = [...storage.diagnostics, ...outcomes.flatMap(({ diagnostics }) => diagnostics)];
  if (hasErrors(found)) return { diagnostics: [...desired.warnings, ...found] };
  const running = new Set(desired.units.map(({ name }) => name));
  const actions = fileActions(outcomes)
    .filter((action) => action.kind !== 'disable-unit' || !running.has(action.unit))
    .map((action) => (action.kind === 'write-file' && isBelow(storage.covered, action.path) ? { ...action, anew: true as const } : action));
  const late = stateOf(observed, 'kubelet.service').active ? registrationWarnings(actions) : [];
  const warnings = [...desired.warnings, ...found, ...late];
  return {
    value: {
      root: observed.root,
      live: observed.live,
      actions: [...storage.actions, ...actions, ...unitActions(desired.units, observed, actions)],
      files: [...storage.files, ...outcomes.map(({ file }) => file).filter((file): file is PlannedFile => file !== undefined)],
      owned: Object.fromEntries(outcomes.flatMap(({ file, owned }) => (file && owned ? [[file.path, owned]] : []))),
      decisions: desired.decisions,
      warnings,
    },
    diagnostics: warnings,
  };
};

/** Directories, then what is written, then what goes: a crash in between leaves too much rather than too little. */
const fileActions = (outcomes: readonly FileOutcome[]): readonly Action[] => {
  const all = outcomes.flatMap(({ actions }) => actions);
  const makes = all.filter(({ kind }) => kind === 'make-directory');
  const writes = all.filter(({ kind }) => kind === 'write-file');
  return [...makes, ...writes, ...all.filter((action) => !makes.includes(action) && !writes.includes(action))];
};

/** Unit files, and those of systemd itself, which a reload reads, too. */
const UNIT_DIRECTORIES = ['/etc/systemd/system/', '/etc/systemd/system.conf.d/'];
const NOT_LIVE = 'this is not the running system; it happens when it boots';

const unitActions = (units: readonly DesiredUnit[], observed: Observed, done: readonly Action[]): readonly Action[] => {
  const changed = changedPaths(done);
  const live = observed.live ? {} : { skipped: NOT_LIVE };
  const states = units.map((unit) => ({ unit, state: stateOf(observed, unit.name) }));
  return [
    ...reloadActions(observed, changed).map((action) => ({ ...action, ...live })),
    ...states
      .filter(({ unit, state }) => !state.enabled && unit.startedAtBootBy === undefined)
      .map(({ unit }): Action => ({ kind: 'enable-unit', unit: unit.name, because: unit.because })),
    ...states
      .filter(({ unit }) => !unit.atBoot)
      .flatMap(({ unit, state }) => runActions(unit, state, observed, changed))
      .map((action) => ({ ...action, ...live })),
  ];
};

/** Paths whose text changes; a mode alone is no reason to restart anything. */
const changedPaths = (actions: readonly Action[]): ReadonlySet<string> =>
  new Set(
    actions.flatMap((action) =>
      action.kind === 'remove-file' || (action.kind === 'write-file' && action.before !== action.after) ? [action.path] : [],
    ),
  );

const reloadActions = (observed: Observed, changed: ReadonlySet<string>): readonly Action[] => {
  const files = [...changed].filter((path) => UNIT_DIRECTORIES.some((directory) => path.startsWith(directory)));
  if (files.length === 0 && !observed.unitsStale) return [];
  const text = files.length > 0 ? `systemd must read ${files.join(', ')}.` : 'Unit files were changed after systemd read them.';
  return [{ kind: 'reload-units', because: [{ rule: files.length > 0 ? 'units.changed' : 'units.stale', text, inputs: [] }] }];
};

/** One start or restart, or nothing. What is not active is started: a restart would do the same, but says something else. */
const runActions = (unit: DesiredUnit, state: ObservedUnit, observed: Observed, changed: ReadonlySet<string>): readonly Action[] => {
  const named = { unit: unit.name, ...(unit.optional ? { optional: unit.optional } : {}) };
  if (!state.active) return unit.onlyIfActive ? [] : [{ kind: 'start-unit', ...named, because: unit.because }];
  const inputs = unit.inputs.filter((path) => changed.has(path));
  const because: Because[] = [];
  if (inputs.length > 0) because.push({ rule: 'unit.input-changed', text: `It reads ${inputs.join(', ')}.`, inputs: [] });
  if (observed.interruptedRestarts.includes(unit.name)) {
    because.push({ rule: 'unit.interrupted', text: 'An earlier run was cut off before it restarted this.', inputs: [] });
  }
  return because.length === 0 ? [] : [{ kind: 'restart-unit', ...named, because }];
};
