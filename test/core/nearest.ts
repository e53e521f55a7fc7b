import t from 'tap';
import { nearestOf } from '../../src/core/nearest.ts';

const FLAGS = ['ip-family', 'service-ipv4-cidr', 'service-ipv6-cidr', 'use-max-pods', 'root', 'json'];

t.test('the word that was meant', async (t) => {
  t.equal(nearestOf('ip-famliy', FLAGS), 'ip-family', 'neighbours swapped');
  t.equal(nearestOf('servce-ipv6-cidr', FLAGS), 'service-ipv6-cidr', 'one letter missing');
  t.equal(nearestOf('USE-MAX-POD', FLAGS), 'use-max-pods');
  t.equal(nearestOf('jsn', FLAGS), 'json');
});

t.test('no word is better than a wrong one', async (t) => {
  for (const word of ['', 'foo', 'verbose', 'x'.repeat(100)]) t.equal(nearestOf(word, FLAGS), undefined, word);
});
