/** Local clusters on an Outpost: is this one, which id do tokens name, and where is its API server when the way to the region is cut? */
import { digestOf } from './digest.ts';
import type { Facts } from './facts.ts';
import { addressOf } from './kubelet/cidr.ts';
import { given, inputOf } from './provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, errorAt, type Input, warningAt } from './report.ts';
import type { NodeSpec } from './spec.ts';

/** The flag, else what DescribeCluster says; undefined: it has not answered. Who gave CA and endpoint is not asked, and has none. */
export const isLocalOutpost = ({ cluster }: NodeSpec, facts: Facts): boolean | undefined => {
  if (cluster.localOutpost !== undefined) return cluster.localOutpost.value;
  if (cluster.endpoint !== undefined) return false;
  return facts.cluster === undefined ? undefined : facts.cluster.outpostArn !== null;
};

const CHANGES = ['--enable-local-outpost', '--cluster-id'];

/** Id of the local cluster; null: it is none. Errors: a local cluster whose id nobody says. Warnings: what was given in vain, or contradicts. */
export const clusterIdOf = (spec: NodeSpec, facts: Facts): Checked<Decided<string | null>> => {
  const { id: asked, localOutpost } = spec.cluster;
  const cluster = spec.cluster.endpoint === undefined ? facts.cluster : undefined;
  const told: readonly Input[] = [
    ...(localOutpost ? [given('--enable-local-outpost', localOutpost)] : []),
    ...(cluster ? [inputOf(facts, 'cluster.outpostArn', cluster.outpostArn)] : []),
  ];
  const decided = (value: string | null, rule: string, text: string, inputs: readonly Input[]): Decided<string | null> => ({
    key: 'clusterId',
    value,
    because: { rule: `cluster-id.${rule}`, text, inputs },
    changes: CHANGES,
  });
  const diagnostics = contradictions(spec, facts);
  if (isLocalOutpost(spec, facts) !== true) {
    return { value: decided(null, 'none', 'Not a node of a local cluster on an Outpost.', told), diagnostics };
  }
  const described = cluster?.id ?? undefined;
  if (described !== undefined) {
    const text = 'A local cluster on an Outpost: tokens are made for the id that DescribeCluster says.';
    return { value: decided(described, 'described', text, [...told, inputOf(facts, 'cluster.id', described)]), diagnostics };
  }
  if (asked !== undefined) {
    const text = 'A local cluster on an Outpost: tokens are made for the id that was given.';
    return { value: decided(asked.value, 'given', text, [...told, given('--cluster-id', asked)]), diagnostics };
  }
  const message = 'Cluster ID is required when local outpost support is enabled';
  const at = localOutpost?.at ?? 'cluster.id';
  return { diagnostics: [...diagnostics, errorAt('no-cluster-id', at, message, 'Give --cluster-id: DescribeCluster says none.')] };
};

const contradictions = (spec: NodeSpec, facts: Facts): readonly Diagnostic[] => {
  const { id, localOutpost, endpoint } = spec.cluster;
  const cluster = endpoint === undefined ? facts.cluster : undefined;
  const isLocal = isLocalOutpost(spec, facts) === true;
  const found: Diagnostic[] = [];
  if (localOutpost?.value === false && cluster && cluster.outpostArn !== null) {
    const message = `the cluster ${cluster.name} is a local cluster on an Outpost (${cluster.outpostArn}), and the node is set up as for another`;
    found.push(warningAt('outpost-differs', localOutpost.at, message, 'Leave it out.'));
  }
  if (localOutpost?.value === true && cluster?.outpostArn === null) {
    const message = `DescribeCluster says that the cluster ${cluster.name} is not on an Outpost`;
    found.push(warningAt('outpost-differs', localOutpost.at, message, 'Leave it out, unless that is wrong.'));
  }
  if (id !== undefined && !isLocal) {
    found.push(warningAt('ignored-flag', id.at, 'is not used: it is for local clusters on an Outpost', 'Leave it out.'));
  }
  if (id !== undefined && isLocal && cluster?.id && cluster.id !== id.value) {
    const message = `${id.value} is not used: the cluster was described, and its id is ${cluster.id}`;
    found.push(warningAt('cluster-id-overwritten', id.at, message, 'Leave it out.'));
  }
  return found;
};

/** The host in an endpoint (`https://host:port/…`) if it is a name; an address needs no look-up. */
export const apiServerNameOf = (endpoint: string): string | undefined => {
  const { hostname } = new URL(endpoint);
  return hostname.startsWith('[') || addressOf(hostname) !== undefined ? undefined : hostname;
};

/** The API server's name, of a local cluster whose endpoint is known: its addresses must be found. Without an id the call is refused anyway. */
export const outpostHostOf = (spec: NodeSpec, facts: Facts): string | undefined => {
  const { endpoint: given, id } = spec.cluster;
  const described = given === undefined ? facts.cluster : undefined;
  const endpoint = given?.value ?? described?.endpoint;
  if (isLocalOutpost(spec, facts) !== true || (id === undefined && !described?.id)) return undefined;
  return endpoint !== undefined && URL.canParse(endpoint) ? apiServerNameOf(endpoint) : undefined;
};

export interface ApiServerHost {
  readonly host: string;
  readonly addresses: Decided<readonly string[]>;
}

/**
 * What goes into /etc/hosts: with it the node finds its API server while the Outpost has no way to the region. bootstrap.sh shuffled the
 * addresses so that nodes do not all begin with the same; here the instance's id says where each begins, and says the same in each run.
 */
export const apiServerHostOf = (facts: Facts, host: string): ApiServerHost => {
  const found = facts.host.addresses?.[host];
  if (found === undefined) throw new Error(`host.addresses.${host} is not known yet`);
  const start = Number.parseInt(digestOf(facts.instance.id ?? '').slice(-6), 16) % found.length;
  const because: Because = {
    rule: 'api-server-addresses.outpost',
    text: 'Where the local cluster’s API server is, so that the node finds it when the Outpost has no way to the region.',
    inputs: [inputOf(facts, `host.addresses.${host}`, [...found])],
  };
  const value = [...found.slice(start), ...found.slice(0, start)];
  return {
    host,
    addresses: { key: 'apiServerAddresses', value, because, changes: ['a line of your own for that host in /etc/hosts counts instead'] },
  };
};
