/**
 * A Kubernetes API server, as far as a node's serving certificate goes: nodes, requests for certificates, who am I; lists in pages, watches
 * with bookmarks and compaction, the Node authorizer's rules. The approver and the signer are whoever holds the state: a test.
 */

import { type AltNames, makeAuthority, makeCertificate, makeRequest, type Pair, type Subject } from './pki.ts';
import type { AnswerStream, Fake, FakeAnswer, FakeOptions, FakeRequest } from './server.ts';
import { startServer } from './server.ts';

export interface FakeUser {
  readonly username: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

type Json = { [key: string]: unknown };

interface Stored {
  readonly metadata: { readonly name: string; resourceVersion: string; readonly creationTimestamp: string; readonly uid: string };
  readonly kind: string;
  status: Json;
  readonly [key: string]: unknown;
}

export interface CsrWish extends Subject, AltNames {
  readonly name?: string;
  readonly by: FakeUser;
  readonly ageSeconds?: number;
  readonly usages?: readonly string[];
  readonly signerName?: string;
}

export interface NodeWish {
  readonly name: string;
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  readonly taints?: readonly string[];
  readonly ageSeconds?: number;
  /** What asking its kubelet through the API server gives: `ok`, or the error. */
  readonly proxied?: string;
}

export interface ApiServerOptions extends FakeOptions {
  /** Besides localhost and 127.0.0.1. */
  readonly hosts?: AltNames;
  /** Judges a token that is not among `users`. */
  readonly authenticate?: (token: string) => FakeUser | undefined;
  /** The server's clock against this machine's. */
  readonly clockMs?: number;
}

export interface FakeApiServer extends Fake {
  /** PEM: what clients must trust. */
  readonly ca: string;
  /** Signs serving certificates. */
  readonly authority: Pair;
  /** By bearer token. */
  readonly users: Map<string, FakeUser>;
  addNode(wish: NodeWish): void;
  removeNode(name: string): void;
  /** Returns its name. */
  addCsr(wish: CsrWish): string;
  /** So many of other nodes, all with the same request. */
  addMany(count: number): void;
  condition(name: string, type: string, reason?: string, message?: string): void;
  /** Returns certificate and key. */
  issue(name: string, life?: { notBefore: Date; notAfter: Date }): Pair;
  removeCsr(name: string): void;
  /** Forgets old resource versions: watches and lists that come from there are Gone. */
  compact(): void;
  /** Ends all watches: in order, or broken off. */
  endWatches(how: 'end' | 'cut' | 'gone'): void;
  readonly watchers: () => number;
}

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NODES = '/api/v1/nodes';
const REVIEW = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

const json = (status: number, body: unknown): FakeAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const refused = (code: number, reason: string, message: string): FakeAnswer =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code });

interface Watcher {
  readonly wants: (object: Stored) => boolean;
  readonly kind: string;
  readonly to: AnswerStream;
}

const nameOf = ({ method, path }: FakeRequest): string => {
  const { pathname, searchParams } = new URL(path, 'https://x');
  const what = pathname.startsWith(CSRS) ? 'csr' : pathname.startsWith(NODES) ? 'node' : (pathname.split('/').at(-1) ?? '');
  if (method !== 'GET') return `${method} ${what}`;
  if (pathname.includes('/proxy/')) return 'PROXY node';
  if (searchParams.get('watch')) return `WATCH ${what}`;
  return pathname === CSRS || pathname === NODES ? `LIST ${what}` : `GET ${what}`;
};

const selects =
  (selector: string | null) =>
  (object: Stored): boolean =>
    (selector ?? '').split(',').every((term) => {
      const [key = '', value] = term.split('=');
      if (key === 'metadata.name') return object.metadata.name === value;
      if (key === 'spec.signerName') return (object['spec'] as Json)['signerName'] === value;
      return true;
    });

