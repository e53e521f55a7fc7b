/** Stand-ins for EKS, EC2, STS and ECR on one port, as with AWS_ENDPOINT_URL. Signatures are verified strictly. */
import type { ClusterFacts, Facts } from '../../src/core/facts.ts';
import type { InstanceType } from '../../src/core/kubelet/instance-types.ts';
import { EXAMPLE_CREDENTIALS } from './example.ts';
import { instanceTypesContent, TypesRefusal } from './instance-types.ts';
import { type Fake, type FakeAnswer, type FakeOptions, type FakeRequest, startServer } from './server.ts';
import { type KnownCredentials, verifyHeader, verifyPresigned } from './sigv4.ts';

/** `capacity` calls at once, then `perSecond`; each service has its own bucket. */
export interface Throttle {
  readonly capacity: number;
  readonly perSecond: number;
  /** Sent as Retry-After, in seconds. */
  readonly retryAfter?: number;
}

/** What the APIs know. Change it while the fake runs. */
export interface AwsState {
  facts: Facts;
  /** One status per DescribeCluster; the last stays. */
  clusterStatuses: string[];
  /** DescribeInstances answers that come before PrivateDnsName is there: the instance unknown, then without name. */
  unknownFor: number;
  namelessFor: number;
  /** The server's clock runs ahead by this. */
  skewMs: number;
  /** Who STS says the caller is. */
  callerArn: string;
  /** Roles that AssumeRole hands out; others are denied. */
  roles: Set<string>;
  throttle: Throttle | undefined;
  /** What EC2 has to offer; undefined: the types of the facts. */
  types: readonly InstanceType[] | undefined;
}

export interface FakeAws extends Fake {
  readonly state: AwsState;
}

export interface AwsFakeOptions extends FakeOptions {
  readonly facts: Facts;
  readonly credentials?: readonly KnownCredentials[];
}

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: { readonly [name: string]: string };
}

class Refusal extends Error {
  readonly failure: Failure;

  constructor(status: number, code: string, message: string, headers: { readonly [name: string]: string } = {}) {
    super(message);
    this.failure = { status, code, message, headers };
  }
}

type ServiceName = 'eks' | 'ec2' | 'sts' | 'ecr';

const escaped = (text: string): string => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const formOf = ({ body }: FakeRequest): URLSearchParams => new URLSearchParams(body);

const serviceOf = (request: FakeRequest): ServiceName => {
  if (request.headers['x-amz-target']?.startsWith('AmazonEC2ContainerRegistry_')) return 'ecr';
  if (request.path.startsWith('/clusters/')) return 'eks';
  const action = operationOf(request);
  return action === 'AssumeRole' || action === 'GetCallerIdentity' ? 'sts' : 'ec2';
};

/** `DescribeCluster`, `DescribeInstances` …: the names in the log and for faults. */
const operationOf = (request: FakeRequest): string => {
  const target = request.headers['x-amz-target'];
  if (target) return target.split('.').at(-1) ?? target;
  if (request.path.startsWith('/clusters/')) return 'DescribeCluster';
  return formOf(request).get('Action') ?? new URLSearchParams(request.path.split('?')[1]).get('Action') ?? 'unknown';
};

const WRITERS: { readonly [S in ServiceName]: (failure: Failure) => FakeAnswer } = {
  eks: ({ status, code, message, headers }) => ({
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code, ...headers },
    body: JSON.stringify({ message }),
  }),
  ecr: ({ status, code, message, headers }) => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: JSON.stringify({ __type: `com.amazonaws.ecr#${code}`, message }),
  }),
  ec2: ({ status, code, message, headers }) => ({
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error></Errors><RequestID>0</RequestID></Response>`,
  }),
  sts: ({ status, code, message, headers }) => ({
    status,
    headers: { 'content-type': 'text/xml', ...headers },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>0</RequestId></ErrorResponse>`,
  }),
};

/** EKS calls what other services call SignatureDoesNotMatch by another name. */
const SIGNATURE_CODES: { readonly [code: string]: string } = {
  SignatureDoesNotMatch: 'InvalidSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
};
const THROTTLE_CODES: { readonly [S in ServiceName]: readonly [number, string] } = {
  eks: [429, 'ThrottlingException'],
  ecr: [400, 'ThrottlingException'],
  ec2: [503, 'RequestLimitExceeded'],
  sts: [400, 'Throttling'],
};

