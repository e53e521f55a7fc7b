import t from 'tap';
import { exampleFacts } from '../fakes/example.ts';
import { exampleSpec, noFacts, stage } from '../fakes/quick.ts';

t.test('host facts by name', async (t) => {
  const root = t.testdir({ etc: { eks: { 'kubelet-version.txt': '1.31.0', 'containerd-version.txt': '2.1.0' }, a: 'text' }, mine: 'mine' });
  const { world } = await stage(t, { root });
  t.match(await world.resolve('host.arch', noFacts()), { host: { arch: String } });
  t.match(await world.resolve('host.cpus', noFacts()), { host: { cpus: Number } });
  t.match(await world.resolve('host.fips', noFacts()), { host: { fips: Boolean } });
  t.same(await world.resolve('host.kubeletVersion', noFacts()), { host: { kubeletVersion: '1.31.0' } });
  t.same(await world.resolve('host.containerdVersion', noFacts()), { host: { containerdVersion: '2.1.0' } });
  t.same(await world.resolve('host.bpfMounts', noFacts()), { host: { bpfMounts: [] } });
  t.same(await world.resolve('host.localDisks', noFacts()), { host: { localDisks: null } }, 'an image has none');
  t.same(await world.resolve('host.resolves:localhost', noFacts()), { host: { resolves: { localhost: true } } });
  t.same(await world.resolve('host.file:/etc/a', noFacts()), { host: { files: { '/etc/a': 'text' } } });
  t.same(await world.resolve('host.file:/etc/b', noFacts()), { host: { files: { '/etc/b': null } } });
  t.same(await world.resolve('host.executable:/etc/a', noFacts()), { host: { executables: { '/etc/a': false } } });
});

t.test('a containerd file that a user names may lie outside the image', async (t) => {
  const dir = t.testdir({ image: {}, 'mine.toml': 'version = 2\n' });
  const { world } = await stage(t, { root: `${dir}/image` });
  const spec = exampleSpec();
  const named = {
    ...spec,
    options: {
      ...spec.options,
      containerdConfigFile: { value: `${dir}/mine.toml`, origin: 'flag', at: '--containerd-config-file' } as const,
    },
  };
  const fact = `host.file:${dir}/mine.toml` as const;
  t.same(await world.resolve(fact, noFacts(), undefined, named), { host: { files: { [`${dir}/mine.toml`]: 'version = 2\n' } } });
  t.same(await world.resolve(fact, noFacts(), undefined, spec), { host: { files: { [`${dir}/mine.toml`]: null } } });
});

t.test('a version that the user gave: no kubelet is asked', async (t) => {
  const { createWorld } = await import('../../src/facts/world.ts');
  const world = createWorld({
    env: {},
    root: '/',
    kubeletVersionHint: '1.33.1',
    log: { warn: () => undefined },
    random: () => 0,
    clock: () => 0,
  });
  t.teardown(() => world.close());
  t.same(await world.resolve('host.kubeletVersion', noFacts()), { host: { kubeletVersion: '1.33.1' } });
});

t.test('the region: variables, else the instance', async (t) => {
  const env = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' };
  const { world, imds } = await stage(t, { env });
  t.equal(await world.region(), 'eu-west-1');
  t.equal(await (await stage(t, { env: { AWS_DEFAULT_REGION: 'eu-west-2' } })).world.region(), 'eu-west-2');
  t.equal(imds.exchanges.length, 0);
  t.equal(await (await stage(t)).world.region(), 'us-west-2');
});

t.test('nothing is contacted before it is asked, and prefetching is for API facts alone', async (t) => {
  const { world, imds } = await stage(t);
  world.prefetch(['instance.identity', 'host.arch']);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(imds.exchanges.length, 0);
  world.prefetch(['cluster']);
  await world.credentials();
  t.equal(imds.count('latest/meta-data/iam/security-credentials/my-node-role'), 1);
});

t.test('asking too early, or for what nobody knows, is a bug', async (t) => {
  const { world } = await stage(t);
  await t.rejects(world.resolve('cluster', noFacts(), undefined, exampleSpec()), {
    message: 'asked too early: instance.region is not known yet',
  });
  await t.rejects(world.resolve('cluster', exampleFacts()), { message: 'asked too early: the cluster name is not known yet' });
  await t.rejects(world.resolve('host.mood' as 'host.arch', noFacts()), { message: 'no source for host.mood' });
});
