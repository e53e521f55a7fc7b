/**
 * Local disks in a plan: first of all, and in an order in which a run that is cut off anywhere leaves nothing half: a mount unit is there
 * and enabled only after the copy behind it is complete, or systemd would mount an empty directory at the next boot.
 */
import type { Action, DesiredFile, DesiredMount, DesiredStorage, Observed, ObservedUnit, PlannedFile } from './desired.ts';
import { LOCAL_DISKS_STOPPED } from './paths.ts';
import { fileOutcome } from './plan-files.ts';
import type { Because, Diagnostic } from './report.ts';

export interface StoragePlan {
  readonly actions: readonly Action[];
  readonly files: readonly PlannedFile[];
  readonly diagnostics: readonly Diagnostic[];
  /** Directories on which this plan mounts something: what was seen below them is not what will be there. */
  readonly covered: readonly string[];
  /** Units that it stops and leaves to the rest of the plan to start. */
  readonly stopped: readonly string[];
}

const fileOf = ({ unit, text, because }: DesiredMount): DesiredFile => ({
  path: `/etc/systemd/system/${unit}`,
  mode: 0o644,
  content: { kind: 'text', text },
  because,
});

/** Every file that counts for a storage. */
export const storagePathsOf = (storage: DesiredStorage | undefined): readonly string[] => {
  if (storage === undefined) return [];
  const files = [...storage.files, ...(storage.helper ? [storage.helper.stamp] : []), ...storage.mounts.map(fileOf)];
  return [LOCAL_DISKS_STOPPED, ...files.map(({ path }) => path)];
};

/** Its mount units, and the units that may have to stop. */
export const storageUnitsOf = (storage: DesiredStorage | undefined): readonly string[] =>
  (storage?.mounts ?? []).flatMap(({ unit, bind }) => [unit, ...(bind?.users ?? [])]);

export const stateOf = (observed: Observed, name: string): ObservedUnit =>
  (Object.hasOwn(observed.units, name) ? observed.units[name] : undefined) ?? { enabled: false, active: false };

/** `later`: units that the rest of the plan starts where they do not run. */
export const storagePlan = (storage: DesiredStorage | undefined, observed: Observed, later: ReadonlySet<string>): StoragePlan => {
  if (storage === undefined) return { actions: [], files: [], diagnostics: [], covered: [], stopped: [] };
  const { mounts, helper } = storage;
  const written = (files: readonly DesiredFile[]) => files.map((file) => fileOutcome(file, observed));
  const [wholes, binds] = [mounts.filter(({ bind }) => bind === undefined), mounts.filter(({ bind }) => bind !== undefined)];
  const stamp = helper ? written([helper.stamp]) : [];
  const config = written(storage.files);
  const [wholeFiles, bindFiles] = [written(wholes.map(fileOf)), written(binds.map(fileOf))];
  const outcomes = [...stamp, ...config, ...wholeFiles, ...bindFiles];
  const actionsOf = (some: typeof outcomes): readonly Action[] => some.flatMap(({ actions }) => actions);
  const pending = binds.filter(({ isMounted }) => !isMounted);
  const stops = stopsFor(pending, observed);
  const pause = pauseOf(stops, binds, observed);
  const runsHelper = helper !== undefined && actionsOf(stamp).length > 0;
  return {
    actions: [
      ...(runsHelper ? [helper.run, ...actionsOf(stamp)] : []),
      ...storage.steps,
      ...actionsOf(config),
      ...mounting(wholes, actionsOf(wholeFiles), observed),
      ...pause.begin,
      ...stops,
      ...pending.flatMap(copyOf),
      ...mounting(binds, actionsOf(bindFiles), observed),
      ...pause.units.filter((unit) => !later.has(unit)).map((unit): Action => ({ kind: 'start-unit', unit, because: PAUSED })),
      ...pause.end,
    ],
    files: outcomes.flatMap(({ file }) => (file ? [{ ...file, unrecorded: true as const }] : [])),
    diagnostics: outcomes.flatMap(({ diagnostics }) => diagnostics),
    covered: [...pending.map(({ where }) => where), ...(runsHelper ? helper.covers : [])],
    stopped: stops.map(({ unit }) => unit).filter((unit) => later.has(unit)),
  };
};

type Stop = Action & { readonly kind: 'stop-unit' };

