/** What the disks look like after a plan was applied: the other half of the model in applied.ts. */
import type { Action, Plan } from '../../../src/core/desired.ts';
import type { Facts, LocalDiskFacts, Signature } from '../../../src/core/facts.ts';

/** The kernel's name of an array that mdadm makes as /dev/md/kubernetes. */
const NEW_ARRAY = '/dev/md127';

const valueIn = (text: string, key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';

const withSignature = (disks: LocalDiskFacts, device: string, signature: Signature): LocalDiskFacts => {
  const path = device.startsWith('/dev/md/') ? NEW_ARRAY : device;
  const marked = <T extends { readonly path: string; readonly signature: Signature | null }>(all: readonly T[]): readonly T[] =>
    all.map((one) => {
      if (one.path !== path) return one;
      if (one.signature !== null && !one.signature.unfinished) throw new Error(`${path} was not blank`);
      return { ...one, signature };
    });
  return { ...disks, disks: marked(disks.disks), arrays: marked(disks.arrays) };
};

const withArray = (disks: LocalDiskFacts, { level, uuid, members }: Action & { kind: 'create-array' }): LocalDiskFacts => {
  const made = members.reduce((all, member) => withSignature(all, member, { type: 'linux_raid_member', uuid }), disks);
  return {
    ...made,
    disks: made.disks.map((disk) => (members.includes(disk.path) ? { ...disk, holders: ['md127'] } : disk)),
    arrays: [
      ...made.arrays.filter(({ state }) => state !== 'inactive'),
      { path: NEW_ARRAY, level, state: 'clean', members, signature: null, holders: [] },
    ],
  };
};

/** The device behind a mount unit's What: a file system by its UUID, or that which a directory lies on. */
const deviceOf = (what: string, disks: LocalDiskFacts): string => {
  if (!what.startsWith('/dev/disk/by-uuid/')) {
    const point = Object.keys(disks.mounts)
      .filter((mounted) => what.startsWith(`${mounted}/`))
      .sort()
      .at(-1);
    return disks.mounts[point ?? ''] ?? 'nothing';
  }
  const found = [...disks.disks, ...disks.arrays].find(
    ({ signature }) => `/dev/disk/by-uuid/${signature?.uuid}` === what && signature?.type !== 'linux_raid_member',
  );
  if (found === undefined) throw new Error(`no device has ${what}`);
  return found.path;
};

const after = (disks: LocalDiskFacts, action: Action, plan: Plan): LocalDiskFacts => {
  if (action.kind === 'create-array') return withArray(disks, action);
  if (action.kind === 'make-file-system') return withSignature(disks, action.device, { type: action.type, uuid: action.uuid });
  const unit = 'unit' in action ? action.unit : 'path' in action ? action.path.slice(action.path.lastIndexOf('/') + 1) : '';
  if (!unit.endsWith('.mount') || unit === 'sys-fs-bpf.mount') return disks;
  const { [unit]: text = '', ...others } = disks.units;
  if (action.kind === 'write-file') return { ...disks, units: { ...disks.units, [unit]: action.after } };
  if (action.kind === 'remove-file') return { ...disks, units: others };
  if (action.kind !== 'start-unit') return disks;
  const known = text || (plan.files.find(({ path }) => path.endsWith(`/${unit}`))?.text ?? '');
  const where = valueIn(known, 'Where');
  return { ...disks, mounts: { ...disks.mounts, [where]: deviceOf(valueIn(known, 'What'), disks) } };
};

/** Facts of the machine on which a plan was carried out. */
export const factsAfter = (plan: Plan, facts: Facts): Facts => {
  const { localDisks, volumes } = facts.host;
  const extra = Object.values(volumes ?? {}).filter((volume) => volume !== null);
  if (!localDisks && extra.length === 0) return facts;
  const none: LocalDiskFacts = { disks: [], arrays: [], mounts: {}, units: {}, programs: {} };
  const start = localDisks ?? none;
  const all: LocalDiskFacts = {
    ...start,
    disks: [...start.disks, ...extra],
    mounts: Object.assign({}, start.mounts, ...extra.map(({ mounts }) => mounts)),
  };
  const end = plan.actions.reduce((disks, action) => after(disks, action, plan), all);
  const changed = Object.entries(volumes ?? {}).map(([name, volume]) => {
    const disk = end.disks.find(({ path }) => path === volume?.path);
    return [name, volume && disk ? { ...volume, ...disk, mounts: end.mounts } : null];
  });
  const disks = end.disks.filter(({ path }) => start.disks.some((disk) => disk.path === path));
  return {
    ...facts,
    host: {
      ...facts.host,
      ...(localDisks ? { localDisks: { ...end, disks } } : {}),
      ...(volumes ? { volumes: Object.fromEntries(changed) } : {}),
    },
  };
};