const clusterDocument = (cluster: ClusterFacts, status: string): unknown => ({
  cluster: {
    name: cluster.name,
    arn: `arn:aws:eks:us-west-2:123456789012:cluster/${cluster.name}`,
    createdAt: 1_763_700_000.123,
    version: '1.32',
    status,
    platformVersion: 'eks.1',
    tags: {},
    // A cluster that is being created has neither yet.
    ...(status === 'CREATING' ? {} : { endpoint: cluster.endpoint, certificateAuthority: { data: cluster.certificateAuthority } }),
    kubernetesNetworkConfig: {
      ipFamily: cluster.ipFamily,
      serviceIpv4Cidr: cluster.serviceIpv4Cidr,
      serviceIpv6Cidr: cluster.serviceIpv6Cidr,
    },
    ...(cluster.id ? { id: cluster.id } : {}),
    ...(cluster.outpostArn ? { outpostConfig: { outpostArns: [cluster.outpostArn] } } : {}),
  },
});

const xml = (operation: string, content: string): FakeAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/xml;charset=UTF-8' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<${operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n    <requestId>0</requestId>\n${content}\n</${operation}Response>`,
});

const json = (body: unknown): FakeAnswer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const describeCluster = (state: AwsState, { path }: FakeRequest): FakeAnswer => {
  const name = decodeURIComponent(path.split('?')[0]?.split('/')[2] ?? '');
  const { cluster } = state.facts;
  if (cluster?.name !== name) throw new Refusal(404, 'ResourceNotFoundException', `No cluster found for name: ${name}.`);
  const status = (state.clusterStatuses.length > 1 ? state.clusterStatuses.shift() : state.clusterStatuses[0]) ?? cluster.status;
  return json(clusterDocument(cluster, status));
};

