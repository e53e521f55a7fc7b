import t from 'tap';
import { notKubeletsOwnPattern } from '../../src/core/kubelet/kubeconfig.ts';
import { apiServerHostOf, apiServerNameOf, clusterIdOf, isLocalOutpost } from '../../src/core/outpost.ts';
import { type Differences, decidedOf, factsWith, linesOf, PAIR, specWith } from './support/plain.ts';

const ON_OUTPOST: Differences = { cluster: { outpostArn: 'arn:aws:outposts:us-west-2:1:outpost/op-1', id: 'described-id' } };
const GIVEN = [...PAIR, '--enable-local-outpost', 'true', '--cluster-id', 'given-id'];

t.test('is it one? The flag, else DescribeCluster, else no', async (t) => {
  t.equal(isLocalOutpost(specWith(), factsWith()), false);
  t.equal(isLocalOutpost(specWith(), factsWith(ON_OUTPOST)), true);
  t.equal(isLocalOutpost(specWith(), factsWith({ cluster: null })), undefined, 'not known yet');
  t.equal(isLocalOutpost(specWith(PAIR), factsWith({ cluster: null })), false, 'nobody asks');
  t.equal(isLocalOutpost(specWith(['--enable-local-outpost', 'false']), factsWith(ON_OUTPOST)), false);
  t.equal(isLocalOutpost(specWith([], { ENABLE_LOCAL_OUTPOST: 'true' }), factsWith()), true);
  t.equal(isLocalOutpost(specWith([], { ENABLE_LOCAL_OUTPOST: '' }), factsWith()), false, 'empty is not given');
});

t.test('which id', async (t) => {
  t.match(decidedOf(clusterIdOf(specWith(), factsWith())), { value: null, because: { rule: 'cluster-id.none' } });
  t.match(decidedOf(clusterIdOf(specWith(GIVEN), factsWith({ cluster: null }))), {
    value: 'given-id',
    because: { rule: 'cluster-id.given', inputs: [{ name: '--enable-local-outpost' }, { name: '--cluster-id', origin: 'flag' }] },
  });
  const described = clusterIdOf(specWith(['--cluster-id', 'given-id']), factsWith(ON_OUTPOST));
  t.match(described.value, {
    value: 'described-id',
    because: { rule: 'cluster-id.described', inputs: [{ at: 'outpostConfig.outpostArns[0]' }, { at: 'id' }] },
  });
  t.same(linesOf(described.diagnostics), [
    'warning cluster-id-overwritten --cluster-id: given-id is not used: the cluster was described, and its id is described-id',
  ]);
  t.same(clusterIdOf(specWith(['--cluster-id', 'described-id']), factsWith(ON_OUTPOST)).diagnostics, [], 'the same as described');
});

t.test('the host of an endpoint, if it is a name', async (t) => {
  t.equal(apiServerNameOf('https://ABC.gr7.us-west-2.eks.amazonaws.com:443/x'), 'abc.gr7.us-west-2.eks.amazonaws.com');
  for (const endpoint of ['https://10.0.0.5', 'https://10.0.0.5:443', 'https://[fd00::5]:443'])
    t.equal(apiServerNameOf(endpoint), undefined, endpoint);
});

t.test('each node begins with another address, and always with the same', async (t) => {
  const addresses = ['10.0.0.5', '10.0.0.6', '10.0.0.7'];
  const firsts = Array.from({ length: 60 }, (_, n) => {
    const facts = factsWith({ instance: { id: `i-${String(n).padStart(17, '0')}` }, host: { addresses: { api: addresses } } });
    const { value } = apiServerHostOf(facts, 'api').addresses;
    t.same([...value].sort(), addresses);
    t.same(apiServerHostOf(facts, 'api').addresses.value, value);
    return value[0];
  });
  for (const address of addresses) t.ok(firsts.filter((first) => first === address).length > 10, address);
  t.throws(() => apiServerHostOf(factsWith({ host: { addresses: {} } }), 'api'), { message: 'host.addresses.api is not known yet' });
});

t.test('whose kubeconfig is it?', async (t) => {
  const pattern = new RegExp(`^(?:${notKubeletsOwnPattern('https://a-b.example:443/x')})$`);
  const kubelets = (server: string) =>
    `apiVersion: v1\nclusters:\n- cluster:\n    server: ${server}\n  name: default-cluster\nusers:\n- name: a\n  user:\n    client-key: /x.pem\n`;
  t.notOk(pattern.test(kubelets('https://a-b.example:443/x')), 'the kubelet’s own');
  t.notOk(pattern.test(kubelets('"https://a-b.example:443/x"')), 'in quotes');
  t.ok(pattern.test(kubelets('https://a-bXexample:443/x')), 'of another cluster');
  t.ok(pattern.test(kubelets('https://a-b.example:443/xy')));
  t.ok(
    pattern.test(kubelets('https://a-b.example:443/x').replace('    client-key', '    exec:\n      command: x\n    client-key')),
    'with an exec plugin',
  );
  t.ok(pattern.test(''), 'empty');
});
