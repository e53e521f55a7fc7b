/**
 * The Kubernetes API, as much as is read here: one object, lists in pages, watches. Every call has a deadline and a size limit, what may pass
 * is tried again with jitter, and everything else is an ApiError that says what to do. Nothing is ever changed there; a SelfSubjectReview is
 * created to ask who we are, which leaves no trace.
 */
import { type HttpAnswer, type HttpHead, type StreamingHttp, TransportError, textOf } from '../facts/http.ts';
import { type Backoff, jitteredMs, type Random, type Timer } from '../facts/wait.ts';
import { ApiError, ofStatus, ofTransport } from './api-error.ts';

export interface ApiDeadlines {
  readonly requestMs: number;
  /** With all its further tries. */
  readonly totalMs: number;
  readonly backoff: Backoff;
}

const API_DEADLINES: ApiDeadlines = { requestMs: 15_000, totalMs: 30_000, backoff: { baseMs: 250, capMs: 4_000 } };

export interface ApiOptions {
  readonly server: string;
  readonly http: StreamingHttp;
  /** A bearer token; `again`: the last one was refused. undefined: we are known by a certificate. */
  readonly token: (again: boolean, signal?: AbortSignal) => Promise<string | undefined>;
  readonly random: Random;
  readonly timer: Timer;
  /** This machine's, in milliseconds since 1970. */
  readonly clock: () => number;
  readonly deadlines?: Partial<ApiDeadlines>;
}

export interface ListWish<T> {
  readonly fieldSelector?: string;
  readonly pageSize?: number;
  /** What is kept of an object; undefined: nothing. Only one page is held at a time. */
  readonly keep: (object: unknown) => T | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type WatchEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: unknown };

export interface WatchWish {
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Ends by itself after this. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: WatchEvent) => void;
}

export interface Api {
  /** @throws ApiError */
  readonly get: (path: string, signal?: AbortSignal) => Promise<unknown>;
  /** @throws ApiError */
  readonly post: (path: string, body: unknown, signal?: AbortSignal) => Promise<unknown>;
  /** @throws ApiError */
  readonly list: <T>(path: string, wish: ListWish<T>) => Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }>;
  /** Resolves to the last resource version seen, when the server or the time ends it. @throws ApiError; `gone`: list again */
  readonly watch: (path: string, wish: WatchWish) => Promise<string>;
  /** This machine's clock against the server's, positive: ahead; undefined before the first answer. */
  readonly clockSkewSeconds: () => number | undefined;
}

