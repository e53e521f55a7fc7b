import t from 'tap';
import type { FactName } from '../../src/core/facts.ts';
import { exampleFacts } from '../fakes/example.ts';
import { noFacts, stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const IDENTITY = 'latest/dynamic/instance-identity/document';
const MACS = 'latest/meta-data/network/interfaces/macs/02:29:15:c0:c3:d1';
const REMEDY = 'Check that the IMDS endpoint is the real one (no proxy, no captive portal) and try again.';
const known = { ...noFacts(), instance: { mac: '02:29:15:c0:c3:d1' } };

t.test('what IMDS says of an instance', async (t) => {
  const { world } = await stage(t);
  const ask = async (fact: FactName) => (await world.resolve(fact, known)).instance;
  t.same(await ask('instance.identity'), {
    id: 'i-0123456789abcdef0',
    type: 'm5.large',
    region: 'us-west-2',
    availabilityZone: 'us-west-2a',
  });
  t.same(await ask('instance.domain'), { domain: 'amazonaws.com' });
  t.same(await ask('instance.mac'), { mac: '02:29:15:c0:c3:d1' });
  t.same(await ask('instance.localIpv4'), { localIpv4: '192.168.1.10' });
  t.same(await ask('instance.ipv6s'), { ipv6s: ['2600:1f13:1:2:3:4:5:6'] });
  t.same(await ask('instance.vpcIpv4Cidrs'), { vpcIpv4Cidrs: ['192.168.0.0/16'] });
  t.equal(await world.region(), 'us-west-2');
});

t.test('names of every partition and of local zones', async (t) => {
  for (const [region, availabilityZone, type, domain] of [
    ['us-gov-west-1', 'us-gov-west-1a', 'm5.metal', 'amazonaws.com'],
    ['cn-northwest-1', 'cn-northwest-1b', 'c7gn.16xlarge', 'amazonaws.com.cn'],
    ['us-iso-east-1', 'us-iso-east-1a', 'u-6tb1.112xlarge', 'c2s.ic.gov'],
    ['eusc-de-east-1', 'eusc-de-east-1a', 'mac2-m2pro.metal', 'amazonaws.eu'],
    ['us-west-2', 'us-west-2-lax-1a', 't3.micro', 'amazonaws.com'],
    ['us-east-1', 'us-east-1-wl1-bos-wlz-1', 'r5d.4xlarge', 'amazonaws.com'],
    ['mx-central-1', 'mx-central-1a', 'p5en.48xlarge', 'amazonaws.com'],
  ] as const) {
    const facts = exampleFacts();
    const { world } = await stage(t, { facts: { ...facts, instance: { ...facts.instance, region, availabilityZone, type, domain } } });
    t.match(await world.resolve('instance.identity', known), { instance: { region, availabilityZone, type } });
    t.same(await world.resolve('instance.domain', known), { instance: { domain } });
  }
});

t.test('what is not there is null, an empty list too', async (t) => {
  const facts = exampleFacts();
  const { world, imds } = await stage(t, { facts: { ...facts, instance: { ...facts.instance, localIpv4: null, ipv6s: null } } });
  imds.tree.set(`${MACS}/vpc-ipv4-cidr-blocks`, '');
  t.same(await world.resolve('instance.localIpv4', known), { instance: { localIpv4: null } });
  t.same(await world.resolve('instance.ipv6s', known), { instance: { ipv6s: null } });
  t.same(await world.resolve('instance.vpcIpv4Cidrs', known), { instance: { vpcIpv4Cidrs: null } });
});

t.test('what must be there and is not', async (t) => {
  const { world, imds } = await stage(t);
  imds.tree.delete('latest/meta-data/mac');
  imds.tree.delete(IDENTITY);
  const remedy =
    'Try again in a moment: it may appear late in boot. If it never does, the instance lacks it (check its network interface and subnet).';
  t.same(await refusal(world.resolve('instance.mac', known)), ['UNAVAILABLE', 'IMDS has no latest/meta-data/mac (404)', remedy]);
  t.same(await refusal(world.resolve('instance.identity', known)), ['UNAVAILABLE', `IMDS has no ${IDENTITY} (404)`, remedy]);
  t.ok(imds.count(IDENTITY) > 1, 'the identity document may appear late');
  t.ok(imds.count('latest/meta-data/mac') > 1, 'and so may every other path that must be there');
});

t.test('every value is checked', async (t) => {
  const { world, imds } = await stage(t);
  const html = '<html><body>Sign in</body></html>';
  const cases: readonly (readonly [FactName, string, string, string])[] = [
    ['instance.mac', 'latest/meta-data/mac', html, 'a MAC address'],
    ['instance.mac', 'latest/meta-data/mac', '02:29:15:c0:c3', 'a MAC address'],
    ['instance.mac', 'latest/meta-data/mac', '', 'a MAC address'],
    ['instance.domain', 'latest/meta-data/services/domain', 'amazonaws', 'a domain name'],
    ['instance.domain', 'latest/meta-data/services/domain', 'amazonaws.com/evil', 'a domain name'],
    ['instance.localIpv4', 'latest/meta-data/local-ipv4', '192.168.1.256', 'an IPv4 address'],
    ['instance.localIpv4', 'latest/meta-data/local-ipv4', '10.0.0.1\n10.0.0.2', 'one IPv4 address'],
    ['instance.ipv6s', `${MACS}/ipv6s`, '2600::g', 'a list of IPv6 addresses'],
    ['instance.vpcIpv4Cidrs', `${MACS}/vpc-ipv4-cidr-blocks`, '10.0.0.0/33', 'a list of IPv4 CIDR blocks'],
    ['instance.vpcIpv4Cidrs', `${MACS}/vpc-ipv4-cidr-blocks`, '10.0.0.0', 'a list of IPv4 CIDR blocks'],
    ['instance.identity', IDENTITY, html, 'a JSON document'],
    ['instance.identity', IDENTITY, '{"region": "us-', 'a JSON document'],
  ];
  for (const [fact, path, text, wanted] of cases) {
    imds.tree.set(path, text);
    const shown = text === '' ? 'bytes' : JSON.stringify(text);
    t.same(await refusal(world.resolve(fact, known)), ['PROTOCOL', `IMDS answers ${path} with ${shown}, which is not ${wanted}`, REMEDY]);
  }
});

t.test('every field of the identity document is checked', async (t) => {
  const { world, imds } = await stage(t);
  const right = JSON.parse(String(imds.tree.get(IDENTITY))) as object;
  for (const [name, value, shown] of [
    ['region', 'us-west-2; rm -rf /', '"\\"us-west-2; rm -rf /\\""'],
    ['region', null, '"null"'],
    ['region', undefined, '"nothing"'],
    ['instanceId', 'i-xyz', '"\\"i-xyz\\""'],
    ['instanceType', 'm5large', '"\\"m5large\\""'],
    ['availabilityZone', 'US-WEST-2A', '"\\"US-WEST-2A\\""'],
  ] as const) {
    imds.tree.set(IDENTITY, JSON.stringify({ ...right, [name]: value }));
    t.same(await refusal(world.resolve('instance.identity', known)), [
      'PROTOCOL',
      `IMDS answers ${IDENTITY} (${name}) with ${shown}, which is not a valid ${name}`,
      REMEDY,
    ]);
  }
});

t.test('an address asked for before the MAC is known is a bug', async (t) => {
  const { world } = await stage(t);
  await t.rejects(world.resolve('instance.ipv6s', noFacts()), { message: 'ipv6s asked for before the MAC is known' });
});
