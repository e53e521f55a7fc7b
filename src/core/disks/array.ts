/** `raid0` and `raid10`: all disks as one array, and the data of kubelet and containerd on it. */
import type { Action, DesiredFile, DesiredMount } from '../desired.ts';
import type { ArrayFacts, DiskFacts, LocalDiskFacts } from '../facts.ts';
import { LOCAL_DISKS_ARRAY, MDADM_CONFIG } from '../paths.ts';
import { type Because, type Checked, type Diagnostic, errorAt, hasErrors, warningAt } from '../report.ts';
import type { LocalDisksSpec } from '../spec.ts';
import { BINDS } from './binds.ts';
import { dataOf, inUse, isBlank, isMountable, missingProgram, mountsOf, useOf, uuidOf } from './content.ts';
import type { DiskPlan, DiskRequest } from './decision.ts';
import { fileSystemMount } from './singles.ts';
import { mountUnitOf, mountUnitText } from './units.ts';

type Level = 'raid0' | 'raid10';
/** mdadm makes a RAID 10 of two disks, too; setup-local-disks never did. */
const LEAST: { readonly [level in Level]: number } = { raid0: 1, raid10: 4 };

/** The array as it will be: to be made, or there. */
interface Raid {
  /** As the steps call it. */
  readonly device: string;
  /** As 8-4-4-4-12 digits. */
  readonly uuid: string;
  readonly members: readonly string[];
  readonly fileSystem: { readonly type: string; readonly uuid: string };
  readonly steps: readonly Action[];
  readonly because: Because;
  /** The kernel's name, once it is there. */
  readonly path?: string;
}

