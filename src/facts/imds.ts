/** Client of the EC2 instance metadata service: IMDSv2 only, one token, never through a proxy. */
import { isIPv6 } from 'node:net';
import { NodeError } from '../core/errors.ts';
import { createHttp, type Http, type HttpAnswer, TransportError, textOf } from './http.ts';
import * as failure from './imds-failures.ts';
import { abortable, type Backoff, type Env, jitteredMs, once, type Progress, type Random, sleep } from './wait.ts';

export interface ImdsDeadlines {
  readonly connectMs: number;
  /** One request, to the last byte. */
  readonly requestMs: number;
  /** No good answer for this long: given up. */
  readonly totalMs: number;
  /** How long a 404 is asked again where the path may appear a moment after boot. */
  readonly appearMs: number;
  readonly backoff: Backoff;
  /** No more requests than this for one answer, however early they fail. Default: as many as there is time for. */
  readonly attempts?: number;
}

export const IMDS_DEADLINES: ImdsDeadlines = {
  connectMs: 2_000,
  requestMs: 5_000,
  totalMs: 60_000,
  appearMs: 15_000,
  backoff: { baseMs: 200, capMs: 5_000 },
};

export interface ImdsOptions {
  readonly env: Env;
  readonly random: Random;
  readonly deadlines?: Partial<ImdsDeadlines>;
  readonly progress?: (progress: Progress) => void;
  /** Instead of what the environment says, in order of preference. */
  readonly endpoints?: readonly string[];
  /** A token from elsewhere, used until IMDS refuses it. */
  readonly token?: string;
  /** How long a token lives; default and longest: six hours. */
  readonly tokenTtlSeconds?: number;
}

