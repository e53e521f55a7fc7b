/** The disks of the instance store and what is on them. Reads only: /dev/disk/by-id, /sys, /proc and `blkid -p`, which trusts no cache. */
import { accessSync, constants, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MARK } from '../core/disks/units.ts';
import type { ArrayFacts, DiskFacts, LocalDiskFacts, VolumeFacts } from '../core/facts.ts';
import { type ProbeSources, probe } from './disk-probe.ts';
import { readText } from './files.ts';

/** Where the kernel shows what is read here, and the machine's own program. A test gives directories of its own. */
export interface DiskSources extends ProbeSources {
  readonly dev: string;
  readonly sys: string;
  readonly proc: string;
  readonly units: string;
  /** This executable. */
  readonly self: string;
}

/** More of anything is no machine of EC2: 24 disks are the most there are. */
const MOST = 64;
const MOST_MOUNTS = 512;
const INSTANCE_STORE = /NVMe_Instance_Storage_/;
const VOLUME = /Amazon_Elastic_Block_Store_/;
const NAME = /^[A-Za-z0-9!:._-]{1,64}$/;

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
};

const textAt = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/** The kernel's name of a device, if it is a whole disk. */
const nameOf = (path: string, { sys }: DiskSources): string | undefined => {
  let name: string;
  try {
    name = basename(realpathSync(path));
  } catch {
    return undefined; // the disk has just gone
  }
  const isDisk = NAME.test(name) && isThere(join(sys, 'class/block', name)) && !isThere(join(sys, 'class/block', name, 'partition'));
  return isDisk ? name : undefined;
};

/** One link for each disk: the shortest of its names. Links of partitions, which the kernel's own pattern takes in, do not count. */
const idsOf = (sources: DiskSources, form: RegExp): ReadonlyMap<string, string> => {
  const ids = new Map<string, string>();
  const directory = join(sources.dev, 'disk/by-id');
  for (const id of namesIn(directory).filter((name) => form.test(name) && /^[!-~]{1,255}$/.test(name))) {
    const name = nameOf(join(directory, id), sources);
    if (name === undefined) continue;
    const known = ids.get(name);
    if (known === undefined || id.length < known.length) ids.set(name, id);
  }
  return ids;
};

/** /proc writes blank, tab, newline and backslash as octal. */
const unoctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mount points below these are of no interest, unless one of the disks is there: pods and the kernel's own. */
const ELSEWHERE = /^\/(?:proc|sys|dev|run|var\/lib\/kubelet|var\/lib\/containerd)\//;

/**
 * Mount point → device, from /proc/self/mountinfo (proc(5)); of several mounts on one point the last, which hides the others. A bind
 * mount has the device of what it shows.
 */
export const mountsIn = (
  mountinfo: string,
  deviceOf: (number: string) => string | undefined,
  ours: ReadonlySet<string>,
): Record<string, string> => {
  const mounts = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const [head = '', tail = ''] = line.split(' - ');
    const [, , number = '', , escapedPoint = ''] = head.split(' ');
    const point = unoctal(escapedPoint);
    if (!/^\/[^\p{Cc}]*$/u.test(point)) continue;
    const device = deviceOf(number) ?? (tail.split(' ')[0] || 'unknown');
    if (ours.has(device) || !ELSEWHERE.test(point)) mounts.set(point, device);
  }
  // A pod's volume on one of them says nothing new where the disk itself is mounted in sight.
  const inSight = new Set([...mounts].filter(([point]) => !ELSEWHERE.test(point)).map(([, device]) => device));
  const sorted = [...mounts]
    .filter(([point, device]) => !ELSEWHERE.test(point) || !inSight.has(device))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  // The disks' own first: what they are used for must never fall under the table.
  const kept = [...sorted.filter(([, device]) => ours.has(device)), ...sorted.filter(([, device]) => !ours.has(device))].slice(
    0,
    MOST_MOUNTS,
  );
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
};

const deviceByNumber =
  ({ sys }: DiskSources) =>
  (number: string): string | undefined => {
    if (!/^\d{1,5}:\d{1,8}$/.test(number)) return undefined;
    try {
      return `/dev/${basename(readlinkSync(join(sys, 'dev/block', number)))}`;
    } catch {
      return undefined; // tmpfs and others have no device
    }
  };

const swapsIn = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split('\n')
      .slice(1)
      .map((line) => unoctal(line.split(/\s/)[0] ?? '')),
  );

/** The first on PATH, as a shell finds it. */
const programAt = (name: string, { searchPath }: DiskSources): string | null => {
  for (const directory of searchPath.split(':').filter((dir) => dir.startsWith('/'))) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {}
  }
  return null;
};

