import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { lookUp, reachSocket, reachTcp, reachTls } from '../../src/facts/reach.ts';
import { startApiServer } from '../fakes/api-server.ts';
import { TEST_AUTHORITY_PEM } from '../fakes/certificates.ts';

const signal = new AbortController().signal;

t.test('names', async (t) => {
  t.same(await lookUp('192.0.2.1'), ['192.0.2.1']);
  const here = await lookUp('localhost');
  t.ok(Array.isArray(here) && here.length > 0);
});

t.test('ports and certificates', async (t) => {
  const server = await startApiServer();
  t.teardown(() => server.close());
  t.match(await reachTcp('127.0.0.1', server.port, 2000, signal), { ok: true, address: '127.0.0.1' });
  t.match(await reachTcp('127.0.0.1', 9, 2000, signal), { ok: false, kind: 'refused', text: 'ECONNREFUSED' });
  const wish = { host: 'localhost', port: server.port, timeoutMs: 2000 };
  t.match(await reachTls({ ...wish, ca: server.ca }, signal), { ok: true });
  const stranger = await reachTls({ ...wish, ca: TEST_AUTHORITY_PEM }, signal);
  t.match(stranger, { ok: false, issuer: /CN=/ });
  const other = await reachTls({ ...wish, servername: 'elsewhere.example', ca: server.ca }, signal);
  t.match(other, { ok: false, code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
});

t.test('a server that says nothing', async (t) => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  t.match(await reachTls({ host: '127.0.0.1', port, ca: undefined, timeoutMs: 50 }, signal), { ok: false, code: 'ETIMEDOUT', issuer: '' });
  const stop = new AbortController();
  const asked = reachTls({ host: '127.0.0.1', port, ca: undefined, timeoutMs: 60_000 }, stop.signal);
  stop.abort();
  t.match(await asked, { ok: false });
});

t.test('Unix sockets', async (t) => {
  // Not in t.testdir(): a socket's path is limited to 107 bytes (unix(7)), wherever the checkout is.
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-reach-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 's');
  t.equal(await reachSocket(path, 1000, signal), 'ENOENT');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.equal(await reachSocket(path, 1000, signal), undefined);
  await new Promise((resolve) => server.close(resolve));
});
