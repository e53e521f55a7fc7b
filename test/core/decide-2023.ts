/** Every folder of test/cases-2023: decision and plan of Amazon Linux 2023 must come out as its `expected/` says. UPDATE_GOLDEN=1 rewrites it on request. */
import { join } from 'node:path';
import t from 'tap';
import { planOf } from '../../src/core/plan.ts';
import { applied } from './support/applied.ts';
import { CASES_2023, caseNames2023, factsOf2023, observedOf2023, outcomeOf2023, resultOf2023 } from './support/case-2023.ts';
import { factsAfter } from './support/disks.ts';
import { matchesGolden } from './support/golden.ts';

const names = caseNames2023();
t.ok(names.length > 60, 'the cases are there');

for (const name of names) {
  t.test(name, async (t) => {
    matchesGolden(t, outcomeOf2023(name), join(CASES_2023, name, 'expected'));
  });

  t.test(`${name}: the laws`, async (t) => {
    const observed = observedOf2023(name);
    const { desired, plan } = resultOf2023(name, observed);
    t.same(JSON.stringify(resultOf2023(name, observed)), JSON.stringify(resultOf2023(name, observed)), 'same input, same bytes');
    if (desired === undefined || plan === undefined) return;
    const left = applied(plan, observed);
    // What was done to the disks is decided by facts, which are gathered anew by the next run.
    const again =
      desired.storage === undefined ? planOf(desired, left) : { value: resultOf2023(name, left, factsAfter(plan, factsOf2023(name))).plan };
    t.same(
      again.value?.actions.filter(({ skipped }) => skipped === undefined),
      [],
      'after it was applied nothing is left to do',
    );
  });
}
