import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { type Connection, connect } from '../../src/cluster/connect.ts';
import type { Kubeconfig } from '../../src/core/kubelet/kubeconfig-file.ts';
import { startApiServer } from '../fakes/api-server.ts';
import { makeAuthority, makeCertificate } from '../fakes/pki.ts';

const ADMIN = { username: 'admin', groups: ['system:masters'] };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const exec = (command: string, args: readonly string[] = []) => ({
  command,
  args,
  env: { FROM: 'kubeconfig' },
  apiVersion: 'client.authentication.k8s.io/v1',
});

const open = (t: Test, server: string, ca: string, user: Kubeconfig['user'], changes: Partial<Kubeconfig> = {}): Connection => {
  const connection = connect({
    kubeconfig: { path: '/k', server, authority: { base64: base64(ca) }, user, ...changes },
    env: { PATH: process.env['PATH'] },
    makeToken: async ({ clusterName }) => `made-for-${clusterName}`,
    random: () => 0.5,
    clock: Date.now,
    deadlines: { requestMs: 2_000, totalMs: 2_000, backoff: { baseMs: 1, capMs: 4 } },
  });
  t.teardown(() => connection.close());
  return connection;
};

t.test('who calls: a token, a file, a plugin, our own', async (t) => {
  const server = await startApiServer();
  t.teardown(() => server.close());
  server.addNode({ name: 'n' });
  for (const token of ['given', 'from-file', 'from-plugin', 'made-for-c']) server.users.set(token, ADMIN);
  const dir = t.testdir({ token: 'from-file\n' });
  const plugin = join(dir, 'plugin');
  const script = (text: string): void => {
    writeFileSync(plugin, `#!/bin/sh\n${text}\n`);
    chmodSync(plugin, 0o755);
  };
  const asks = (user: Kubeconfig['user']) => open(t, server.url, server.ca, user).api.get('/api/v1/nodes/n');
  const NODE = { metadata: { name: 'n' } };
  t.match(await asks({ token: 'given' }), NODE);
  t.match(await asks({ tokenFile: { path: 'token', beside: join(dir, 'config') } }), NODE);
  t.match(
    await asks({ exec: { ...exec('aws', ['eks', 'get-token', '--cluster-name', 'c']), env: {} } }),
    NODE,
    'made by us, not by the CLI',
  );
  script(
    '[ "$FROM" = kubeconfig ] && echo "$KUBERNETES_EXEC_INFO" | grep -q ExecCredential && echo \'{"status":{"token":"from-plugin"}}\'',
  );
  t.match(await asks({ exec: exec(plugin) }), NODE);
  for (const [text, message] of [
    ['echo "no credentials, --token=hush" >&2; exit 3', /plugin .* failed: no credentials, --token=\*\*\*/],
    ['echo hello', /printed no JSON/],
    ['echo "{}"', /printed no token/],
  ] as const) {
    script(text);
    await t.rejects(asks({ exec: exec(plugin) }), { code: 'NO_PERMISSION', message });
  }
  rmSync(plugin);
  await t.rejects(asks({ exec: exec(plugin) }), { code: 'NO_PERMISSION', message: /is not there/ });
  await t.rejects(asks({ tokenFile: { path: '/no/such', beside: '/k' } }), {
    code: 'CONFIG',
    message: /the tokenFile of \/k, is not there/,
  });
  await t.rejects(asks({}), { code: 'NO_PERMISSION', message: /answered 401/ });
});

t.test('a certificate of our own, and a server of another name', async (t) => {
  const authority = makeAuthority();
  const own = makeCertificate({ cn: 'system:node:n', by: authority });
  const pair = makeCertificate({ cn: 'api', dns: ['kube.example'], by: authority });
  const server = createServer({ ...pair, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    response.end(
      JSON.stringify({ cn: (request.socket as TLSSocket).getPeerCertificate().subject.CN, token: request.headers.authorization ?? null }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dir = t.testdir({ 'both.pem': own.cert + own.key });
  const user = { certificate: { path: 'both.pem', beside: join(dir, 'config') }, token: 'not used' };
  t.same(await open(t, url, authority.cert, user, { serverName: 'kube.example' }).api.get('/'), { cn: 'system:node:n', token: null });
  await t.rejects(
    open(t, url, authority.cert, user).api.get('/'),
    { code: 'UNAVAILABLE', message: /failed the TLS handshake/ },
    'the name counts',
  );
  await t.rejects(open(t, url, authority.cert, { ...user, key: { base64: base64('garbage') } }).api.get('/'), {
    code: 'CONFIG',
    message: /the certificates that \/k names are none/,
  });
});
