import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import {
  addressAt,
  addressOf,
  addressText,
  type Cidr,
  cidrOf,
  cidrText,
  contains,
  overlap,
  widthOf,
} from '../../../src/core/kubelet/cidr.ts';
import type { IpFamily } from '../../../src/core/spec.ts';

const cidr = (text: string): Cidr => {
  const parsed = cidrOf(text);
  if (parsed === undefined) throw new Error(`no CIDR: ${text}`);
  return parsed;
};

const NO_ADDRESS = [
  ...['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.-4', '1,2,3,4', '0x1.2.3.4', '1.2.3.4\n'],
  ...[
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '::1%eth0',
    '[::1]',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::256.1.1.1',
    '1:2:3:4:5:6:7:8::',
  ],
];

t.test('what is no address', async (t) => {
  for (const text of NO_ADDRESS) t.equal(addressOf(text), undefined, JSON.stringify(text));
});

t.test('IPv6 addresses are printed as RFC 5952 says', async (t) => {
  const spellings: readonly (readonly [string, string])[] = [
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['FD30:1::', 'fd30:1::'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ];
  for (const [given, printed] of spellings) {
    const address = addressOf(given);
    t.equal(address && addressText(address), printed, given);
  }
});

t.test('CIDR blocks', async (t) => {
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::/129',
    '::/1/2',
    '/8',
    '10.0.0.0/8 ',
  ]) {
    t.equal(cidrOf(text), undefined, text);
  }
  t.equal(cidrText(cidr('10.100.3.4/16')), '10.100.0.0/16', 'the network of an address');
  t.equal(cidrText(cidr('1.2.3.4/0')), '0.0.0.0/0');
  t.equal(cidrText(cidr('fd00::ffff/108')), 'fd00::/108');
});

t.test('overlap', async (t) => {
  t.ok(overlap(cidr('10.0.0.0/8'), cidr('10.100.0.0/16')));
  t.ok(overlap(cidr('10.100.0.0/16'), cidr('10.0.0.0/8')));
  t.notOk(overlap(cidr('10.100.0.0/16'), cidr('10.101.0.0/16')));
  t.notOk(overlap(cidr('0.0.0.0/0'), cidr('::/0')), 'families never meet');
});

t.test('addresses of a block', async (t) => {
  const text = (block: string, offset: number): string | undefined => {
    const address = addressAt(cidr(block), offset);
    return address && addressText(address);
  };
  t.equal(text('10.100.0.0/16', 10), '10.100.0.10');
  t.equal(text('10.100.3.128/25', 10), '10.100.3.138', 'bootstrap.sh would have cut off the last number');
  t.equal(text('fd30:1::/108', 10), 'fd30:1::a');
  t.equal(text('10.100.0.0/29', 10), undefined, 'too small');
  t.equal(text('255.255.255.255/32', 1), undefined);
});

const family = fc.constantFrom<IpFamily>('ipv4', 'ipv6');
const block = family.chain((of) => {
  const width = widthOf(of);
  return fc.record({
    family: fc.constant(of),
    prefix: fc.integer({ min: 0, max: width }),
    bits: fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n }),
  });
});
const given = block.map(({ family: of, prefix, bits }) => cidr(`${addressText({ family: of, bits })}/${prefix}`));

t.test('properties', async () => {
  fc.assert(
    fc.property(block, ({ family: of, bits }) => {
      const text = addressText({ family: of, bits });
      const isRight = of === 'ipv4' ? isIPv4(text) : isIPv6(text);
      return isRight && addressOf(text)?.bits === bits;
    }),
  );
  fc.assert(
    fc.property(
      given,
      (one) => contains(one, one.network) && contains(one, one.address) && cidrText(cidr(cidrText(one))) === cidrText(one),
    ),
  );
  fc.assert(fc.property(given, given, (a, b) => overlap(a, b) === overlap(b, a)));
  fc.assert(
    fc.property(given, fc.integer({ min: 0, max: 300 }), (one, offset) => {
      const address = addressAt(one, offset);
      const size = 1n << BigInt(widthOf(one.family) - one.prefix);
      return BigInt(offset) < size ? address?.bits === one.network.bits + BigInt(offset) : address === undefined;
    }),
  );
});

t.test('the parser agrees with Node about any text', async () => {
  const letters = fc.string({ unit: fc.constantFrom(...'0123456789abf:./ '), maxLength: 24 });
  const isAddress = (text: string): boolean => isIPv4(text) || isIPv6(text);
  fc.assert(
    fc.property(letters, (text) => (addressOf(text) !== undefined) === isAddress(text)),
    { numRuns: 2000 },
  );
  const near = block.chain(({ family: of, bits }) =>
    fc.tuple(fc.constant(addressText({ family: of, bits })), fc.nat(40), fc.constantFrom('', '0', ':', '.', '::')),
  );
  fc.assert(
    fc.property(near, ([text, at, extra]) => {
      const changed = `${text.slice(0, at)}${extra}${text.slice(at + 1)}`;
      return (addressOf(changed) !== undefined) === isAddress(changed);
    }),
    { numRuns: 2000 },
  );
});
