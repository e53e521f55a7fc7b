/** AWS around a node of the rig: IMDS, the APIs it calls, a registry, and instances that take themselves for EC2's. */
import { join } from 'node:path';
import type { ClusterFacts, Facts } from '../../src/core/facts.ts';
import { ECR_PASSWORD } from '../fakes/aws.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { type Fakes, startFakes } from '../fakes/main.ts';
import { type Ami, amiBinds, installAmi } from './ami.ts';
import { executable } from './executable.ts';
import { makeNode, type Network, type Owner, type RigNode } from './node.ts';
import { registry } from './registry.ts';
import { must, rigDirectory } from './shell.ts';
import { makeFront } from './tls-front.ts';

export interface Cloud {
  readonly network: Network;
  readonly facts: Facts;
  readonly fakes: Fakes;
  /** An instance, prepared and not booted: a test may still change its files. One runs at a time in a network. With user data cloud-init is on. */
  launch(t: Owner, ami: Ami, userData?: string): Promise<RigNode>;
}

/** What instance and cluster say of themselves, with the network's addresses. */
const factsFor = (network: Network, cluster: Partial<ClusterFacts>): Facts => {
  const facts = exampleFacts();
  const name = `ip-${network.node.replaceAll('.', '-')}.us-west-2.compute.internal`;
  return {
    ...facts,
    instance: { ...facts.instance, localIpv4: network.node, privateDnsName: name },
    cluster: { ...exampleCluster(), ...cluster },
  };
};

/** Starts the stand-ins on the host's side of a network. `cluster`: what DescribeCluster says besides the ordinary. */
export const makeCloud = async (t: Owner, network: Network, cluster: Partial<ClusterFacts> = {}): Promise<Cloud> => {
  const facts = factsFor(network, cluster);
  const fakes = await startFakes({ facts, host: network.host, imdsPort: 8169 });
  t.teardown(() => fakes.close());
  const apis = ['eks', 'ec2', 'sts', 'api.ecr'].map((service) => [`${service}.us-west-2.amazonaws.com`, fakes.aws.url] as const);
  const front = await makeFront(t, network, {
    ...Object.fromEntries(apis),
    '602401143452.dkr.ecr.us-west-2.amazonaws.com': registry(ECR_PASSWORD),
  });
  const program = await executable();
  return {
    network,
    facts,
    fakes,
    launch: async (t, ami, userData) => {
      const node = await makeNode(t, network, amiBinds(ami, program));
      installAmi(node.root, ami);
      front.trustIn(node.root);
      if (userData === undefined) fakes.imds.tree.delete('latest/user-data');
      else {
        fakes.imds.tree.set('latest/user-data', userData);
        await must(join(rigDirectory, 'ec2-root.sh'), [node.root]);
      }
      return node;
    },
  };
};
