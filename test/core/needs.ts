import fc from 'fast-check';
import t from 'tap';
import { decide } from '../../src/core/decide.ts';
import { type FactName, type Facts, type FactsPatch, withFacts } from '../../src/core/facts.ts';
import { tabledLimitsOf } from '../../src/core/kubelet/instance-limits.ts';
import { needsOf } from '../../src/core/needs.ts';
import { AMI_GPU_HELPER, DOCKER_CONFIG, NVIDIA_RUNTIME_PLACES } from '../../src/core/paths.ts';
import type { NodeSpec } from '../../src/core/spec.ts';
import { CLUSTER, type Differences, factsWith, NOTHING, PAIR, specWith } from './support/plain.ts';

/** What the world answers, cut down to the one fact that was asked for. */
const answer = (fact: FactName, world: Facts): FactsPatch => {
  const { instance, host } = world;
  if (fact === 'cluster') return { cluster: world.cluster ?? CLUSTER };
  if (fact === 'instance.identity') {
    const { id = '', type = '', region = '', availabilityZone = '' } = instance;
    return { instance: { id, type, region, availabilityZone } };
  }
  if (fact === 'instance.typeLimits') return { instanceTypes: { [instance.type ?? '']: { enis: 2, ipv4PerEni: 6 } } };
  const colon = fact.indexOf(':');
  const rest = fact.slice(colon + 1);
  if (fact.startsWith('host.file:')) return { host: { files: { [rest]: host.files?.[rest] ?? null } } };
  if (fact.startsWith('host.executable:')) return { host: { executables: { [rest]: host.executables?.[rest] ?? false } } };
  if (fact.startsWith('host.addresses:')) return { host: { addresses: { [rest]: host.addresses?.[rest] ?? ['10.0.0.5'] } } };
  if (fact.startsWith('host.resolves:')) return { host: { resolves: { [rest]: host.resolves?.[rest] ?? false } } };
  const [group, key = ''] = fact.split('.');
  return group === 'instance'
    ? { instance: { [key]: (instance as Record<string, unknown>)[key] } }
    : { host: { [key]: (host as Record<string, unknown>)[key] } };
};

interface Gathered {
  readonly facts: Facts;
  /** In the order asked; those of one round in one array. */
  readonly rounds: readonly (readonly FactName[])[];
}

/** Asks until nothing is missing, as gather does, but in rounds. */
const gathered = (spec: NodeSpec, world: Facts): Gathered => {
  let facts: Facts = NOTHING;
  const rounds: FactName[][] = [];
  for (let needs = needsOf(spec, facts); needs.length > 0; needs = needsOf(spec, facts)) {
    const missing = new Set(needs.map(({ fact }) => fact));
    const free = needs.filter(({ after }) => after.every((fact) => !missing.has(fact))).map(({ fact }) => fact);
    if (free.length === 0 || rounds.length > 10) throw new Error(`stuck: ${[...missing].join(', ')}`);
    for (const fact of free) facts = withFacts(facts, answer(fact, world));
    rounds.push(free);
  }
  return { facts, rounds };
};

const asked = (
  args: readonly string[],
  differences: Differences = {},
  env: { readonly [name: string]: string } = {},
): ReadonlySet<FactName> => new Set(gathered(specWith(args, env), factsWith(differences)).rounds.flat());

