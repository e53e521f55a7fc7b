import t from 'tap';
import { DECIDED_KEYS } from '../../src/core/decided-keys.ts';
import { caseNames, observedOf, resultOf } from './support/case.ts';
import { caseNames2023, observedOf2023, resultOf2023 } from './support/case-2023.ts';

t.test('completion knows every key that a case decides, and no other', async (t) => {
  const results = [
    ...caseNames().map((name) => resultOf(name, observedOf(name))),
    ...caseNames2023().map((name) => resultOf2023(name, observedOf2023(name))),
  ];
  const keys = new Set(results.flatMap(({ plan }) => (plan?.decisions ?? []).map(({ key }) => key)));
  t.strictSame([...keys, 'hooks'].filter((key, index, all) => all.indexOf(key) === index).sort(), [...DECIDED_KEYS].sort());
});
