/** DescribeCluster through the SDK's EKS client, and the wait until the cluster can be joined. */
import { isIPv4, isIPv6 } from 'node:net';
import { NodeError } from '../core/errors.ts';
import type { ClusterFacts } from '../core/facts.ts';
import type { IpFamily } from '../core/spec.ts';
import { type Aws, type Clock, givenEndpoint, persist, usesDualStack, usesFips } from './aws.ts';
import { AwsError, type CallName, GarbledAnswer, grantBy } from './aws-failures.ts';
import { TransportError } from './http.ts';
import { sdkHandler } from './sdk-http.ts';
import { at, isTree, type Tree, textIn } from './tree.ts';
import { jitteredMs, spanOf } from './wait.ts';

/** Loading the client takes as long as a few IMDS answers: started early, it is there when the credentials are. */
export const loadEks = (): Promise<typeof import('@aws-sdk/client-eks')> => import('@aws-sdk/client-eks');

export interface ClusterQuestion {
  readonly name: string;
  readonly region: string;
  readonly retries: number;
  readonly clock: Clock;
  readonly denialPasses?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const AVOID = 'Or give --apiserver-endpoint and --b64-cluster-ca: then nothing is asked.';

const callOf = ({ name, region }: ClusterQuestion, origin: string): CallName => ({
  operation: 'DescribeCluster',
  service: 'EKS',
  permission: 'eks:DescribeCluster',
  grant: grantBy('AmazonEKSWorkerNodePolicy', 'eks:DescribeCluster'),
  region,
  origin,
  subject: `cluster '${name}'`,
  instead: AVOID,
});

/** States on the way to ACTIVE. UPDATING waits as `aws eks wait cluster-active` does: an endpoint may be changing. */
const PASSING = new Set(['CREATING', 'UPDATING', 'PENDING']);

/**
 * The cluster, once it is ACTIVE.
 * @throws NodeError NO_PERMISSION, UNAVAILABLE, CONFIG (no such cluster, deleting, failed) or PROTOCOL, with remedy.
 */
export const describeCluster = async (aws: Aws, question: ClusterQuestion): Promise<ClusterFacts> => {
  const { describe, call } = await clientOf(aws, question);
  const started = aws.timer.now();
  const { totalMs: deadlineMs, poll } = aws.deadlines;
  for (let look = 0; ; look++) {
    const cluster = await persist(aws, call, question, describe).catch((error: unknown) => {
      throw notFound(question, error) ?? error;
    });
    const status = textIn(cluster, 'status');
    if (status === 'ACTIVE') return clusterIn(cluster, question, call.origin);
    if (!PASSING.has(status)) throw unusable(question.name, status);
    const elapsedMs = aws.timer.now() - started;
    // At least half the window: the wait is not contention, only nodes of one group should not ask in step.
    const pauseMs =
      jitteredMs({ baseMs: poll.baseMs / 2, capMs: poll.capMs / 2 }, look, aws.random) +
      Math.min(poll.capMs, poll.baseMs * 2 ** Math.min(look, 30)) / 2;
    if (elapsedMs + pauseMs >= deadlineMs) throw stillNot(question.name, status, deadlineMs);
    aws.progress({ wait: 'cluster', text: `cluster '${question.name}' is ${status}`, elapsedMs, deadlineMs });
    await aws.timer.sleep(pauseMs, question.signal);
  }
};

const clientOf = async (aws: Aws, question: ClusterQuestion) => {
  const { DescribeClusterCommand, EKSClient } = await loadEks();
  const { region, name, signal, clock } = question;
  const given = givenEndpoint(aws.env, 'eks');
  const handler = sdkHandler(aws.http, aws.deadlines.requestMs);
  let origin = given ?? `https://eks.${region}`;
  const client = new EKSClient({
    region,
    credentials: aws.credentials,
    maxAttempts: 1, // persist() knows the flag, the deadline and Retry-After
    retryMode: 'standard',
    defaultsMode: 'standard',
    useFipsEndpoint: usesFips(aws.env),
    useDualstackEndpoint: usesDualStack(aws.env),
    requestHandler: {
      ...handler,
      handle: (request: Parameters<typeof handler.handle>[0], options: Parameters<typeof handler.handle>[1]) => {
        origin = `${request.protocol}//${request.hostname}${request.port === undefined ? '' : `:${request.port}`}`;
        return handler.handle(request, options);
      },
    },
    ...(given ? { endpoint: given } : {}),
  });
  const describe = async (): Promise<Tree> => {
    // Anew each time: another call may have learnt meanwhile that this machine's clock is wrong.
    client.config.systemClockOffset = clock.now() - Date.now();
    try {
      const { cluster } = await client.send(new DescribeClusterCommand({ name }), signal ? { abortSignal: signal } : {});
      if (cluster) return cluster as unknown as Tree;
    } catch (error) {
      throw plainError(error);
    }
    throw new GarbledAnswer('no cluster in it');
  };
  return {
    describe,
    call: {
      ...callOf(question, origin),
      get origin() {
        return origin;
      },
    },
  };
};

/** What the SDK threw, in our words: our own errors as they are, service errors as AwsError, unreadable answers as garbled. */
const plainError = (error: unknown): unknown => {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof TransportError || e instanceof NodeError) return e;
  const status = at(error, '$metadata', 'httpStatusCode') ?? at(error, '$response', 'statusCode');
  if (!(error instanceof Error) || typeof status !== 'number') return error;
  const headers = at(error, '$response', 'headers');
  const answer = { status, headers: (isTree(headers) ? headers : {}) as { readonly [name: string]: string } };
  const isService = '$fault' in error && error.name !== 'Error' && error.name !== 'UnknownError';
  if (isService) return new AwsError(error.name, error.message, answer);
  if (status === 429 || status >= 500) return new AwsError(`HTTP ${status}`, 'no error document', answer);
  return new GarbledAnswer(status === 200 ? 'no JSON document' : `HTTP ${status} without an error document`, { cause: error });
};

