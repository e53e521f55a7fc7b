/**
 * EBS volumes of `instance.storage.volumes`: made ready as the disks of the instance store are, and never formatted when they hold data.
 * nodeadm mounts a volume itself at each of its targets, so that all of them show the same files; here that is so only for a volume that
 * came filled and has one target. On every other each target has a directory of its own.
 */
import type { Action, DesiredMount, DesiredStorage } from '../desired.ts';
import type { Facts, Signature, VolumeFacts } from '../facts.ts';
import { inputOf } from '../provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, errorAt, type Input, type Sourced, warningAt } from '../report.ts';
import type { VolumeSpec } from '../spec.ts';
import { BINDS } from './binds.ts';
import { inUse, isBlank, isMountable, occupied, uuidOf } from './content.ts';
import { fileSystemMount } from './singles.ts';
import { mountUnitOf, mountUnitText } from './units.ts';

const VOLUMES_DIR = '/mnt/k8s-volumes';
const WORDS = 'EBS volume';
const FILE_SYSTEMS = ['xfs', 'ext4'] as const;
type FileSystem = (typeof FILE_SYSTEMS)[number];

/** By this beginning a file system is known as one that was made here, also in a snapshot of the volume. */
const MADE_HERE = 'b0075701';
const uuidFor = (id: string): string => `${MADE_HERE}${uuidOf('EBS volume', id).slice(MADE_HERE.length)}`;

export interface Volumes {
  readonly decision: Decided<string>;
  readonly storage: DesiredStorage;
}

