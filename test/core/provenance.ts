import t from 'tap';
import type { Facts } from '../../src/core/facts.ts';
import { inputOf, originOf } from '../../src/core/provenance.ts';
import { factsWith, NOTHING } from './support/plain.ts';

t.test('every fact has a natural source', async (t) => {
  const facts = factsWith();
  for (const key of Object.keys(facts.instance)) t.ok(originOf(facts, `instance.${key}`).at, key);
  for (const key of Object.keys(facts.cluster ?? {})) t.equal(originOf(facts, `cluster.${key}`).origin, 'describe-cluster', key);
  for (const key of ['arch', 'cpus', 'kubeletVersion', 'containerdVersion', 'fips', 'bpfMounts'])
    t.ok(originOf(facts, `host.${key}`).at, key);
  t.same(originOf(facts, 'host.files./etc/x'), { origin: 'host-file', at: '/etc/x' });
  t.same(originOf(facts, 'host.executables./usr/bin/x'), { origin: 'host-file', at: '/usr/bin/x' });
  t.same(originOf(facts, 'host.resolves.a.b'), { origin: 'host', at: 'DNS look-up of a.b' });
  t.same(originOf(facts, 'instanceTypes.z9.large'), { origin: 'describe-instance-types', at: 'z9.large' });
  t.equal(originOf(NOTHING, 'instance.ipv6s').at, 'latest/meta-data/network/interfaces/macs/<mac>/ipv6s');
  t.throws(() => originOf(facts, 'instance.colour'), { message: 'unknown fact: instance.colour' });
  t.throws(() => originOf(facts, 'constructor'), { message: 'unknown fact: constructor' });
});

t.test('facts that say where they come from are believed', async (t) => {
  const madeUp = { origin: 'assumed', at: 'made up' } as const;
  const facts: Facts = { ...factsWith(), provenance: { 'instance.type': madeUp, cluster: madeUp } };
  t.same(originOf(facts, 'instance.type'), madeUp);
  t.same(originOf(facts, 'cluster.endpoint'), madeUp, 'a group speaks for its members');
  t.equal(originOf(facts, 'instance.id').origin, 'imds');
  t.same(inputOf(facts, 'instance.type', 'm5.large'), { name: 'instance.type', value: 'm5.large', ...madeUp });
});
