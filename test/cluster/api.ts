import t, { type Test } from 'tap';
import { type Api, type ApiOptions, createApi, type WatchEvent } from '../../src/cluster/api.ts';
import { ApiError } from '../../src/cluster/api-error.ts';
import { csrOf } from '../../src/core/csr/objects.ts';
import { createHttp } from '../../src/facts/http.ts';
import { timer } from '../../src/facts/wait.ts';
import { type FakeApiServer, startApiServer } from '../fakes/api-server.ts';
import { TEST_AUTHORITY_PEM } from '../fakes/certificates.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const NODE = { username: 'system:node:n', groups: ['system:nodes'] };
const SERVING = 'spec.signerName=kubernetes.io/kubelet-serving';

interface Stage {
  readonly server: FakeApiServer;
  readonly api: Api;
  readonly tokens: boolean[];
}

const stage = async (t: Test, { ca, ...options }: Partial<ApiOptions> & { readonly ca?: string } = {}): Promise<Stage> => {
  const server = await startApiServer();
  server.users.set('node-token', NODE);
  const tls = async () => {
    const { createSecureContext } = await import('node:tls');
    return { secureContext: createSecureContext({ ca: ca ?? server.ca }) };
  };
  const http = createHttp({ env: {}, connectTimeoutMs: 2_000, proxy: true, tls });
  t.teardown(async () => {
    await http.close();
    await server.close();
  });
  const tokens: boolean[] = [];
  const api = createApi({
    server: server.url,
    http,
    token: async (again) => {
      tokens.push(again);
      return 'node-token';
    },
    random: () => 0.5,
    timer,
    clock: Date.now,
    deadlines: { requestMs: 2_000, totalMs: 5_000, backoff: { baseMs: 1, capMs: 4 } },
    ...options,
  });
  return { server, api, tokens };
};

const kind = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'answered';
  } catch (error) {
    return error instanceof ApiError ? error.kind : String(error);
  }
};

t.test('one object, a question, a clock', async (t) => {
  const { server, api } = await stage(t);
  server.addNode({ name: 'n' });
  t.match(await api.get('/api/v1/nodes/n'), { metadata: { name: 'n' } });
  t.match(await api.post('/apis/authentication.k8s.io/v1/selfsubjectreviews', { kind: 'SelfSubjectReview' }), {
    status: { userInfo: { username: 'system:node:n' } },
  });
  t.ok(Math.abs(api.clockSkewSeconds() ?? 99) < 5);
  t.equal(await kind(api.get('/api/v1/nodes/other')), 'forbidden');
  server.removeNode('n');
  t.equal(await kind(api.get('/api/v1/nodes/n')), 'not-found');
});

t.test('a clock that is 20 minutes ahead is seen', async (t) => {
  const { server, api } = await stage(t, { clock: () => Date.now() + 1_200_000 });
  server.addNode({ name: 'n' });
  await api.get('/api/v1/nodes/n');
  t.equal(Math.round((api.clockSkewSeconds() ?? 0) / 60), 20);
});

t.test('every failure has its kind, and those that may pass are tried again', async (t) => {
  const { server, api } = await stage(t);
  server.addNode({ name: 'n' });
  const get = () => kind(api.get('/api/v1/nodes/n'));
  const PASSING = [
    ['status', 500, 'server'],
    ['status', 503, 'server'],
    ['status', 429, 'throttled'],
    ['reset', 0, 'cut-off'],
    ['truncate', 0, 'cut-off'],
  ] as const;
  for (const [fault, status, expected] of PASSING) {
    server.fault({ kind: fault, status, times: 2 });
    t.equal(await get(), 'answered', `${expected} twice`);
    server.fault({ kind: fault, status });
    t.equal(await get(), expected);
    server.clearFaults();
  }
  const before = server.count('GET node');
  const LASTING = [
    [{ kind: 'html' }, 'not-json'],
    [{ kind: 'status', status: 200, body: '{"kind":"Node","meta' }, 'not-json'],
    [{ kind: 'status', status: 200, body: '[1]' }, 'not-json'],
    [{ kind: 'status', status: 302 }, 'unexpected'],
    [{ kind: 'status', status: 403, body: '<html>' }, 'forbidden'],
  ] as const;
  for (const [fault, expected] of LASTING) {
    server.fault(fault);
    t.equal(await get(), expected);
    server.clearFaults();
  }
  t.equal(server.count('GET node') - before, LASTING.length, 'each asked once');
});

t.test('a pause that the server asks for is made', async (t) => {
  const pauses: number[] = [];
  const { server, api } = await stage(t, { timer: { ...timer, sleep: async (ms) => void pauses.push(ms) } });
  server.addNode({ name: 'n' });
  server.fault({ kind: 'status', status: 429, headers: { 'retry-after': '3' }, times: 1 });
  await api.get('/api/v1/nodes/n');
  t.equal(pauses.length, 1);
  t.ok((pauses[0] ?? 0) >= 3000);
});

