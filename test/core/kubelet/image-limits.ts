import t from 'tap';
import { areLimitsKnown, imageEntryOf, imageEntryWarnings } from '../../../src/core/kubelet/image-limits.ts';
import { needsOf } from '../../../src/core/needs.ts';
import { AMI_ENI_MAX_PODS } from '../../../src/core/paths.ts';
import { factsWith, specWith } from '../support/plain.ts';

const withTable = (text: string | null, type = 'x9.large') => {
  const files = { ...factsWith({}).host.files, [AMI_ENI_MAX_PODS]: text };
  return factsWith({ instance: { type, ipv6s: null }, host: { files } });
};

t.test('entries of the image’s table', async (t) => {
  const facts = withTable('# x9.large 1\nx9.large.more 2\n\n  x9.large\t77 \nx9.large 78\nm5.large 0\nt3.nano');
  t.same(imageEntryOf(facts, 'x9.large'), { pods: 77, line: 4 });
  t.same(imageEntryOf(facts, 'm5.large'), { pods: undefined, line: 6 });
  t.same(imageEntryOf(facts, 't3.nano'), { pods: undefined, line: 7 });
  t.equal(imageEntryOf(facts, 'c5.large'), undefined);
  t.equal(imageEntryOf(withTable(null), 'x9.large'), undefined);
  t.match(imageEntryWarnings(facts, 'm5.large'), [{ severity: 'warning', path: AMI_ENI_MAX_PODS, line: 6 }]);
  t.same(imageEntryWarnings(facts, 'x9.large'), []);
});

t.test('a type that the image knows is not asked of EC2', async (t) => {
  t.match(needsOf(specWith(), withTable(null)), [{ fact: 'instance.typeLimits' }]);
  t.same(needsOf(specWith(), withTable('x9.large 77\n')), []);
  t.equal(areLimitsKnown(withTable('x9.large none\n'), 'x9.large'), false);
});
