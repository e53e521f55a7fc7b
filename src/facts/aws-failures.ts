/** What AWS APIs answer when they refuse, and what to do about each. */
import { type ErrorCode, NodeError } from '../core/errors.ts';
import { TransportError, type TransportKind } from './http.ts';
import { spanOf } from './wait.ts';

/** An error document of an AWS API, whatever its wire format. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** `AccessDeniedException`, `UnauthorizedOperation`, `Throttling` … */
  readonly code: string;
  readonly status: number;
  readonly headers: { readonly [name: string]: string };

  constructor(code: string, message: string, answer: { status: number; headers: { readonly [name: string]: string } }) {
    super(message);
    this.code = code;
    this.status = answer.status;
    this.headers = answer.headers;
  }
}

/** An answer that is none of this API's: HTML of a proxy, half a JSON document. */
export class GarbledAnswer extends Error {
  override readonly name = 'GarbledAnswer';
}

/** Which call failed, for messages. */
export interface CallName {
  /** `DescribeCluster` */
  readonly operation: string;
  /** `EKS` */
  readonly service: string;
  /** `eks:DescribeCluster` */
  readonly permission: string;
  readonly region: string;
  readonly origin: string;
  /** What it is asked about: `cluster 'my-cluster'`. */
  readonly subject: string;
  /** How the permission is given, as an instruction. */
  readonly grant: string;
  /** How a user avoids the call altogether, as an instruction. */
  readonly instead?: string;
}

const THROTTLED = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'SlowDown',
]);
const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'NotAuthorized',
  'AuthFailure.Unauthorized',
  'UnauthorizedException',
]);
const STALE = new Set(['ExpiredToken', 'ExpiredTokenException']);
const UNKNOWN_KEY = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'AuthFailure',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'OptInRequired',
  'IncompleteSignature',
]);
/** Codes under which a wrong clock shows; a wrong secret key shows under some of them too. */
const CLOCK = new Set([
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'RequestInTheFuture',
  'InvalidSignature',
]);

export const isThrottled = (error: AwsError): boolean => error.status === 429 || THROTTLED.has(error.code);
export const isDenied = (error: AwsError): boolean => DENIED.has(error.code);
export const isClockSuspect = (error: AwsError): boolean => CLOCK.has(error.code);
const isServerFault = (error: AwsError): boolean =>
  error.status >= 500 || error.code === 'RequestTimeout' || error.code === 'InternalError';

/** Worth another try, as things like it pass: half answers, names and routes that are not there yet, 5xx. */
export const isTransient = (error: unknown): boolean => {
  if (error instanceof AwsError) return isServerFault(error);
  if (error instanceof TransportError) return error.kind !== 'tls' && error.kind !== 'too-large';
  return false;
};

/** Retry-After in milliseconds (seconds or an HTTP date against the server's own Date), 0 when absent or nonsense; at most 5 minutes. */
export const retryAfterMs = ({ headers }: AwsError): number => {
  const text = headers['retry-after'];
  if (text === undefined) return 0;
  const ms = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.date ?? '');
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 300_000) : 0;
};

const TRANSPORT: { readonly [K in TransportKind]: { readonly code: ErrorCode; readonly remedy: (call: CallName) => string } } = {
  refused: {
    code: 'UNAVAILABLE',
    remedy: ({ origin }) => `Check that ${origin} is the right endpoint (AWS_ENDPOINT_URL…) and that it is up.`,
  },
  unroutable: {
    code: 'UNAVAILABLE',
    remedy: ({ service }) => `Give the subnet a route to ${service}: a NAT gateway, or an interface VPC endpoint for it.`,
  },
  'no-name': {
    code: 'UNAVAILABLE',
    remedy: ({ origin, service }) =>
      `Check DNS on this machine (enableDnsSupport of the VPC, DHCP options) and that ${new URL(origin).hostname} exists: the region, FIPS or dual-stack may not be offered by ${service}.`,
  },
  'no-connection': {
    code: 'UNAVAILABLE',
    remedy: ({ service }) =>
      `Check the way to ${service}: route table, NAT gateway or VPC endpoint and its security group (port 443 from this node), network ACLs, HTTPS_PROXY.`,
  },
  'no-answer': {
    code: 'UNAVAILABLE',
    remedy: ({ service }) => `Check HTTPS_PROXY and the firewall between this node and ${service}, then try again.`,
  },
  'cut-off': {
    code: 'UNAVAILABLE',
    remedy: ({ service }) => `Check HTTPS_PROXY and the firewall between this node and ${service}, then try again.`,
  },
  'too-large': { code: 'PROTOCOL', remedy: ({ origin }) => `Check that ${origin} is the real API and not a proxy's page.` },
  tls: {
    code: 'UNAVAILABLE',
    remedy: () =>
      "Add the certificate authority of the inspecting proxy or partition to the system's bundle or name it in AWS_CA_BUNDLE, and check this machine's clock.",
  },
  proxy: { code: 'UNAVAILABLE', remedy: ({ origin }) => `Check HTTPS_PROXY, or add ${new URL(origin).hostname} to NO_PROXY.` },
};

