import { readFileSync } from 'node:fs';
import t from 'tap';
import { archOf, assumed, cpusOf, PLACEHOLDER_CA, withGuess } from '../../src/cli/assume.ts';
import { decodeBootstrap } from '../../src/core/config/bootstrap-flags.ts';
import { decide } from '../../src/core/decide.ts';
import type { Facts } from '../../src/core/facts.ts';
import { needsOf } from '../../src/core/needs.ts';

const EMPTY: Facts = { schemaVersion: 1, now: '2026-11-21T08:00:00.000Z', instance: {}, host: {} };
const specOf = (...args: string[]) => {
  const { spec } = decodeBootstrap(['my-cluster', ...args], {}, 'own').request ?? {};
  if (!spec) throw new Error('no spec');
  return spec;
};

t.test('CPUs by the size in the type’s name', async (t) => {
  const sizes = {
    't3.micro': 2,
    't3.medium': 2,
    'm6g.medium': 1,
    'm5.large': 2,
    'm5.xlarge': 4,
    'm5.8xlarge': 32,
    'c7g.metal': 2,
    'm7i.metal-24xl': 96,
    x: 2,
  };
  for (const [type, cpus] of Object.entries(sizes)) t.equal(cpusOf(type), cpus, type);
});

t.test('whatever a decision needs can be made up, and each says so', async (t) => {
  for (const spec of [
    specOf(),
    specOf('--ip-family', 'ipv6'),
    specOf('--service-ipv6-cidr', 'fd00::/108'),
    specOf('--apiserver-endpoint', 'https://x.example', '--b64-cluster-ca', PLACEHOLDER_CA),
    specOf('--enable-local-outpost', 'true'),
    specOf('--container-runtime', 'containerd', '--cluster-id', 'abc'),
  ]) {
    for (const wish of [
      { files: {} },
      { files: {}, kubernetesVersion: '1.22' },
      { files: {}, instanceType: 'g5.xlarge' },
      { files: {}, region: 'us-gov-west-1', kubernetesVersion: '1.24', containerdVersion: '2.1' },
    ]) {
      const said: Record<string, unknown> = {
        '--region': 'region' in wish ? wish.region : undefined,
        '--kubernetes-version': 'kubernetesVersion' in wish ? wish.kubernetesVersion : undefined,
        '--containerd-version': 'containerdVersion' in wish ? wish.containerdVersion : undefined,
        '--instance-type': 'instanceType' in wish ? wish.instanceType : undefined,
      };
      let facts = EMPTY;
      for (let needs = needsOf(spec, facts); needs.length > 0; needs = needsOf(spec, facts)) {
        for (const { fact } of needs) {
          const guess = assumed(fact, spec, wish);
          if (!guess) return t.fail(`cannot make up ${fact}`);
          facts = withGuess(facts, guess, wish);
        }
      }
      t.ok(decide(spec, facts).value);
      t.ok(Object.values(facts.provenance ?? {}).every(({ origin, at }) => origin === (said[at] === undefined ? 'assumed' : 'flag')));
      t.equal(Object.keys(facts.provenance ?? {}).length > 10, true);
    }
  }
});

t.test('words of the user are taken, with the option as their place', async (t) => {
  const guess = assumed('instance.identity', specOf(), { files: {}, instanceType: 'm5.8xlarge', region: 'us-east-1' });
  t.same(guess?.patch.instance, { id: 'i-0123456789abcdef0', type: 'm5.8xlarge', region: 'us-east-1', availabilityZone: 'us-east-1a' });
  t.equal(guess?.at['instance.type'], '--instance-type');
  t.same(assumed('instance.privateDnsName', specOf(), { files: {}, region: 'us-east-1', localIpv4: '10.1.2.3' })?.patch.instance, {
    privateDnsName: 'ip-10-1-2-3.ec2.internal',
  });
  t.same(assumed('host.file:/etc/x', specOf(), { files: { '/etc/x': 'y' } })?.patch.host, { files: { '/etc/x': 'y' } });
  t.equal(assumed('instance.typeLimits', specOf(), { files: {} }), undefined);
});

t.test('the architecture by the name of the family, for every type that the table knows', async (t) => {
  const [head = '', ...rows] = readFileSync(new URL('../../data/instance-limits.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const at = head.split(',').indexOf('arch');
  for (const row of rows) {
    const [type = '', arch = ''] = [row.split(',')[0], row.split(',')[at]];
    if (arch !== '') t.equal(archOf(type), arch === 'arm64' ? 'aarch64' : 'x86_64', type);
  }
  t.equal(archOf('p6e-gb200.36xlarge'), 'aarch64');
  t.equal(assumed('host.arch', specOf(), { files: {}, instanceType: 'm7g.large' })?.patch.host?.arch, 'aarch64');
  t.equal(assumed('host.arch', specOf(), { files: {}, instanceType: 'm7g.large', arch: 'x86_64' })?.patch.host?.arch, 'x86_64');
});

t.test('GPUs by the name of the family', async (t) => {
  const hasGpu = (instanceType: string) => assumed('host.nvidiaDevice', specOf(), { files: {}, instanceType })?.patch.host?.nvidiaDevice;
  for (const type of ['p3.2xlarge', 'p5en.48xlarge', 'g4dn.xlarge', 'g5g.xlarge', 'gr6.4xlarge']) t.equal(hasGpu(type), true, type);
  for (const type of ['m5.large', 'g4ad.xlarge', 'm7g.large', 'inf2.xlarge', 'trn1.2xlarge']) t.equal(hasGpu(type), false, type);
});

t.test('the made-up cluster is on an Outpost where the flags say so', async (t) => {
  const cluster = (...args: string[]) => assumed('cluster', specOf(...args), { files: {} })?.patch.cluster;
  t.match(cluster(), { id: null, outpostArn: null });
  t.match(cluster('--enable-local-outpost', 'true'), { id: /^0/, outpostArn: /^arn:aws:outposts:us-west-2:/ });
  t.match(cluster('--cluster-id', 'abc'), { id: 'abc', outpostArn: /^arn/ });
  t.match(cluster('--cluster-id', 'abc', '--enable-local-outpost', 'false'), { id: null, outpostArn: null });
});

t.test('the made-up cluster does not take the flag’s CIDR', async (t) => {
  const { cluster } = assumed('cluster', specOf('--service-ipv4-cidr', '172.20.0.0/16'), { files: {} })?.patch ?? {};
  t.equal(cluster?.serviceIpv4Cidr, '10.100.0.0/16');
});

t.test('what the user said is no guess', async (t) => {
  const guess = assumed('instance.identity', specOf(), { files: {}, region: 'us-east-1' });
  if (!guess) throw new Error('no guess');
  const { provenance = {} } = withGuess(EMPTY, guess, { files: {}, region: 'us-east-1' });
  t.same(provenance['instance.region'], { origin: 'flag', at: '--region' });
  t.same(provenance['instance.type'], { origin: 'assumed', at: '--instance-type' });
  const env = withGuess(EMPTY, guess, { files: {}, region: 'us-east-1', regionAt: 'AWS_REGION' });
  t.same(env.provenance?.['instance.region'], { origin: 'env', at: 'AWS_REGION' });
});
