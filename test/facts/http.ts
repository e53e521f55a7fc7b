import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import t, { type Test } from 'tap';
import { createHttp, type Http, proxyOf, TransportError, textOf } from '../../src/facts/http.ts';
import type { Env } from '../../src/facts/wait.ts';
import { TEST_AUTHORITY_PEM, TEST_SERVER } from '../fakes/certificates.ts';
import { type FakeOptions, startServer } from '../fakes/server.ts';

const echo = {
  name: 'echo',
  nameOf: ({ path }: { path: string }) => path,
  answer: () => ({ status: 200, headers: { 'x-a': 'b' }, body: 'hello' }),
};
const serve = async (t: Test, options?: FakeOptions) => {
  const fake = await startServer(echo, options);
  t.teardown(() => fake.close());
  return fake;
};
const client = (t: Test, env: Env = {}, proxy = true): Http => {
  const http = createHttp({ env, connectTimeoutMs: 2_000, proxy });
  t.teardown(() => http.close());
  return http;
};
/** `kind: message` of a failure, with ports taken out. */
const failing = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (error: unknown) =>
      error instanceof TransportError ? `${error.kind}: ${error.message.replace(/:\d{4,5}/g, ':PORT')}` : `${(error as Error).message}`,
  );

t.test('an answer, with status, headers and body', async (t) => {
  const fake = await serve(t);
  const answer = await client(t).send({ url: `${fake.url}/x?y=1`, timeoutMs: 2_000, headers: { 'x-q': '1' } });
  t.match(answer, { status: 200, headers: { 'x-a': 'b' } });
  t.equal(textOf(answer), 'hello');
  t.match(fake.exchanges[0], { path: '/x?y=1', headers: { 'x-q': '1' } });
});

