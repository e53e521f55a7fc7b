/** Calls to AWS APIs: where they go, how they are signed, how long and how often they are tried. */
import { NodeError } from '../core/errors.ts';
import {
  AwsError,
  type CallName,
  clockSkew,
  explain,
  isClockSuspect,
  isDenied,
  isThrottled,
  isTransient,
  retryAfterMs,
  skewOf,
} from './aws-failures.ts';
import type { Http } from './http.ts';
import {
  type Backoff,
  type Env,
  jitteredMs,
  type PatientBackoff,
  type Progress,
  patientMs,
  type Random,
  spanOf,
  type Timer,
} from './wait.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface AwsDeadlines {
  readonly connectMs: number;
  /** One request, to the last byte. */
  readonly requestMs: number;
  /** All attempts of a throttled call, and the wait for a cluster to become ACTIVE: the 20 minutes of `aws eks wait`. */
  readonly totalMs: number;
  /** Between attempts after a failure. */
  readonly backoff: Backoff;
  /** Between attempts under throttling, on top of the server's Retry-After. */
  readonly throttleBackoff: PatientBackoff;
  /** Between looks at a cluster that is not ACTIVE yet: short at first, as clusters in an UPDATING are often done soon. */
  readonly poll: Backoff;
  /** How long PrivateDnsName may be missing, and between looks (private-dns-name of the AMI: 20 times 6 s). */
  readonly privateDnsNameMs: number;
}

export const AWS_DEADLINES: AwsDeadlines = {
  connectMs: 5_000,
  requestMs: 15_000,
  totalMs: 1_200_000,
  backoff: { baseMs: 5_000, capMs: 40_000 },
  // Nobody sleeps longer than 5 s and a quarter of its wait past the moment when the crowd is served: the last comes at about 1.25 ×
  // of what the limit itself needs. 10,000 nodes at 20 a second: 1.15 × after 16 calls each; a fixed cap of 30 s takes 21 calls
  // there, and 38 at 10 a second (`npm run bench:scale`). 8 s for the 5 would save two, and let small crowds wait for nothing.
  throttleBackoff: { baseMs: 1_000, slackMs: 5_000, share: 0.25 },
  poll: { baseMs: 4_000, capMs: 30_000 },
  privateDnsNameMs: 120_000,
};

/** What every call needs; capabilities come in, nothing is global. */
export interface Aws {
  readonly env: Env;
  readonly http: Http;
  readonly random: Random;
  /** The clock of this machine, in milliseconds. */
  readonly clock: () => number;
  /** Measures and makes the waits. */
  readonly timer: Timer;
  readonly deadlines: AwsDeadlines;
  readonly credentials: () => Promise<AwsCredentials>;
  readonly progress: (progress: Progress) => void;
  readonly warn: (message: string) => void;
}

export type AwsService = 'eks' | 'ec2' | 'sts' | 'ecr';

const isTrue = (text: string | undefined): boolean => text?.toLowerCase() === 'true';
export const usesFips = (env: Env): boolean => isTrue(env.AWS_USE_FIPS_ENDPOINT);
export const usesDualStack = (env: Env): boolean => isTrue(env.AWS_USE_DUALSTACK_ENDPOINT);

/** AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, without trailing slash; undefined: the region's own. */
export const givenEndpoint = (env: Env, service: AwsService): string | undefined => {
  if (isTrue(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)) return undefined;
  const variable = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ? `AWS_ENDPOINT_URL_${service.toUpperCase()}` : 'AWS_ENDPOINT_URL';
  const text = env[variable];
  if (!text) return undefined;
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.search === '') return text.replace(/\/+$/, '');
  throw new NodeError('BAD_DATA', `${variable}='${text}' is no endpoint`, {
    remedy: `Set ${variable} to https://HOST[:PORT], or unset it.`,
    path: variable,
  });
};

/** Attempts beyond the first: the user's number; where they gave none, AWS_MAX_ATTEMPTS counts all attempts. */
export const retriesOf = (env: Env, given: { readonly value: number; readonly origin: string } | undefined): number => {
  if (given && given.origin !== 'default') return given.value;
  const attempts = Number(env.AWS_MAX_ATTEMPTS);
  return Number.isInteger(attempts) && attempts >= 1 ? attempts - 1 : (given?.value ?? 3);
};