const PAGE = 250;
/** A request of a kubelet takes 2 to 4 kB; nothing that is read here comes near. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_LINE = 1024 * 1024;
const MOST_PAGES = 1000;
const RETRIED: readonly string[] = ['unreachable', 'cut-off', 'throttled', 'server'];
const MOST_TRIES = 4;
const LONGEST_PAUSE = 10_000;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

type Fields = { readonly [key: string]: unknown };
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const textIn = (fields: Fields, key: string): string => {
  const value = fields[key];
  return typeof value === 'string' ? value : '';
};

const parsed = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};

const bodyOf = (answer: HttpAnswer): Fields | undefined => {
  try {
    return parsed(textOf(answer));
  } catch {
    return undefined; // not even text
  }
};

const nameOf = ({ method, path }: Call): string => `${method} ${path.split('?')[0]}`;

const readAnswer = (call: Call, answer: HttpAnswer): Fields => {
  const body = bodyOf(answer);
  if (answer.status < 200 || answer.status > 299) {
    const said = body?.['kind'] === 'Status' ? textIn(body, 'message').slice(0, 500) : '';
    throw ofStatus(nameOf(call), answer, said || undefined);
  }
  if (body === undefined)
    throw new ApiError('not-json', `the answer to ${nameOf(call)} is no JSON object (${answer.headers['content-type'] ?? 'no type'})`, {
      status: answer.status,
    });
  return body;
};

const queryOf = (pairs: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '');
  return new URLSearchParams(given).toString();
};

/** One request, without a second try but for a token that was refused. */
const createSend = ({ server, http, token, clock }: ApiOptions, deadlines: ApiDeadlines, learn: (head: HttpHead) => void) => {
  const headersFor = async (again: boolean, signal: AbortSignal | undefined): Promise<{ [name: string]: string }> => {
    const bearer = await token(again, signal);
    return {
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'bootwright',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    };
  };
  const sendOnce = async ({ method, path, body, signal }: Call, again: boolean, timeoutMs: number): Promise<HttpAnswer> => {
    const headers = await headersFor(again, signal);
    const url = `${server}${path}`;
    try {
      const answer = await http.send({
        url,
        method,
        headers,
        timeoutMs,
        maxBytes: MAX_BYTES,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      learn(answer);
      return answer;
    } catch (error) {
      throw error instanceof TransportError ? ofTransport(error) : error;
    }
  };
  const send = async (call: Call, leftMs: number): Promise<Fields> => {
    const timeoutMs = Math.max(1, Math.min(deadlines.requestMs, leftMs));
    const first = await sendOnce(call, false, timeoutMs);
    return readAnswer(call, first.status === 401 ? await sendOnce(call, true, timeoutMs) : first);
  };
  return { send, headersFor, clock };
};

export const createApi = (options: ApiOptions): Api => {
  const { server, http, random, timer, clock } = options;
  const deadlines = { ...API_DEADLINES, ...options.deadlines };
  let skew: number | undefined;
  const learn = ({ headers }: HttpHead): void => {
    const date = Date.parse(headers['date'] ?? '');
    if (!Number.isNaN(date)) skew = (clock() - date) / 1000;
  };
  const { send, headersFor } = createSend(options, deadlines, learn);

  const call = async (one: Call): Promise<Fields> => {
    const end = timer.now() + deadlines.totalMs;
    for (let attempt = 0; ; attempt++) {
      try {
        return await send(one, end - timer.now());
      } catch (error) {
        if (!(error instanceof ApiError) || !RETRIED.includes(error.kind) || attempt + 1 >= MOST_TRIES) throw error;
        const pause = Math.min(LONGEST_PAUSE, error.retryAfterMs ?? 0) + jitteredMs(deadlines.backoff, attempt, random);
        if (timer.now() + pause >= end) throw error;
        await timer.sleep(pause, one.signal);
      }
    }
  };

  const listOnce: Api['list'] = async (path, { fieldSelector, pageSize = PAGE, keep, signal }) => {
    const items = [];
    let next: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const body = await call({
        method: 'GET',
        path: `${path}?${queryOf({ fieldSelector, limit: String(pageSize), continue: next })}`,
        signal,
      });
      const objects = body['items'];
      if (!Array.isArray(objects)) throw new ApiError('not-json', `the answer to GET ${path} is no list`);
      for (const object of objects) {
        const kept = keep(object);
        if (kept !== undefined) items.push(kept);
      }
      const metadata = fieldsOf(body['metadata']);
      const last = next;
      next = textIn(metadata, 'continue') || undefined;
      if (next === undefined) return { items, resourceVersion: textIn(metadata, 'resourceVersion') };
      if (next === last) break;
    }
    throw new ApiError('unexpected', `the list at ${path} does not end`);
  };

  const list: Api['list'] = (path, wish) =>
    listOnce(path, wish).catch((error: unknown) => {
      // The server forgets the state that a long list began with after some minutes.
      if (error instanceof ApiError && error.kind === 'gone') return listOnce(path, wish);
      throw error;
    });

  const watch: Api['watch'] = async (path, { fieldSelector, resourceVersion, timeoutMs, signal, onEvent }) => {
    const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
    const query = queryOf({ watch: '1', fieldSelector, resourceVersion, allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) });
    const reader = createEventReader(path, resourceVersion, onEvent);
    const request = { url: `${server}${path}?${query}`, headers: await headersFor(false, signal), timeoutMs: timeoutMs + 5_000, signal };
    try {
      const head = await http.stream(request, reader.take);
      if (head.status !== 200) throw ofStatus(`watch ${path}`, head, undefined);
    } catch (error) {
      throw error instanceof TransportError ? ofTransport(error) : error;
    }
    return reader.resourceVersion();
  };

  return {
    get: (path, signal) => call({ method: 'GET', path, signal }),
    post: (path, body, signal) => call({ method: 'POST', path, body: JSON.stringify(body), signal }),
    list,
    watch,
    clockSkewSeconds: () => skew,
  };
};

/** Events of a watch are lines of JSON. */
const createEventReader = (path: string, start: string, onEvent: WatchWish['onEvent']) => {
  const decoder = new TextDecoder();
  let rest = '';
  let version = start;
  const takeLine = (line: string): void => {
    const event = parsed(line);
    if (event === undefined) throw new ApiError('not-json', `the watch of ${path} sent something that is no event`);
    const object = fieldsOf(event['object']);
    const type = event['type'];
    if (type === 'ERROR') {
      const status = Number(object['code']) || 500;
      throw ofStatus(`watch ${path}`, { status, headers: {} }, textIn(object, 'message').slice(0, 500) || undefined);
    }
    version = textIn(fieldsOf(object['metadata']), 'resourceVersion') || version;
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
  };
  return {
    resourceVersion: () => version,
    take: (head: HttpHead, chunk: Uint8Array): void => {
      if (head.status !== 200) return;
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new ApiError('too-large', `the watch of ${path} sent an event of more than 1 MiB`);
      for (const line of lines) if (line.trim() !== '') takeLine(line);
    },
  };
};