t.test('redirects and errors are answers', async (t) => {
  const fake = await serve(t);
  fake.fault({ kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' }, times: 1 });
  fake.fault({ kind: 'status', status: 503 });
  const http = client(t);
  t.equal((await http.send({ url: fake.url, timeoutMs: 2_000 })).status, 302);
  t.equal((await http.send({ url: fake.url, timeoutMs: 2_000 })).status, 503);
});

t.test('each way of not answering has its kind', async (t) => {
  const fake = await serve(t);
  const http = client(t);
  const ask = (fault: Parameters<typeof fake.fault>[0], timeoutMs = 2_000) => {
    fake.clearFaults();
    fake.fault(fault);
    return failing(http.send({ url: fake.url, timeoutMs }));
  };
  t.equal(await ask({ kind: 'hang' }, 60), 'no-answer: http://127.0.0.1:PORT accepted the connection but did not answer in time');
  t.equal(await ask({ kind: 'reset' }), 'cut-off: http://127.0.0.1:PORT broke the connection off');
  t.equal(await ask({ kind: 'truncate' }), 'cut-off: http://127.0.0.1:PORT broke the connection off');
  t.equal(await ask({ kind: 'huge' }), 'too-large: http://127.0.0.1:PORT answered with more than the size limit');
  t.equal(await failing(http.send({ url: 'http://127.0.0.1:1', timeoutMs: 2_000 })), 'refused: http://127.0.0.1:1 refused the connection');
  t.equal(
    await failing(http.send({ url: 'http://host.invalid', timeoutMs: 2_000 })),
    'no-name: http://host.invalid has a name that does not resolve',
  );
});

t.test('the body may be as large as the limit and no larger', async (t) => {
  const fake = await serve(t);
  const http = client(t);
  t.equal(textOf(await http.send({ url: fake.url, timeoutMs: 2_000, maxBytes: 5 })), 'hello');
  t.match(await failing(http.send({ url: fake.url, timeoutMs: 2_000, maxBytes: 4 })), /^too-large/);
});

t.test("the caller's signal ends it with the caller's reason", async (t) => {
  const fake = await serve(t);
  fake.fault({ kind: 'hang' });
  const controller = new AbortController();
  const sent = failing(client(t).send({ url: fake.url, timeoutMs: 5_000, signal: controller.signal }));
  setTimeout(() => controller.abort(new Error('enough')), 20);
  t.equal(await sent, 'enough');
});

t.test('bytes that are no UTF-8 are not turned into text', async (t) => {
  t.throws(() => textOf({ status: 200, headers: {}, body: new Uint8Array([0xff, 0xfe]) }), TypeError);
});

t.test('trust: an unknown authority is a TLS failure, AWS_CA_BUNDLE makes it known', async (t) => {
  const fake = await serve(t, { tls: TEST_SERVER });
  const bundle = `${t.testdir({ 'ca.pem': `# our proxy\n${TEST_AUTHORITY_PEM}` })}/ca.pem`;
  t.match(
    await failing(client(t).send({ url: fake.url, timeoutMs: 3_000 })),
    /^tls: https:\/\/127\.0\.0\.1:PORT failed the TLS handshake \(.+\)$/,
  );
  t.equal((await client(t, { AWS_CA_BUNDLE: bundle }).send({ url: fake.url, timeoutMs: 3_000 })).status, 200);
});

t.test('AWS_CA_BUNDLE is not read while only http is spoken', async (t) => {
  const fake = await serve(t);
  const http = client(t, { AWS_CA_BUNDLE: '/nonexistent/ca.pem' });
  t.equal((await http.send({ url: fake.url, timeoutMs: 2_000 })).status, 200);
  t.equal(
    await failing(http.send({ url: 'https://127.0.0.1:1', timeoutMs: 2_000 })),
    'AWS_CA_BUNDLE names /nonexistent/ca.pem, which cannot be read (ENOENT)',
  );
});

/** A forward proxy that tunnels by CONNECT and counts. */
const startProxy = async (t: Test) => {
  const seen: string[] = [];
  const server = createServer((_, response) => response.writeHead(502).end());
  server.on('connect', (request, socket, head) => {
    seen.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};

t.test('HTTPS_PROXY is used for https, NO_PROXY spares from it, HTTP_PROXY is not for https', async (t) => {
  const fake = await serve(t, { tls: TEST_SERVER });
  const proxy = await startProxy(t);
  const AWS_CA_BUNDLE = `${t.testdir({ 'ca.pem': TEST_AUTHORITY_PEM })}/ca.pem`;
  const ask = async (env: Env) => {
    const before = proxy.seen.length;
    t.equal((await client(t, { AWS_CA_BUNDLE, ...env }).send({ url: fake.url, timeoutMs: 3_000 })).status, 200);
    return proxy.seen.length - before;
  };
  t.equal(await ask({ HTTPS_PROXY: proxy.url }), 1);
  t.equal(await ask({ HTTPS_PROXY: proxy.url.replace('http://', '') }), 1, 'without a scheme, as curl takes it');
  t.equal(await ask({ HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }), 0);
  t.equal(await ask({ HTTP_PROXY: proxy.url }), 0);
  t.same(proxy.seen[0], `127.0.0.1:${fake.port}`);
});

t.test('a client that must not use a proxy does not', async (t) => {
  const fake = await serve(t);
  const http = client(t, { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' }, false);
  t.equal((await http.send({ url: fake.url, timeoutMs: 2_000 })).status, 200);
});

t.test('a proxy that is none', async (t) => {
  const http = client(t, { HTTPS_PROXY: 'http://' });
  t.equal(
    await failing(http.send({ url: 'https://127.0.0.1:1', timeoutMs: 2_000 })),
    'HTTPS_PROXY or HTTP_PROXY is not the URL of a proxy',
  );
});

t.test('a proxy that cannot be reached, and one that refuses to connect us', async (t) => {
  const ask = (HTTPS_PROXY: string) => failing(client(t, { HTTPS_PROXY }).send({ url: 'https://127.0.0.1:2', timeoutMs: 2_000 }));
  t.equal(
    await ask('http://127.0.0.1:1'),
    'proxy: https://127.0.0.1:2 could not be reached through the proxy (connect ECONNREFUSED 127.0.0.1:1)',
  );
  t.equal(
    await ask('http://user:secret@proxy.invalid:3128'),
    'proxy: https://127.0.0.1:2 could not be reached through the proxy (getaddrinfo ENOTFOUND proxy.invalid)',
  );
  const strict = createServer();
  strict.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve));
  t.teardown(() => strict.close());
  t.equal(
    await ask(`http://127.0.0.1:${(strict.address() as AddressInfo).port}`),
    'proxy: https://127.0.0.1:2 could not be reached through the proxy (Proxy response (403) !== 200 when HTTP Tunneling)',
  );
});

t.test('which proxy a URL is asked through', async (t) => {
  const env = { HTTPS_PROXY: 'proxy.corp:3128', NO_PROXY: 'localhost, .eks.amazonaws.com,10.0.0.1:443' };
  t.equal(proxyOf('https://example.com', env), 'http://proxy.corp:3128');
  t.equal(proxyOf('http://example.com', env), undefined, 'HTTPS_PROXY is for https alone');
  t.equal(proxyOf('https://abc.gr7.us-west-2.eks.amazonaws.com', env), undefined);
  t.equal(proxyOf('https://localhost:6443', env), undefined);
  t.equal(proxyOf('https://10.0.0.1:6443', env), 'http://proxy.corp:3128', 'another port');
  t.equal(proxyOf('https://example.com', { ...env, no_proxy: '*' }), undefined);
});
