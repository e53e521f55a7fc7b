import t, { type Test } from 'tap';
import type { FactName, Facts, FactsPatch } from '../../src/core/facts.ts';
import { needsOf } from '../../src/core/needs.ts';
import type { NodeSpec } from '../../src/core/spec.ts';
import { gather, gatherAll } from '../../src/facts/gather.ts';
import type { World } from '../../src/facts/world.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { exampleSpec, noFacts, type Stage, stage } from '../fakes/quick.ts';
import { sequentialRoundTrips } from '../fakes/server.ts';

// Loading these for the first time takes longer than a round trip does here.
await Promise.all([import('@aws-sdk/client-eks'), import('../../src/facts/eks.ts'), import('../../src/facts/ec2.ts')]);

/** An image with version files, so that no process is run. */
const image = (t: Test, kubelet = 'v1.32.3', containerd = 'v1.7.27') =>
  t.testdir({ etc: { eks: { 'kubelet-version.txt': `${kubelet}\n`, 'containerd-version.txt': `${containerd}\n` } } });

const given = (spec: NodeSpec): NodeSpec => {
  const { endpoint, certificateAuthority } = exampleCluster();
  const said = (value: string) => ({ value, origin: 'flag', at: '--x' }) as const;
  return { ...spec, cluster: { ...spec.cluster, endpoint: said(endpoint), certificateAuthority: said(certificateAuthority) } };
};
const byInstanceId = (spec: NodeSpec): NodeSpec => ({
  ...spec,
  kubelet: { ...spec.kubelet, nodeName: { value: 'instance-id', origin: 'flag', at: '--node-name' } },
});
const trips = ({ imds, aws }: Stage): number => sequentialRoundTrips([...imds.exchanges, ...aws.exchanges]);

t.test('everything a decision needs, in four round trips', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 100 });
  const facts = await gather(exampleSpec(), noFacts(), here.world);
  t.same(needsOf(exampleSpec(), facts), []);
  t.same(facts.cluster, exampleCluster());
  t.match(facts.instance, {
    id: 'i-0123456789abcdef0',
    privateDnsName: 'ip-192-168-1-10.us-west-2.compute.internal',
    localIpv4: '192.168.1.10',
  });
  t.match(facts.host, { kubeletVersion: '1.32.3', containerdVersion: '1.7.27' });
  t.equal(trips(here), 4);
  t.same(
    ['latest/api/token', 'DescribeCluster', 'DescribeInstances', 'DescribeInstanceTypes'].map(
      (name) => here.imds.count(name) + here.aws.count(name),
    ),
    [1, 1, 1, 0],
  );
});

t.test('three round trips when no API is asked, and no API is asked', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 100 });
  const facts = await gather(byInstanceId(given(exampleSpec())), noFacts(), here.world);
  t.ok(trips(here) <= 3, String(trips(here)));
  t.equal(here.aws.exchanges.length, 0);
  t.equal(facts.cluster, undefined);
  t.equal(here.imds.count(/security-credentials\/my-node-role/), 0, 'credentials are not fetched');
});

t.test('the VPC blocks, which need the MAC first, fit into three', async (t) => {
  const here = await stage(t, { root: image(t, 'v1.25.16'), delayMs: 100 });
  const facts = await gather(given(exampleSpec()), noFacts(), here.world);
  t.same(facts.instance.vpcIpv4Cidrs, ['192.168.0.0/16']);
  t.equal(here.aws.exchanges.length, 0);
  t.ok(trips(here) <= 3, String(trips(here)));
});

t.test('a clock that is wrong by an hour: EKS and EC2, asked at once, both get over it, and it is said once', async (t) => {
  const here = await stage(t, { root: image(t), delayMs: 5 });
  here.aws.state.skewMs = 3_600_000;
  const facts = await gather(exampleSpec(), noFacts(), here.world);
  t.same(needsOf(exampleSpec(), facts), []);
  t.equal(here.warnings.filter((warning) => warning.includes('clock is')).length, 1, here.warnings.join('\n'));
});

t.test('what only a warning depends on can fail, and nothing else does', async (t) => {
  const spec = byInstanceId(given(exampleSpec()));
  const withCidr: NodeSpec = {
    ...spec,
    cluster: { ...spec.cluster, serviceIpv4Cidr: { value: '10.100.0.0/16', origin: 'flag', at: '--x' } },
  };
  for (const on of [/vpc-ipv4-cidr-blocks/, /meta-data\/mac$/]) {
    const here = await stage(t, { root: image(t), imds: { totalMs: 100 } });
    here.imds.fault({ on, kind: 'reset' });
    const facts = await gather(withCidr, noFacts(), here.world);
    t.equal(facts.instance.vpcIpv4Cidrs, null, String(on));
    t.same(needsOf(withCidr, facts), []);
    await t.rejects(gather(spec, noFacts(), here.world), 'the cluster DNS has to be guessed by them, so here they count');
  }
});

t.test('a type that the table lacks: four round trips', async (t) => {
  const facts = exampleFacts();
  const here = await stage(t, { facts: { ...facts, instance: { ...facts.instance, type: 'x9.large' } }, root: image(t), delayMs: 100 });
  const known = await gather(byInstanceId(given(exampleSpec())), noFacts(), here.world);
  t.same(known.instanceTypes, { 'x9.large': { enis: 3, ipv4PerEni: 12 } });
  t.equal(here.aws.count('DescribeInstanceTypes'), 1);
  t.equal(trips(here), 4);
});

