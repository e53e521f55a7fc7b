/** The two questions to EC2: what the control plane calls this instance, and the limits of a type that the table lacks. */
import { NodeError } from '../core/errors.ts';
import type { InstanceLimits } from '../core/facts.ts';
import type { Aws, Persistence } from './aws.ts';
import { AwsError, type CallName, explain, GarbledAnswer, grantBy } from './aws-failures.ts';
import { endpointOf } from './endpoints.ts';
import { queryCall } from './signed-call.ts';
import { at, type Tree, textIn } from './tree.ts';
import { jitteredMs, spanOf } from './wait.ts';

export const VERSION = '2016-11-15';

export const callOf = (aws: Aws, operation: string, region: string, subject: string, instead?: string): CallName => ({
  operation,
  service: 'EC2',
  permission: `ec2:${operation}`,
  grant: grantBy('AmazonEKSWorkerNodePolicy', `ec2:${operation}`),
  region,
  origin: new URL(endpointOf('ec2', region, aws.env)).origin,
  subject,
  ...(instead ? { instead } : {}),
});

/** The XML parser makes one `item` a value and several an array. */
export const itemsOf = (tree: unknown): readonly unknown[] => {
  const item = at(tree, 'item');
  if (item === undefined) return [];
  return Array.isArray(item) ? item : [item];
};

/** A positive number of an environment variable that tunes a wait; anything else is said and not used. */
const tuned = (aws: Aws, name: string, fallback: number): number => {
  const given = aws.env[name];
  if (!given) return fallback;
  if (/^\d{1,5}$/.test(given) && Number(given) > 0) return Number(given);
  aws.warn(`${name}='${given}' is not a positive whole number; ${fallback} is used`);
  return fallback;
};

/** How long the name may be missing: the AMI's own script took PRIVATE_DNS_NAME_MAX_ATTEMPTS looks, one each PRIVATE_DNS_NAME_ATTEMPT_INTERVAL seconds. */
const patienceOf = (aws: Aws): { deadlineMs: number; capMs: number } => {
  const { PRIVATE_DNS_NAME_MAX_ATTEMPTS: attempts, PRIVATE_DNS_NAME_ATTEMPT_INTERVAL: seconds } = aws.env;
  const total = aws.deadlines.privateDnsNameMs;
  if (!attempts && !seconds) return { deadlineMs: total, capMs: total / 20 };
  const capMs = tuned(aws, 'PRIVATE_DNS_NAME_ATTEMPT_INTERVAL', 6) * 1000;
  return { deadlineMs: tuned(aws, 'PRIVATE_DNS_NAME_MAX_ATTEMPTS', 20) * capMs, capMs };
};

const nameIn = (answer: Tree, id: string): string => {
  const instances = itemsOf(at(answer, 'reservationSet')).flatMap((reservation) => itemsOf(at(reservation, 'instancesSet')));
  const instance = instances.find((one) => textIn(one, 'instanceId') === id);
  const name = textIn(instance, 'privateDnsName').trim();
  if (name !== '' && !/^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/.test(name))
    throw new GarbledAnswer(`privateDnsName ${JSON.stringify(name.slice(0, 60))}`);
  return name;
};

const isNotYetKnown = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof AwsError && cause.code === 'InvalidInstanceID.NotFound';
};

/**
 * PrivateDnsName of an instance: the node name that EKS's identity mapping expects. EC2 is eventually consistent: a moment after
 * launch the instance may be unknown and its name empty.
 * @throws NodeError
 */
export const describePrivateDnsName = async (aws: Aws, region: string, id: string, how: Persistence): Promise<string> => {
  const call = callOf(
    aws,
    'DescribeInstances',
    region,
    `instance ${id}`,
    'Or name the node by its instance id: --node-name instance-id (needs an access entry of type EC2).',
  );
  const { deadlineMs, capMs } = patienceOf(aws);
  let answered: number | undefined;
  for (let look = 0; ; look++) {
    const answer = await queryCall(aws, call, 'ec2', { Action: call.operation, Version: VERSION, 'InstanceId.1': id }, how).catch(
      (error: unknown) => {
        if (isNotYetKnown(error)) return {};
        throw error;
      },
    );
    const name = explained(call, () => nameIn(answer, id));
    if (name !== '') return name;
    answered ??= aws.timer.now(); // patience with EC2's knowledge begins when it answers: in a crowd that may take minutes
    const elapsedMs = aws.timer.now() - answered;
    const pauseMs = capMs / 10 + jitteredMs({ baseMs: capMs / 6, capMs }, look, aws.random);
    if (elapsedMs + pauseMs >= deadlineMs) throw noName(id, deadlineMs);
    aws.progress({ wait: 'private-dns-name', text: `EC2 knows no PrivateDnsName of ${id} yet`, elapsedMs, deadlineMs });
    await aws.timer.sleep(pauseMs, how.signal);
  }
};

export const explained = <T>(call: CallName, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw explain(call, error);
  }
};

const noName = (id: string, deadlineMs: number): NodeError =>
  new NodeError('UNAVAILABLE', `EC2 knows no PrivateDnsName of ${id} after ${spanOf(deadlineMs)}`, {
    remedy:
      'Check that the VPC has enableDnsHostnames and enableDnsSupport and that IMDS speaks of this very instance; PRIVATE_DNS_NAME_MAX_ATTEMPTS lengthens the wait.',
  });

const positive = (text: string): number => (/^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN);

/** Limits of a described type: the default network card's interfaces, as pods get addresses on no other. undefined: it has none. */
export const limitsOf = (info: unknown): InstanceLimits | undefined => {
  const network = at(info, 'networkInfo');
  const index = textIn(network, 'defaultNetworkCardIndex') || '0';
  const card = itemsOf(at(network, 'networkCards')).find((one) => textIn(one, 'networkCardIndex') === index);
  const enis = positive(textIn(card, 'maximumNetworkInterfaces') || textIn(network, 'maximumNetworkInterfaces'));
  const ipv4PerEni = positive(textIn(network, 'ipv4AddressesPerInterface'));
  return Number.isNaN(enis) || Number.isNaN(ipv4PerEni) ? undefined : { enis, ipv4PerEni };
};

const limitsIn = (answer: Tree, type: string): InstanceLimits => {
  const limits = limitsOf(itemsOf(at(answer, 'instanceTypeSet')).find((one) => textIn(one, 'instanceType') === type));
  if (limits === undefined) throw new GarbledAnswer(`no network limits for ${type}`);
  return limits;
};

/** Network limits of a type. @throws NodeError, CONFIG where the region has no such type. */
export const describeTypeLimits = async (aws: Aws, region: string, type: string, how: Persistence): Promise<InstanceLimits> => {
  const call = callOf(aws, 'DescribeInstanceTypes', region, `type ${type}`, 'A newer bootwright may have the type in its table.');
  const answer = await queryCall(aws, call, 'ec2', { Action: call.operation, Version: VERSION, 'InstanceType.1': type }, how).catch(
    (error: unknown) => {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!(cause instanceof AwsError && cause.code === 'InvalidInstanceType')) throw error;
      const remedy = `Check the instance type: aws ec2 describe-instance-types --region ${region} --instance-types ${type}.`;
      throw new NodeError('CONFIG', `EC2 has no instance type '${type}' in ${region}`, { remedy, cause });
    },
  );
  return explained(call, () => limitsIn(answer, type));
};
