/** A node of the real control plane: AWS' stand-ins, a real kubelet and containerd, tokens judged by the strict verifier. */
import type { Ami } from './ami.ts';
import { type ControlPlane, makeControlPlane } from './control-plane.ts';
import { makeCloud } from './ec2.ts';
import { authenticatorFor, RIG_ONLY } from './join.ts';
import { makeNetwork, type Network, type Owner, type RigNode, until } from './node.ts';

export interface ClusterNode {
  readonly network: Network;
  readonly cluster: ControlPlane;
  /** Not booted yet. */
  readonly node: RigNode;
  readonly nodeName: string;
}

/** Without user data nothing happens at its boot. */
export const makeClusterNode = async (t: Owner, ami: Ami, userData?: string): Promise<ClusterNode> => {
  const network = await makeNetwork(t);
  const nodeName = `ip-${network.node.replaceAll('.', '-')}.us-west-2.compute.internal`;
  const cluster = await makeControlPlane(t, network, authenticatorFor(nodeName));
  const { endpoint, certificateAuthority } = cluster;
  const cloud = await makeCloud(t, network, { endpoint, certificateAuthority });
  const node = await cloud.launch(t, ami, userData);
  // As a host edit of the shared file, so that these keys must survive the merge.
  const file = 'etc/kubernetes/kubelet/kubelet-config.json';
  node.write(file, JSON.stringify({ ...(JSON.parse(node.read(file)) as object), ...RIG_ONLY }, null, 2));
  return { network, cluster, node, nodeName };
};

/** Names of the requests that nobody has decided about, oldest first. */
const pendingRequests = async (cluster: ControlPlane): Promise<readonly string[]> => {
  const { items } = JSON.parse(await cluster.kubectl('get', 'csr', '--sort-by=.metadata.creationTimestamp', '-o', 'json')) as {
    readonly items: readonly { readonly metadata: { readonly name: string }; readonly status: { readonly conditions?: unknown } }[];
  };
  return items.filter(({ status }) => status.conditions === undefined).map(({ metadata }) => metadata.name);
};

/** The newest request that waits for a decision, and is none of `but`. */
export const nextRequest = (cluster: ControlPlane, but: readonly string[] = []): Promise<string> =>
  until('a serving certificate is asked for', 60_000, async () =>
    (await pendingRequests(cluster)).filter((name) => !but.includes(name)).at(-1),
  );