t.test('a slow kubelet does not lengthen the chain of requests', async (t) => {
  const root = t.testdir({
    usr: { bin: { kubelet: '#!/bin/sh\n/bin/sleep 0.25\necho Kubernetes v1.32.3\n' } },
    etc: { eks: { 'containerd-version.txt': '1.7.27' } },
  });
  const { chmodSync } = await import('node:fs');
  chmodSync(`${root}/usr/bin/kubelet`, 0o755);
  const here = await stage(t, { root, delayMs: 100 });
  const facts = await gather(given(exampleSpec()), noFacts(), here.world);
  t.equal(facts.instance.privateDnsName, 'ip-192-168-1-10.us-west-2.compute.internal');
  t.equal(trips(here), 4);
});

t.test('what is known already is not asked for', async (t) => {
  const here = await stage(t, { root: image(t) });
  const asked: string[] = [];
  const whole = await gather(exampleSpec(), noFacts(), here.world);
  const again = await gather(exampleSpec(), whole, here.world, { log: (text) => void asked.push(text) });
  t.equal(again, whole);
  t.same(asked, []);
});

t.test('each question and answer is told', async (t) => {
  const here = await stage(t, { root: image(t) });
  const said: string[] = [];
  await gather(given(exampleSpec()), noFacts(), here.world, { log: (text) => void said.push(text) });
  t.ok(said.includes('asking for instance.privateDnsName: the name that the control plane expects of the node'));
  t.ok(said.includes('have instance.privateDnsName'));
});

/** A world that answers from a table, or fails. */
const tableWorld = (answer: (fact: FactName, signal?: AbortSignal) => Promise<FactsPatch>): World => ({
  resolve: (fact, _facts, signal) => answer(fact, signal),
  prefetch: () => undefined,
  anticipate: () => undefined,
  credentials: () => Promise.reject(new Error('none')),
  region: () => Promise.reject(new Error('none')),
  assumeRole: () => Promise.reject(new Error('none')),
  callerArn: () => Promise.reject(new Error('none')),
  describeCluster: () => Promise.reject(new Error('none')),
  describeTypes: () => Promise.reject(new Error('none')),
  registryLogin: () => Promise.reject(new Error('none')),
  close: async () => undefined,
});

t.test('the first failure ends it and calls the others off', async (t) => {
  const ended: unknown[] = [];
  const world = tableWorld(
    (fact, signal) =>
      new Promise((_, reject) => {
        if (fact === 'host.cpus') setImmediate(() => reject(new Error('no cpus')));
        else signal?.addEventListener('abort', () => ended.push(fact), { once: true });
      }),
  );
  await t.rejects(gather(exampleSpec(), noFacts(), world), { message: 'no cpus' });
  t.ok(ended.includes('instance.identity'));
});

t.test("the caller's signal ends it", async (t) => {
  const world = tableWorld(() => new Promise(() => undefined));
  const controller = new AbortController();
  const gathering = gather(exampleSpec(), noFacts(), world, { signal: controller.signal });
  controller.abort(new Error('stop'));
  await t.rejects(gathering, { message: 'stop' });
  await t.rejects(gather(exampleSpec(), noFacts(), world, { signal: AbortSignal.abort(new Error('before')) }), { message: 'before' });
});

t.test('an answer that leaves its question open is a bug, not an endless loop', async (t) => {
  const world = tableWorld(async () => ({}));
  await t.rejects(gather(exampleSpec(), noFacts(), world), { message: /^these facts were asked for or can never be: / });
});

t.test('everything, with what failed beside it', async (t) => {
  const here = await stage(t, { root: image(t) });
  here.imds.tree.delete('latest/meta-data/services/domain');
  here.aws.fault({ on: 'DescribeInstances', kind: 'html' });
  const { facts, failures } = await gatherAll(exampleSpec(), noFacts(), here.world);
  t.same(failures.map(({ fact }) => fact).sort(), ['instance.domain', 'instance.privateDnsName']);
  t.match(facts, { cluster: { status: 'ACTIVE' }, instance: { ipv6s: ['2600:1f13:1:2:3:4:5:6'], vpcIpv4Cidrs: ['192.168.0.0/16'] } });
  t.match(facts.instanceTypes, { 'm5.large': { enis: 3, ipv4PerEni: 10 } });
  t.ok(Object.hasOwn(facts.host.files ?? {}, '/etc/eks/containerd/containerd-config.toml'));
});

t.test('everything without a cluster in mind', async (t) => {
  const here = await stage(t, { root: image(t) });
  const { facts, failures } = await gatherAll(undefined, noFacts(), here.world);
  t.same(failures, []);
  t.equal(facts.cluster, undefined);
  t.equal(facts.instance.privateDnsName, 'ip-192-168-1-10.us-west-2.compute.internal');
  t.equal(here.aws.count('DescribeCluster'), 0);
});

t.test('where IMDS is out of reach, each thing that hangs on it is said once', async (t) => {
  const here = await stage(t, { root: image(t), env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  const { facts, failures }: { facts: Facts; failures: readonly { fact: FactName }[] } = await gatherAll(undefined, noFacts(), here.world);
  t.same(failures.map(({ fact }) => fact).sort(), ['instance.domain', 'instance.identity', 'instance.localIpv4', 'instance.mac']);
  t.same(facts.instance, {});
  t.equal(facts.host.kubeletVersion, '1.32.3');
});
