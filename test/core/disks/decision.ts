/** Whatever is on the disks: nothing that holds data or is in use is written to, and what was done is not done again. */
import fc from 'fast-check';
import t from 'tap';
import type { Desired, Plan } from '../../../src/core/desired.ts';
import { localDisksOf } from '../../../src/core/disks/decision.ts';
import type { DiskFacts, Facts, LocalDiskFacts, Signature } from '../../../src/core/facts.ts';
import { emptyObserved, planOf } from '../../../src/core/plan.ts';
import { LOCAL_DISKS_BINDS, LOCAL_DISKS_MODES, type LocalDisksSpec } from '../../../src/core/spec.ts';
import { applied } from '../support/applied.ts';
import { factsAfter } from '../support/disks.ts';
import { factsWith } from '../support/plain.ts';

const TYPES = ['xfs', 'ext4', 'vfat', 'swap', 'linux_raid_member', 'LVM2_member', 'gpt partition table', 'several'];
const rarely = <T>(arb: fc.Arbitrary<T>, usual: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: arb });
const signature: fc.Arbitrary<Signature | null> = rarely(
  fc.record({ type: fc.constantFrom(...TYPES), uuid: fc.uuid(), unfinished: fc.constant<true>(true) }, { requiredKeys: ['type'] }),
  null,
);