/** undefined: none were asked for. Needs host.volumes of each device. */
export const volumesOf = (wish: Sourced<readonly VolumeSpec[]> | undefined, facts: Facts): Checked<Volumes | undefined> => {
  if (wish === undefined || wish.value.length === 0) return { value: undefined, diagnostics: [] };
  if (facts.host.volumes === null) {
    const remedy = 'Nothing to do here; they are set up on the node.';
    return {
      value: undefined,
      diagnostics: [warningAt('volumes-in-image', wish.at, 'an image has no volumes: they are left alone', remedy)],
    };
  }
  const results = wish.value.map((volume) => volumeOf(volume, wish, facts));
  const diagnostics = [...doubled(wish), ...named(wish, facts.host.volumes), ...results.flatMap((one) => one.diagnostics)];
  const plans = results.flatMap(({ value }) => (value ? [value] : []));
  if (plans.length < results.length || diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  const value = plans.map(({ words }) => words).join('; ');
  const because: Because = {
    rule: 'volumes.given',
    text: `Each target has its directory on the volume: ${value}.`,
    inputs: plans.flatMap(({ inputs }) => inputs),
  };
  const storage = { steps: plans.flatMap(({ steps }) => steps), mounts: plans.flatMap(({ mounts }) => mounts), files: [] };
  const changes = ['spec.instance.storage.volumes', 'what is on the volumes (lsblk -f)'];
  return { value: { decision: { key: 'volumes', value, because, changes }, storage }, diagnostics };
};

const doubled = ({ value, at }: Sourced<readonly VolumeSpec[]>): readonly Diagnostic[] => {
  const targets = value.flatMap(({ mountTargets }) => mountTargets.map(tidy));
  const again = [...new Set(targets.filter((target, index) => targets.indexOf(target) !== index))];
  return again.map((target) => errorAt('volume-target-twice', at, `${target} is a target twice`, 'Name each directory once.'));
};

/** One disk has several names: it is made ready once. */
const named = ({ value, at }: Sourced<readonly VolumeSpec[]>, seen: Facts['host']['volumes']): readonly Diagnostic[] => {
  const paths = value.map(({ device }) => seen?.[device]?.path);
  return value.flatMap(({ device }, index) => {
    const first = paths.indexOf(paths[index]);
    if (paths[index] === undefined || first === index) return [];
    const message = `${device} is the same disk as ${value[first]?.device}`;
    return [errorAt('volume-twice', at, message, 'Name each volume once, with all its mountTargets.')];
  });
};

/** `/var/lib/containerd/` → `/var/lib/containerd`. */
const tidy = (path: string): string =>
  `/${path
    .split('/')
    .filter((part) => part !== '')
    .join('/')}`;

interface VolumePlan {
  readonly words: string;
  readonly inputs: readonly Input[];
  readonly steps: readonly Action[];
  readonly mounts: readonly DesiredMount[];
}

/** What is on the volume, or will be. */
type Content = { readonly fileSystem: Required<Pick<Signature, 'type' | 'uuid'>>; readonly isBlank: boolean };

const contentOf = ({ device, fsType = 'xfs' }: VolumeSpec, seen: VolumeFacts, at: string): Checked<Content> => {
  const { signature, path, id } = seen;
  const use = occupied(seen);
  if (use !== undefined) return { diagnostics: [inUse(path, use)] };
  if (isMountable(signature)) return { value: { fileSystem: signature, isBlank: false }, diagnostics: [] };
  if (signature !== null && !isBlank(signature, uuidFor(id)))
    return { diagnostics: [inUse(path, `it holds ${signature.type}, which is not mounted here`)] };
  const type = FILE_SYSTEMS.find((known) => known === fsType);
  if (type !== undefined) return { value: { fileSystem: { type, uuid: uuidFor(id) }, isBlank: true }, diagnostics: [] };
  const message = `${device} is blank, and '${fsType}' is no file system that is made here`;
  return { diagnostics: [errorAt('unknown-file-system', at, message, `Give ${FILE_SYSTEMS.join(' or ')}.`)] };
};

const volumeOf = (volume: VolumeSpec, { at }: Sourced<unknown>, facts: Facts): Checked<VolumePlan> => {
  const { device } = volume;
  const seen = facts.host.volumes?.[device];
  if (seen === undefined) throw new Error(`host.volumes.${device} is not known yet`);
  if (seen === null) {
    return { diagnostics: [errorAt('no-volume', at, `there is no device ${device}`, 'Attach the volume, or correct its name (lsblk).')] };
  }
  const content = contentOf(volume, seen, at);
  if (content.value === undefined) return content;
  const { fileSystem, isBlank } = content.value;
  const inputs = [inputOf(facts, `host.volumes.${device}`, `${seen.path} ${seen.id}`)];
  const targets = volume.mountTargets.map(tidy);
  const because: Because = {
    rule: `volumes.${isBlank ? 'blank' : 'as-it-is'}`,
    text: isBlank ? `${device} is blank.` : `${device} holds a file system already.`,
    inputs,
  };
  const base = `${VOLUMES_DIR}/${device.slice(device.lastIndexOf('/') + 1)}`;
  const isWhole = !isBlank && targets.length === 1 && !fileSystem.uuid.startsWith(MADE_HERE);
  const binds = targets.map((where) => bindOf(where, isWhole ? base : `${base}/${where.slice(1).replaceAll('/', '-')}`, seen, at, because));
  const mounts = binds.flatMap(({ mount }) => (mount ? [mount] : []));
  // nodeadm's own units mount the volume at the targets; who has them keeps them.
  const needsBase = seen.mounts[base] === seen.path || mounts.length > 0;
  const make: Action = {
    kind: 'make-file-system',
    device: seen.path,
    type: fileSystem.type as FileSystem,
    uuid: fileSystem.uuid,
    because: [because],
  };
  return {
    value: {
      words: `${device} for ${targets.join(', ')}`,
      inputs,
      steps: isBlank && needsBase ? [make] : [],
      mounts: [
        ...(needsBase ? [fileSystemMount(base, seen.path, fileSystem, seen.mounts[base] === seen.path, because, WORDS)] : []),
        ...mounts,
      ],
    },
    diagnostics: binds.flatMap(({ diagnostics }) => diagnostics),
  };
};

interface Bind {
  readonly mount?: DesiredMount;
  readonly diagnostics: readonly Diagnostic[];
}

/** The volume, or a directory on it, at a target. What another device has there stays. */
const bindOf = (where: string, what: string, { mounts, path }: VolumeFacts, at: string, because: Because): Bind => {
  const there = mounts[where];
  if (there !== undefined && there !== path) {
    const message = `${there} is mounted at ${where}: it stays, and the volume is not mounted there`;
    return { diagnostics: [warningAt('volume-target-taken', at, message, 'Name another directory.')] };
  }
  const base = what.split('/').slice(0, 4).join('/');
  // Without a mount of ours behind it, somebody else has mounted the volume there, which is what was asked for.
  if (there === path && mounts[base] !== path) return { diagnostics: [] };
  const users = [...new Set(Object.values(BINDS).flatMap((bind) => (isWithin(bind.directory, where) ? bind.users : [])))];
  return {
    mount: {
      unit: mountUnitOf(where),
      text: mountUnitText({ what, where, type: 'none', options: 'bind', before: users, condition: what, words: WORDS }),
      where,
      isMounted: there === path,
      bind: { to: what, users },
      because: [because],
    },
    diagnostics: [],
  };
};

const isWithin = (directory: string, above: string): boolean => directory === above || directory.startsWith(`${above}/`);

/** Both kinds of disks in one plan. */
export const joinedStorage = (a: DesiredStorage | undefined, b: DesiredStorage | undefined): DesiredStorage | undefined =>
  a && b ? { ...a, steps: [...a.steps, ...b.steps], mounts: [...a.mounts, ...b.mounts], files: [...a.files, ...b.files] } : (a ?? b);
