import fc from 'fast-check';
import t from 'tap';
import { addressOf, addressText, cidrOf, contains } from '../../../src/core/kubelet/cidr.ts';
import { clusterDnsOf, ipFamilyOf, nodeIpOf } from '../../../src/core/kubelet/network.ts';
import type { IpFamily } from '../../../src/core/spec.ts';
import { type Differences, decidedOf, factsWith, linesOf, PAIR, specWith } from '../support/plain.ts';

const undescribed: Differences = { cluster: null };
const family = (args: readonly string[], facts: Differences = {}) => decidedOf(ipFamilyOf(specWith(args), factsWith(facts)));

t.test('IP family', async (t) => {
  const cases: readonly (readonly [string, readonly string[], Differences, IpFamily, string])[] = [
    ['described', [], {}, 'ipv4', 'ip-family.described'],
    ['described as ipv6', [], { cluster: { ipFamily: 'ipv6' } }, 'ipv6', 'ip-family.described'],
    ['not described by the cluster', [], { cluster: { ipFamily: null } }, 'ipv4', 'ip-family.default'],
    ['nobody asked', PAIR, undescribed, 'ipv4', 'ip-family.default'],
    ['nobody asked, though facts are there', PAIR, { cluster: { ipFamily: 'ipv6' } }, 'ipv4', 'ip-family.default'],
    ['given', ['--ip-family', 'ipv6'], {}, 'ipv6', 'ip-family.given'],
    ['given in capitals', ['--ip-family', 'IPv6', '--dns-cluster-ip', 'fd00::a'], {}, 'ipv6', 'ip-family.given'],
    ['by the CIDR', ['--service-ipv6-cidr', 'fd00::/108'], {}, 'ipv6', 'ip-family.ipv6-cidr'],
  ];
  for (const [name, args, facts, value, rule] of cases) t.match(family(args, facts), { value, because: { rule } }, name);
});

const dns = (args: readonly string[], facts: Differences = {}, of: IpFamily = 'ipv4') => clusterDnsOf(specWith(args), factsWith(facts), of);

t.test('cluster DNS', async (t) => {
  const cases: readonly (readonly [string, readonly string[], Differences, IpFamily, string, string])[] = [
    ['given', ['--dns-cluster-ip', '10.100.0.11,10.100.0.12'], {}, 'ipv4', '10.100.0.11,10.100.0.12', 'cluster-dns.given'],
    ['described', [], {}, 'ipv4', '10.100.0.10', 'cluster-dns.service-cidr'],
    ['described beats the flag', ['--service-ipv4-cidr', '10.200.0.0/16'], {}, 'ipv4', '10.100.0.10', 'cluster-dns.service-cidr'],
    ['by the flag', [...PAIR, '--service-ipv4-cidr', '10.200.0.0/16'], undescribed, 'ipv4', '10.200.0.10', 'cluster-dns.service-cidr'],
    [
      'a CIDR that does not end in .0',
      [...PAIR, '--service-ipv4-cidr', '10.200.7.64/26'],
      undescribed,
      'ipv4',
      '10.200.7.74',
      'cluster-dns.service-cidr',
    ],
    ['IPv6 by the flag', [...PAIR, '--service-ipv6-cidr', 'fd30:1::/108'], undescribed, 'ipv6', 'fd30:1::a', 'cluster-dns.service-cidr'],
    [
      'IPv6 described',
      [],
      { cluster: { ipFamily: 'ipv6', serviceIpv4Cidr: null, serviceIpv6Cidr: 'fd30:0:1::/108' } },
      'ipv6',
      'fd30:0:1::a',
      'cluster-dns.service-cidr',
    ],
    [
      'IPv6 written in full',
      [...PAIR, '--service-ipv6-cidr', 'FD30:1:0:0:0:0:0:0/108'],
      undescribed,
      'ipv6',
      'fd30:1::a',
      'cluster-dns.service-cidr',
    ],
    ['guessed outside 10/8', PAIR, undescribed, 'ipv4', '10.100.0.10', 'cluster-dns.vpc-guess'],
    [
      'guessed in 10/8',
      PAIR,
      { ...undescribed, instance: { vpcIpv4Cidrs: ['192.168.0.0/16', '10.1.0.0/16'] } },
      'ipv4',
      '172.20.0.10',
      'cluster-dns.vpc-guess',
    ],
    ['guessed, as the cluster does not say', [], { cluster: { serviceIpv4Cidr: null } }, 'ipv4', '10.100.0.10', 'cluster-dns.vpc-guess'],
  ];
  for (const [name, args, facts, of, ips, rule] of cases) {
    const decided = decidedOf(dns(args, facts, of));
    t.same([decided.value.join(','), decided.because.rule], [ips, rule], name);
  }
});