const disks = fc
  .array(
    fc.record({
      signature,
      partitions: rarely<readonly string[]>(fc.constant(['p1']), []),
      holders: rarely<readonly string[]>(fc.constantFrom(['dm-0'], ['md127']), []),
      isSwap: rarely(fc.constant(true), false),
      point: rarely(fc.constantFrom('/data', '/mnt/k8s-disks/0', '/mnt/k8s-disks/1', '/mnt/k8s-disks/2', '/var/lib/kubelet'), ''),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map(({ point, ...disk }, i) => ({ point, disk: { ...disk, path: `/dev/nvme${i + 1}n1`, id: `id-${i + 1}`, bytes: 1 } })),
  );

const array = fc.record({ level: fc.constantFrom('raid0', 'raid10', ''), state: fc.constantFrom('clean', 'inactive'), signature });

const machine: fc.Arbitrary<LocalDiskFacts> = fc.tuple(disks, array, fc.boolean()).map(([all, md, hasPrograms]) => {
  const members = all.filter(({ disk }) => disk.holders.includes('md127')).map(({ disk }) => disk.path);
  const program = hasPrograms ? '/usr/sbin/x' : null;
  return {
    disks: all.map(({ disk }) => disk),
    arrays: members.length === 0 ? [] : [{ ...md, path: '/dev/md127', members, holders: [] }],
    mounts: Object.fromEntries(all.filter(({ point }) => point !== '').map(({ point, disk }) => [point, disk.path])),
    units: {},
    programs: { mdadm: program, 'mkfs.xfs': program, 'setup-local-disks': null },
  };
});

const spec = fc.record({ mode: fc.constantFrom(...LOCAL_DISKS_MODES), binds: fc.subarray([...LOCAL_DISKS_BINDS]) }).map(
  ({ mode, binds }): LocalDisksSpec => ({
    mode: { value: mode, origin: 'flag', at: 'MODE' },
    directory: { value: '/mnt/k8s-disks', origin: 'default', at: '--dir' },
    binds,
    delegates: false,
  }),
);

const desiredOf = (wish: LocalDisksSpec, facts: Facts): Desired | undefined => {
  const { value } = localDisksOf(wish, facts);
  if (value === undefined) return undefined;
  const { storage, stale, decision } = value;
  const rest = { directories: [], files: stale, units: [], decisions: [decision], warnings: [] };
  return { target: 'amazon-linux-2', ...(storage ? { storage } : {}), ...rest };
};

const isBlank = ({ signature: found, partitions, holders, isSwap, path }: DiskFacts, { mounts }: LocalDiskFacts): boolean =>
  found === null && partitions.length + holders.length === 0 && !isSwap && !Object.values(mounts).includes(path);

const written = (plan: Plan): readonly string[] =>
  plan.actions.flatMap((action) => {
    if (action.kind === 'create-array') return action.members;
    return action.kind === 'make-file-system' ? [action.device] : [];
  });

t.test('only what is blank and unused is written to, and the next plan is empty', async (t) => {
  const counts = { refused: 0, planned: 0, written: 0 };
  fc.assert(
    fc.property(spec, machine, (wish, seen) => {
      const facts = factsWith({ host: { localDisks: seen } });
      const desired = desiredOf(wish, facts);
      if (desired === undefined) return void counts.refused++;
      counts.planned++;
      const plan = planOf(desired, emptyObserved('/')).value;
      if (plan === undefined) throw new Error('no plan');
      for (const device of written(plan)) {
        counts.written++;
        if (device === '/dev/md/kubernetes') continue; // made by this plan
        const disk = seen.disks.find(({ path }) => path === device);
        const md = seen.arrays.find(({ path }) => path === device);
        if (disk ? !isBlank(disk, seen) : md?.signature !== null || Object.values(seen.mounts).includes(device))
          throw new Error(`${device} is in use`);
      }
      const after = factsAfter(plan, facts);
      const again = desiredOf(wish, after);
      if (again === undefined) throw new Error('refused after it was done');
      const left = planOf(again, applied(plan, emptyObserved('/'))).value?.actions;
      if (left?.length !== 0) throw new Error(`left: ${JSON.stringify(left)}`);
    }),
    { numRuns: 3000 },
  );
  for (const [what, count] of Object.entries(counts)) t.ok(count > 100, `${what}: ${count}`);
});

const wishFor = (mode: LocalDisksSpec['mode']['value']): LocalDisksSpec => ({
  mode: { value: mode, origin: 'flag', at: 'MODE' },
  directory: { value: '/mnt/k8s-disks', origin: 'default', at: '--dir' },
  binds: [...LOCAL_DISKS_BINDS],
  delegates: false,
});
const disk = (n: number, changes: Partial<DiskFacts> = {}): DiskFacts => ({
  ...{ path: `/dev/nvme${n}n1`, id: `id-${n}`, bytes: 1, signature: null, partitions: [], holders: [], isSwap: false },
  ...changes,
});
const machineWith = (all: readonly DiskFacts[], changes: Partial<LocalDiskFacts> = {}): LocalDiskFacts => ({
  ...{ disks: all, arrays: [], mounts: {}, units: {}, programs: { mdadm: '/x', 'mkfs.xfs': '/x', 'setup-local-disks': null } },
  ...changes,
});
const decidedFor = (mode: LocalDisksSpec['mode']['value'], seen: LocalDiskFacts) =>
  localDisksOf(wishFor(mode), factsWith({ host: { localDisks: seen } }));

t.test('what mdadm was cut off making is made anew only where it is known to hold nothing', async (t) => {
  const four = [1, 2, 3, 4].map((n) => disk(n));
  const [make] = decidedFor('raid10', machineWith(four)).value?.storage?.steps ?? [];
  if (make?.kind !== 'create-array') throw new Error('no array');
  const begun: Signature = { type: 'linux_raid_member', uuid: make.uuid, unfinished: true };
  const half = (signature: Signature, rest: Partial<DiskFacts> = {}) => [disk(1, { signature, ...rest }), ...four.slice(1)];
  const isMade = (all: readonly DiskFacts[], arrays: LocalDiskFacts['arrays'] = []): boolean =>
    decidedFor('raid10', machineWith(all, { arrays })).value?.storage?.steps[0]?.kind === 'create-array';
  const part = { path: '/dev/md127', level: '', state: 'inactive', members: ['/dev/nvme1n1'], signature: null, holders: [] };
  t.ok(isMade(half(begun)));
  t.ok(isMade(half(begun, { holders: ['md127'] }), [part]), 'and udev has begun to put it together');
  t.notOk(isMade(half({ type: 'linux_raid_member', uuid: make.uuid })), 'an array that has run lacks disks');
  t.notOk(isMade(half({ ...begun, uuid: '00112233-4455-6677-8899-aabbccddeeff' })), 'an array of others');
  t.notOk(isMade(four.map((one) => ({ ...one, signature: begun }))), 'all members know of it: it can be put together');
  t.notOk(isMade(half(begun, { holders: ['dm-0'] })));
  t.notOk(isMade(half(begun, { holders: ['md127'] }), [{ ...part, state: 'clean', level: 'raid10' }]), 'it runs');
  t.notOk(isMade(half(begun, { holders: ['md127'] }), [{ ...part, members: [...part.members, '/dev/nvme9n1'] }]), 'with a disk of others');
  t.notOk(isMade(half(begun, { isSwap: true })));
});

t.test('a disk that stays mounted elsewhere keeps the unit that mounts it', async (t) => {
  const text = '[Unit]\nDescription=EC2 Instance Store: x\n';
  const units = { 'srv-disks-1.mount': text, 'srv-disks-2.mount': text };
  const mounts = { '/srv/disks/1': '/dev/nvme1n1' };
  const seen = machineWith([disk(1, { signature: { type: 'xfs', uuid: '1-2' } }), disk(2)], { units, mounts });
  const { value } = decidedFor('mount', seen);
  t.same(
    value?.stale.map(({ path }) => path),
    ['/etc/systemd/system/srv-disks-2.mount'],
  );
  t.same(
    value?.storage?.mounts.map(({ where }) => where),
    ['/mnt/k8s-disks/1'],
  );
});
