/**
 * How the bootstrap.sh of EKS's last images for Amazon Linux 2 asks: one call after another, by the AWS CLI (v2). It cannot run
 * on virtual time, so this is its schedule: a model, unlike ours. Time that its 234 processes take is not counted.
 */
import type { Random } from '../../src/facts/wait.ts';
import type { Apis, Service } from './apis.ts';
import type { VirtualTime } from './time.ts';

/** --aws-api-retry-attempts, unless given. */
const RETRIES = 3;
/** private-dns-name: PRIVATE_DNS_NAME_MAX_ATTEMPTS and PRIVATE_DNS_NAME_ATTEMPT_INTERVAL. */
const NAME_ATTEMPTS = 20;
const NAME_INTERVAL_MS = 6_000;
/** The CLI's own: standard mode, three attempts in all, pauses of up to 1 s and 2 s. */
const CLI_ATTEMPTS = 3;

export const bootstrapScript = (
  _index: number,
  apis: Apis,
  { timer }: VirtualTime,
  random: Random,
): readonly (() => Promise<boolean>)[] => {
  const cli = async (service: Service): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      if ((await apis.ask(service)) === 'served') return true;
      if (attempt === CLI_ATTEMPTS) return false;
      await timer.sleep(random() * 1000 * 2 ** (attempt - 1));
    }
  };
  /** `aws eks wait cluster-active`, then `aws eks describe-cluster`. */
  const describeCluster = async (): Promise<boolean> => (await cli('eks')) && (await cli('eks'));
  const cluster = async (): Promise<boolean> => {
    for (let attempt = 0; ; attempt++) {
      if (await describeCluster()) return true;
      if (attempt === RETRIES) return false;
      await timer.sleep(5_000 * 2 ** (attempt + 1) + 1_000 * (1 + Math.floor(random() * 10)));
    }
  };
  const privateDnsName = async (): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      if (await cli('ec2')) return true;
      if (attempt === NAME_ATTEMPTS) return false;
      await timer.sleep(NAME_INTERVAL_MS);
    }
  };
  return [async () => (await cluster()) && (await privateDnsName())];
};