t.test('what is asked of the world', async (t) => {
  const cases: readonly (readonly [string, ReadonlySet<FactName>, readonly FactName[], readonly FactName[]])[] = [
    [
      'plain',
      asked([]),
      ['cluster', 'instance.privateDnsName', 'instance.localIpv4', 'instance.ipv6s', 'instance.mac'],
      ['instance.vpcIpv4Cidrs', 'instance.typeLimits'],
    ],
    ['CA and endpoint given', asked(PAIR), ['instance.vpcIpv4Cidrs', 'instance.mac'], ['cluster', 'instance.ipv6s']],
    [
      'DNS given, too',
      asked([...PAIR, '--dns-cluster-ip', '10.100.0.10']),
      ['instance.localIpv4'],
      ['cluster', 'instance.vpcIpv4Cidrs', 'instance.mac'],
    ],
    ['service CIDR: does it overlap?', asked([...PAIR, '--service-ipv4-cidr', '10.100.0.0/16']), ['instance.vpcIpv4Cidrs'], ['cluster']],
    ['service CIDR that will not count', asked(['--service-ipv4-cidr', '10.100.0.0/16']), ['cluster'], ['instance.vpcIpv4Cidrs']],
    ['family given', asked(['--ip-family', 'ipv4']), ['instance.localIpv4'], ['instance.ipv6s', 'instance.mac']],
    [
      'IPv6',
      asked([...PAIR, '--service-ipv6-cidr', 'fd00::/108']),
      ['instance.ipv6s', 'instance.mac', 'instance.localIpv4'],
      ['instance.vpcIpv4Cidrs'],
    ],
    ['cluster without service CIDR', asked([], { cluster: { serviceIpv4Cidr: null } }), ['instance.vpcIpv4Cidrs'], []],
    ['instance id as name', asked(['--node-name', 'instance-id']), [], ['instance.privateDnsName']],
    ['old kubelet', asked([], { host: { kubeletVersion: '1.25.16' } }), [], ['instance.privateDnsName']],
    ['no kubelet', asked([], { host: { kubeletVersion: null } }), [], ['instance.privateDnsName']],
    ['unknown type', asked([], { instance: { type: 'z9.large' } }), ['instance.typeLimits'], []],
    [
      'unknown type that nobody needs',
      asked(['--use-max-pods', 'false', '--reserve-for', 'max-pods'], { instance: { type: 'z9.large' } }),
      [],
      ['instance.typeLimits'],
    ],
    ['local disks', asked(['--local-disks', 'raid0'], { host: { localDisks: null } }), ['host.localDisks'], []],
    ['no local disks', asked(['--local-disks', 'none']), [], ['host.localDisks']],
    ['no bpffs', asked(['--mount-bpf-fs', 'false']), [], ['host.bpfMounts']],
    ['pause image given', asked([], {}, { PAUSE_CONTAINER_IMAGE: 'a/b' }), [], ['instance.domain', 'host.fips']],
    ['plugin given', asked(['--credential-plugin', 'bootwright']), [], ['host.executable:/usr/bin/aws-iam-authenticator']],
    [
      'containerd file given',
      asked(['--containerd-config-file', '/x.toml']),
      ['host.file:/x.toml'],
      ['host.file:/etc/eks/containerd/containerd-config.toml'],
    ],
    ['FIPS', asked([], { host: { fips: true } }), ['host.resolves:602401143452.dkr.ecr-fips.us-west-2.amazonaws.com'], []],
  ];
  for (const [name, facts, wanted, unwanted] of cases) {
    for (const fact of wanted) t.ok(facts.has(fact), `${name}: ${fact}`);
    for (const fact of unwanted) t.notOk(facts.has(fact), `${name}: not ${fact}`);
  }
});

t.test('rounds of questions: few, as each costs a round trip', async (t) => {
  const rounds = (args: readonly string[], differences: Differences = {}): number =>
    gathered(specWith(args), factsWith(differences)).rounds.length;
  t.equal(rounds([]), 2, 'with DescribeCluster and DescribeInstances');
  t.equal(rounds(PAIR), 2);
  t.equal(rounds([...PAIR, '--dns-cluster-ip', '10.100.0.10', '--node-name', 'instance-id']), 1, 'everything at once');
});

t.test('what is there is not asked again', async (t) => {
  t.same(needsOf(specWith(), factsWith({ instance: { ipv6s: null } })), []);
  const reasons = needsOf(specWith(), NOTHING);
  t.ok(reasons.every(({ why }) => why.length > 3));
  t.equal(new Set(reasons.map(({ fact }) => fact)).size, reasons.length, 'each once');
});

t.test('a GPU is looked for only where the image is made for one', async (t) => {
  const withHelper = factsWith({ host: { executables: { ...factsWith({}).host.executables, [AMI_GPU_HELPER]: true } } });
  t.match(needsOf(specWith(), withHelper), [{ fact: 'host.nvidiaDevice' }]);
  t.same(needsOf(specWith(), { ...withHelper, host: { ...withHelper.host, nvidiaDevice: false } }), []);
  const { [NVIDIA_RUNTIME_PLACES[0]]: _runtime, ...executables } = withHelper.host.executables ?? {};
  const withDevice = { ...withHelper, host: { ...withHelper.host, executables, nvidiaDevice: true } };
  t.match(needsOf(specWith(), withDevice), [{ fact: `host.executable:${NVIDIA_RUNTIME_PLACES[0]}` }]);
});