t.test('a token that is refused is made anew, once', async (t) => {
  const { server, api, tokens } = await stage(t);
  server.users.clear();
  t.equal(await kind(api.get('/api/v1/nodes/n')), 'unauthorized');
  t.same(tokens, [false, true]);
});

t.test('a server of another authority is not spoken to', async (t) => {
  const { server, api } = await stage(t, { ca: TEST_AUTHORITY_PEM });
  t.equal(await kind(api.get('/api/v1/nodes/n')), 'untrusted');
  t.equal(server.exchanges.length, 0, 'no token was sent');
});

t.test('a server that is gone, or silent', async (t) => {
  const { server, api } = await stage(t, { deadlines: { requestMs: 60, totalMs: 200, backoff: { baseMs: 1, capMs: 4 } } });
  server.fault({ kind: 'hang' });
  t.equal(await kind(api.get('/api/v1/nodes/n')), 'unreachable');
  await server.close();
  t.equal(await kind(api.get('/api/v1/nodes/n')), 'unreachable');
});

const addMany = (server: FakeApiServer, count: number): void => {
  for (let i = 0; i < count; i++) server.addCsr({ name: `csr-${i}`, cn: `system:node:${i % 10}`, by: NODE });
};
const keepName = (object: unknown): string | undefined => csrOf(object)?.csr.name;

t.test('lists come in pages, and one that has become too old begins anew', async (t) => {
  const { server, api } = await stage(t);
  addMany(server, 25);
  server.addCsr({ name: 'other', cn: 'x', by: NODE, signerName: 'kubernetes.io/kube-apiserver-client' });
  const wish = { fieldSelector: SERVING, pageSize: 10, keep: keepName };
  const { items } = await api.list(CSRS, wish);
  t.equal(items.length, 25);
  t.equal(server.count('LIST csr'), 3);
  let pages = 0;
  const disturbed = await api.list(CSRS, {
    ...wish,
    keep: (object) => {
      if (++pages === 5) server.compact();
      return keepName(object);
    },
  });
  t.equal(disturbed.items.length, 25, 'each once');
});

t.test('lists that are none, or have no end', async (t) => {
  const { server, api } = await stage(t);
  server.fault({ kind: 'status', status: 200, body: '{"items":7}', times: 1 });
  t.equal(await kind(api.list(CSRS, { keep: keepName })), 'not-json');
  server.fault({ kind: 'status', status: 200, body: '{"items":[],"metadata":{"continue":"x"}}' });
  t.equal(await kind(api.list(CSRS, { keep: keepName })), 'unexpected');
  server.clearFaults();
  server.fault({ kind: 'huge' });
  t.equal(await kind(api.list(CSRS, { keep: keepName })), 'not-json');
});

t.test('watches', async (t) => {
  const { server, api } = await stage(t);
  const name = server.addCsr({ cn: 'system:node:n', by: NODE });
  const { resourceVersion } = await api.list(CSRS, { keep: keepName });
  const seen: string[] = [];
  const onEvent = ({ type, object }: WatchEvent): void => {
    seen.push(`${type} ${csrOf(object)?.csr.conditions.at(-1)?.type ?? csrOf(object)?.csr.isIssued}`);
    if (seen.length === 1) server.issue(name);
    else if (seen.length === 2) server.removeCsr(name);
    else server.endWatches('end');
  };
  const watching = api.watch(CSRS, { resourceVersion, timeoutMs: 20_000, onEvent });
  server.condition(name, 'Approved');
  const last = await watching;
  t.same(seen, ['MODIFIED Approved', 'MODIFIED Approved', 'DELETED Approved']);
  t.ok(Number(last) > Number(resourceVersion));
  server.compact();
  t.equal(await kind(api.watch(CSRS, { resourceVersion, timeoutMs: 5_000, onEvent })), 'gone');
});

t.test('watches that break', async (t) => {
  const { server, api } = await stage(t);
  const watch = () => kind(api.watch(CSRS, { resourceVersion: '1', timeoutMs: 5_000, onEvent: () => undefined }));
  server.fault({ on: 'WATCH csr', kind: 'html', times: 1 });
  t.equal(await watch(), 'not-json');
  server.fault({ on: 'WATCH csr', kind: 'huge', times: 1 });
  t.equal(await watch(), 'too-large');
  server.fault({ on: 'WATCH csr', kind: 'status', status: 403, times: 1 });
  t.equal(await watch(), 'forbidden');
  const cut = watch();
  while (server.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  server.endWatches('cut');
  t.equal(await cut, 'cut-off');
});

t.test('a person may end it at any time', async (t) => {
  const stop = new AbortController();
  const { server, api } = await stage(t);
  server.fault({ kind: 'hang' });
  const reason = new Error('told to stop');
  setTimeout(() => stop.abort(reason), 20);
  await t.rejects(api.get('/api/v1/nodes/n', stop.signal), reason);
});
