/** AWS around a node of the rig: IMDS, the APIs it calls, a registry, and instances that take themselves for EC2's. */
import { join } from 'node:path';
import type { ClusterFacts, Facts } from '../../src/core/facts.ts';
import { ECR_PASSWORD } from '../fakes/aws.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { treeOf } from '../fakes/imds.ts';
import { type Fakes, startFakes } from '../fakes/main.ts';
import type { Exchange } from '../fakes/server.ts';
import { type Ami, amiBinds, installAmi } from './ami.ts';
import { executable } from './executable.ts';
import { makeNode, type Network, type Owner, type RigNode } from './node.ts';
import { registry } from './registry.ts';
import { must, rigDirectory } from './shell.ts';
import { makeFront } from './tls-front.ts';

export interface Cloud {
  readonly network: Network;
  /** What instance and cluster say of themselves now. */
  readonly facts: Facts;
  readonly fakes: Fakes;
  /** Every request to the stand-ins so far. */
  readonly exchanges: readonly Exchange[];
  /** An instance, prepared and not booted: a test may still change its files. One runs at a time in a network. With user data cloud-init is on. */
  launch(t: Owner, ami: Ami, userData?: string): Promise<RigNode>;
  /** From now on these: another type after stop/start, another instance from the same disk, another cluster. */
  become(facts: Facts): void;
  setUserData(userData: string | Uint8Array): void;
}

const USER_DATA = 'latest/user-data';

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
  const state = { facts: factsFor(network, cluster) };
  const exchanges: Exchange[] = [];
  const onExchange = (exchange: Exchange): void => void exchanges.push(exchange);
  const fakes = await startFakes({ facts: state.facts, host: network.host, imdsPort: 8169, onExchange });
  const { tree } = fakes.imds;
  t.teardown(() => fakes.close());
  const apis = ['eks', 'ec2', 'sts', 'api.ecr'].map((service) => [`${service}.us-west-2.amazonaws.com`, fakes.aws.url] as const);
  const front = await makeFront(t, network, {
    ...Object.fromEntries(apis),
    '602401143452.dkr.ecr.us-west-2.amazonaws.com': registry(ECR_PASSWORD),
  });
  const program = await executable();
  return {
    network,
    get facts() {
      return state.facts;
    },
    fakes,
    exchanges,
    become: (facts) => {
      state.facts = facts;
      fakes.aws.state.facts = facts;
      const userData = tree.get(USER_DATA);
      tree.clear();
      for (const [path, text] of treeOf({ facts })) tree.set(path, text);
      if (userData !== undefined) tree.set(USER_DATA, userData);
    },
    setUserData: (userData) => void tree.set(USER_DATA, userData),
    launch: async (t, ami, userData) => {
      const node = await makeNode(t, network, amiBinds(ami, program));
      installAmi(node.root, ami);
      front.trustIn(node.root);
      if (userData === undefined) tree.delete(USER_DATA);
      else {
        tree.set(USER_DATA, userData);
        await must(join(rigDirectory, 'ec2-root.sh'), [node.root]);
      }
      return node;
    },
  };
};
