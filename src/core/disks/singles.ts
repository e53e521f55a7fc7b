/** `mount`: each disk with its own file system. */
import type { Action, DesiredMount } from '../desired.ts';
import type { DiskFacts, Signature } from '../facts.ts';
import type { Because, Checked, Diagnostic } from '../report.ts';
import { inUse, isMountable, missingProgram, mountsOf, occupied, useOf, uuidOf } from './content.ts';
import type { DiskPlan, DiskRequest } from './decision.ts';
import { mountUnitOf, mountUnitText } from './units.ts';

const FILE_SYSTEM_OPTIONS = 'defaults,noatime';

/** Disks and arrays are there within seconds; one that is not was wiped by a stop. */
const PATIENCE = 30;

/**
 * A mount of a whole file system by its UUID, as a path: for `UUID=…` in a unit systemd does not wait until the device is there (only its
 * reader of fstab does), so a boot with setup-local-disks' own unit may lose the race against udev and mdadm.
 */
export const fileSystemMount = (
  where: string,
  device: string,
  { type, uuid }: Required<Pick<Signature, 'type' | 'uuid'>>,
  isMounted: boolean,
  because: Because,
  words?: string,
): DesiredMount => ({
  unit: mountUnitOf(where),
  text: mountUnitText({
    what: `/dev/disk/by-uuid/${uuid}`,
    where,
    type,
    options: FILE_SYSTEM_OPTIONS,
    patience: PATIENCE,
    ...(words ? { words } : {}),
  }),
  where,
  device,
  isMounted,
  because: [because],
});

/** What to do with one disk. */
type Single =
  | { readonly kind: 'elsewhere'; readonly disk: DiskFacts; readonly point: string }
  | { readonly kind: 'take'; readonly disk: DiskFacts; readonly number: number; readonly isMounted: boolean };

/**
 * setup-local-disks numbered, in order, what was not mounted at that moment, so that a second run after a partial one gave a number twice.
 * Here a disk keeps its number while it is mounted there, and the others take the free ones.
 */
const numbered = ({ spec, seen }: DiskRequest): readonly Single[] => {
  const directory = spec.directory.value;
  const numberOf = (point: string): number | undefined => {
    const rest = point.startsWith(`${directory}/`) ? point.slice(directory.length + 1) : '';
    return /^[1-9]\d{0,3}$/.test(rest) ? Number(rest) : undefined;
  };
  const taken = new Set(Object.keys(seen.mounts).flatMap((point) => numberOf(point) ?? []));
  const next = (): number => {
    let number = 1;
    while (taken.has(number)) number++;
    taken.add(number);
    return number;
  };
  return seen.disks.map((disk): Single => {
    const points = mountsOf(seen, disk.path);
    const own = points.map(numberOf).find((number) => number !== undefined);
    if (own !== undefined) return { kind: 'take', disk, number: own, isMounted: true };
    const [point] = points;
    return point === undefined ? { kind: 'take', disk, number: next(), isMounted: false } : { kind: 'elsewhere', disk, point };
  });
};

export const singlesPlan = (request: DiskRequest): Checked<DiskPlan> => {
  const { spec, seen, inputs } = request;
  const diagnostics: Diagnostic[] = [];
  const steps: Action[] = [];
  const mounts: DesiredMount[] = [];
  const words: string[] = [];
  const keeps: string[] = [];
  for (const single of numbered(request)) {
    const { disk } = single;
    if (single.kind === 'elsewhere') {
      words.push(`${disk.path} stays where it is mounted, at ${single.point}`);
      keeps.push(mountUnitOf(single.point));
      continue;
    }
    const where = `${spec.directory.value}/${single.number}`;
    const isFilled = isMountable(disk.signature);
    const own = uuidOf('disk', disk.id);
    const use = single.isMounted || isFilled ? occupied(disk) : useOf(disk, seen, own);
    if (use !== undefined || (single.isMounted && !isFilled)) {
      diagnostics.push(inUse(disk.path, use ?? `it is mounted at ${where}, but no file system was found on it`));
      continue;
    }
    const text = isFilled ? `${disk.path} holds a file system already, which is mounted at ${where}.` : `${disk.path} is blank.`;
    const because: Because = { rule: `local-disks.${isFilled ? 'as-it-is' : 'blank'}`, text, inputs };
    const signature = isFilled ? disk.signature : { type: 'xfs' as const, uuid: own };
    if (!isFilled) steps.push({ kind: 'make-file-system', device: disk.path, type: 'xfs', uuid: signature.uuid, because: [because] });
    mounts.push(fileSystemMount(where, disk.path, signature, single.isMounted, because));
    words.push(`${disk.path} at ${where}`);
  }
  if (steps.length > 0 && seen.programs['mkfs.xfs'] === null) diagnostics.push(missingProgram('mkfs.xfs', 'makes the file systems'));
  if (diagnostics.length > 0) return { diagnostics };
  const because: Because = { rule: 'local-disks.mount', text: `Each disk on its own: ${words.join('; ')}.`, inputs };
  return { value: { value: `mount: ${words.join('; ')}`, because, storage: { steps, mounts, files: [] }, keeps }, diagnostics: [] };
};
