import fc from 'fast-check';
import t from 'tap';
import { bytesOfBase64, textOfUtf8 } from '../../src/core/base64.ts';

t.test('bytes and back', async () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) =>
      Buffer.from(bytes).equals(Buffer.from(bytesOfBase64(Buffer.from(bytes).toString('base64')) ?? [])),
    ),
  );
});

t.test('line breaks are skipped', async (t) => {
  t.same(bytesOfBase64(' aGVs\r\nbG8=\n'), new TextEncoder().encode('hello'));
});

t.test('what is no base64', async (t) => {
  for (const text of ['a', 'ab', 'abc', 'ab=c', 'a===', '====', 'abc=d', 'ab-_', 'äbcd', 'abcd='])
    t.equal(bytesOfBase64(text), undefined, text);
});

t.test('what is no UTF-8', async (t) => {
  t.equal(textOfUtf8(new Uint8Array([0xff, 0xfe])), undefined);
  t.equal(textOfUtf8(new Uint8Array([0xc3, 0xa4])), 'ä');
});
