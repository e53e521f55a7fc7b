/** Host names of the AWS APIs that we call without an SDK client. */
import { partitionOf } from '../core/data/partitions.ts';
import { type AwsService, givenEndpoint, usesDualStack, usesFips } from './aws.ts';
import type { Env } from './wait.ts';

type SignedService = Exclude<AwsService, 'eks'>;

/** First label of the host: `[plain, dual stack]`. ECR's plain name has a prefix of its own. */
const LABELS: { readonly [S in SignedService]: readonly [string, string] } = {
  ec2: ['ec2', 'ec2'],
  sts: ['sts', 'sts'],
  ecr: ['api.ecr', 'ecr'],
};

/** In GovCloud the plain endpoints of these are the FIPS endpoints (AWS's endpoint rule sets say so, too). */
const PLAIN_IS_FIPS: ReadonlySet<SignedService> = new Set(['ec2', 'sts']);

/** The regional host by FIPS and dual-stack variables; nothing is looked up. */
export const regionalHost = (service: SignedService, region: string, env: Env): string => {
  const { name, dnsSuffix, dualStackDnsSuffix } = partitionOf(region);
  const [plain, dual] = LABELS[service];
  const suffix = usesDualStack(env) ? dualStackDnsSuffix : dnsSuffix;
  if (!usesFips(env)) return `${usesDualStack(env) ? dual : plain}.${region}.${suffix}`;
  const isPlain = name === 'aws-us-gov' && PLAIN_IS_FIPS.has(service) && !usesDualStack(env);
  return `${isPlain ? service : `${service}-fips`}.${region}.${suffix}`;
};

/** Where a call goes: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, else the region's own endpoint. No trailing slash. */
export const endpointOf = (service: SignedService, region: string, env: Env): string =>
  givenEndpoint(env, service) ?? `https://${regionalHost(service, region, env)}`;
