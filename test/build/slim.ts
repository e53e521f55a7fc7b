/** The slim undici and winston of the build: nothing that the sources import is missing, and what is left does its work. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { bundleOf } from '../../build/scripts.mjs';
import { digestOf } from '../../src/core/digest.ts';
import { TEST_AUTHORITY_PEM, TEST_SERVER } from '../fakes/certificates.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Runs a program that was bundled as the product is. */
const runBundled = async (t: Test, program: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
  const dir = t.testdir({ 'program.ts': program.replaceAll('@/', `${root}/src/`) });
  const outfile = join(dir, 'program.cjs');
  await bundleOf({ entry: join(dir, 'program.ts'), outfile, root });
  return run(process.execPath, [outfile, ...args], { env, timeout: 20_000 });
};

/** Starts a server on loopback for the length of a test. */
const listen = async (t: Test, server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
};

const importedNames = (library: string): string[] => {
  const statement = new RegExp(`^import \\{([^}]*)\\} from '${library}'`, 'gm');
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const texts = files.map((file) => readFileSync(join(root, 'src', file), 'utf8'));
  const names = texts.flatMap((text) => [...text.matchAll(statement)]).flatMap(([, list = '']) => list.split(','));
  return names.map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type '));
};

t.test('no imported name is missing', async (t) => {
  const { stdout } = await runBundled(
    t,
    `import * as undici from 'undici'; import * as winston from 'winston';
     console.log(JSON.stringify({ undici: Object.keys(undici), winston: Object.keys(winston) }));`,
  );
  const there: Record<string, string[]> = JSON.parse(stdout);
  for (const library of ['undici', 'winston']) {
    const names = importedNames(library);
    t.ok(names.length > 0, `${library} is used`);
    t.strictSame(
      names.filter((name) => !there[library]?.includes(name)),
      [],
      library,
    );
  }
});

const FETCH = `
  import { createHttp, textOf } from '@/facts/http.ts';
  const http = createHttp({ env: process.env, connectTimeoutMs: 5000, proxy: true });
  const run = async () => {
    for (const url of process.argv.slice(2)) console.log(textOf(await http.send({ url, timeoutMs: 5000, method: 'POST', body: 'ping' })));
    await http.close();
  };
  void run();`;

t.test('TLS with a server that would speak HTTP/2, directly and through a tunnel', async (t) => {
  const server = createSecureServer({ ...TEST_SERVER, allowHTTP1: true }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.httpVersion} ${body}`));
  });
  const port = await listen(t, server);
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, client) => {
    tunnels.push(url);
    const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    upstream.pipe(client).pipe(upstream);
    for (const end of [client, upstream]) end.on('error', () => undefined);
  });
  const proxyPort = await listen(t, proxy);
  const env = { AWS_CA_BUNDLE: join(t.testdir({ 'ca.pem': TEST_AUTHORITY_PEM }), 'ca.pem') };
  const url = `https://localhost:${port}/`;

  await t.test('directly', async (t) => {
    const { stdout } = await runBundled(t, FETCH, [url, url], env);
    t.equal(stdout, '1.1 ping\n1.1 ping\n');
    t.strictSame(tunnels, []);
  });
  await t.test('through a tunnel', async (t) => {
    const { stdout } = await runBundled(t, FETCH, [url], { ...env, HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` });
    t.equal(stdout, '1.1 ping\n');
    t.strictSame(tunnels, [`localhost:${port}`]);
  });
});

t.test('a proxy for plain HTTP, a redirect to nowhere, a refused connection', async (t) => {
  const proxy = createServer((request, response) => response.end(`proxied ${request.url}`));
  const port = await listen(t, proxy);
  const { stdout } = await runBundled(t, FETCH, ['http://nowhere.invalid/x?y=1'], { HTTP_PROXY: `http://127.0.0.1:${port}` });
  t.equal(stdout, 'proxied http://nowhere.invalid/x?y=1\n');
  const gone = await runBundled(t, FETCH, ['http://127.0.0.1:1/']).catch((error: Error & { stderr: string }) => error);
  t.match(gone.stderr, /TransportError: http:\/\/127\.0\.0\.1:1 refused the connection/);
});

t.test('a digest is the same by Node and in JavaScript', async (t) => {
  const text = 'Füße\n'.repeat(1000);
  const program = `import { digestOf } from '@/core/digest.ts'; console.log(digestOf(process.argv[2]));`;
  const { stdout } = await runBundled(t, program, [text]);
  t.equal(stdout, `${digestOf(text)}\n`);
});

t.test('winston writes lines', async (t) => {
  const { stdout, stderr } = await runBundled(
    t,
    `import { createLogger, format, transports } from 'winston';
     const log = createLogger({
       level: 'info',
       format: format.printf(({ level, message }) => level + ': ' + message),
       transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info'] })],
     });
     log.info('one'); log.debug('hidden'); log.error('two');`,
  );
  t.equal(stderr, 'info: one\nerror: two\n');
  t.equal(stdout, '');
});
