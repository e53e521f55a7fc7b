import { createHash } from 'node:crypto';
import t from 'tap';
import { digestOf } from '../../src/core/digest.ts';

t.test('the digest that sha256sum prints', async (t) => {
  t.equal(digestOf(''), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const text of ['a', 'grüße\n', '\ufeffx', '🚀'.repeat(1000)]) {
    t.equal(digestOf(text), `sha256:${createHash('sha256').update(text).digest('hex')}`);
  }
});
