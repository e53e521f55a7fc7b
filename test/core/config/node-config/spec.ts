/** From a document to a spec: what the cases of test/cases-2023 cannot show. */
import t from 'tap';
import type { NodeConfigSpec } from '../../../../src/core/config/node-config/document.ts';
import { type EvaluateMaxPods, nodeSpecOf } from '../../../../src/core/config/node-config/spec.ts';
import { decide } from '../../../../src/core/decide.ts';
import type { Facts } from '../../../../src/core/facts.ts';
import { needsOf } from '../../../../src/core/needs.ts';
import { factsOf2023, PLAIN_2023, placedByPath, specOf2023 } from '../../support/case-2023.ts';

const specOf = (spec: NodeConfigSpec, surroundings: Parameters<typeof nodeSpecOf>[1] = {}) => {
  const { value, diagnostics } = nodeSpecOf(placedByPath({ ...spec, cluster: { name: 'my-cluster', ...spec.cluster } }), surroundings);
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join());
  return value;
};

/** The plain node with a rule for its pods. */
const decidedWith = (expression: string, evaluateMaxPods: EvaluateMaxPods, facts: Facts = factsOf2023(PLAIN_2023)) => {
  const plain = specOf2023(PLAIN_2023).value;
  const { pods } = specOf({ kubelet: { maxPodsExpression: expression } }, { evaluateMaxPods }).options;
  if (plain === undefined || pods === undefined) throw new Error('no spec');
  const { value, diagnostics } = decide({ ...plain, options: { ...plain.options, pods } }, facts);
  const decided = (key: string) => value?.decisions.find((decision) => decision.key === key);
  return { maxPods: decided('maxPods'), kubeReserved: decided('kubeReserved'), diagnostics };
};

t.test('an expression for the number of pods', async (t) => {
  const seen: unknown[] = [];
  const sixteen: EvaluateMaxPods = (expression, variables) => {
    seen.push(expression, variables);
    return { value: variables.default_enis * (variables.ips_per_eni - 1) * 16 + 2 };
  };
  const { maxPods, kubeReserved, diagnostics } = decidedWith('default_enis * 16', sixteen);
  t.strictSame(seen, ['default_enis * 16', { default_enis: 3, ips_per_eni: 10, max_pods: 29 }]);
  t.equal(maxPods?.value, 434);
  t.equal(maxPods?.because.text, 'default_enis * 16 = 434, with default_enis = 3, ips_per_eni = 10, max_pods = 29');
  t.match(kubeReserved?.value, { memory: `${11 * 434 + 255}Mi` }, 'memory follows');
  t.strictSame(diagnostics, []);
});

t.test('one that gives no number: a warning, and the standard value', async (t) => {
  const wrong: EvaluateMaxPods = () => ({ finding: { code: 'invalid-cel', message: 'not valid CEL: x', remedy: 'Write y.' } });
  const { maxPods, diagnostics } = decidedWith('x', wrong);
  t.equal(maxPods?.value, 29);
  t.match(maxPods?.because.text, /^not valid CEL: x; the standard value stands: /);
  t.strictSame(diagnostics, [
    { severity: 'warning', code: 'invalid-cel', path: 'spec.kubelet.maxPodsExpression', message: 'not valid CEL: x', remedy: 'Write y.' },
  ]);
});

t.test('an instance type that nobody knows', async (t) => {
  const plain = factsOf2023(PLAIN_2023);
  const facts = { ...plain, instance: { ...plain.instance, type: 'm99.large' }, instanceTypes: { 'm99.large': null } };
  const less: EvaluateMaxPods = (_expression, { max_pods }) => ({ value: max_pods - 10 });
  t.equal(decidedWith('max_pods - 10', less, facts).maxPods?.value, 100);
  const { maxPods, diagnostics } = decidedWith('default_enis', less, facts);
  t.equal(maxPods?.value, 110);
  t.match(
    diagnostics.map(({ message }) => message),
    [/maxPods 110 is a guess/, /the expression needs the limits of m99\.large/],
  );
});

t.test('an expression without anything to evaluate it is a bug of the caller', async (t) => {
  t.throws(() => specOf({ kubelet: { maxPodsExpression: '1' } }), /nothing to evaluate it/);
});

t.test('empty values count as not given', async (t) => {
  const { cluster, kubelet, options } = specOf({
    cluster: { apiServerEndpoint: '', certificateAuthority: '', cidr: '', id: '' },
    kubelet: { flags: [], maxPodsExpression: '' },
    containerd: { config: '' },
    instance: { localStorage: { strategy: '', mountPath: '' }, storage: { volumes: [] } },
  });
  t.strictSame(Object.keys(cluster), ['name']);
  t.notOk('extraArgs' in kubelet);
  t.notOk('pods' in options || 'containerdConfig' in options || 'localDisks' in options || 'volumes' in options);
});

t.test('every value remembers where it stands', async (t) => {
  const { cluster, kubelet, options } = specOf({
    cluster: { cidr: 'fd00::/108', enableOutpost: false },
    kubelet: { flags: ['--v=2', '--max-pods=5'] },
    featureGates: { InstanceIdNodeName: true, FastImagePull: false },
    bootwright: { describeCluster: false, labels: { a: 'b' } },
  });
  t.match(cluster.serviceIpv6Cidr, { value: 'fd00::/108', origin: 'user-data', at: 'spec.cluster.cidr' });
  t.match(cluster.localOutpost, { value: false, at: 'spec.cluster.enableOutpost' });
  t.match(kubelet.extraArgs, { value: '--v=2 --max-pods=5', at: 'spec.kubelet.flags' });
  t.match(kubelet.nodeName, { value: 'instance-id', at: 'spec.featureGates.InstanceIdNodeName' });
  t.match(options.fastImagePull, { value: false, at: 'spec.featureGates.FastImagePull' });
  t.match(options.describesCluster, { value: false, at: 'spec.bootwright.describeCluster' });
  t.match(options.extras.labels, { value: { a: 'b' }, at: 'spec.bootwright.labels' });
});

t.test('what is asked for', async (t) => {
  const nothing: Facts = { schemaVersion: 1, now: '2027-01-01T00:00:00Z', instance: {}, host: {} };
  const asked = (spec: NodeConfigSpec, facts: Facts = nothing) =>
    needsOf(specOf(spec), facts)
      .filter(({ fact }) => !fact.startsWith('host.'))
      .map(({ fact }) => fact)
      .sort();
  const given = { apiServerEndpoint: 'https://a.example', certificateAuthority: 'YQ==', cidr: '10.100.0.0/16' };
  t.strictSame(asked({ cluster: given, featureGates: { InstanceIdNodeName: true } }), [
    'instance.identity',
    'instance.localIpv4',
    'instance.mac',
    'instance.vpcIpv4Cidrs',
  ]);
  t.strictSame(asked({ cluster: { ...given, cidr: 'fd00::/108' } }), [
    'instance.identity',
    'instance.ipv6s',
    'instance.mac',
    'instance.privateDnsName',
  ]);
  t.strictSame(
    asked({}),
    ['cluster', 'instance.identity', 'instance.ipv6s', 'instance.localIpv4', 'instance.mac', 'instance.privateDnsName'],
    'both families, so that nothing waits for the cluster’s answer',
  );
  t.strictSame(asked({ bootwright: { describeCluster: false } }).includes('cluster'), false);
  const optional = needsOf(specOf({ cluster: given }), nothing).filter((need) => need.optional);
  t.strictSame(
    optional.map(({ fact }) => fact),
    ['instance.vpcIpv4Cidrs', 'instance.mac'],
    'a boot does not wait for what is only a warning',
  );
});
