/**
 * The one HTTP policy: deadlines, size limit, proxy and trust are decided here for IMDS, the AWS APIs and the SDK alike.
 * Retries belong to the callers: what is worth another try depends on who answered what.
 */
import type { SecureContext } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { NodeError } from '../core/errors.ts';
import { type Env, once } from './wait.ts';

interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  /** Until the last byte of the answer. */
  readonly timeoutMs: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpHead {
  readonly status: number;
  /** Lower-case names; of repeated headers the first. */
  readonly headers: { readonly [name: string]: string };
}

export interface HttpAnswer extends HttpHead {
  readonly body: Uint8Array;
}

export interface Http {
  /** @throws TransportError when no whole answer came; the signal's reason when that fired. Any status is an answer; redirects are not followed. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface StreamingHttp extends Http {
  /** As send, for an answer that goes on and on: its body is handed over as it comes, of any size. Resolves at its end. */
  stream(request: Omit<HttpRequest, 'maxBytes'>, take: (head: HttpHead, chunk: Uint8Array) => void): Promise<HttpHead>;
}

export type TransportKind =
  | 'refused'
  | 'unroutable'
  | 'no-name'
  | 'no-connection'
  | 'no-answer'
  | 'cut-off'
  | 'too-large'
  | 'tls'
  | 'proxy';

/** No answer, or not a whole one. `kind` decides what is worth a retry and which remedy is given. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly kind: TransportKind;
  readonly origin: string;

  constructor(kind: TransportKind, origin: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.origin = origin;
  }
}

type Scheme = 'http' | 'https';

const ONE_MIB = 1024 * 1024;

const KINDS: { readonly [code: string]: TransportKind } = {
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unroutable',
  EHOSTUNREACH: 'unroutable',
  EHOSTDOWN: 'unroutable',
  EADDRNOTAVAIL: 'unroutable',
  EAFNOSUPPORT: 'unroutable',
  ENETDOWN: 'unroutable',
  EINVAL: 'unroutable', // connect() to a link-local IPv6 address without a scope
  ENOTFOUND: 'no-name',
  EAI_AGAIN: 'no-name',
  EAI_FAIL: 'no-name',
  ENODATA: 'no-name',
  ETIMEDOUT: 'no-connection',
  UND_ERR_CONNECT_TIMEOUT: 'no-connection',
  UND_ERR_HEADERS_TIMEOUT: 'no-answer',
  UND_ERR_BODY_TIMEOUT: 'no-answer',
  UND_ERR_PRX_TLS: 'proxy',
  EPROTO: 'tls',
};

const isTls = (code: string): boolean => /^ERR_(TLS|SSL)_|CERT|SELF_SIGNED|UNABLE_TO|_SIGNATURE_FAILURE$/.test(code);

/** The errno or undici code nearest to the surface, through causes and the several attempts of a dual-stack connect. */
const codeOf = (error: unknown): string => {
  for (let e = error; e instanceof Error; e = e instanceof AggregateError && !('code' in e) ? e.errors[0] : e.cause) {
    const code = 'code' in e && typeof e.code === 'string' ? e.code : undefined;
    if (code && code !== 'UND_ERR_SOCKET' && code !== 'UND_ERR_ABORTED') return code;
  }
  return '';
};

/** Was it the proxy that could not be connected to? Errors of a connect name the address that was tried. */
const isAtProxy = (error: unknown, proxy: URL | null): boolean => {
  if (!(error instanceof Error) || proxy === null) return false;
  const port = proxy.port || (proxy.protocol === 'https:' ? '443' : '80');
  return error.message.includes(proxy.hostname) || new RegExp(`:${port}\\b`).test(error.message) || isAtProxy(error.cause, proxy);
};

const kindOf = (error: unknown, answered: boolean, proxy: URL | null): TransportKind => {
  const code = codeOf(error);
  if (error instanceof Error && /^Proxy response/.test(error.message)) return 'proxy'; // it refused CONNECT
  if (!answered && isAtProxy(error, proxy)) return 'proxy';
  if (isTls(code)) return 'tls';
  // A connection that dies, whether before the status line or in mid-body, leaves half an answer: worth another try.
  return answered ? 'cut-off' : (KINDS[code] ?? 'cut-off');
};

const SAY: { readonly [K in TransportKind]: string } = {
  refused: 'refused the connection',
  unroutable: 'is not reachable (no route)',
  'no-name': 'has a name that does not resolve',
  'no-connection': 'did not accept a connection in time',
  'no-answer': 'accepted the connection but did not answer in time',
  'cut-off': 'broke the connection off',
  'too-large': 'answered with more than the size limit',
  tls: 'failed the TLS handshake',
  proxy: 'could not be reached through the proxy',
};

const transportError = (kind: TransportKind, origin: string, cause?: unknown): TransportError => {
  const detail = kind === 'tls' || kind === 'proxy' ? ` (${cause instanceof Error ? cause.message : kind})` : '';
  return new TransportError(kind, origin, `${origin} ${SAY[kind]}${detail}`, cause);
};

class TooLarge extends Error {}

