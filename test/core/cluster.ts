import t from 'tap';

const base64OfText = (text: string): string => Buffer.from(text).toString('base64');

import { clusterOf } from '../../src/core/cluster.ts';
import type { ClusterFacts } from '../../src/core/facts.ts';
import { CLUSTER_CA_PEM, TEST_AUTHORITY_PEM, TEST_SERVER } from '../fakes/certificates.ts';
import { CA, type Differences, decidedOf, ENDPOINT, factsWith, linesOf, PAIR, specWith } from './support/plain.ts';

const told = (cluster: Partial<ClusterFacts>, args: readonly string[] = [], now?: string): readonly string[] => {
  const differences: Differences = now === undefined ? { cluster } : { cluster, now };
  return linesOf(clusterOf(specWith(args), factsWith(differences)).diagnostics);
};

t.test('described', async (t) => {
  const cluster = decidedOf(clusterOf(specWith(), factsWith()));
  t.equal(cluster.pem, CLUSTER_CA_PEM);
  t.same([cluster.name.value, cluster.endpoint.value, cluster.certificateAuthority.value], ['my-cluster', ENDPOINT, CA]);
  t.match(cluster.endpoint.because, { rule: 'cluster.endpoint', inputs: [{ origin: 'describe-cluster', at: 'endpoint' }] });
  t.same(told({ status: 'UPDATING' }), [], 'a cluster being updated takes nodes');
});

t.test('given', async (t) => {
  const cluster = decidedOf(clusterOf(specWith(PAIR), factsWith({ cluster: null })));
  t.match(cluster.endpoint.because.inputs, [{ origin: 'flag', at: '--apiserver-endpoint' }]);
  t.equal(cluster.pem, CLUSTER_CA_PEM);
  t.throws(() => clusterOf(specWith(), factsWith({ cluster: null })), { message: 'cluster is not known yet' });
});

t.test('clusters that no node can join', async (t) => {
  t.same(told({ status: 'DELETING' }), ['error cluster-unusable cluster.status: the cluster my-cluster is DELETING: no node can join it']);
  t.same(told({ status: 'CREATING', endpoint: '', certificateAuthority: '' }), [
    'error cluster-not-active cluster.status: the cluster my-cluster is CREATING, not ACTIVE',
  ]);
  t.same(told({ status: 'FAILED' }), ['error cluster-unusable cluster.status: the cluster my-cluster is FAILED: no node can join it']);
});

t.test('what was given in vain', async (t) => {
  t.same(told({ name: 'other' }), [
    'warning cluster-name-differs <cluster-name>: DescribeCluster answered for a cluster named other, but the node is to join my-cluster',
  ]);
  t.same(told({}, ['--service-ipv4-cidr', '10.200.0.0/16', '--service-ipv6-cidr', 'fd00::/108']), [
    'warning service-cidr-overwritten --service-ipv4-cidr: 10.200.0.0/16 is not used: the cluster was described, and says 10.100.0.0/16',
    'warning service-cidr-overwritten --service-ipv6-cidr: fd00::/108 is not used: the cluster was described, and says that it has none',
  ]);
  t.same(told({}, ['--service-ipv4-cidr', '10.100.0.0/16']), [], 'the same as described');
});

t.test('certificate authorities', async (t) => {
  t.same(told({}, [], '2100-01-01T00:00:00Z'), [
    'error expired-certificate cluster.certificateAuthority: the certificate authority expired on 2099-12-31T23:59:59Z; the clock says 2100-01-01T00:00:00Z',
  ]);
  t.same(told({}, [], '2019-01-01T00:00:00Z'), [
    'warning early-certificate cluster.certificateAuthority: the certificate authority is valid from 2020-01-01T00:00:00Z on, but the clock says 2019-01-01T00:00:00Z',
  ]);
  t.same(told({ certificateAuthority: 'x' }), [
    'error invalid-base64 cluster.certificateAuthority: the certificate authority is not base64 of a PEM text',
  ]);
  t.same(told({ certificateAuthority: base64OfText('<html>') }), [
    'error not-pem cluster.certificateAuthority: the certificate authority holds no PEM block (-----BEGIN CERTIFICATE-----)',
  ]);
  t.same(told({ certificateAuthority: base64OfText(`${TEST_AUTHORITY_PEM}${TEST_SERVER.key}`) }), [
    'error private-key cluster.certificateAuthority: the certificate authority holds a private key (block 2 of 2), which does not belong on a node',
  ]);
  t.same(told({ endpoint: 'http://x' }), ["error invalid-url cluster.endpoint: 'http://x' is not an https URL"]);
});

t.test('one expired certificate beside a valid one is only a warning', async (t) => {
  // A root that expired on 2021-09-30 and stands in many bundles to this day (DST Root CA X3) would do; made by hand it is shorter: the year is changed in place.
  const der = Buffer.from(CLUSTER_CA_PEM.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const at = der.indexOf('20991231235959Z');
  der.write('20211231235959Z', at, 'latin1');
  const expired = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  t.same(told({ certificateAuthority: base64OfText(`${expired}${CLUSTER_CA_PEM}`) }), [
    'warning expired-certificate cluster.certificateAuthority: 1 of 2 certificates of the certificate authority expired, one on 2021-12-31T23:59:59Z',
  ]);
});