/** This executable under another name: a link to it, or a copy, which has its length. */
export const isSelf = (path: string, self: string): boolean => {
  const [there, here] = [statSync(path, { throwIfNoEntry: false }), statSync(self, { throwIfNoEntry: false })];
  return there !== undefined && here !== undefined && ((there.dev === here.dev && there.ino === here.ino) || there.size === here.size);
};

const foreignHelper = (sources: DiskSources): string | null => {
  const path = programAt('setup-local-disks', sources);
  return path === null || isSelf(path, sources.self) ? null : path;
};

/** What is no text of a file (a masked unit) is nobody's unit. */
const unitAt = (path: string): string => {
  try {
    return (readText(path, path) ?? '').trim();
  } catch {
    return '';
  }
};

/** Mount units about the instance store, ours or setup-local-disks' own. */
const unitsIn = (directory: string): Record<string, string> =>
  Object.fromEntries(
    namesIn(directory)
      .filter((name) => /^[!-.0-~]{1,249}\.mount$/.test(name))
      .map((name): [string, string] => [name, unitAt(join(directory, name)).slice(0, 4096)])
      .filter(([, text]) => new RegExp(`^Description=.*${MARK}`, 'm').test(text))
      .slice(0, MOST),
  );

const diskOf = async (
  name: string,
  id: string,
  sources: DiskSources,
  swaps: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<DiskFacts> => {
  const block = join(sources.sys, 'class/block', name);
  const path = `/dev/${name}`;
  return {
    path,
    id,
    bytes: (Number.parseInt(textAt(join(block, 'size')), 10) || 0) * 512,
    signature: await probe(join(sources.dev, name), sources, signal),
    partitions: namesIn(block).filter((entry) => isThere(join(block, entry, 'partition'))),
    holders: namesIn(join(block, 'holders')),
    isSwap: swaps.has(path),
  };
};

const arrayOf = async (name: string, sources: DiskSources, signal?: AbortSignal): Promise<ArrayFacts> => {
  const block = join(sources.sys, 'class/block', name);
  const state = textAt(join(block, 'md/array_state'));
  const runs = state !== '' && state !== 'clear' && state !== 'inactive';
  return {
    path: `/dev/${name}`,
    level: textAt(join(block, 'md/level')),
    state: runs ? state : state || 'inactive',
    members: namesIn(join(block, 'slaves')).map((slave) => `/dev/${slave}`),
    signature: runs ? await probe(join(sources.dev, name), sources, signal) : null,
    holders: namesIn(join(block, 'holders')),
  };
};

export const LIVE: Pick<DiskSources, 'dev' | 'sys' | 'proc' | 'units'> = {
  dev: '/dev',
  sys: '/sys',
  proc: '/proc',
  units: '/etc/systemd/system',
};

/** @throws NodeError OS where a disk cannot be read: nobody may take it for blank. */
export const readLocalDisks = async (sources: DiskSources, signal?: AbortSignal): Promise<LocalDiskFacts> => {
  const ids = [...idsOf(sources, INSTANCE_STORE)].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST);
  const swaps = swapsIn(textAt(join(sources.proc, 'swaps')));
  const disks = await Promise.all(ids.map(([name, id]) => diskOf(name, id, sources, swaps, signal)));
  const names = [...new Set(disks.flatMap(({ holders }) => holders))].filter((name) =>
    isThere(join(sources.sys, 'class/block', name, 'md')),
  );
  const arrays = await Promise.all(names.sort().map((name) => arrayOf(name, sources, signal)));
  const ours = new Set([...disks, ...arrays].map(({ path }) => path));
  return {
    disks,
    arrays,
    mounts: mountsIn(textAt(join(sources.proc, 'self/mountinfo')), deviceByNumber(sources), ours),
    units: unitsIn(sources.units),
    programs: {
      mdadm: programAt('mdadm', sources),
      'mkfs.xfs': programAt('mkfs.xfs', sources),
      'setup-local-disks': foreignHelper(sources),
    },
  };
};

/**
 * A volume by the name that a user gave, `/dev/sdf`; null: there is no such disk.
 * @throws NodeError OS where it cannot be read: nobody may take it for blank.
 */
export const readVolume = async (device: string, sources: DiskSources, signal?: AbortSignal): Promise<VolumeFacts | null> => {
  const name = nameOf(join(sources.dev, device.replace(/^\/dev\//, '')), sources);
  if (name === undefined) return null;
  const swaps = swapsIn(textAt(join(sources.proc, 'swaps')));
  const disk = await diskOf(name, idsOf(sources, VOLUME).get(name) ?? device, sources, swaps, signal);
  const mounts = mountsIn(textAt(join(sources.proc, 'self/mountinfo')), deviceByNumber(sources), new Set([disk.path]));
  return { ...disk, mounts };
};
