/** What stands on a disk, as words and as identifiers. */
import { digestOf } from '../digest.ts';
import type { DiskFacts, LocalDiskFacts, Signature } from '../facts.ts';
import { type Diagnostic, errorAt } from '../report.ts';

/** File systems that are mounted as they are. */
const MOUNTABLE: ReadonlySet<string> = new Set(['xfs', 'ext4']);

export const isMountable = (signature: Signature | null): signature is Signature & { readonly uuid: string } =>
  signature !== null && MOUNTABLE.has(signature.type) && signature.uuid !== undefined && !signature.unfinished;

/** Nothing is on it, or a file system that a run of ours was cut off making: by its UUID nobody else's. */
export const isBlank = (signature: Signature | null, uuid: string): boolean =>
  signature === null || (signature.unfinished === true && signature.type === 'xfs' && signature.uuid === uuid);

/** Where a device is mounted, sorted. */
export const mountsOf = ({ mounts }: LocalDiskFacts, device: string): readonly string[] =>
  Object.keys(mounts)
    .filter((point) => mounts[point] === device)
    .sort();

/**
 * A UUID (RFC 9562, version 8) that follows from what it names, so that a preview knows it, and two runs, of which the first was
 * killed, agree on it.
 */
export const uuidOf = (...names: readonly string[]): string => {
  const hex = digestOf(JSON.stringify(['bootwright local disks', ...names])).slice('sha256:'.length);
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
};

/** In use by more than a mount of its own file system. */
export const occupied = ({ isSwap, holders, partitions }: DiskFacts): string | undefined => {
  if (isSwap) return 'it is used as swap';
  if (holders.length > 0) return `${holders.join(', ')} is built on it`;
  return partitions.length > 0 ? `it has partitions (${partitions.join(', ')})` : undefined;
};

/** What makes a disk unfit to be taken; undefined: it is blank, or was left half-made under this UUID, and nobody uses it. */
export const useOf = (disk: DiskFacts, seen: LocalDiskFacts, uuid: string): string | undefined => {
  const points = mountsOf(seen, disk.path);
  if (points.length > 0) return `it is mounted at ${points.join(', ')}`;
  const { signature } = disk;
  return occupied(disk) ?? (signature === null || isBlank(signature, uuid) ? undefined : `it holds ${dataOf(signature)}`);
};

const DATA: { readonly [type: string]: string } = {
  linux_raid_member: 'a part of an array that does not run',
  LVM2_member: 'a volume of LVM',
  several: 'several kinds of data',
  swap: 'a swap area',
};
export const dataOf = ({ type, unfinished }: Signature): string => {
  if (unfinished && type === 'xfs') return 'an xfs file system whose making was cut off';
  if (Object.hasOwn(DATA, type)) return DATA[type] ?? type;
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}${/ /.test(type) ? '' : ' file system'}`;
};

/** A disk that is not formatted, because somebody may need what is on it. */
export const inUse = (
  path: string,
  use: string,
  remedy = `If nobody needs it: release it (umount, swapoff, vgremove), then wipefs --all ${path}, and run again.`,
): Diagnostic => errorAt('local-disks-in-use', path, use, remedy);

/** A program that is not there. */
export const missingProgram = (name: string, wanted: string): Diagnostic =>
  errorAt(
    'local-disks-no-program',
    name,
    `there is no ${name} on PATH, which ${wanted}`,
    `Install it (package ${name.startsWith('mkfs') ? 'xfsprogs' : name}).`,
  );
