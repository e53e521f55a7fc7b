/** What bootwright renders in the decision cases, for real programs to judge. Equal texts come once. */
import type { PlannedFile } from '../../src/core/desired.ts';
import { caseNames, factsOf, observedOf, resultOf } from '../core/support/case.ts';

export interface RenderedCase {
  readonly name: string;
  readonly kubelet: string;
  readonly containerd: string;
  readonly files: readonly PlannedFile[];
}

/** Every case of good input. */
export const renderedCases = (): readonly RenderedCase[] =>
  caseNames().flatMap((name) => {
    if (name.startsWith('bad-')) return [];
    const { plan } = resultOf(name, observedOf(name));
    if (plan === undefined) return [];
    const { kubeletVersion, containerdVersion } = factsOf(name).host;
    return [{ name, kubelet: kubeletVersion ?? '', containerd: containerdVersion ?? '', files: plan.files }];
  });

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
