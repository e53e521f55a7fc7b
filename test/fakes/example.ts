/** One ordinary node, for whoever needs facts and does not care which. */
import type { ClusterFacts, Facts } from '../../src/core/facts.ts';
import { CLUSTER_CA_PEM } from './certificates.ts';

export const exampleCluster = (): ClusterFacts => ({
  name: 'my-cluster',
  status: 'ACTIVE',
  endpoint: 'https://EXAMPLE0123456789.gr7.us-west-2.eks.amazonaws.com',
  certificateAuthority: Buffer.from(CLUSTER_CA_PEM).toString('base64'),
  ipFamily: 'ipv4',
  serviceIpv4Cidr: '10.100.0.0/16',
  serviceIpv6Cidr: null,
  id: null,
  outpostArn: null,
});

/** An m5.large in us-west-2a that joins my-cluster. */
export const exampleFacts = (): Facts => ({
  schemaVersion: 1,
  now: '2026-11-21T08:00:00.000Z',
  instance: {
    id: 'i-0123456789abcdef0',
    type: 'm5.large',
    region: 'us-west-2',
    availabilityZone: 'us-west-2a',
    domain: 'amazonaws.com',
    mac: '02:29:15:c0:c3:d1',
    localIpv4: '192.168.1.10',
    ipv6s: ['2600:1f13:1:2:3:4:5:6'],
    vpcIpv4Cidrs: ['192.168.0.0/16'],
    privateDnsName: 'ip-192-168-1-10.us-west-2.compute.internal',
  },
  cluster: exampleCluster(),
  host: {},
  instanceTypes: { 'm5.large': { enis: 3, ipv4PerEni: 10 }, 'x9.large': { enis: 3, ipv4PerEni: 12 } },
});

/** The instance role's credentials in the fakes. */
export const EXAMPLE_CREDENTIALS = {
  accessKeyId: 'ASIAEXAMPLE000000001',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE/session+token==',
};
export const EXAMPLE_ROLE = 'my-node-role';