/** Each user of a directory that is about to be moved, if it runs, once. */
const stopsFor = (pending: readonly DesiredMount[], observed: Observed): readonly Stop[] => {
  const users = [...new Set(pending.flatMap(({ bind }) => bind?.users ?? []))].filter((unit) => stateOf(observed, unit).active);
  return users.map((unit): Stop => {
    const places = pending.filter(({ bind }) => bind?.users.includes(unit)).map(({ where }) => where);
    return {
      kind: 'stop-unit',
      unit,
      because: [{ rule: 'local-disks.moving', text: `${places.join(', ')} must not change while it is moved.`, inputs: [] }],
    };
  });
};

const PAUSED: readonly Because[] = [{ rule: 'local-disks.moved', text: 'It ran before its directories were moved.', inputs: [] }];
const REMEMBER: readonly Because[] = [
  { rule: 'local-disks.stopped', text: 'Should this run be cut off, the next one starts what it has stopped.', inputs: [] },
];

interface Pause {
  /** To be started afterwards, in this order. */
  readonly units: readonly string[];
  readonly begin: readonly Action[];
  readonly end: readonly Action[];
}

/** What is stopped is written down beforehand, and what a run that was cut off has stopped is started by this one. */
const pauseOf = (stops: readonly Stop[], binds: readonly DesiredMount[], observed: Observed): Pause => {
  const file = observed.files[LOCAL_DISKS_STOPPED];
  const before = file?.kind === 'file' ? file.text : null;
  const users = [...new Set(binds.flatMap(({ bind }) => bind?.users ?? []))];
  const known = before === null ? [] : before.split('\n').filter((unit) => users.includes(unit));
  const units = users.filter((unit) => known.includes(unit) || stops.some((stop) => stop.unit === unit)).reverse();
  const after = units.map((unit) => `${unit}\n`).join('');
  const isNew = stops.length > 0 && after !== before;
  const [path, because] = [LOCAL_DISKS_STOPPED, REMEMBER];
  return {
    units,
    begin: isNew ? [{ kind: 'write-file', path, mode: 0o644, before, after, because }] : [],
    end: isNew || before !== null ? [{ kind: 'remove-file', path, before: isNew ? after : (before ?? ''), because }] : [],
  };
};

const copyOf = ({ where, bind, because }: DesiredMount): readonly Action[] =>
  bind === undefined ? [] : [{ kind: 'copy-directory', from: where, path: bind.to, because }];

const RELOAD: readonly Because[] = [{ rule: 'units.changed', text: 'systemd must read the mount units.', inputs: [] }];

/** Unit files, then the mounts that do not stand yet. */
const mounting = (mounts: readonly DesiredMount[], writes: readonly Action[], observed: Observed): readonly Action[] => {
  const starts = mounts.filter(({ isMounted }) => !isMounted);
  const mustReload = writes.length > 0 || (starts.length > 0 && observed.unitsStale);
  return [
    ...writes,
    ...(mustReload ? [{ kind: 'reload-units', because: RELOAD } as const] : []),
    ...mounts
      .filter(({ unit }) => !stateOf(observed, unit).enabled)
      .map(({ unit, because }): Action => ({ kind: 'enable-unit', unit, because })),
    ...starts.flatMap(({ device, because }): readonly Action[] =>
      device === undefined ? [] : [{ kind: 'announce-device', device, because }],
    ),
    ...starts.map(({ unit, because }): Action => ({ kind: 'start-unit', unit, because })),
  ];
};

export const isBelow = (directories: readonly string[], path: string): boolean =>
  directories.some((directory) => path.startsWith(`${directory}/`));

/** What the rest of the plan starts from: a directory on which something is mounted meanwhile may hold anything, so all is written there. */
export const afterStorage = ({ actions, covered, stopped }: StoragePlan, observed: Observed): Observed => {
  if (actions.length === 0) return observed;
  return {
    ...observed,
    unitsStale: observed.unitsStale && !actions.some(({ kind }) => kind === 'reload-units'),
    files: Object.fromEntries(Object.entries(observed.files).filter(([path]) => !isBelow(covered, path))),
    units: { ...observed.units, ...Object.fromEntries(stopped.map((unit) => [unit, { ...stateOf(observed, unit), active: false }])) },
  };
};
