/** Units that are stopped while their directories are moved: whenever a run is cut off, the next one starts them. */
import t from 'tap';
import type { Desired, DesiredStorage, DesiredUnit, Observed, Plan } from '../../src/core/desired.ts';
import { LOCAL_DISKS_STOPPED } from '../../src/core/paths.ts';
import { emptyObserved, planOf } from '../../src/core/plan.ts';
import { applied, fileWith } from './support/applied.ts';

const USERS = ['kubelet.service', 'containerd.service'];
const UNIT = 'var-lib-containerd.mount';

const desiredFor = (isMounted: boolean, units: readonly DesiredUnit[] = []): Desired => {
  const storage: DesiredStorage = {
    steps: [],
    files: [],
    mounts: [
      { unit: UNIT, text: 'x', where: '/var/lib/containerd', isMounted, bind: { to: '/mnt/0/containerd', users: USERS }, because: [] },
    ],
  };
  return { target: 'amazon-linux-2', storage, directories: [], files: [], units, decisions: [], warnings: [] };
};

const running: Observed = {
  ...emptyObserved('/'),
  units: Object.fromEntries(USERS.map((unit) => [unit, { enabled: true, active: true }])),
};

const planFor = (observed: Observed, isMounted: boolean, units?: readonly DesiredUnit[]): Plan => {
  const { value } = planOf(desiredFor(isMounted, units), observed);
  if (value === undefined) throw new Error('no plan');
  return value;
};
const isActive = ({ units }: Observed, unit: string): boolean => units[unit]?.active === true;

t.test('cut off anywhere, and again in the next run, what ran runs in the end', async (t) => {
  const first = planFor(running, false);
  t.ok(first.actions.length > 7);
  for (let cut = 0; cut <= first.actions.length; cut++) {
    const broken = applied({ ...first, actions: first.actions.slice(0, cut) }, running);
    const second = planFor(broken, isActive(broken, UNIT));
    for (let again = 0; again <= second.actions.length; again++) {
      const worse = applied({ ...second, actions: second.actions.slice(0, again) }, broken);
      const healed = applied(planFor(worse, isActive(worse, UNIT)), worse);
      const at = `after ${cut} and ${again} actions`;
      for (const unit of [...USERS, UNIT]) t.ok(isActive(healed, unit), `${unit} ${at}`);
      t.not(healed.files[LOCAL_DISKS_STOPPED]?.kind, 'file', at);
      t.same(planFor(healed, true).actions, [], `nothing is left ${at}`);
    }
  }
});

t.test('the order: noted, stopped, moved, started, forgotten', async (t) => {
  const words = planFor(running, false).actions.map((action) =>
    [action.kind, 'unit' in action ? action.unit : 'path' in action ? action.path.replace(/.*\//, '') : ''].join(' ').trim(),
  );
  t.same(words, [
    'write-file local-disks-stopped',
    'stop-unit kubelet.service',
    'stop-unit containerd.service',
    'copy-directory containerd',
    `write-file ${UNIT}`,
    'reload-units',
    `enable-unit ${UNIT}`,
    `start-unit ${UNIT}`,
    'start-unit containerd.service',
    'start-unit kubelet.service',
    'remove-file local-disks-stopped',
  ]);
});

t.test('what did not run is neither stopped nor started', async (t) => {
  const idle = planFor(emptyObserved('/'), false).actions;
  t.notOk(idle.some((action) => 'unit' in action && USERS.includes(action.unit)));
  t.notOk(idle.some((action) => 'path' in action && action.path === LOCAL_DISKS_STOPPED));
});

t.test('units that the file names and nobody knows are not started', async (t) => {
  const files = { [LOCAL_DISKS_STOPPED]: fileWith('sshd.service\nkubelet.service\n') };
  const { actions } = planFor({ ...emptyObserved('/'), files }, false);
  t.same(
    actions.flatMap((action) => (action.kind === 'start-unit' ? [action.unit] : [])),
    [UNIT, 'kubelet.service'],
  );
});
