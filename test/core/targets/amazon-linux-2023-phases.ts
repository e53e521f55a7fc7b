import t from 'tap';
import type { Plan } from '../../../src/core/desired.ts';
import { emptyObserved, planOf } from '../../../src/core/plan.ts';
import { configPhasePlan, runPhasePlan } from '../../../src/core/targets/amazon-linux-2023-phases.ts';
import { applied, fileWith } from '../support/applied.ts';
import { caseNames2023, observedOf2023, resultOf2023 } from '../support/case-2023.ts';

const desiredOf = (name: string) => {
  const { desired } = resultOf2023(name, emptyObserved('/'));
  if (desired === undefined) throw new Error(`${name} is not decided`);
  return desired;
};
const planIn = (checked: { readonly value?: Plan }): Plan => {
  if (checked.value === undefined) throw new Error('no plan');
  return checked.value;
};
const told = ({ actions }: Plan): readonly string[] =>
  actions.map((action) => `${action.kind} ${'path' in action ? action.path : 'unit' in action ? action.unit : ''}`.trim());

t.test('the first half writes, the second starts', async (t) => {
  const desired = desiredOf('network');
  const config = planIn(configPhasePlan(desired, emptyObserved('/')));
  t.ok(told(config).includes('write-file /etc/kubernetes/kubelet/config.json'));
  t.ok(told(config).includes('start-unit systemd-resolved.service'), 'name servers count at once');
  t.notOk(told(config).some((one) => /kubelet\.service|containerd\.service|nodeadm\/init/.test(one)));
  const run = planIn(runPhasePlan(desired, applied(config, emptyObserved('/'))));
  t.strictSame(told(run), [
    'make-directory /run/nodeadm',
    'write-file /run/nodeadm/init',
    'start-unit containerd.service',
    'start-unit kubelet.service',
  ]);
});

t.test('what user data has changed in between stays, and goes into effect', async (t) => {
  const desired = desiredOf('kubelet-config');
  const written = applied(planIn(configPhasePlan(desired, emptyObserved('/'))), emptyObserved('/'));
  const active = { enabled: false, active: true };
  const edited = {
    ...written,
    files: { ...written.files, '/etc/kubernetes/kubelet/config.json': fileWith('{"maxPods": 5}') },
    units: { 'containerd.service': active, 'kubelet.service': { enabled: false, active: false } },
  };
  const run = planIn(runPhasePlan(desired, edited));
  t.strictSame(told(run).slice(-2), ['restart-unit containerd.service', 'start-unit kubelet.service'], 'in their order');
  t.notOk(told(run).some((one) => one.includes('config.json')));
  t.equal(run.actions.find((action) => 'unit' in action && action.unit === 'containerd.service')?.because[0]?.rule, 'phase.run');
});

t.test('disks are of the second half', async (t) => {
  const desired = desiredOf('local-storage-raid0');
  const config = planIn(configPhasePlan(desired, emptyObserved('/')));
  t.notOk(config.actions.some(({ kind }) => kind === 'create-array' || kind === 'copy-directory'));
  const after = applied(config, emptyObserved('/'));
  const run = planIn(runPhasePlan(desired, after));
  t.ok(run.actions.some(({ kind }) => kind === 'create-array'));
  t.ok(told(run).includes('start-unit var-lib-kubelet.mount'));
  t.notOk(told(run).includes('write-file /var/lib/kubelet/kubeconfig'), 'it was copied');
  t.strictSame(told(run).slice(-2), ['start-unit containerd.service', 'start-unit kubelet.service']);
});

t.test('an image starts nothing', async (t) => {
  const desired = desiredOf('kubelet-1.34');
  const image = { ...emptyObserved('/image'), units: { 'kubelet.service': { enabled: false, active: true } } };
  const run = planIn(runPhasePlan(desired, image));
  t.ok(run.actions.filter(({ kind }) => kind.endsWith('-unit')).every(({ skipped }) => skipped !== undefined));
});

t.test('both halves together do what the whole does', async (t) => {
  for (const name of caseNames2023()) {
    const observed = observedOf2023(name);
    const { desired } = resultOf2023(name, observed);
    if (desired === undefined || name.startsWith('local-storage') || name === 'bootstrap-local-disks') continue;
    const whole = applied(planIn(planOf(desired, observed)), observed);
    const between = applied(planIn(configPhasePlan(desired, observed)), observed);
    const halves = applied(planIn(runPhasePlan(desired, between)), between);
    t.same(halves.files, whole.files, name);
  }
});
