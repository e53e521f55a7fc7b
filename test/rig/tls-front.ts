/**
 * AWS' host names on the host's side of a node's network: one TLS server on port 443 that hands each request to the stand-in of
 * its Host header. With its authority in the node's trust bundle and its names in the node's /etc/hosts, a node of the rig needs no
 * endpoint variable: it cannot tell these from AWS, and the way trust is established is tested too.
 */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Network, Owner } from './node.ts';
import { must } from './shell.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** By host name: a handler, or the address of a plain HTTP stand-in (`http://127.0.0.1:4000`) that everything is passed on to. */
export type Routes = { readonly [host: string]: Handler | string };

const passOn =
  (to: string): Handler =>
  (req, res) => {
    const onward = request(new URL(req.url ?? '/', to), { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    req.pipe(onward);
  };

interface Identity {
  /** The authority, PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const identityFor = async (hosts: readonly string[]): Promise<Identity> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-rig-'));
  try {
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const openssl = (...args: readonly string[]) => must('openssl', args, { cwd: dir });
    await openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=rig authority');
    const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`;
    await openssl(
      ...['req', '-x509', ...ec, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-keyout', 'front.key', '-out', 'front.crt'],
      ...['-subj', '/CN=rig front', '-addext', names, '-addext', 'basicConstraints=critical,CA:FALSE'],
    );
    const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
    return { ca: read('ca.crt'), cert: read('front.crt'), key: read('front.key') };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

export interface Front {
  /** Makes a prepared root believe in this front: names and authority. */
  trustIn(root: string): void;
}

/** Starts the front; it ends with its test. */
export const makeFront = async (t: Owner, network: Network, routes: Routes): Promise<Front> => {
  const hosts = Object.keys(routes);
  const { ca, cert, key } = await identityFor(hosts);
  const server = createServer({ cert, key }, (req, res) => {
    const route = routes[(req.headers.host ?? '').replace(/:\d+$/, '')];
    if (route === undefined) res.writeHead(421).end();
    else (typeof route === 'string' ? passOn(route) : route)(req, res);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(443, network.host, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    trustIn: (root) => {
      appendFileSync(join(root, 'etc/hosts'), `${network.host} ${hosts.join(' ')}\n`);
      appendFileSync(join(root, 'etc/ssl/certs/ca-certificates.crt'), ca);
      // Amazon Linux keeps its bundle here.
      mkdirSync(join(root, 'etc/pki/tls/certs'), { recursive: true });
      cpSync(join(root, 'etc/ssl/certs/ca-certificates.crt'), join(root, 'etc/pki/tls/certs/ca-bundle.crt'));
    },
  };
};
