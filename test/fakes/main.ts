/**
 * IMDS, EKS, EC2, STS and ECR to play with: `node test/fakes/main.ts [--facts FILE] [--user-data FILE] [--delay-ms N] [--host H] [--imds-port N]
 * [--aws-port N] [--log FILE]`. Prints one line of JSON with the endpoints and the environment that points a program at them; ends on
 * SIGTERM. `--log` appends one JSON line per exchange, with times.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Facts } from '../../src/core/facts.ts';
import { type FakeAws, startAws } from './aws.ts';
import { exampleCluster, exampleFacts } from './example.ts';
import { type FakeImds, startImds } from './imds.ts';
import type { Exchange } from './server.ts';

export interface Fakes {
  readonly imds: FakeImds;
  readonly aws: FakeAws;
  /** What a program needs to find them, and to find nothing else of this machine's AWS configuration. */
  readonly env: { readonly [name: string]: string };
  close(): Promise<void>;
}

export interface FakesOptions {
  readonly facts?: Facts;
  readonly userData?: string | undefined;
  readonly delayMs?: number;
  readonly host?: string;
  readonly imdsPort?: number;
  readonly awsPort?: number;
  readonly onExchange?: (exchange: Exchange) => void;
}

/** Both servers with one set of facts; a cluster is made up where the facts have none. */
export const startFakes = async ({
  facts = exampleFacts(),
  userData,
  delayMs = 0,
  host = '127.0.0.1',
  imdsPort = 0,
  awsPort = 0,
  onExchange,
}: FakesOptions = {}): Promise<Fakes> => {
  const whole = facts.cluster ? facts : { ...facts, cluster: exampleCluster() };
  const common = { facts: whole, delayMs, host, ...(onExchange ? { onExchange } : {}) };
  const [imds, aws] = await Promise.all([
    startImds({ ...common, port: imdsPort, ...(userData === undefined ? {} : { userData }) }),
    startAws({ ...common, port: awsPort }),
  ]);
  return {
    imds,
    aws,
    env: {
      IMDS_ENDPOINT: new URL(imds.url).host,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url,
      AWS_ENDPOINT_URL: aws.url,
      AWS_CONFIG_FILE: '/proc/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/proc/nonexistent',
      NO_PROXY: new URL(aws.url).hostname,
    },
    close: async () => {
      await Promise.all([imds.close(), aws.close()]);
    },
  };
};

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      facts: { type: 'string' },
      'user-data': { type: 'string' },
      'delay-ms': { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      'imds-port': { type: 'string', default: '0' },
      'aws-port': { type: 'string', default: '0' },
      log: { type: 'string' },
    },
  });
  const { log } = values;
  const fakes = await startFakes({
    ...(values.facts ? { facts: JSON.parse(readFileSync(values.facts, 'utf8')) as Facts } : {}),
    ...(values['user-data'] ? { userData: readFileSync(values['user-data'], 'utf8') } : {}),
    delayMs: Number(values['delay-ms']),
    host: values.host,
    imdsPort: Number(values['imds-port']),
    awsPort: Number(values['aws-port']),
    ...(log ? { onExchange: (exchange: Exchange) => appendFileSync(log, `${JSON.stringify(exchange)}\n`) } : {}),
  });
  console.log(JSON.stringify({ imds: fakes.imds.url, aws: fakes.aws.url, env: fakes.env }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fakes.close());
};

if (import.meta.main) await run();
