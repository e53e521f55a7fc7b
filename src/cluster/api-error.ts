/** How the API server may fail us, each with what to do. */
import { type ErrorCode, NodeError } from '../core/errors.ts';
import type { HttpHead, TransportError } from '../facts/http.ts';

export type ApiErrorKind =
  | 'unreachable'
  | 'cut-off'
  | 'untrusted'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'gone'
  | 'throttled'
  | 'server'
  | 'not-json'
  | 'too-large'
  | 'unexpected';

const CODES: { readonly [kind in ApiErrorKind]: ErrorCode } = {
  unreachable: 'UNAVAILABLE',
  'cut-off': 'UNAVAILABLE',
  untrusted: 'UNAVAILABLE',
  unauthorized: 'NO_PERMISSION',
  forbidden: 'NO_PERMISSION',
  'not-found': 'NO_INPUT',
  gone: 'TEMPORARY',
  throttled: 'UNAVAILABLE',
  server: 'UNAVAILABLE',
  'not-json': 'PROTOCOL',
  'too-large': 'PROTOCOL',
  unexpected: 'PROTOCOL',
};

const REMEDIES: { readonly [kind in ApiErrorKind]?: string } = {
  unreachable:
    'The cluster security group must allow port 443 from the node; a private endpoint needs DNS support in the VPC, a public one a route to the Internet.',
  'cut-off': 'Something between here and the API server cuts connections: a proxy, or a load balancer that changes.',
  untrusted: 'CA and endpoint of the kubeconfig must be those of one cluster; or a proxy that inspects TLS stands between.',
  unauthorized:
    'The identity is not known there: an access entry (or aws-auth row) for the role is missing, the cluster’s name in the token is wrong, or the clock is.',
  forbidden: 'The identity is known and may not do this: see its access entry or aws-auth groups.',
  throttled: 'The API server has too much to do; try again later.',
  server: 'The API server has trouble of its own; try again later.',
  'not-json': 'Something else answers for the API server, such as a proxy’s page for signing in.',
};

/** A request that the API server did not answer as asked. */
export class ApiError extends NodeError {
  readonly kind: ApiErrorKind;
  /** 0: no answer. */
  readonly status: number;
  /** The server wants so long a pause. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ApiErrorKind, message: string, detail: { status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    const remedy = REMEDIES[kind];
    super(CODES[kind], message, { ...(remedy === undefined ? {} : { remedy }), cause: detail.cause });
    this.kind = kind;
    this.status = detail.status ?? 0;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

const TRANSPORT: { readonly [kind in TransportError['kind']]: ApiErrorKind } = {
  refused: 'unreachable',
  unroutable: 'unreachable',
  'no-name': 'unreachable',
  'no-connection': 'unreachable',
  'no-answer': 'unreachable',
  proxy: 'unreachable',
  'cut-off': 'cut-off',
  'too-large': 'too-large',
  tls: 'untrusted',
};

/** Node.js advises about its own options there. */
const withoutHint = (message: string): string => message.replace(/; if the root CA is installed locally[^)]*/, '');

export const ofTransport = (error: TransportError): ApiError =>
  new ApiError(TRANSPORT[error.kind], withoutHint(error.message), { cause: error });

const kindOf = (status: number): ApiErrorKind => {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 410) return 'gone';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'server' : 'unexpected';
};

/** Only seconds are in use; a date would be as good as none. */
const retryAfterOf = ({ headers }: HttpHead): number | undefined => {
  const seconds = headers['retry-after'];
  return seconds !== undefined && /^\d{1,4}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
};

/** `said`: the message of the Status object, where one came. */
export const ofStatus = (what: string, head: HttpHead, said: string | undefined): ApiError =>
  new ApiError(kindOf(head.status), `the API server answered ${head.status} to ${what}${said === undefined ? '' : `: ${said}`}`, {
    status: head.status,
    retryAfterMs: retryAfterOf(head),
  });