const describeInstances = (state: AwsState, request: FakeRequest): FakeAnswer => {
  const id = formOf(request).get('InstanceId.1') ?? '';
  const { instance } = state.facts;
  if (id !== instance.id || state.unknownFor-- > 0)
    throw new Refusal(400, 'InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  const name = state.namelessFor-- > 0 ? '' : (instance.privateDnsName ?? '');
  return xml(
    'DescribeInstances',
    `<reservationSet><item><reservationId>r-0</reservationId><groupSet/><instancesSet><item><instanceId>${id}</instanceId><instanceType>${instance.type}</instanceType>
      <privateDnsName>${name}</privateDnsName><dnsName/><networkInterfaceSet><item><privateDnsName>ip-10-0-0-99.wrong.example</privateDnsName></item></networkInterfaceSet>
    </item></instancesSet></item></reservationSet>`,
  );
};

/** Those of the facts have a second network card, whose ENIs no pod uses. */
const typesOf = ({ types, facts }: AwsState): readonly InstanceType[] =>
  types ??
  Object.entries(facts.instanceTypes ?? {}).flatMap(([type, limits]) =>
    limits === null ? [] : [{ type, ...limits, networkCards: 2, hypervisor: 'nitro' as const }],
  );

const describeInstanceTypes = (state: AwsState, request: FakeRequest): FakeAnswer => {
  try {
    return xml('DescribeInstanceTypes', instanceTypesContent({ form: formOf(request), types: typesOf(state) }));
  } catch (error) {
    throw error instanceof TypesRefusal ? new Refusal(400, error.code, error.message) : error;
  }
};

const assumeRole = (state: AwsState, request: FakeRequest): FakeAnswer => {
  const arn = formOf(request).get('RoleArn') ?? '';
  if (!state.roles.has(arn))
    throw new Refusal(403, 'AccessDenied', `User is not authorized to perform: sts:AssumeRole on resource: ${arn}`);
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  return xml(
    'AssumeRole',
    `<AssumeRoleResult><Credentials><AccessKeyId>ASIAASSUMED000000001</AccessKeyId><SecretAccessKey>assumed/secret</SecretAccessKey><SessionToken>assumed+token</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult>`,
  );
};

/** The password that GetAuthorizationToken hands out. */
export const ECR_PASSWORD = 'ecr-password-EXAMPLE';

const OPERATIONS: { readonly [name: string]: (state: AwsState, request: FakeRequest) => FakeAnswer } = {
  DescribeCluster: describeCluster,
  DescribeInstances: describeInstances,
  DescribeInstanceTypes: describeInstanceTypes,
  AssumeRole: assumeRole,
  GetCallerIdentity: ({ callerArn }, { method }) =>
    method === 'POST'
      ? xml('GetCallerIdentity', `<GetCallerIdentityResult><Arn>${callerArn}</Arn></GetCallerIdentityResult>`)
      : json({ GetCallerIdentityResponse: { GetCallerIdentityResult: { Arn: callerArn } } }),
  GetAuthorizationToken: () => json({ authorizationData: [{ authorizationToken: Buffer.from(`AWS:${ECR_PASSWORD}`).toString('base64') }] }),
};

const createBuckets = (state: AwsState) => {
  const buckets = new Map<ServiceName, { tokens: number; at: number }>();
  return (service: ServiceName): void => {
    const { throttle } = state;
    if (!throttle) return;
    const now = performance.now();
    const bucket = buckets.get(service) ?? { tokens: throttle.capacity, at: now };
    buckets.set(service, bucket);
    bucket.tokens = Math.min(throttle.capacity, bucket.tokens + ((now - bucket.at) / 1000) * throttle.perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) {
      const [status, code] = THROTTLE_CODES[service];
      throw new Refusal(
        status,
        code,
        'Rate exceeded',
        throttle.retryAfter === undefined ? {} : { 'retry-after': String(throttle.retryAfter) },
      );
    }
    bucket.tokens -= 1;
  };
};

/** Starts it. Names in the log and for faults are operations: `DescribeCluster`, `DescribeInstances`, `AssumeRole` … */
export const startAws = async (options: AwsFakeOptions): Promise<FakeAws> => {
  const state: AwsState = {
    facts: options.facts,
    clusterStatuses: [],
    unknownFor: 0,
    namelessFor: 0,
    skewMs: 0,
    callerArn: 'arn:aws:sts::123456789012:assumed-role/my-node-role/i-0123456789abcdef0',
    roles: new Set(),
    throttle: undefined,
    types: undefined,
  };
  const known = options.credentials ?? [EXAMPLE_CREDENTIALS];
  const take = createBuckets(state);
  const check = (request: FakeRequest, service: ServiceName): void => {
    const nowMs = Date.now() + state.skewMs;
    const isPresigned = request.method === 'GET' && service === 'sts';
    const verdict = isPresigned ? verifyPresigned(request, known, nowMs) : verifyHeader(request, known, nowMs);
    if (!verdict.ok)
      throw new Refusal(
        403,
        service === 'eks' || service === 'ecr' ? (SIGNATURE_CODES[verdict.code] ?? verdict.code) : verdict.code,
        verdict.message,
      );
    if (verdict.service !== service)
      throw new Refusal(403, 'SignatureDoesNotMatch', `Credential should be scoped to correct service: '${service}'`);
    const { region } = state.facts.instance;
    if (region && verdict.region !== region)
      throw new Refusal(403, 'SignatureDoesNotMatch', `Credential should be scoped to a valid region, not '${verdict.region}'`);
  };
  const answer = (request: FakeRequest): FakeAnswer => {
    const service = serviceOf(request);
    const date = { date: new Date(Date.now() + state.skewMs).toUTCString() };
    try {
      check(request, service);
      take(service);
      const operation = OPERATIONS[operationOf(request)];
      if (!operation) throw new Refusal(400, 'InvalidAction', `The action ${operationOf(request)} is not valid for this endpoint.`);
      const right = operation(state, request);
      return { ...right, headers: { ...date, ...right.headers } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const failed = WRITERS[service](error.failure);
      return { ...failed, headers: { ...date, ...failed.headers } };
    }
  };
  const fake = await startServer({ name: 'aws', nameOf: operationOf, answer }, options);
  return Object.assign(fake, { state });
};
