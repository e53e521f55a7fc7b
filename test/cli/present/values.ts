import t from 'tap';
import { inputText, valueText } from '../../../src/cli/present/values.ts';

t.test('values on one line', async (t) => {
  t.equal(valueText(null), '(none)');
  t.equal(valueText(''), '(empty)');
  t.equal(valueText([]), '(none)');
  t.equal(valueText(['a', 1, true]), 'a, 1, true');
  t.equal(valueText({ cpu: '70m', memory: '574Mi' }), 'cpu=70m memory=574Mi');
  t.equal(valueText('a\n  b'), 'a ⏎ b');
  t.equal(valueText('x'.repeat(200)), `${'x'.repeat(72)}… (200 characters)`);
  t.equal(valueText('http://u:p@proxy'), 'http://***@proxy');
});

t.test('inputs with their origin, secrets masked', async (t) => {
  t.equal(inputText({ name: 'host.cpus', value: 2, origin: 'host', at: 'nproc' }), 'host.cpus 2 (host nproc)');
  t.equal(inputText({ name: '--root', value: '/x', origin: 'flag', at: '--root' }), '--root /x (flag)');
  t.equal(inputText({ name: 'instance.id', value: 'i-0', origin: 'assumed', at: '' }), 'instance.id i-0 (assumed)');
  t.equal(inputText({ name: 'password', value: 'x', origin: 'env', at: 'P', secret: true }), 'password *** (environment P)');
});
