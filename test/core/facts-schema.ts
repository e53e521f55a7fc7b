import t from 'tap';
import type { Facts } from '../../src/core/facts.ts';
import { decodeFacts } from '../../src/core/facts-schema.ts';
import { factsWith, linesOf, NOTHING } from './support/plain.ts';

const told = (json: unknown): readonly string[] =>
  linesOf(decodeFacts(json).diagnostics).map((line) => line.replace('error invalid-fact ', ''));

t.test('facts survive the way through a file', async (t) => {
  const all: Facts = {
    ...factsWith({
      instance: { ipv6s: ['2001:db8::1'] },
      host: { resolves: { 'a.b': true } },
      instanceTypes: { 'z9.large': { enis: 1, ipv4PerEni: 2 } },
    }),
    provenance: { cluster: { origin: 'assumed', at: 'made up' } },
  };
  for (const facts of [all, NOTHING, factsWith({ cluster: null, instance: { localIpv4: null, vpcIpv4Cidrs: null } })]) {
    t.same(decodeFacts(JSON.parse(JSON.stringify(facts))), { value: facts, diagnostics: [] });
  }
});

t.test('everything that is wrong is said at once', async (t) => {
  const json = {
    ...NOTHING,
    colour: 'red',
    instance: { typ: 'x', type: 'M5 large', region: 'us-west', localIpv4: '1.2.3', ipv6s: ['zz'], vpcIpv4Cidrs: ['10.0.0.0'], mac: 'x\ny' },
    host: { cpus: 0, kubeletVersion: 'v1.32', fips: 'no', files: { x: 'a' }, addresses: { 'a b': ['10.0.0.1'], c: [], d: ['x'] } },
    cluster: { ipFamily: 'ipv5' },
  };
  t.same(told(json), [
    "instance.type: 'M5 large' is not an instance type",
    "instance.region: 'us-west' is not a region",
    "instance.mac: 'x\\ny' is not a MAC address in lower case",
    "instance.localIpv4: '1.2.3' is not an IPv4 address",
    "instance.ipv6s.0: 'zz' is not an IPv6 address",
    "instance.vpcIpv4Cidrs.0: '10.0.0.0' is not an IPv4 CIDR block",
    'instance.typ: there is no such fact',
    'cluster.name: is missing',
    'cluster.status: is missing',
    'cluster.endpoint: is missing',
    'cluster.certificateAuthority: is missing',
    "cluster.ipFamily: should be ('ipv4' | 'ipv6'), not 'ipv5'",
    'cluster.serviceIpv4Cidr: is missing',
    'cluster.serviceIpv6Cidr: is missing',
    'cluster.id: is missing',
    'cluster.outpostArn: is missing',
    'host.cpus: 0 is not a number from 1 on',
    "host.kubeletVersion: 'v1.32' is not a version like 1.32.3",
    "host.fips: should be boolean, not 'no'",
    "host.addresses.a b: 'a b' is not a host name",
    'host.addresses.c: [] is not a list of addresses',
    "host.addresses.d.0: 'x' is not an IP address",
    "host.files.x: 'x' is not an absolute path",
    'colour: there is no such fact',
  ]);
});

t.test('what is no facts at all', async (t) => {
  t.same(told(null), ['facts: should be Object, not null']);
  t.same(told([]), ['schemaVersion: is missing', 'now: is missing', 'instance: is missing', 'host: is missing']);
  t.same(told({ ...NOTHING, schemaVersion: 2, now: 'now' }), [
    'schemaVersion: should be 1, not 2',
    "now: 'now' is not a time like 2026-11-21T08:00:00Z",
  ]);
  const { diagnostics } = decodeFacts({ ...NOTHING, schemaVersion: 2 });
  t.equal(diagnostics[0]?.remedy, 'Make the file with `bootwright facts` of this version.');
});
