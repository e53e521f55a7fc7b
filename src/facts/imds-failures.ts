/** What can go wrong with IMDS, each with what to do about it. */
import { NodeError } from '../core/errors.ts';
import type { HttpAnswer, TransportError } from './http.ts';
import { spanOf } from './wait.ts';

/** The answer behind a failure, as its cause: the program `imds` ends by its status. */
export class ImdsRefusal extends Error {
  override readonly name = 'ImdsRefusal';
  readonly answer: HttpAnswer;

  constructor(answer: HttpAnswer) {
    super(`IMDS answered ${answer.status}`);
    this.answer = answer;
  }
}

const OPTIONS = 'aws ec2 modify-instance-metadata-options --instance-id ID';

export const switchedOff = (): NodeError =>
  new NodeError('UNAVAILABLE', 'AWS_EC2_METADATA_DISABLED=true forbids asking IMDS, but facts of this instance are needed', {
    remedy: 'Unset AWS_EC2_METADATA_DISABLED; on a machine that is no EC2 instance use `bootwright preview --facts FILE`.',
    path: 'AWS_EC2_METADATA_DISABLED',
  });

export const disabled = (path: string, answer: HttpAnswer): NodeError =>
  new NodeError('NO_PERMISSION', `IMDS answers 403 for ${path}: the metadata service is disabled for this instance`, {
    remedy: `Enable it: ${OPTIONS} --http-endpoint enabled (in a launch template: MetadataOptions.HttpEndpoint).`,
    path,
    cause: new ImdsRefusal(answer),
  });

export const noTokens = (answer: HttpAnswer): NodeError =>
  new NodeError('PROTOCOL', `IMDS answers ${answer.status} to a request for an IMDSv2 token`, {
    remedy:
      'Check that IMDS_ENDPOINT or AWS_EC2_METADATA_SERVICE_ENDPOINT points at an IMDSv2 service and not at a proxy or another server.',
    path: 'latest/api/token',
    cause: new ImdsRefusal(answer),
  });

export const tokenRefused = (path: string, answer: HttpAnswer): NodeError =>
  new NodeError('PROTOCOL', `IMDS answers 401 for ${path}, also with a fresh token`, {
    remedy:
      'Check that nothing between this program and IMDS drops the X-aws-ec2-metadata-token header, and that no other service answers at its address.',
    path,
    cause: new ImdsRefusal(answer),
  });

export const unexpectedStatus = (path: string, answer: HttpAnswer): NodeError =>
  new NodeError('PROTOCOL', `IMDS answers ${answer.status} for ${path}`, {
    remedy: 'Check that the IMDS endpoint is the real one (no proxy, no captive portal) and try again.',
    path,
    cause: new ImdsRefusal(answer),
  });

export const tooLarge = (path: string, limit: number, cause: unknown): NodeError =>
  new NodeError('PROTOCOL', `IMDS answers ${path} with more than ${limit / 1024} KiB`, {
    remedy: 'Check that the IMDS endpoint is the real one (no proxy, no captive portal).',
    path,
    cause,
  });

/** An excerpt that is safe in a terminal. */
const excerptOf = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

export const malformed = (path: string, text: string, wanted: string, cause?: unknown): NodeError =>
  new NodeError('PROTOCOL', `IMDS answers ${path} with ${text === '' ? 'bytes' : excerptOf(text)}, which is not ${wanted}`, {
    remedy: 'Check that the IMDS endpoint is the real one (no proxy, no captive portal) and try again.',
    path,
    cause,
  });

export const absent = (path: string): NodeError =>
  new NodeError('UNAVAILABLE', `IMDS has no ${path} (404)`, {
    remedy:
      'Try again in a moment: it may appear late in boot. If it never does, the instance lacks it (check its network interface and subnet).',
    path,
  });

/** Of a path that somebody typed. */
export const nothingAt = (path: string, answer: HttpAnswer): NodeError =>
  new NodeError('UNAVAILABLE', `IMDS has no ${path} (404)`, {
    remedy: `See what there is: bootwright imds '${path.replace(/[^/]*\/?$/, '') || '/'}'.`,
    path,
    cause: new ImdsRefusal(answer),
  });

/** `no answer for latest/api/token (…)`, for progress lines. */
export const clauseOf = (path: string, outcome: TransportError | HttpAnswer): string =>
  outcome instanceof Error ? `${outcome.message} (${path})` : `IMDS answers ${outcome.status} for ${path}`;

/** After the whole patience: why, by how the last attempt ended. */
export const givenUp = (path: string, outcome: TransportError | HttpAnswer, afterMs: number): NodeError => {
  const detail = { path, cause: outcome instanceof Error ? outcome : new ImdsRefusal(outcome) };
  const after = `after ${spanOf(afterMs)}`;
  if (!(outcome instanceof Error)) {
    const remedy =
      'Try again later; if it persists, reduce what else asks IMDS on this instance (it throttles per instance) or stop and start the instance.';
    return new NodeError('UNAVAILABLE', `IMDS still answers ${outcome.status} for ${path} ${after}`, { ...detail, remedy });
  }
  if (path === 'latest/api/token' && outcome.kind === 'no-answer') {
    return new NodeError('UNAVAILABLE', `IMDS gave no token ${after}: ${outcome.message}. Typical for a hop limit that is too small`, {
      ...detail,
      remedy: `Raise it: ${OPTIONS} --http-put-response-hop-limit 2; in a container, use the host's network.`,
    });
  }
  const remedy =
    outcome.kind === 'no-answer' || outcome.kind === 'cut-off'
      ? 'Check for a proxy or firewall on this machine between root and the metadata service, then try again.'
      : 'Check that this is an EC2 instance and that no firewall keeps root from 169.254.169.254 port 80; elsewhere use `bootwright preview --facts FILE`.';
  return new NodeError('UNAVAILABLE', `IMDS could not be asked for ${path} ${after}: ${outcome.message}`, { ...detail, remedy });
};
