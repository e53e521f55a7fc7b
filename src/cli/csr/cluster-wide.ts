/** Every node's serving certificate as the API server sees it, from a laptop. Nothing is changed and no node is logged in to. */
import type { X509Certificate } from 'node:crypto';
import type { Api } from '../../cluster/api.ts';
import { ApiError } from '../../cluster/api-error.ts';
import { type FoundCsr, fetchNode, fetchNodes, fetchProxied, fetchRequests, isAbout } from '../../cluster/csr-source.ts';
import type { NodeSeen, Observation, Serving } from '../../core/csr/observation.ts';
import { verdictOf } from '../../core/csr/verdict.ts';
import { timestampOf } from '../../core/timestamp.ts';
import type { Context } from '../command.ts';
import type { NodeRow } from '../present/csr.ts';
import { issuedIn } from './observe.ts';

export interface Cluster {
  readonly api: Api;
  readonly authorities: readonly X509Certificate[];
  readonly context: Context;
}

/** So many kubelets are spoken to at the same time. */
const SIDE_BY_SIDE = 8;

const servingOf = (said: string): Serving => {
  if (said === '') return { kind: 'verified', text: 'the API server reaches it and accepts its certificate' };
  const text = said.replace(/^.*?answered \d+ to [^:]*: /, '').slice(0, 300);
  if (/tls: internal error/.test(text)) return { kind: 'alert', text: 'the API server reaches it, and it has no certificate to present' };
  return { kind: /x509:/.test(text) ? 'rejected' : 'silent', text };
};

/** Asks by way of the API server; undefined where the user may not. */
const proxied = async ({ api, context }: Cluster, name: string): Promise<Serving | undefined> => {
  try {
    return servingOf(await fetchProxied(api, name, context.signal));
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
};

const rowOf = async (cluster: Cluster, nodeName: string, node: NodeSeen | null, found: readonly FoundCsr[]): Promise<NodeRow> => {
  const { api, authorities, context } = cluster;
  const issued = issuedIn(found, authorities);
  const skew = api.clockSkewSeconds();
  const seen: Observation = {
    now: timestampOf(context.now()),
    nodeName,
    node: { ok: true, value: node },
    requests: { ok: true, value: found.map(({ csr }) => csr) },
    ...(issued ? { issued } : {}),
    ...(skew === undefined ? {} : { clockSkewSeconds: skew }),
  };
  const verdict = verdictOf(seen);
  // Requests are cleaned up after an hour: then only the kubelet itself can tell.
  if (verdict.state !== 'Unknown' || node === null) return { seen, verdict };
  const serving = await proxied(cluster, nodeName);
  const more = serving === undefined ? seen : { ...seen, serving };
  return { seen: more, verdict: verdictOf(more) };
};

/** Node names that requests are for; a node that was never registered has nothing else. */
const namesIn = (found: readonly FoundCsr[]): readonly string[] =>
  found.flatMap(({ csr }) =>
    [csr.cn, csr.username].filter((name) => name.startsWith('system:node:')).map((name) => name.slice('system:node:'.length)),
  );

/** @throws ApiError */
export const rowsOfCluster = async (cluster: Cluster): Promise<readonly NodeRow[]> => {
  const { api, context } = cluster;
  const [nodes, found] = await Promise.all([fetchNodes(api, context.signal), fetchRequests(api, () => true, context.signal)]);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const requests = new Map<string, FoundCsr[]>();
  for (const one of found) for (const name of new Set(namesIn([one]))) requests.set(name, [...(requests.get(name) ?? []), one]);
  const names = [...new Set([...byName.keys(), ...requests.keys()])];
  const rows: NodeRow[] = [];
  const worker = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      rows.push(await rowOf(cluster, name, byName.get(name) ?? null, requests.get(name) ?? []));
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  return rows;
};

/** @throws ApiError */
export const rowOfNode = async (cluster: Cluster, name: string): Promise<NodeRow> => {
  const { api, context } = cluster;
  const [node, found] = await Promise.all([
    fetchNode(api, name, context.signal),
    fetchRequests(api, isAbout(name, undefined), context.signal),
  ]);

  return rowOf(cluster, name, node, found);
};
