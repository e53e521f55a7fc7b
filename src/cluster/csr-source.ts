/** What the API server knows of a node and its serving certificate. What it does not answer is a value, too. */
import { csrOf, identityOf, nodeOf } from '../core/csr/objects.ts';
import type { Answer, Csr, Identity, NodeSeen } from '../core/csr/observation.ts';
import { NodeError } from '../core/errors.ts';
import { sleep } from '../facts/wait.ts';
import type { Api } from './api.ts';
import { ApiError } from './api-error.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NODES = '/api/v1/nodes';
const REVIEWS = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';

/** A failure as a value; bugs and interruptions stay what they are. */
export const answerOf = async <T>(asked: Promise<T>): Promise<Answer<T>> => {
  try {
    return { ok: true, value: await asked };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const kind = error instanceof ApiError ? error.kind : error.code === 'CONFIG' ? 'no-kubeconfig' : 'no-credentials';
    const { code, message: text, remedy } = error;
    return { ok: false, failure: { kind, code, text, ...(remedy === undefined ? {} : { remedy }) } };
  }
};

const strange = (what: string): ApiError => new ApiError('not-json', `the API server’s answer is no ${what}`);

/** undefined: the API server is older than 1.28 and has no such question. @throws ApiError */
export const fetchIdentity = async (api: Api, signal?: AbortSignal): Promise<Identity | undefined> => {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const body = await api.post(REVIEWS, review, signal).catch((error: unknown) => {
    if (error instanceof ApiError && error.kind === 'not-found') return undefined;
    throw error;
  });
  if (body === undefined) return undefined;
  const identity = identityOf(body);
  if (identity === undefined) throw strange('SelfSubjectReview');
  return identity;
};

/** null: there is none. @throws ApiError */
export const fetchNode = async (api: Api, name: string, signal?: AbortSignal): Promise<NodeSeen | null> => {
  const body = await api.get(`${NODES}/${encodeURIComponent(name)}`, signal).catch((error: unknown) => {
    if (error instanceof ApiError && error.kind === 'not-found') return null;
    throw error;
  });
  if (body === null) return null;
  const node = nodeOf(body);
  if (node === undefined) throw strange('Node');
  return node;
};

export interface FoundCsr {
  readonly csr: Csr;
  /** PEM; '' before it is issued. */
  readonly certificate: string;
}

/** All requests for serving certificates of which `keep` says so, one page at a time. @throws ApiError */
export const fetchRequests = async (api: Api, keep: (csr: Csr) => boolean, signal?: AbortSignal): Promise<readonly FoundCsr[]> => {
  const { items } = await api.list(REQUESTS, {
    fieldSelector: `spec.signerName=${KUBELET_SERVING}`,
    signal,
    keep: (object) => {
      const found = csrOf(object);
      return found !== undefined && found.signerName === KUBELET_SERVING && keep(found.csr)
        ? { csr: found.csr, certificate: found.certificate }
        : undefined;
    },
  });
  return items;
};

/** By this node, or for it. */
export const isAbout =
  (nodeName: string, username: string | undefined) =>
  (csr: Csr): boolean => {
    const expected = `system:node:${nodeName}`;
    return csr.cn === expected || csr.username === expected || (username?.startsWith('system:node:') === true && csr.username === username);
  };

/** @throws ApiError */
export const fetchNodes = async (api: Api, signal?: AbortSignal): Promise<readonly NodeSeen[]> =>
  (await api.list(NODES, { keep: nodeOf, signal })).items;

/** Asks the API server to speak to a node's kubelet: it verifies its certificate. '' where it could, else what it said. @throws ApiError */
export const fetchProxied = async (api: Api, name: string, signal?: AbortSignal): Promise<string> => {
  try {
    await api.get(`${NODES}/${encodeURIComponent(name)}/proxy/healthz`, signal);
    return '';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.kind === 'not-json' && error.status === 200) return ''; // `ok` is no JSON
    if (error.kind !== 'server') throw error;
    return error.message;
  }
};

/**
 * Waits for news of one request: resolves when it changes, or is cleaned up, or after `timeoutMs`. Too old a resource version, and whatever
 * else ends a watch, is news too: the next look lists again.
 */
export const waitForNews = async (api: Api, csr: Csr, timeoutMs: number, signal?: AbortSignal): Promise<void> => {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const fieldSelector = `metadata.name=${csr.name}`;
  const began = Date.now();
  try {
    const { items, resourceVersion } = await api.list(REQUESTS, { fieldSelector, signal: either, keep: csrOf });
    const [now] = items;
    // Another object of the same name, or one that has changed while we came here.
    if (now?.csr.uid !== csr.uid || now.csr.isIssued !== csr.isIssued || now.csr.conditions.length !== csr.conditions.length) return;
    await api.watch(REQUESTS, { fieldSelector, resourceVersion, timeoutMs, signal: either, onEvent: () => stop.abort() });
  } catch (error) {
    if (stop.signal.aborted && !signal?.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    if (error.kind !== 'gone' && error.kind !== 'cut-off') await sleep(Math.max(0, timeoutMs - (Date.now() - began)), signal);
  }
};