t.test('a guess says that it is one', async (t) => {
  const guess = dns(PAIR, undescribed);
  t.match(decidedOf(guess).because.inputs, [{ name: 'instance.vpcIpv4Cidrs' }, { origin: 'fallback', value: '10.100.0.10' }]);
  t.same(guess.diagnostics, [], 'by the VPC it is EKS’s rule, and needs no warning');
  const blind = dns(PAIR, { ...undescribed, instance: { vpcIpv4Cidrs: null } });
  t.equal(decidedOf(blind).value[0], '10.100.0.10');
  t.same(linesOf(blind.diagnostics), [
    "warning guessed-cluster-dns --service-ipv4-cidr: the cluster DNS address 10.100.0.10 is a guess: neither the service CIDR nor the VPC's CIDR blocks are known",
  ]);
});

t.test('node IP', async (t) => {
  const ip = (of: IpFamily, instance: Differences['instance'] = {}) => nodeIpOf(specWith(), factsWith({ instance }), of);
  t.equal(decidedOf(ip('ipv4')).value, '192.168.1.10');
  t.equal(decidedOf(ip('ipv6', { ipv6s: ['2001:db8::10'] })).value, '2001:db8::10');
  const several = decidedOf(ip('ipv6', { ipv6s: ['2001:db8::20', '2001:db8::10'] }));
  t.equal(several.value, '2001:db8::20');
  t.match(several.because.text, /^First of the 2 IPv6 addresses/);
  t.equal(several.because.inputs[0]?.at, 'latest/meta-data/network/interfaces/macs/0a:00:00:00:00:0a/ipv6s');
});

t.test('whatever EKS may hand out, bootstrap.sh and we name the same DNS address', async () => {
  // EKS: IPv4 blocks of /12 to /24 within the private ranges, IPv6 blocks fdxx:…::/108.
  const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 12, max: 24 })).map(([b, c, prefix]) => {
    const cidr = cidrOf(`10.${b}.${c}.0/${prefix}`);
    return `${cidr ? addressText(cidr.network) : ''}/${prefix}`;
  });
  const hextet = fc.integer({ min: 0x1000, max: 0xffff }).map((n) => n.toString(16));
  const ipv6 = fc.tuple(hextet, hextet).map(([a, b]) => `fd12:${a}:${b}::/108`);
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (cidr) => {
      const isIpv6 = cidr.includes(':');
      const args = [...PAIR, isIpv6 ? '--service-ipv6-cidr' : '--service-ipv4-cidr', cidr];
      const [network = ''] = cidr.split('/');
      const textual = isIpv6 ? `${network}a` : network.replace(/\.\d+$/, '.10');
      return decidedOf(dns(args, undescribed, isIpv6 ? 'ipv6' : 'ipv4')).value[0] === textual;
    }),
  );
});

t.test('the DNS address always lies in the service CIDR', async () => {
  const cidr = fc.tuple(fc.bigInt({ min: 0n, max: 0xffffffffn }), fc.integer({ min: 0, max: 28 })).map(([bits, prefix]) => {
    const given = cidrOf(`${addressText({ family: 'ipv4', bits })}/${prefix}`);
    return `${given ? addressText(given.network) : ''}/${prefix}`;
  });
  fc.assert(
    fc.property(cidr, (text) => {
      const ip = addressOf(decidedOf(dns([...PAIR, '--service-ipv4-cidr', text], undescribed)).value[0] ?? '');
      const block = cidrOf(text);
      return ip !== undefined && block !== undefined && contains(block, ip);
    }),
  );
});
