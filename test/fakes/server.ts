/**
 * A real HTTP(S) server on loopback that answers like some service, can be told to misbehave, and keeps a log with times. Tests,
 * the demo, the build's warm-up and the benchmarks use it. Nothing here knows AWS: imds.ts and aws.ts do.
 */
import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** One request as it arrived; `name` is what faults match and the log shows. */
export interface FakeRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  /** In place of `body`: an answer that goes on. Returns what to do when the client or the server is gone. */
  readonly stream?: (to: AnswerStream) => () => void;
}

export interface AnswerStream {
  write(text: string): void;
  end(): void;
  /** Breaks the connection off. */
  cut(): void;
}

/**
 * How to misbehave: `hang` never answers, `reset` cuts the connection before an answer, `status` answers that status (with `body`),
 * `truncate` cuts it in mid-body, `html` answers a proxy's page with 200, `huge` answers 8 MiB, `delay` answers right but late.
 */
export interface Fault {
  /** Matches the request's name; absent: every request. */
  readonly on?: string | RegExp;
  readonly kind: 'hang' | 'reset' | 'status' | 'truncate' | 'html' | 'huge' | 'delay';
  /** How often; absent: always. */
  readonly times?: number;
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  readonly delayMs?: number;
}

/** One line of the log. Times are milliseconds since 1970, with fractions. */
export interface Exchange {
  readonly server: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  /** 0: no answer was sent. */
  readonly status: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface FakeOptions {
  readonly host?: string;
  /** 0 (the default): any free port. */
  readonly port?: number;
  /** Before each answer. */
  readonly delayMs?: number;
  /** PEM; makes it an https server. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly onExchange?: (exchange: Exchange) => void;
}

export interface Fake {
  /** `http://127.0.0.1:41234` */
  readonly url: string;
  readonly port: number;
  /** In order of their end. */
  readonly exchanges: Exchange[];
  /** Adds a fault; the first that matches and is not used up applies. */
  fault(fault: Fault): void;
  clearFaults(): void;
  /** Requests with this name so far. */
  count(name: string | RegExp): number;
  close(): Promise<void>;
}

interface Service {
  readonly name: string;
  readonly nameOf: (request: FakeRequest) => string;
  readonly answer: (request: FakeRequest) => FakeAnswer;
}

const nowMs = (): number => performance.timeOrigin + performance.now();
const matches = (pattern: string | RegExp | undefined, name: string): boolean =>
  pattern === undefined || (typeof pattern === 'string' ? pattern === name : pattern.test(name));

const HTML = '<html><head><title>Sign in</title></head><body>Please accept the terms of use of this network.</body></html>\n';

const readAll = async (message: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const flatHeaders = (message: IncomingMessage): { [name: string]: string } =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );

const misbehave = (fault: Fault, right: FakeAnswer, response: ServerResponse): FakeAnswer | undefined => {
  switch (fault.kind) {
    case 'delay':
      return right;
    case 'status':
      return { status: fault.status ?? 500, ...(fault.headers ? { headers: fault.headers } : {}), body: fault.body ?? '' };
    case 'html':
      return { status: fault.status ?? 200, headers: { 'content-type': 'text/html' }, body: HTML };
    case 'huge':
      return { status: 200, headers: {}, body: 'x'.repeat(8 * 1024 * 1024) };
    case 'truncate': {
      const body = Buffer.from(right.body ?? '');
      response.writeHead(right.status, { ...right.headers, 'content-length': String(body.length) });
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
      return undefined;
    }
    case 'reset':
      response.destroy();
      return undefined;
    case 'hang':
      return undefined;
  }
};

/** Starts a service. The caller closes it (`t.teardown(() => fake.close())`). */
export const startServer = async (service: Service, options: FakeOptions = {}): Promise<Fake> => {
  const exchanges: Exchange[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const counts = new Map<string, number>();

  const takeFault = (name: string): Fault | undefined => {
    const found = faults.find(({ fault, left }) => left > 0 && matches(fault.on, name));
    if (found) found.left--;
    return found?.fault;
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startMs = nowMs();
    const request = { method: message.method ?? '', path: message.url ?? '', headers: flatHeaders(message), body: await readAll(message) };
    const name = service.nameOf(request);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const record = (status: number): void => {
      const { method, path, headers } = request;
      const exchange = { server: service.name, name, method, path, headers, status, startMs, endMs: nowMs() };
      exchanges.push(exchange);
      options.onExchange?.(exchange);
    };
    const fault = takeFault(name);
    if (fault?.kind === 'hang') return record(0);
    const wait = (options.delayMs ?? 0) + (fault?.delayMs ?? 0);
    if (wait > 0) await pause(wait);
    const right = service.answer(request);
    const answer = fault ? misbehave(fault, right, response) : right;
    record(answer?.status ?? 0);
    if (!answer || response.destroyed) return;
    if (answer.stream) {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.flushHeaders();
      const to = { write: (text: string) => void response.write(text), end: () => void response.end(), cut: () => void response.destroy() };
      response.once('close', answer.stream(to));
      return;
    }
    const body = Buffer.from(answer.body ?? '');
    response.writeHead(answer.status, { 'content-length': String(body.length), ...answer.headers });
    response.end(body);
  };

  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    handle(message, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };
  const server: Server = options.tls ? createTls(options.tls, onRequest) : createPlain(onRequest);
  server.keepAliveTimeout = 60_000; // a pause between two requests of a run must not race with a closing connection
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    exchanges,
    fault: (fault) => void faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }),
    clearFaults: () => void faults.splice(0),
    count: (name) => [...counts].filter(([one]) => matches(name, one)).reduce((sum, [, count]) => sum + count, 0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/**
 * How many round trips one after the other a log shows: the longest chain of requests of which each began after the one before had
 * ended. Meaningful only with a delay, as without one requests that were sent together need not overlap.
 */
export const sequentialRoundTrips = (exchanges: readonly Pick<Exchange, 'startMs' | 'endMs'>[]): number => {
  let count = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const exchange of [...exchanges].sort((a, b) => a.endMs - b.endMs)) {
    if (exchange.startMs < end) continue;
    count++;
    end = exchange.endMs;
  }
  return count;
};