const readBody = async (body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw new TooLarge(`more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const flat = (headers: { readonly [name: string]: string | string[] | undefined }): { [name: string]: string } => {
  const result: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) result[name] = first;
  }
  return result;
};

/** The proxy for a scheme. Lower case first, as curl and the AWS CLI have it; HTTP_PROXY is not for https. */
const proxyFor = (scheme: Scheme, env: Env): string =>
  (scheme === 'https' ? (env['https_proxy'] ?? env['HTTPS_PROXY']) : (env['http_proxy'] ?? env['HTTP_PROXY'])) ?? '';

/** curl takes `proxy.corp:3128`, and so do people. */
const withScheme = (uri: string): string => (uri === '' || /^[a-z]+:\/\//i.test(uri) ? uri : `http://${uri}`);

/** As undici reads NO_PROXY: hosts, hosts with a port, and endings behind a dot or star. */
const isException = (entry: string, { hostname, port }: URL): boolean => {
  const [, host = '', wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  if (host === '' || (wanted !== undefined && wanted !== port)) return false;
  return /^[.*]/.test(host) ? hostname.endsWith(host.replace(/^\*/, '')) : hostname === host;
};

/** The proxy that a URL is asked through; undefined: none. */
export const proxyOf = (url: string, env: Env): string | undefined => {
  const target = new URL(url);
  const proxy = proxyFor(target.protocol === 'https:' ? 'https' : 'http', env);
  const exceptions = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(/[,\s]+/);
  return proxy === '' || exceptions.some((entry) => isException(entry, target)) ? undefined : withScheme(proxy);
};

const proxyAgent = (options: Agent.Options, uri: string, env: Env, requestTls: object, proxyTls: object): Dispatcher => {
  const text = withScheme(uri);
  try {
    // Both set and neither undefined: undici would look into the process's environment.
    const proxies = { httpProxy: text, httpsProxy: text, noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '' };
    return new EnvHttpProxyAgent({ ...options, ...proxies, requestTls, proxyTls });
  } catch (cause) {
    const remedy = 'Give the proxy as http://host:port, or unset HTTPS_PROXY and HTTP_PROXY.';
    throw new NodeError('BAD_DATA', 'HTTPS_PROXY or HTTP_PROXY is not the URL of a proxy', { remedy, path: 'HTTPS_PROXY', cause });
  }
};

export interface HttpOptions {
  readonly env: Env;
  /** TCP and TLS handshake. Shorter than a request's own deadline, so that "no connection" and "no answer" can be told apart. */
  readonly connectTimeoutMs: number;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. Never for IMDS: a proxy would answer for its own instance. */
  readonly proxy: boolean;
  /** Whom to trust, and who we are, in place of the system's authorities. */
  readonly tls?: () => Promise<TlsIdentity>;
}

export interface TlsIdentity {
  readonly secureContext: SecureContext;
  /** The name on the server's certificate, where it is not the host's. */
  readonly servername?: string;
}

/** An HTTP client with keep-alive; agents and the trust store are made on first use. */
export const createHttp = ({ env, connectTimeoutMs, proxy, tls: given }: HttpOptions): StreamingHttp => {
  const agents: Dispatcher[] = [];
  const loadTrust = once(async () => ({ secureContext: (await import('./trust.ts')).trustedContext(env) }));
  const makeAgent = async (scheme: Scheme): Promise<Dispatcher> => {
    const uri = proxy ? proxyFor(scheme, env) : '';
    // A proxy may itself be spoken to over TLS.
    const proxyTls = /^https:/i.test(uri) ? await loadTrust() : {};
    const tls = scheme === 'https' ? await (given ?? loadTrust)() : proxyTls;
    // HTTP/1.1 only: undici 8 offers HTTP/2 by default, which buys nothing for a handful of small requests.
    const options = { allowH2: false, connect: { timeout: connectTimeoutMs, ...tls } };
    const agent = uri ? proxyAgent(options, uri, env, tls, proxyTls) : new Agent(options);
    agents.push(agent);
    return agent;
  };
  const plain = once(() => makeAgent('http'));
  const secure = once(() => makeAgent('https'));

  const proxyUrl = (url: string): URL | null =>
    proxy ? URL.parse(withScheme(proxyFor(url.startsWith('https:') ? 'https' : 'http', env))) : null;

  const exchange = async <T>(
    { url, method = 'GET', headers, body, timeoutMs, signal }: HttpRequest,
    use: (head: HttpHead, body: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> => {
    const dispatcher = await (url.startsWith('https:') ? secure() : plain());
    const { origin } = new URL(url);
    const deadline = AbortSignal.timeout(Math.ceil(timeoutMs));
    const stop = signal ? AbortSignal.any([signal, deadline]) : deadline;
    let answered = false;
    try {
      const answer = await request(url, { dispatcher, method, headers: headers ?? {}, body: body ?? null, signal: stop });
      answered = true;
      return await use({ status: answer.statusCode, headers: flat(answer.headers) }, answer.body);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof NodeError) throw error;
      if (error instanceof TooLarge) throw transportError('too-large', origin, error);
      if (deadline.aborted) throw transportError('no-answer', origin, error);
      throw transportError(kindOf(error, answered, proxyUrl(url)), origin, error);
    }
  };
  const send: Http['send'] = (request) =>
    exchange(request, async (head, body) => ({ ...head, body: await readBody(body, request.maxBytes ?? ONE_MIB) }));
  const stream: StreamingHttp['stream'] = (request, take) =>
    exchange(request, async (head, body) => {
      for await (const chunk of body) take(head, chunk);
      return head;
    });
  return {
    send,
    stream,
    close: async () => {
      await Promise.all(agents.map((agent) => agent.destroy()));
    },
  };
};

/** The body as UTF-8. @throws RangeError-like TypeError on bytes that are none, never replacement characters. */
export const textOf = (answer: HttpAnswer): string => new TextDecoder('utf-8', { fatal: true }).decode(answer.body);
