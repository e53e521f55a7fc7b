/** What a NodeConfig costs in requests, and what a node can do without. */
import t, { type Test } from 'tap';
import type { NodeConfigSpec } from '../../src/core/config/node-config/document.ts';
import { nodeSpecOf } from '../../src/core/config/node-config/spec.ts';
import { decide } from '../../src/core/decide.ts';
import { needsOf } from '../../src/core/needs.ts';
import { gather } from '../../src/facts/gather.ts';
import { placedByPath } from '../core/support/case-2023.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { noFacts, type Stage, stage } from '../fakes/quick.ts';
import { sequentialRoundTrips } from '../fakes/server.ts';

// Loading these for the first time takes longer than a round trip does here.
await Promise.all([import('@aws-sdk/client-eks'), import('../../src/facts/eks.ts'), import('../../src/facts/ec2.ts')]);

/** An image with version files, so that no process is run. */
const image = (t: Test) =>
  t.testdir({
    etc: {
      eks: { 'kubelet-version.txt': 'v1.34.4\n', 'containerd-version.txt': 'containerd github.com/containerd/containerd/v2 2.2.9 x\n' },
    },
  });

const specOf = (spec: NodeConfigSpec = {}) => {
  const { endpoint, certificateAuthority, name } = exampleCluster();
  const cluster = { name, apiServerEndpoint: endpoint, certificateAuthority, cidr: '10.100.0.0/16', ...spec.cluster };
  const { value } = nodeSpecOf(placedByPath({ ...spec, cluster }));
  if (value === undefined) throw new Error('no spec');
  return value;
};
const byInstanceId: NodeConfigSpec = { featureGates: { InstanceIdNodeName: true } };
const trips = ({ imds, aws }: Stage): number => sequentialRoundTrips([...imds.exchanges, ...aws.exchanges]);
const counts = ({ imds, aws }: Stage, ...names: readonly string[]): readonly number[] =>
  names.map((name) => imds.count(name) + aws.count(name));

t.test('a whole document: one token, four round trips, and nobody asks EKS', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 100 });
  const facts = await gather(specOf(), noFacts(), here.world);
  t.same(needsOf(specOf(), facts), []);
  t.equal(trips(here), 4);
  t.same(counts(here, 'latest/api/token', 'DescribeInstances', 'DescribeCluster', 'DescribeInstanceTypes'), [1, 1, 0, 0]);
  t.match(facts.host, { kubeletVersion: '1.34.4', containerdVersion: '2.2.9' });
  t.ok((facts.host.onlineCpus ?? 0) > 0);
  t.ok(decide(specOf(), facts).value, 'enough to decide');
});

t.test('named by its instance id: no AWS API at all', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 100 });
  await gather(specOf(byInstanceId), noFacts(), here.world);
  t.ok(trips(here) <= 3, String(trips(here)));
  t.equal(here.aws.exchanges.length, 0);
});

t.test('what was left out of the cluster is asked for at the same time', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 100 });
  const spec = specOf({ cluster: { cidr: '' } });
  const facts = await gather(spec, noFacts(), here.world);
  t.equal(facts.cluster?.serviceIpv4Cidr, exampleCluster().serviceIpv4Cidr);
  t.equal(trips(here), 4);
  t.same(counts(here, 'latest/api/token', 'DescribeInstances', 'DescribeCluster'), [1, 1, 1]);
});

t.test('a type that nobody knows keeps no node from joining', async (t) => {
  const facts = exampleFacts();
  const { instanceTypes: _known, ...rest } = facts;
  const strange = { ...rest, instance: { ...facts.instance, type: 'x9.large' } };
  const here = await stage(t, { facts: strange, root: image(t), aws: { totalMs: 300 } });
  here.aws.fault({ on: /DescribeInstanceTypes/, kind: 'reset' });
  const known = await gather(specOf(byInstanceId), noFacts(), here.world);
  t.same(known.instanceTypes, { 'x9.large': null });
  const { value, diagnostics } = decide(specOf(byInstanceId), known);
  t.equal(value?.decisions.find(({ key }) => key === 'maxPods')?.value, 110);
  t.match(
    diagnostics.map(({ code }) => code),
    ['unknown-instance-type'],
  );
});