export const startApiServer = async (options: ApiServerOptions = {}): Promise<FakeApiServer> => {
  const authority = makeAuthority();
  const tls = makeCertificate({ cn: 'kube-apiserver', by: authority, dns: ['localhost'], ips: ['127.0.0.1'], ...options.hosts });
  const now = (): number => Date.now() + (options.clockMs ?? 0);
  const users = new Map<string, FakeUser>();
  const objects = new Map<string, Stored>();
  const wishes = new Map<string, CsrWish>();
  const proxied = new Map<string, string>();
  const watchers = new Set<Watcher>();
  const log: { readonly version: number; readonly type: string; readonly object: Stored }[] = [];
  let version = 1000;
  let oldest = 0;
  let serial = 0;

  const keyOf = (kind: string, name: string): string => `${kind}/${name}`;
  const record = (type: string, object: Stored): void => {
    object.metadata.resourceVersion = String(++version);
    const copy = structuredClone(object);
    log.push({ version, type, object: copy });
    for (const { kind, wants, to } of watchers)
      if (kind === copy.kind && wants(copy)) to.write(`${JSON.stringify({ type, object: copy })}\n`);
  };
  const put = (object: Stored): void => {
    const key = keyOf(object.kind, object.metadata.name);
    const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
    objects.set(key, object);
    record(type, object);
  };
  const remove = (kind: string, name: string): void => {
    const object = objects.get(keyOf(kind, name));
    objects.delete(keyOf(kind, name));
    if (object) record('DELETED', object);
  };
  const metadata = (name: string, ageSeconds = 0) => ({
    name,
    uid: `uid-${++serial}`,
    resourceVersion: '',
    creationTimestamp: new Date(now() - ageSeconds * 1000).toISOString().replace(/\.\d+/, ''),
  });
  const csr = (name: string): Stored => {
    const object = objects.get(keyOf('CertificateSigningRequest', name));
    if (object === undefined) throw new Error(`no request ${name}`);
    return object;
  };

  const list = (kind: string, path: URL): FakeAnswer => {
    const all = [...objects.values()].filter((object) => object.kind === kind && selects(path.searchParams.get('fieldSelector'))(object));
    const [from = 0, at = version] = (path.searchParams.get('continue') ?? '').split('@').filter(Boolean).map(Number);
    if (at < oldest) return refused(410, 'Expired', 'The provided continue parameter is too old');
    const limit = Number(path.searchParams.get('limit') ?? all.length) || all.length;
    const rest = all.length > from + limit ? { continue: `${from + limit}@${at}` } : {};
    return json(200, { kind: `${kind}List`, metadata: { resourceVersion: String(at), ...rest }, items: all.slice(from, from + limit) });
  };
  const watch = (kind: string, path: URL): FakeAnswer => ({
    status: 200,
    stream: (to) => {
      const from = Number(path.searchParams.get('resourceVersion') ?? version);
      const gone = {
        type: 'ERROR',
        object: { kind: 'Status', status: 'Failure', message: `too old resource version: ${from}`, code: 410 },
      };
      if (from < oldest) {
        to.write(`${JSON.stringify(gone)}\n`);
        to.end();
        return () => undefined;
      }
      const watcher = { kind, wants: selects(path.searchParams.get('fieldSelector')), to };
      for (const { type, object, version: at } of log)
        if (at > from && object.kind === kind && watcher.wants(object)) to.write(`${JSON.stringify({ type, object })}\n`);
      to.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind, metadata: { resourceVersion: String(version) } } })}\n`);
      watchers.add(watcher);
      const timer = setTimeout(to.end, Number(path.searchParams.get('timeoutSeconds') ?? 60) * 1000);
      return () => {
        clearTimeout(timer);
        watchers.delete(watcher);
      };
    },
  });

  const forbidden = (user: FakeUser, what: string): FakeAnswer =>
    refused(403, 'Forbidden', `${what} is forbidden: User "${user.username}" cannot do this`);
  const answerCsr = (user: FakeUser, path: URL): FakeAnswer => {
    const isNode = user.groups.includes('system:nodes') && user.username.startsWith('system:node:');
    if (!isNode && !user.groups.includes('system:masters')) return forbidden(user, 'certificatesigningrequests');
    if (path.searchParams.get('watch')) return watch('CertificateSigningRequest', path);
    if (path.pathname === CSRS) return list('CertificateSigningRequest', path);
    const name = path.pathname.slice(CSRS.length + 1);
    const object = objects.get(keyOf('CertificateSigningRequest', name));
    return object ? json(200, object) : refused(404, 'NotFound', `certificatesigningrequests "${name}" not found`);
  };
  const answerNode = (user: FakeUser, path: URL): FakeAnswer => {
    const isAdmin = user.groups.includes('system:masters');
    if (path.pathname === NODES) return isAdmin ? list('Node', path) : forbidden(user, 'nodes');
    const [name = '', proxy] = path.pathname.slice(NODES.length + 1).split('/');
    const isSelf = user.groups.includes('system:nodes') && user.username === `system:node:${name}`;
    if (!isAdmin && (!isSelf || proxy)) return forbidden(user, `nodes "${name}"`);
    const object = objects.get(keyOf('Node', name));
    if (object === undefined) return refused(404, 'NotFound', `nodes "${name}" not found`);
    if (!proxy) return json(200, object);
    const said = proxied.get(name) ?? 'ok';
    return said === 'ok' ? { status: 200, body: 'ok' } : refused(500, 'InternalError', said);
  };
  const dated = ({ headers, ...rest }: FakeAnswer): FakeAnswer => ({
    ...rest,
    headers: { ...headers, date: new Date(now()).toUTCString() },
  });
  const answer = (request: FakeRequest): FakeAnswer => {
    const token = (request.headers['authorization'] ?? '').replace(/^Bearer /, '');
    const user = users.get(token) ?? options.authenticate?.(token);
    if (user === undefined) return refused(401, 'Unauthorized', 'Unauthorized');
    const path = new URL(request.path, 'https://x');
    if (path.pathname === REVIEW && request.method === 'POST') return json(201, { kind: 'SelfSubjectReview', status: { userInfo: user } });
    if (path.pathname.startsWith(CSRS)) return answerCsr(user, path);
    if (path.pathname.startsWith(NODES)) return answerNode(user, path);
    return refused(404, 'NotFound', 'the server could not find the requested resource');
  };

  const server = await startServer({ name: 'api-server', nameOf, answer: (request) => dated(answer(request)) }, { ...options, tls });
  return {
    ...server,
    ca: authority.cert,
    authority,
    users,
    addNode: ({ name, addresses = [], taints = [], ageSeconds, proxied: said }) => {
      if (said !== undefined) proxied.set(name, said);
      put({
        kind: 'Node',
        metadata: metadata(name, ageSeconds),
        spec: { providerID: `aws:///us-west-2a/i-0123456789abcdef0`, taints: taints.map((key) => ({ key, effect: 'NoSchedule' })) },
        status: { addresses, conditions: [{ type: 'Ready', status: 'True', message: 'kubelet is posting ready status' }] },
      });
    },
    removeNode: (name) => remove('Node', name),
    addCsr: (wish) => {
      const name = wish.name ?? `csr-${(++serial).toString(36).padStart(5, 'x')}`;
      wishes.set(name, wish);
      put({
        kind: 'CertificateSigningRequest',
        metadata: metadata(name, wish.ageSeconds),
        spec: {
          request: Buffer.from(makeRequest(wish)).toString('base64'),
          signerName: wish.signerName ?? 'kubernetes.io/kubelet-serving',
          usages: wish.usages ?? ['digital signature', 'server auth'],
          ...wish.by,
        },
        status: {},
      });
      return name;
    },
    addMany: (count) => {
      const request = Buffer.from(makeRequest({ cn: 'system:node:other', organizations: ['system:nodes'], dns: ['other'] })).toString(
        'base64',
      );
      const spec = {
        request,
        signerName: 'kubernetes.io/kubelet-serving',
        usages: ['server auth'],
        username: 'system:node:other',
        groups: ['system:nodes'],
      };
      for (let i = 0; i < count; i++) put({ kind: 'CertificateSigningRequest', metadata: metadata(`csr-many-${i}`), spec, status: {} });
    },
    condition: (name, type, reason = '', message = '') => {
      const object = csr(name);
      const conditions = (object.status['conditions'] ?? []) as unknown[];
      const lastUpdateTime = new Date(now()).toISOString().replace(/\.\d+/, '');
      object.status = { ...object.status, conditions: [...conditions, { type, status: 'True', reason, message, lastUpdateTime }] };
      put(object);
    },
    issue: (name, life) => {
      const object = csr(name);
      const wish = wishes.get(name);
      if (wish === undefined) throw new Error(`no request ${name}`);
      const pair = makeCertificate({
        ...wish,
        by: authority,
        notBefore: new Date(Date.now() - 300_000),
        notAfter: new Date(Date.now() + 45 * 86_400_000),
        ...life,
      });
      object.status = { ...object.status, certificate: Buffer.from(pair.cert).toString('base64') };
      put(object);
      return pair;
    },
    removeCsr: (name) => remove('CertificateSigningRequest', name),
    compact: () => {
      oldest = ++version;
    },
    endWatches: (how) => {
      for (const { to } of [...watchers]) {
        if (how === 'gone')
          to.write(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', message: 'too old resource version', code: 410 } })}\n`);
        if (how === 'cut') to.cut();
        else to.end();
      }
    },
    watchers: () => watchers.size,
  };
};