t.test('of the two runtimes only the one that will run is looked at', async (t) => {
  const asked = (kubeletVersion: string, ...args: string[]) => {
    const { schemaVersion, now } = NOTHING;
    const facts = { schemaVersion, now, instance: factsWith().instance, cluster: CLUSTER, host: { kubeletVersion } };
    return needsOf(specWith(args), facts).map(({ fact }) => fact);
  };
  const ofDocker = (fact: string) => /docker|iptables/.test(fact);
  const ofContainerd = (fact: string) => /containerd|sandbox/.test(fact);
  for (const [version, args] of [
    ['1.24.0', []],
    ['1.23.0', ['--container-runtime', 'containerd']],
    ['1.32.0', ['--container-runtime', 'dockerd']],
  ] as const) {
    t.same(asked(version, ...args).filter(ofDocker), [], version);
    t.ok(asked(version, ...args).some(ofContainerd), version);
  }
  t.same(asked('1.23.0').filter(ofContainerd), []);
  t.ok(asked('1.21.0').some(ofDocker));
  t.notOk(asked('1.23.0', '--docker-config-json', '{}').includes(`host.file:${DOCKER_CONFIG}`), 'what is replaced is not read');
  t.same(
    needsOf(specWith(), factsWith({ host: { kubeletVersion: '1.23.0', firewallRules: undefined } })).map(({ fact }) => fact),
    ['host.firewallRules'],
  );
});

t.test('the API server is looked up only for a local cluster on an Outpost', async (t) => {
  const outpost = { outpostArn: 'arn:aws:outposts:us-west-2:1:outpost/op-1', id: 'x' };
  const unknown = { addresses: undefined };
  const asked = (args: readonly string[], cluster: Differences['cluster']) =>
    needsOf(specWith(args), factsWith({ host: unknown, ...(cluster === undefined ? {} : { cluster }) })).map(({ fact }) => fact);
  const look = ['host.addresses:example.gr7.us-west-2.eks.amazonaws.com'];
  t.same(asked([], outpost), look);
  t.same(asked(['--enable-local-outpost', 'false'], outpost), []);
  t.same(asked(['--enable-local-outpost', 'true', '--cluster-id', 'x'], {}), look);
  t.same(asked(['--enable-local-outpost', 'true'], {}), [], 'without an id it is refused');
  t.same(asked([...PAIR, '--enable-local-outpost', 'true', '--cluster-id', 'x'], null), look, 'at once, when all is given');
  t.same(asked([], {}), []);
  t.same(
    asked(['--apiserver-endpoint', 'https://10.0.0.1', ...PAIR.slice(2), '--enable-local-outpost', 'true', '--cluster-id', 'x'], null),
    [],
  );
});

const flags = fc.subarray([
  ...[
    PAIR,
    ['--ip-family', 'ipv4'],
    ['--use-max-pods', 'false'],
    ['--reserve-for', 'max-pods'],
    ['--node-name', 'instance-id'],
    ['--mount-bpf-fs', 'false'],
  ],
  ...[
    ['--credential-plugin', 'bootwright'],
    ['--service-ipv4-cidr', '10.100.0.0/16'],
    ['--containerd-config-file', '/x.toml'],
    ['--pause-container-account', '123456789012'],
    ['--container-runtime', 'containerd'],
    ['--cluster-id', 'abc'],
    ['--docker-config-json', '{}'],
  ],
]);
const worlds = fc.record({
  instance: fc.record({
    type: fc.constantFrom('m5.large', 'z9.large'),
    region: fc.constantFrom('us-west-2', 'us-gov-west-1', 'eu-west-9'),
    localIpv4: fc.constantFrom('10.0.0.1', null),
    ipv6s: fc.constantFrom(null, ['2001:db8::1']),
    vpcIpv4Cidrs: fc.constantFrom(null, ['10.0.0.0/16'], []),
  }),
  host: fc.record({
    kubeletVersion: fc.constantFrom('1.24.1', '1.26.0', '1.36.2', '1.23.0', '1.20.0', null),
    nvidiaDevice: fc.boolean(),
    fips: fc.boolean(),
    arch: fc.constantFrom('x86_64', 'riscv64'),
  }),
  cluster: fc.record({
    ipFamily: fc.constantFrom('ipv4' as const, 'ipv6' as const, null),
    serviceIpv4Cidr: fc.constantFrom('10.100.0.0/16', null),
    serviceIpv6Cidr: fc.constantFrom('fd00::/108', null),
    outpostArn: fc.constantFrom(null, 'arn:aws:outposts:us-west-2:1:outpost/op-1'),
    id: fc.constantFrom(null, 'def'),
  }),
});

t.test('for any wish in any world: asking ends, nothing is asked twice, and what was asked suffices', async (t) => {
  t.equal(tabledLimitsOf('z9.large'), undefined);
  fc.assert(
    fc.property(flags, worlds, (given, differences) => {
      const spec = specWith(given.flat());
      const { facts, rounds } = gathered(spec, factsWith(differences));
      const all = rounds.flat();
      // A rule that lacks a fact throws; a wish that cannot work is a diagnostic.
      const { value, diagnostics } = decide(spec, facts);
      return all.length === new Set(all).size && (value !== undefined || diagnostics.length > 0);
    }),
    { numRuns: 300 },
  );
});