export const arrayPlan = (request: DiskRequest): Checked<DiskPlan> => {
  const { seen, spec } = request;
  const level = request.mode as Level;
  const diagnostics: Diagnostic[] = [];
  const found = raidOf(level, request);
  diagnostics.push(...found.diagnostics);
  if (found.value === undefined) return { diagnostics };
  const array = found.value;
  const has = (kind: Action['kind']): boolean => array.steps.some((step) => step.kind === kind);
  if (has('create-array') && seen.programs['mdadm'] === null) diagnostics.push(missingProgram('mdadm', 'makes the array'));
  if (has('make-file-system') && seen.programs['mkfs.xfs'] === null) diagnostics.push(missingProgram('mkfs.xfs', 'makes the file system'));
  const where = `${spec.directory.value}/0`;
  const there = seen.mounts[where];
  if (there !== undefined && there !== array.path)
    diagnostics.push(errorAt('local-disks-mount-point', where, `${there} is mounted there`, 'Unmount it, or name another directory.'));
  const binds = bindsOf(array, where, request);
  diagnostics.push(...binds.diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const mounts = [fileSystemMount(where, array.device, array.fileSystem, there !== undefined, array.because), ...binds.mounts];
  return {
    value: {
      value: `${level} of ${array.members.join(', ')} at ${where}`,
      because: array.because,
      storage: { steps: array.steps, mounts, files: [configFile(array)] },
      keeps: [],
    },
    diagnostics,
  };
};

const raidOf = (level: Level, request: DiskRequest): Checked<Raid> => {
  const { seen } = request;
  const [first, ...more] = seen.arrays;
  if (first === undefined || isHalfMade(seen, newUuid(level, seen))) return newArray(level, request);
  return more.length > 0 ? severalArrays(seen) : thereArray(level, first, request);
};

/** The same for the same disks, so what a run was cut off making is known by it. */
const newUuid = (level: Level, { disks }: LocalDiskFacts): string => uuidOf('array', level, ...disks.map(({ id }) => id).sort());

/** A disk that mdadm has made a member of that array, and that nothing but a part of it that does not run uses. */
const isBegun = ({ path, signature, holders, isSwap, partitions }: DiskFacts, seen: LocalDiskFacts, uuid: string): boolean =>
  signature?.type === 'linux_raid_member' &&
  signature.uuid === uuid &&
  signature.unfinished === true &&
  holders.every((holder) => seen.arrays.some((array) => array.path === `/dev/${holder}`)) &&
  !isSwap &&
  partitions.length === 0 &&
  mountsOf(seen, path).length === 0;

/** mdadm was cut off while it made this array: it has never run, some disks do not know of it yet, and the others know of nothing else. */
const isHalfMade = (seen: LocalDiskFacts, uuid: string): boolean =>
  seen.arrays.every(
    ({ state, members }) => state === 'inactive' && members.every((path) => seen.disks.some((disk) => disk.path === path)),
  ) &&
  seen.disks.some((disk) => useOf(disk, seen, uuid) === undefined) &&
  seen.disks.some((disk) => isBegun(disk, seen, uuid)) &&
  seen.disks.every((disk) => useOf(disk, seen, uuid) === undefined || isBegun(disk, seen, uuid));

const newArray = (level: Level, { seen, inputs, spec }: DiskRequest): Checked<Raid> => {
  const { disks } = seen;
  if (disks.length < LEAST[level]) {
    const count = `${disks.length} disk${disks.length === 1 ? '' : 's'}`;
    const message = `raid10 takes at least ${LEAST[level]} disks, and this instance has ${count}`;
    return { diagnostics: [errorAt('local-disks-too-few', spec.mode.at, message, 'Take raid0 or mount, or a larger instance type.')] };
  }
  const uuid = newUuid(level, seen);
  const isAgain = isHalfMade(seen, uuid);
  const diagnostics = disks.flatMap((disk) => {
    const use = useOf(disk, seen, uuid);
    if (use === undefined || isAgain) return [];
    const stopped = disk.signature?.type === 'linux_raid_member' && disk.holders.length === 0;
    return [
      stopped
        ? inUse(disk.path, use, `To use it: mdadm --assemble --scan, then run again. If nobody needs it: wipefs --all ${disk.path}.`)
        : inUse(disk.path, use),
    ];
  });
  if (diagnostics.length > 0) return { diagnostics };
  const members = disks.map(({ path }) => path);
  const because: Because = {
    rule: 'local-disks.new-array',
    text: `The disks are blank${isAgain ? ', but for the beginnings of this array' : ''}: ${members.join(', ')} become one ${level}.`,
    inputs,
  };
  const fileSystem = { type: 'xfs', uuid: uuidOf('array file system', uuid) } as const;
  const steps: readonly Action[] = [
    { kind: 'create-array', device: LOCAL_DISKS_ARRAY, level, uuid, members, because: [because] },
    { kind: 'make-file-system', device: LOCAL_DISKS_ARRAY, ...fileSystem, because: [because] },
  ];
  return { value: { device: LOCAL_DISKS_ARRAY, uuid, members, fileSystem, steps, because }, diagnostics: [] };
};

const severalArrays = ({ arrays }: LocalDiskFacts): Checked<Raid> => ({
  diagnostics: arrays.map(({ path, level, members }) =>
    errorAt(
      'local-disks-in-use',
      path,
      `it is one of ${arrays.length} arrays that the disks form (${level || 'stopped'} of ${members.join(', ')})`,
      `If nobody needs it: mdadm --stop ${path}, and wipefs --all on its disks; then run again.`,
    ),
  ),
});

/** Why an array that is there cannot be the one; undefined: it can. */
const misfitOf = (level: Level, array: ArrayFacts, seen: LocalDiskFacts, uuid: string): string | undefined => {
  const members = array.members.join(', ');
  if (array.state === 'inactive' || array.state === 'clear' || array.level === '')
    return `the array of ${members} does not run (is a disk missing?)`;
  if (array.level !== level) return `the disks are a ${array.level} already`;
  if (array.holders.length > 0) return `${array.holders.join(', ')} is built on it`;
  if (array.signature === null || isBlank(array.signature, uuid)) {
    const points = mountsOf(seen, array.path);
    return points.length > 0 ? `it is mounted at ${points.join(', ')}, but no file system was found on it` : undefined;
  }
  return isMountable(array.signature) ? undefined : `it holds ${dataOf(array.signature)}`;
};

const thereArray = (level: Level, array: ArrayFacts, { seen, inputs }: DiskRequest): Checked<Raid> => {
  const { path, members, signature } = array;
  const uuid = seen.disks.find((disk) => members.includes(disk.path))?.signature?.uuid;
  if (uuid === undefined) return { diagnostics: [inUse(path, 'its members do not say which array they belong to')] };
  const fresh = uuidOf('array file system', uuid);
  const misfit = misfitOf(level, array, seen, fresh);
  if (misfit !== undefined) {
    const remedy = `If nobody needs it: unmount it, mdadm --stop ${path}, and wipefs --all on its disks; then run again.`;
    return { diagnostics: [inUse(path, misfit, remedy)] };
  }
  const spare = seen.disks.filter((disk) => !members.includes(disk.path));
  const diagnostics = spare.map((disk) =>
    warningAt(
      'local-disks-spare',
      disk.path,
      `it is no part of the array ${path}, and stays unused`,
      'An array cannot take it in without being made anew.',
    ),
  );
  const isFilled = isMountable(signature);
  const text = isFilled
    ? `${path} is there (${level} of ${members.join(', ')}), and its file system stays.`
    : `${path} is there (${level} of ${members.join(', ')}) and blank.`;
  const because: Because = { rule: `local-disks.array-${isFilled ? 'as-it-is' : 'blank'}`, text, inputs };
  const fileSystem = isFilled ? { type: signature.type, uuid: signature.uuid } : ({ type: 'xfs', uuid: fresh } as const);
  const steps: readonly Action[] = isFilled
    ? []
    : [{ kind: 'make-file-system', device: path, type: 'xfs', uuid: fileSystem.uuid, because: [because] }];
  return { value: { device: path, uuid, members, fileSystem, steps, because, path }, diagnostics };
};

interface Binds {
  readonly mounts: readonly DesiredMount[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The directories that go onto the array. One that somebody has put on another disk stays there. */
const bindsOf = (array: Raid, place: string, { spec, seen, inputs }: DiskRequest): Binds => {
  const mounts: DesiredMount[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const name of spec.binds) {
    const { directory: where, users } = BINDS[name];
    const there = seen.mounts[where];
    if (there !== undefined && there !== array.path) {
      diagnostics.push(
        warningAt(
          'local-disks-bind-taken',
          where,
          `${there} is mounted there: it stays, and is not moved to the disks`,
          bindRemedy(spec, name),
        ),
      );
      continue;
    }
    const what = `${place}/${where.slice(where.lastIndexOf('/') + 1)}`;
    mounts.push({
      unit: mountUnitOf(where),
      text: mountUnitText({ what, where, type: 'none', options: 'bind', before: users, condition: what }),
      where,
      isMounted: there !== undefined,
      bind: { to: what, users },
      because: [{ rule: 'local-disks.bind', text: `${where} goes onto the array.`, inputs }],
    });
  }
  return { mounts, diagnostics };
};

const bindRemedy = ({ delegates }: LocalDisksSpec, name: string): string =>
  delegates ? 'Nothing, if that is meant.' : `Nothing, if that is meant; --no-bind-${name} leaves this out.`;

/** setup-local-disks made no array while this file was there, so one of an earlier set of disks broke every boot after a stop. */
const configFile = ({ uuid, because }: Raid): DesiredFile => ({
  path: MDADM_CONFIG,
  mode: 0o644,
  content: { kind: 'text', text: `ARRAY ${LOCAL_DISKS_ARRAY} metadata=1.2 UUID=${mdadmUuid(uuid)}\n` },
  because: [because],
});

/** mdadm writes four groups of eight digits. */
export const mdadmUuid = (uuid: string): string => uuid.replaceAll('-', '').replace(/(.{8})(?=.)/g, '$1:');