export interface Imds {
  /**
   * The text at `latest/…`, null where IMDS says 404. `mayAppear`: a 404 is asked again for a while.
   * @throws NodeError UNAVAILABLE, NO_PERMISSION or PROTOCOL, with remedy.
   */
  get(path: string, options?: { readonly mayAppear?: boolean; readonly signal?: AbortSignal | undefined }): Promise<string | null>;
  /**
   * The bytes at any path.
   * @throws NodeError; where IMDS answered, with that answer as its cause (ImdsRefusal).
   */
  read(path: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** A new token. @throws NodeError as `read` */
  fetchToken(signal?: AbortSignal): Promise<string>;
  /** The same as bytes: user data may be compressed. */
  getBytes(path: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

const IPV4 = 'http://169.254.169.254';
const IPV6 = 'http://[fd00:ec2::254]';
/** The longest there is: a token that outlives a bootstrap which waits for its cluster (bootstrap.sh's 900 s did not). */
export const LONGEST_TOKEN_TTL_SECONDS = 21_600;
const TOKEN_PATH = 'latest/api/token';
const MAX_BYTES = 64 * 1024;

const endpointFrom = (variable: string, text: string): string => {
  // The cheap look first: Node compiles a long pattern for the other, 2 ms.
  const authority = text.split(':').length > 2 && isIPv6(text) ? `[${text}]` : text;
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(authority);
  // The SDKs take nothing but URLs there: a bare word is a mistake, and would be waited for.
  const url = hasScheme || variable === 'IMDS_ENDPOINT' ? URL.parse(hasScheme ? authority : `http://${authority}`) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.pathname !== '/') {
    const forms = variable === 'IMDS_ENDPOINT' ? 'HOST, HOST:PORT or http://HOST:PORT' : 'http://HOST or http://HOST:PORT';
    const remedy = `Set ${variable} to ${forms}, or unset it.`;
    throw new NodeError('BAD_DATA', `${variable}='${text}' is no IMDS endpoint`, { remedy, path: variable });
  }
  return url.origin;
};

/**
 * Where IMDS is asked, in order of preference. IMDS_ENDPOINT (bootstrap.sh's) beats AWS_EC2_METADATA_SERVICE_ENDPOINT (the
 * SDKs'), and both beat the mode. Without any: IPv4, with IPv6 as a second chance in IPv6-only subnets.
 */
export const imdsEndpointsOf = (env: Env): readonly string[] => {
  for (const variable of ['IMDS_ENDPOINT', 'AWS_EC2_METADATA_SERVICE_ENDPOINT']) {
    const text = env[variable];
    if (text) return [endpointFrom(variable, text)];
  }
  const mode = env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE?.toLowerCase();
  if (mode === 'ipv6') return [IPV6];
  if (mode === 'ipv4') return [IPV4];
  if (!mode) return [IPV4, IPV6];
  const path = 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE';
  throw new NodeError('BAD_DATA', `${path}='${mode}' is neither IPv4 nor IPv6`, {
    remedy: `Set ${path} to IPv4 or IPv6, or unset it.`,
    path,
  });
};

interface Session {
  readonly endpoint: string;
  readonly token: string;
}

const isTransient = (status: number): boolean => status === 429 || status >= 500;

/** A client for one run (or one daemon): the token is fetched once and again when IMDS says 401. */
export const createImds = (options: ImdsOptions): Imds => {
  const limits = { ...IMDS_DEADLINES, ...options.deadlines };
  const http = createHttp({ env: options.env, connectTimeoutMs: limits.connectMs, proxy: false });
  const closed = new AbortController();
  const calls = createCalls(options, limits, http, closed.signal);
  const newSession = (): (() => Promise<Session>) => once(calls.openSession);
  const { token } = options;
  let session = token === undefined ? newSession() : async () => ({ endpoint: firstEndpointOf(options), token });

  const ask = async (path: string, signal: AbortSignal): Promise<HttpAnswer> => {
    const current = session;
    const answer = await calls.read(path, await abortable(current(), signal), signal);
    if (answer.status !== 401) return answer;
    // Expired, or IMDS was restarted. Whoever notices first asks for the new token; the others wait for the same one.
    if (session === current) session = newSession();
    const again = await calls.read(path, await abortable(session(), signal), signal);
    if (again.status === 401) throw failure.tokenRefused(path, again);
    return again;
  };

  const mustBeOn = (): void => {
    if (options.env.AWS_EC2_METADATA_DISABLED?.toLowerCase() === 'true') throw failure.switchedOff();
  };
  const stopFor = (signal?: AbortSignal): AbortSignal => (signal ? AbortSignal.any([signal, closed.signal]) : closed.signal);

  /** The good answer; null where IMDS says 404. */
  const found = async (path: string, mayAppear: boolean, signal: AbortSignal | undefined): Promise<HttpAnswer | null> => {
    mustBeOn();
    const stop = stopFor(signal);
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      const answer = await ask(path, stop);
      if (answer.status === 200) return answer;
      if (answer.status !== 404) throw refusalOf(path, answer);
      const elapsedMs = performance.now() - started;
      if (!mayAppear || elapsedMs >= limits.appearMs) return null;
      options.progress?.({ wait: 'imds', text: `IMDS has no ${path} yet`, elapsedMs, deadlineMs: limits.appearMs });
      await sleep(Math.min(jitteredMs(limits.backoff, attempt, options.random), limits.appearMs - elapsedMs), stop);
    }
  };
  const read: Imds['read'] = async (path, signal) => {
    mustBeOn();
    const answer = await ask(path, stopFor(signal));
    if (answer.status !== 200) throw refusalOf(path, answer);
    return answer.body;
  };
  const fetchToken: Imds['fetchToken'] = async (signal) => {
    mustBeOn();
    session = newSession();
    return (await abortable(session(), signal)).token;
  };
  return {
    get: async (path, { mayAppear = false, signal } = {}) => {
      const answer = await found(path, mayAppear, signal);
      return answer && textAt(path, answer);
    },
    getBytes: async (path, { signal } = {}) => (await found(path, false, signal))?.body ?? null,
    read,
    fetchToken,
    close: async () => {
      closed.abort(new Error('the IMDS client was closed'));
      await http.close();
    },
  };
};

const refusalOf = (path: string, answer: HttpAnswer): NodeError => {
  if (answer.status === 404) return failure.nothingAt(path, answer);
  return answer.status === 403 ? failure.disabled(path, answer) : failure.unexpectedStatus(path, answer);
};

const endpointsOf = ({ endpoints, env }: ImdsOptions): readonly string[] => endpoints ?? imdsEndpointsOf(env);
const firstEndpointOf = (options: ImdsOptions): string => endpointsOf(options)[0] ?? IPV4;

interface Calls {
  openSession(): Promise<Session>;
  read(path: string, session: Session, signal: AbortSignal): Promise<HttpAnswer>;
}

/** The two requests there are, each repeated until it is answered or patience ends. */
const createCalls = (options: ImdsOptions, limits: ImdsDeadlines, http: Http, closed: AbortSignal): Calls => {
  let lastGood = 0;
  let pending = 0;

  /** Repeats `attempt` until it gives a final answer; "given up" counts from the last good answer to anyone. */
  const persist = async (
    path: string,
    signal: AbortSignal,
    attempt: (n: number, timeoutMs: number) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> => {
    if (pending++ === 0) lastGood = performance.now();
    let telling: TransportError | HttpAnswer | undefined;
    try {
      for (let n = 0; ; n++) {
        const leftMs = Math.max(1, limits.totalMs - (performance.now() - lastGood));
        const outcome = await attempt(n, Math.min(limits.requestMs, leftMs)).catch(transportOnly(path));
        if (!(outcome instanceof TransportError) && !isTransient(outcome.status)) {
          lastGood = performance.now();
          return outcome;
        }
        // An attempt that the end of patience cut short always looks like "no answer": the one before says more.
        if (telling === undefined || leftMs >= limits.requestMs) telling = outcome;
        const elapsedMs = performance.now() - lastGood;
        const pauseMs = jitteredMs(limits.backoff, n, options.random);
        if (elapsedMs + pauseMs >= limits.totalMs) throw failure.givenUp(path, telling, limits.totalMs);
        if (n + 1 >= (limits.attempts ?? Number.POSITIVE_INFINITY)) throw failure.givenUp(path, telling, elapsedMs);
        options.progress?.({ wait: 'imds', text: failure.clauseOf(path, outcome), elapsedMs, deadlineMs: limits.totalMs });
        await sleep(pauseMs, signal);
      }
    } finally {
      pending--;
    }
  };

  const putToken = (endpoint: string, timeoutMs: number, signal: AbortSignal): Promise<HttpAnswer> =>
    http.send({
      url: `${endpoint}/${TOKEN_PATH}`,
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(options.tokenTtlSeconds ?? LONGEST_TOKEN_TTL_SECONDS) },
      timeoutMs,
      maxBytes: MAX_BYTES,
      signal,
    });

  const openSession = async (): Promise<Session> => {
    const endpoints = endpointsOf(options);
    const first = firstEndpointOf(options);
    let endpoint = first;
    const answer = await persist(TOKEN_PATH, closed, async (n, timeoutMs) => {
      const alone = n === 0 ? await putToken(first, timeoutMs, closed).catch(unlessOthers(endpoints)) : undefined;
      if (alone) return alone;
      const winner = await race(endpoints, (one, signal) => putToken(one, timeoutMs, AbortSignal.any([signal, closed])));
      endpoint = winner.endpoint;
      return winner.answer;
    });
    return { endpoint, token: tokenIn(answer) };
  };

  const read = (path: string, { endpoint, token }: Session, signal: AbortSignal): Promise<HttpAnswer> =>
    persist(path, signal, (_, timeoutMs) =>
      http.send({ url: `${endpoint}/${path}`, headers: { 'x-aws-ec2-metadata-token': token }, timeoutMs, maxBytes: MAX_BYTES, signal }),
    );
  return { openSession, read };
};

/** What is worth another try stays a value; the rest is thrown. A too large answer does not get smaller. */
const transportOnly = (path: string) => (error: unknown) => {
  if (!(error instanceof TransportError)) throw error;
  if (error.kind === 'too-large') throw failure.tooLarge(path, MAX_BYTES, error);
  return error;
};

/** IPv4 refused or without a route, and there is IPv6: undefined, so that both are tried at once without a pause. */
const unlessOthers = (endpoints: readonly string[]) => (error: unknown) => {
  if (endpoints.length > 1 && error instanceof TransportError && error.kind !== 'too-large') return undefined;
  throw error;
};

/** The first endpoint that answers at all; if none does, what happened to the preferred one. */
const race = async (
  endpoints: readonly string[],
  ask: (endpoint: string, signal: AbortSignal) => Promise<HttpAnswer>,
): Promise<{ endpoint: string; answer: HttpAnswer }> => {
  const done = new AbortController();
  try {
    return await Promise.any(endpoints.map(async (endpoint) => ({ endpoint, answer: await ask(endpoint, done.signal) })));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    done.abort();
  }
};

const tokenIn = (answer: HttpAnswer): string => {
  if (answer.status === 403) throw failure.disabled(TOKEN_PATH, answer);
  if (answer.status !== 200) throw failure.noTokens(answer);
  const token = textAt(TOKEN_PATH, answer);
  if (!/^[\x21-\x7e]{8,1024}$/.test(token)) throw failure.malformed(TOKEN_PATH, token, 'a token');
  return token;
};

const textAt = (path: string, answer: HttpAnswer): string => {
  try {
    return textOf(answer).replace(/\n$/, '');
  } catch (cause) {
    throw failure.malformed(path, '', 'UTF-8 text', cause);
  }
};
