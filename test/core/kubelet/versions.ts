import t from 'tap';
import { compareMinors, GATES, gateHolds, isBetween, kubeletVersionOf, SUPPORTED_KUBELETS } from '../../../src/core/kubelet/versions.ts';
import { decidedOf, factsWith, linesOf } from '../support/plain.ts';

t.test('every gate on both sides of its edges', async (t) => {
  for (const gate of GATES) {
    const { id } = gate;
    const from = 'from' in gate ? gate.from : undefined;
    const before = 'before' in gate ? gate.before : undefined;
    t.ok(from ?? before, `${id} is a gate`);
    const older = (minor: string): string => `1.${Number(minor.slice(2)) - 1}.99`;
    if (from) t.same([gateHolds(id, older(from)), gateHolds(id, `${from}.0`)], [false, true], `${id} from ${from}`);
    if (before) t.same([gateHolds(id, older(before)), gateHolds(id, `${before}.0`)], [true, false], `${id} before ${before}`);
    for (const edge of [from, before])
      if (edge) t.ok(isBetween(edge, { from: SUPPORTED_KUBELETS.first }), `${id} matters to a supported kubelet`);
  }
  t.equal(new Set(GATES.map(({ id }) => id)).size, GATES.length, 'ids are unique');
});

t.test('minor versions are numbers, not text', async (t) => {
  t.ok(compareMinors('1.9.1', '1.10.0') < 0);
  t.ok(compareMinors('2.0.0', '1.36.0') > 0);
  t.equal(compareMinors('v1.32.3-eks-abc', '1.32'), 0);
  t.throws(() => compareMinors('1.32', 'new'), { message: "not a version: 'new'" });
});

t.test('which kubelets are served', async (t) => {
  for (const version of ['1.21.0', '1.24.0', '1.32.3', '1.36.3', '1.30.4-eks-a737599']) {
    t.equal(decidedOf(kubeletVersionOf(factsWith({ host: { kubeletVersion: version } }))).value, version);
  }
  const refused: readonly (readonly [string | null, string])[] = [
    [null, 'error no-kubelet kubelet: there is no kubelet on this node'],
    ['1.20.15', 'error kubelet-too-old kubelet: kubelet 1.20.15 is older than 1.21, the oldest that is supported'],
    ['1.37.0', 'error kubelet-too-new kubelet: kubelet 1.37.0 is newer than 1.36, the newest that this bootwright knows'],
    ['latest', "error unknown-kubelet-version kubelet: the kubelet's version 'latest' is not a version"],
  ];
  for (const [kubeletVersion, line] of refused)
    t.same(linesOf(kubeletVersionOf(factsWith({ host: { kubeletVersion } })).diagnostics), [line]);
});
