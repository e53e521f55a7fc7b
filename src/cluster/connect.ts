/** From a kubeconfig to the API server: its authority pinned, and we by certificate, token or plugin. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { NodeError } from '../core/errors.ts';
import { type EksToken, eksTokenOf, type Kubeconfig, type Material } from '../core/kubelet/kubeconfig-file.ts';
import { createHttp, type TlsIdentity } from '../facts/http.ts';
import { certificatesIn } from '../facts/serving-certificate.ts';
import { trustedAuthorities } from '../facts/trust.ts';
import { type Env, type Random, timer } from '../facts/wait.ts';
import { type Api, type ApiDeadlines, createApi } from './api.ts';
import { runPlugin } from './exec-plugin.ts';

export interface ConnectOptions {
  readonly kubeconfig: Kubeconfig;
  readonly env: Env;
  /** An EKS token by our own code. Signing is offline. */
  readonly makeToken: (wish: EksToken, signal?: AbortSignal) => Promise<string>;
  readonly random: Random;
  readonly clock: () => number;
  readonly deadlines?: Partial<ApiDeadlines>;
}

export interface Connection {
  readonly api: Api;
  readonly close: () => Promise<void>;
}

const CONNECT_MS = 5_000;
/** Tokens live for 15 minutes and are made for 14; a run that watches for an hour makes several. */
const TOKEN_MS = 10 * 60_000;
const MAX_BYTES = 1024 * 1024;

const bytesOf = (material: Material, what: string): Buffer => {
  if ('base64' in material) return Buffer.from(material.base64, 'base64');
  const path = resolve(dirname(material.beside), material.path);
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_BYTES) return bytes;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new NodeError(code === 'EACCES' ? 'NO_PERMISSION' : 'CONFIG', `${path}, the ${what} of ${material.beside}, ${why}`, {
      remedy: code === 'EACCES' ? 'Run it as root.' : 'On a node `bootwright bootstrap` writes it anew.',
      path,
      cause,
    });
  }
  throw new NodeError('CONFIG', `${path}, the ${what} of ${material.beside}, is larger than 1 MiB`, {
    remedy: 'Correct the kubeconfig.',
    path,
  });
};

/** The authorities that a kubeconfig names, in PEM; undefined: the system's. @throws NodeError */
export const authoritiesOf = ({ authority }: Kubeconfig): string | undefined =>
  authority === undefined ? undefined : bytesOf(authority, 'certificate-authority').toString('latin1');

const tlsOf = ({ kubeconfig, env }: ConnectOptions): TlsIdentity => {
  const { user, path } = kubeconfig;
  const given = authoritiesOf(kubeconfig);
  const own = user.certificate && {
    cert: bytesOf(user.certificate, 'client-certificate'),
    key: bytesOf(user.key ?? user.certificate, 'client-key'),
  };
  try {
    // OpenSSL reads over what is no certificate; then nobody would be trusted, and nobody would say why.
    if (given !== undefined && certificatesIn(given).length === 0) throw new Error('no certificate in it');
    const secureContext = createSecureContext({ ca: given ?? trustedAuthorities(env), ...own });
    return { secureContext, ...(kubeconfig.serverName ? { servername: kubeconfig.serverName } : {}) };
  } catch (cause) {
    throw new NodeError('CONFIG', `the certificates that ${path} names are none`, {
      remedy: 'On a node `bootwright bootstrap` writes the CA anew; elsewhere `aws eks update-kubeconfig` does.',
      path,
      cause,
    });
  }
};

const tokenFor = (options: ConnectOptions, signal: AbortSignal | undefined): Promise<string | undefined> => {
  const { user } = options.kubeconfig;
  if (user.certificate !== undefined) return Promise.resolve(undefined);
  if (user.exec !== undefined) {
    const wish = eksTokenOf(user.exec);
    return wish === undefined ? runPlugin(user.exec, options.env, signal) : options.makeToken(wish, signal);
  }
  const text = user.tokenFile === undefined ? user.token : bytesOf(user.tokenFile, 'tokenFile').toString('utf8').trim();
  return Promise.resolve(text);
};

/** Nothing is read or asked before the first call. */
export const connect = (options: ConnectOptions): Connection => {
  const { kubeconfig, env, random, clock, deadlines } = options;
  const http = createHttp({ env, connectTimeoutMs: CONNECT_MS, proxy: true, tls: async () => tlsOf(options) });
  let made: { readonly token: string | undefined; readonly at: number } | undefined;
  const token = async (again: boolean, signal?: AbortSignal): Promise<string | undefined> => {
    if (made !== undefined && !again && clock() - made.at < TOKEN_MS) return made.token;
    made = { token: await tokenFor(options, signal), at: clock() };
    return made.token;
  };
  const api = createApi({ server: kubeconfig.server, http, token, random, timer, clock, ...(deadlines ? { deadlines } : {}) });
  return { api, close: http.close };
};