/** Differences below this are the network's, not the clock's; AWS tolerates five minutes. */
const SKEW_MS = 60_000;

/** Signs with the server's time once a server has shown that this machine's is wrong. */
export interface Clock {
  now(): number;
  /** How far the server is ahead, 0 while nothing is known. */
  readonly skewMs: number;
  correct(serverDate: string | undefined): boolean;
}

export const createClock = (clock: () => number): Clock => {
  let skewMs = 0;
  return {
    now: () => clock() + skewMs,
    get skewMs() {
      return skewMs;
    },
    correct: (serverDate) => {
      const ahead = Date.parse(serverDate ?? '') - clock();
      if (!Number.isFinite(ahead) || Math.abs(ahead - skewMs) < SKEW_MS) return false;
      skewMs = ahead;
      return true;
    },
  };
};

export interface Persistence {
  readonly retries: number;
  readonly clock: Clock;
  /** A denial is tried again, too: a role made in the same stack as its nodes is denied for some seconds, as IAM is eventually consistent. */
  readonly denialPasses?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats a call. Throttling does not count as an attempt: a crowd of nodes gets served in time, bounded by the total deadline
 * alone. Other passing failures are repeated `retries` times in a row. A wrong clock is corrected once from the server's Date.
 */
export const persist = async <T>(
  aws: Aws,
  call: CallName,
  { retries, clock, denialPasses = false, signal }: Persistence,
  attempt: () => Promise<T>,
): Promise<T> => {
  const started = aws.timer.now();
  const { totalMs, backoff, throttleBackoff } = aws.deadlines;
  for (let attempts = 1, failures = 0, throttles = 0; ; ) {
    const signedWith = clock.skewMs;
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AwsError && isClockSuspect(error)) {
        correctClock(aws, call, clock, error, signedWith);
        continue;
      }
      const isThrottle = error instanceof AwsError && isThrottled(error);
      const isPassing = isTransient(error) || (denialPasses && error instanceof AwsError && isDenied(error));
      // An API that says "slow down" is alive. Of 10,000 nodes with 2 % failing calls, 9 gave up when failures were summed up.
      failures = isThrottle ? 0 : failures + 1;
      if (!isThrottle && !(isPassing && failures <= retries)) throw explain(call, error, attempts);
      const elapsedMs = aws.timer.now() - started;
      const leastMs = isThrottle ? retryAfterMs(error) : 0;
      const jitterMs = isThrottle
        ? patientMs(throttleBackoff, throttles++, elapsedMs, aws.random)
        : jitteredMs(backoff, failures - 1, aws.random);
      const pauseMs = pauseWithin(totalMs - elapsedMs, leastMs, jitterMs, aws);
      if (pauseMs === undefined) throw explain(call, error, attempts);
      attempts++;
      aws.progress({
        wait: 'aws',
        text: `${call.operation}: ${(error as Error).message}; again in ${spanOf(pauseMs)}`,
        elapsedMs,
        deadlineMs: totalMs,
      });
      await aws.timer.sleep(pauseMs, signal);
    }
  }
};

/**
 * A pause that would outlast the deadline ends somewhere before it: pauses grow to minutes, and a last try costs less than a node.
 * Undefined: there is no time for one.
 */
const pauseWithin = (leftMs: number, leastMs: number, jitterMs: number, { random, deadlines }: Aws): number | undefined => {
  if (leastMs + jitterMs < leftMs) return leastMs + jitterMs;
  const roomMs = leftMs - leastMs;
  return roomMs < deadlines.throttleBackoff.baseMs ? undefined : leastMs + (roomMs * (1 + random())) / 2;
};

/** Returns when a repetition with the corrected clock is worth it; throws otherwise. `before`: the correction that the failed attempt knew. */
const correctClock = (aws: Aws, call: CallName, clock: Clock, error: AwsError, before: number): void => {
  if (clock.skewMs !== before) return; // another call has learnt better meanwhile
  if (before === 0 && clock.correct(error.headers.date)) {
    aws.warn(
      `this machine's clock is ${skewOf(clock.skewMs)} that of ${call.service}; requests are signed with the server's time, but set the clock (chronyd)`,
    );
    return;
  }
  throw before === 0 ? explain(call, error) : clockSkew(call, error, before);
};
