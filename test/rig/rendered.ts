/** What bootwright renders in the decision cases, for real programs to judge. Equal texts come once. */
import type { PlannedFile } from '../../src/core/desired.ts';
import type { Facts } from '../../src/core/facts.ts';
import { caseNames, factsOf, observedOf, type Result, resultOf } from '../core/support/case.ts';
import { caseNames2023, factsOf2023, observedOf2023, resultOf2023 } from '../core/support/case-2023.ts';

export interface RenderedCase {
  readonly name: string;
  readonly kubelet: string;
  readonly containerd: string;
  readonly files: readonly PlannedFile[];
}

const rendered = (names: readonly string[], facts: (name: string) => Facts, result: (name: string) => Result): readonly RenderedCase[] =>
  names.flatMap((name) => {
    if (name.startsWith('bad-')) return [];
    const { plan } = result(name);
    if (plan === undefined) return [];
    const { kubeletVersion, containerdVersion } = facts(name).host;
    return [{ name, kubelet: kubeletVersion ?? '', containerd: containerdVersion ?? '', files: plan.files }];
  });

/** Every case of good input. */
export const renderedCases = (): readonly RenderedCase[] => rendered(caseNames(), factsOf, (name) => resultOf(name, observedOf(name)));
export const renderedCases2023 = (): readonly RenderedCase[] =>
  rendered(caseNames2023(), factsOf2023, (name) => resultOf2023(name, observedOf2023(name)));

/** The distinct results of `select`, each under the name of the first case that has it. */
export const distinct = <T>(cases: readonly RenderedCase[], select: (one: RenderedCase) => T | undefined): ReadonlyMap<string, T> => {
  const seen = new Set<string>();
  const found = new Map<string, T>();
  for (const one of cases) {
    const selected = select(one);
    const key = JSON.stringify(selected);
    if (selected === undefined || seen.has(key)) continue;
    seen.add(key);
    found.set(one.name, selected);
  }
  return found;
};