const instead = ({ instead }: CallName): string => (instead ? ` ${instead}` : '');

const ofTransport = (call: CallName, error: TransportError, tries: string): NodeError => {
  const { code, remedy } = TRANSPORT[error.kind];
  return new NodeError(code, `${call.operation} failed${tries}: ${error.message}`, {
    remedy: `${remedy(call)}${instead(call)}`,
    cause: error,
  });
};

const ofAws = (call: CallName, error: AwsError, tries: string): NodeError => {
  const fail = (code: ErrorCode, text: string, remedy: string): NodeError =>
    new NodeError(code, `${call.operation} for ${call.subject} failed${tries}: ${text}`, { remedy, cause: error });
  const said = `${error.code}: ${error.message}`;
  if (isDenied(error)) return fail('NO_PERMISSION', said, `${call.grant}${instead(call)}`);
  if (STALE.has(error.code))
    return fail('NO_PERMISSION', said, "Renew the credentials (log in again); on an instance, check this machine's clock.");
  if (UNKNOWN_KEY.has(error.code)) {
    return fail(
      'NO_PERMISSION',
      said,
      `Check that the credentials belong to an active key of this partition, and that region ${call.region} is enabled in the account.`,
    );
  }
  if (isClockSuspect(error)) {
    return fail(
      'NO_PERMISSION',
      said,
      "Check the secret access key and this machine's clock (chronyc tracking; 169.254.169.123 serves time on EC2).",
    );
  }
  if (isThrottled(error))
    return fail('UNAVAILABLE', said, `Start fewer nodes at once, or ask AWS to raise the rate of ${call.permission}.${instead(call)}`);
  if (isServerFault(error))
    return fail(
      'UNAVAILABLE',
      said,
      `Try again later; see the AWS health dashboard for ${call.service} in ${call.region}.${instead(call)}`,
    );
  return fail('UNAVAILABLE', said, `Read the message of ${call.service}; check region ${call.region} and the values this node was given.`);
};

/** How a node's role gets a permission that the managed policy of nodes has. */
export const grantBy = (policy: string, permission: string): string =>
  `Allow ${permission} to the role (for nodes: the instance role; the managed policy ${policy} has it), also in VPC endpoint policies and SCPs.`;

/** The failure of a call as an operator should read it. `tries`: attempts made; 1 is not mentioned. */
export const explain = (call: CallName, error: unknown, tries = 1): unknown => {
  const count = tries > 1 ? ` after ${tries} attempts` : '';
  if (error instanceof TransportError) return ofTransport(call, error, count);
  if (error instanceof AwsError) return ofAws(call, error, count);
  if (!(error instanceof GarbledAnswer)) return error;
  const remedy = `Check that ${call.origin} is the real API and not a proxy's page (HTTPS_PROXY, AWS_ENDPOINT_URL…).${instead(call)}`;
  return new NodeError('PROTOCOL', `${call.operation} got an answer from ${call.origin} that is not ${call.service}'s: ${error.message}`, {
    remedy,
    cause: error,
  });
};

/** The clock was corrected once, and the signature is still refused. */
export const clockSkew = (call: CallName, error: AwsError, skewMs: number): NodeError =>
  new NodeError(
    'NO_PERMISSION',
    `${call.operation} for ${call.subject} failed: ${error.code}, and this machine's clock is ${skewOf(skewMs)} that of ${call.service}`,
    {
      remedy: 'Set the clock (systemctl restart chronyd; 169.254.169.123 serves time on EC2) and try again.',
      cause: error,
    },
  );

/** `7 min behind`, `2 h ahead of`: of this machine, from how far the server is ahead. */
export const skewOf = (skewMs: number): string => `${spanOf(Math.abs(skewMs))} ${skewMs > 0 ? 'behind' : 'ahead of'}`;
