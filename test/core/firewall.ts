import t from 'tap';
import { firewallRulesOf } from '../../src/core/firewall.ts';
import { FIREWALL_RULES } from '../../src/core/paths.ts';
import { factsWith } from './support/plain.ts';

const rulesOf = (file: string | null, firewallRules: string | null) =>
  firewallRulesOf(factsWith({ host: { files: { [FIREWALL_RULES]: file }, firewallRules } }));

t.test('saved once, and then kept', async (t) => {
  const { source, text = '' } = rulesOf(null, '*filter\nCOMMIT\n');
  t.equal(source.value, 'saved');
  t.match(text, /^# .*\n\*filter\nCOMMIT\n$/);
  const again = rulesOf(text, '*filter\n-A KUBE-SERVICES -j DROP\nCOMMIT\n');
  t.equal(again.source.value, 'kept');
  t.equal(again.text, text, 'without what kube-proxy has added since');
  t.equal(rulesOf(null, '').source.value, 'saved', 'no rules are rules, too');
});

t.test('not ours to write', async (t) => {
  t.match(rulesOf('*filter\nCOMMIT\n', '*nat\nCOMMIT\n'), { source: { value: 'left' }, text: undefined });
  t.match(rulesOf(null, null), { source: { value: 'none' }, text: undefined });
});
