/** EKS and EC2 as a crowd of nodes meets them: right answers as long as the account's bucket lasts, refusals in each API's own words. */
import { type Http, type HttpAnswer, TransportError } from '../../src/facts/http.ts';
import type { Random } from '../../src/facts/wait.ts';
import { CLUSTER_CA_PEM } from '../../test/fakes/certificates.ts';
import type { VirtualTime } from './time.ts';

/** A token bucket: one call takes one token, a call that finds none is refused and takes nothing. */
export interface Limit {
  readonly capacity: number;
  readonly perSecond: number;
}

export type Service = 'eks' | 'ec2';

/** `overloaded`: a 503; `cut-off`: a broken connection. */
type Verdict = 'served' | 'throttled' | 'overloaded' | 'cut-off';

export interface Apis {
  readonly http: Http;
  /** One call, without its contents. */
  ask(service: Service): Promise<Verdict>;
  /** Calls so far, refused ones included. */
  readonly calls: { readonly [S in Service]: number };
}

export interface ApiOptions {
  readonly time: VirtualTime;
  readonly limit: Limit;
  /** Of all calls, this share fails for another reason: half with a 503, half with a broken connection. */
  readonly faults?: number;
  readonly random: Random;
}

/** There and back, and what the API needs. */
const ANSWER_MS = 50;

const createBucket = ({ capacity, perSecond }: Limit): ((nowMs: number) => boolean) => {
  let tokens = capacity;
  let at = 0;
  return (nowMs) => {
    tokens = Math.min(capacity, tokens + ((nowMs - at) / 1000) * perSecond);
    at = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
};

const answerOf = (status: number, body: string, headers: { readonly [name: string]: string } = {}): HttpAnswer => ({
  status,
  headers,
  body: new TextEncoder().encode(body),
});

const CLUSTER = answerOf(
  200,
  JSON.stringify({
    cluster: {
      name: 'my-cluster',
      status: 'ACTIVE',
      endpoint: 'https://example.gr7.us-west-2.eks.amazonaws.com',
      certificateAuthority: { data: Buffer.from(CLUSTER_CA_PEM).toString('base64') },
      kubernetesNetworkConfig: { ipFamily: 'ipv4', serviceIpv4Cidr: '10.100.0.0/16' },
    },
  }),
);

const instance = (id: string): HttpAnswer =>
  answerOf(
    200,
    `<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>${id}</instanceId><privateDnsName>${id}.us-west-2.compute.internal</privateDnsName></item></instancesSet></item></reservationSet></DescribeInstancesResponse>`,
  );

const THROTTLED: { readonly [S in Service]: HttpAnswer } = {
  eks: answerOf(429, '{"message":"Rate exceeded"}', { 'x-amzn-errortype': 'ThrottlingException' }),
  ec2: answerOf(
    503,
    '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>',
  ),
};

export const createApis = ({ time, limit, faults = 0, random }: ApiOptions): Apis => {
  const buckets = { eks: createBucket(limit), ec2: createBucket(limit) };
  const calls = { eks: 0, ec2: 0 };
  const ask: Apis['ask'] = async (service) => {
    calls[service]++;
    await time.timer.sleep(ANSWER_MS);
    const isServed = buckets[service](time.timer.now());
    const chance = random();
    if (chance < faults) return chance < faults / 2 ? 'cut-off' : 'overloaded';
    return isServed ? 'served' : 'throttled';
  };
  const send: Http['send'] = async ({ url, body }) => {
    const { origin, hostname } = new URL(url);
    const service = hostname.startsWith('eks.') ? 'eks' : 'ec2';
    switch (await ask(service)) {
      case 'cut-off':
        throw new TransportError('cut-off', origin, `${origin} broke the connection off`);
      case 'overloaded':
        return answerOf(503, '');
      case 'throttled':
        return THROTTLED[service];
      case 'served':
        return service === 'eks' ? CLUSTER : instance(new URLSearchParams(String(body)).get('InstanceId.1') ?? '');
    }
  };
  return { http: { send, close: async () => undefined }, ask, calls };
};
