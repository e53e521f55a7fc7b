import t from 'tap';
import type { Facts, LocalDiskFacts } from '../../src/core/facts.ts';
import { decodeFacts } from '../../src/core/facts-schema.ts';
import { factsWith, linesOf, NOTHING } from './support/plain.ts';

/** A machine with one of everything. */
const DISKS: LocalDiskFacts = {
  disks: [
    ...[{ path: '/dev/nvme1n1', id: 'nvme-x_AWS1', bytes: 1, signature: null, partitions: ['nvme1n1p1'], holders: [], isSwap: true }],
    ...[
      {
        path: '/dev/nvme2n1',
        id: 'nvme-x_AWS2',
        bytes: 0,
        signature: { type: 'xfs', uuid: '1-2' },
        partitions: [],
        holders: ['md127'],
        isSwap: false,
      },
    ],
  ],
  arrays: [{ path: '/dev/md127', level: 'raid0', state: 'clean', members: ['/dev/nvme2n1'], signature: { type: 'several' }, holders: [] }],
  mounts: { '/mnt/a b': '/dev/md127' },
  units: { 'mnt-k8s\\x2ddisks-0.mount': '[Unit]' },
  programs: { mdadm: '/sbin/mdadm', 'mkfs.xfs': null },
};

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
  for (const facts of [
    all,
    NOTHING,
    factsWith({ host: { localDisks: DISKS } }),
    factsWith({ host: { localDisks: null } }),
    factsWith({ cluster: null, instance: { localIpv4: null, vpcIpv4Cidrs: null } }),
  ]) {
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

t.test('disks of somebody else’s making', async (t) => {
  const disk = { ...DISKS.disks[0], path: 'nvme1n1', id: 'a b', bytes: -1, signature: { type: 'x\ny' }, isSwap: 'no' };
  const localDisks = { ...DISKS, disks: [disk], units: { '../x.mount': '' }, programs: { mdadm: 'mdadm' }, mounts: { mnt: '' } };
  t.same(told({ ...NOTHING, host: { localDisks } }), [
    "host.localDisks.disks.0.path: 'nvme1n1' is not a device in /dev",
    "host.localDisks.disks.0.id: 'a b' is not a name without spaces",
    'host.localDisks.disks.0.bytes: -1 is not a number from 0 on',
    "host.localDisks.disks.0.signature.type: 'x\\ny' is not a kind of data like xfs",
    "host.localDisks.disks.0.isSwap: should be boolean, not 'no'",
    "host.localDisks.mounts.mnt: 'mnt' is not an absolute path",
    "host.localDisks.units.../x.mount: '../x.mount' is not a mount unit",
    "host.localDisks.programs.mdadm: 'mdadm' is not an absolute path",
  ]);
});