const notFound = ({ name, region }: ClusterQuestion, error: unknown): NodeError | undefined => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof AwsError && cause.code === 'ResourceNotFoundException')) return undefined;
  const remedy = `Check the cluster's name (it is case sensitive) and that it lives in ${region}, in the account of this node: aws eks list-clusters --region ${region}.`;
  return new NodeError('CONFIG', `there is no cluster '${name}' in ${region}`, { remedy, cause });
};

const unusable = (name: string, status: string): NodeError => {
  const remedy =
    status === 'DELETING'
      ? 'Point the node at a cluster that stays, or terminate it.'
      : 'Look at the cluster in the EKS console; a cluster that failed must be created anew.';
  return new NodeError('CONFIG', `cluster '${name}' is ${status === '' ? 'in no known state' : status}: a node cannot join it`, { remedy });
};

const stillNot = (name: string, status: string, deadlineMs: number): NodeError =>
  new NodeError('UNAVAILABLE', `cluster '${name}' is still ${status} after ${spanOf(deadlineMs)}`, {
    remedy: 'Launch nodes when the cluster is ACTIVE (aws eks wait cluster-active), then run bootstrap again.',
  });

const isCidr =
  (isAddress: (text: string) => boolean, longest: number) =>
  (text: string): boolean => {
    const [address = '', prefix = '', ...rest] = text.split('/');
    return rest.length === 0 && isAddress(address) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest;
  };

const isBase64Pem = (text: string): boolean =>
  /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').toString('latin1').includes('-----BEGIN CERTIFICATE-----');

const isHttps = (text: string): boolean => URL.parse(text)?.protocol === 'https:';

/** The part of an ACTIVE cluster that decides something, each value checked: it ends up in files of root. */
const clusterIn = (cluster: Tree, { name }: ClusterQuestion, origin: string): ClusterFacts => {
  const field = (isValid: (text: string) => boolean, isOptional: boolean, ...path: string[]): string => {
    const text = textIn(cluster, ...path);
    if (isValid(text) || (isOptional && text === '')) return text;
    throw new NodeError(
      'PROTOCOL',
      `DescribeCluster answers ${path.join('.')} = ${JSON.stringify(text.slice(0, 60))}, which is not valid`,
      {
        remedy: `Check that ${origin} is the real EKS API (AWS_ENDPOINT_URL…), and look at the answer: aws eks describe-cluster --name ${name}.`,
        path: path.join('.'),
      },
    );
  };
  const family = field((text) => text === 'ipv4' || text === 'ipv6', true, 'kubernetesNetworkConfig', 'ipFamily');
  const outposts = at(cluster, 'outpostConfig', 'outpostArns');
  const outpostArn: unknown = Array.isArray(outposts) ? outposts[0] : undefined;
  return {
    name: textIn(cluster, 'name') || name,
    status: textIn(cluster, 'status'),
    endpoint: field(isHttps, false, 'endpoint'),
    certificateAuthority: field(isBase64Pem, false, 'certificateAuthority', 'data'),
    ipFamily: family === '' ? null : (family as IpFamily),
    serviceIpv4Cidr: field(isCidr(isIPv4, 32), true, 'kubernetesNetworkConfig', 'serviceIpv4Cidr') || null,
    serviceIpv6Cidr: field(isCidr(isIPv6, 128), true, 'kubernetesNetworkConfig', 'serviceIpv6Cidr') || null,
    id: textIn(cluster, 'id') || null,
    outpostArn: typeof outpostArn === 'string' ? outpostArn : null,
  };
};
