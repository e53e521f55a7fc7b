/** Every folder of test/cases: the decision and the plan must come out as its `expected/` says. UPDATE_GOLDEN=1 rewrites it on request. */
import { join } from 'node:path';
import t from 'tap';
import { decide } from '../../src/core/decide.ts';
import { planOf } from '../../src/core/plan.ts';
import { applied } from './support/applied.ts';
import { CASES, caseNames, factsOf, observedOf, outcomeOf, requestOf, resultOf } from './support/case.ts';
import { factsAfter } from './support/disks.ts';
import { matchesGolden } from './support/golden.ts';

const names = caseNames();
t.ok(names.length > 80, 'the cases are there');

for (const name of names) {
  t.test(name, async (t) => {
    matchesGolden(t, outcomeOf(name), join(CASES, name, 'expected'));
  });

  t.test(`${name}: the laws`, async (t) => {
    const observed = observedOf(name);
    const { desired, plan } = resultOf(name, observed);
    t.same(JSON.stringify(resultOf(name, observed)), JSON.stringify(resultOf(name, observed)), 'same input, same bytes');
    if (desired === undefined || plan === undefined) return;
    const left = applied(plan, observed);
    // What was done to the disks is decided by facts, which are gathered anew by the next run.
    const again =
      desired.storage === undefined ? planOf(desired, left) : { value: resultOf(name, left, factsAfter(plan, factsOf(name))).plan };
    t.same(
      again.value?.actions.filter(({ skipped }) => skipped === undefined),
      [],
      'after it was applied nothing is left to do',
    );
  });
}

t.test('a decision without all facts is a bug, and says which are missing', async (t) => {
  const spec = requestOf('kubelet-1.32').request?.spec;
  if (spec === undefined) throw new Error('no spec');
  const { cluster: _cluster, ...facts } = factsOf('kubelet-1.32');
  t.throws(() => decide(spec, facts), { message: 'decided before all facts were known: cluster' });
});
