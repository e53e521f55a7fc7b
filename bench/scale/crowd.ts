/** Many nodes that boot at once, each with the program's own calls and retries, on virtual time and with seeded chance. */
import { NodeError } from '../../src/core/errors.ts';
import { AWS_DEADLINES, type Aws, createClock } from '../../src/facts/aws.ts';
import { describePrivateDnsName } from '../../src/facts/ec2.ts';
import { describeCluster } from '../../src/facts/eks.ts';
import type { Random } from '../../src/facts/wait.ts';
import { type Apis, createApis, type Limit } from './apis.ts';
import { createTime, type VirtualTime } from './time.ts';

export interface Burst {
  readonly nodes: number;
  /** All start within this time. */
  readonly withinMs: number;
  /** Of each API; a node needs one answer of both. */
  readonly limit: Limit;
  /** Share of calls that fail for other reasons than the limit. */
  readonly faults?: number;
  readonly seed: number;
}

export interface Outcome {
  /** When each node had all its answers, in order; nodes that gave up are missing. */
  readonly servedMs: readonly number[];
  readonly gaveUp: number;
  /** To both APIs. */
  readonly calls: number;
}

/** What a node does side by side; each resolves to false when it is given up. */
type Node = (index: number, apis: Apis, time: VirtualTime, random: Random) => readonly (() => Promise<boolean>)[];

/** Mulberry32: small, and good enough to shake a pause. */
const seeded = (seed: number): Random => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The same nodes start at the same moments, whatever they run. */
const arrivalsOf = ({ nodes, withinMs, seed }: Burst): readonly number[] => {
  const random = seeded(seed);
  return Array.from({ length: nodes }, () => random() * withinMs).toSorted((a, b) => a - b);
};

const EPOCH = Date.UTC(2026, 10, 21);
const REGION = 'us-west-2';

/** Both questions at once, as facts/gather.ts asks them; when one is given up, so is the other. */
export const bootwright: Node = (index, { http }, { timer }, random) => {
  const clock = (): number => EPOCH + timer.now();
  const aws: Aws = {
    env: {},
    http,
    random,
    clock,
    timer,
    deadlines: AWS_DEADLINES,
    credentials: async () => ({ accessKeyId: 'ASIAEXAMPLE000000001', secretAccessKey: 'secret', sessionToken: 'token' }),
    progress: () => undefined,
    warn: () => undefined,
  };
  const halt = new AbortController();
  const how = { retries: 3, clock: createClock(clock), denialPasses: true, signal: halt.signal };
  const asked = (question: () => Promise<unknown>) => async (): Promise<boolean> => {
    try {
      await question();
      return true;
    } catch (error) {
      if (!halt.signal.aborted && !(error instanceof NodeError && error.code === 'UNAVAILABLE')) throw error;
      halt.abort(new Error('the other question was given up'));
      return false;
    }
  };
  const id = `i-${index.toString(16).padStart(17, '0')}`;
  return [
    asked(() => describeCluster(aws, { name: 'my-cluster', region: REGION, ...how })),
    asked(() => describePrivateDnsName(aws, REGION, id, how)),
  ];
};

/** The whole burst, from the first node's start until each has its answers or has given up. */
export const simulate = async (burst: Burst, node: Node): Promise<Outcome> => {
  const time = createTime();
  const random = seeded(burst.seed + 1);
  const apis = createApis({ time, limit: burst.limit, faults: burst.faults ?? 0, random });
  const servedMs: number[] = [];
  for (const [index, ms] of arrivalsOf(burst).entries()) {
    const questions = node(index, apis, time, random);
    let open = questions.length;
    for (const question of questions) {
      time.at(ms, async () => {
        if ((await question()) && --open === 0) servedMs.push(time.timer.now());
      });
    }
  }
  await time.run();
  return { servedMs, gaveUp: burst.nodes - servedMs.length, calls: apis.calls.eks + apis.calls.ec2 };
};

/** What the limit itself allows: a queue in which each node asks each API once, and no token is lost. */
export const ideal = (burst: Burst): Outcome => {
  const { capacity, perSecond } = burst.limit;
  let tokens = capacity;
  let at = 0;
  const servedMs = arrivalsOf(burst).map((arrivalMs) => {
    const fromMs = Math.max(arrivalMs, at);
    tokens = Math.min(capacity, tokens + ((fromMs - at) / 1000) * perSecond);
    at = fromMs + (Math.max(0, 1 - tokens) * 1000) / perSecond;
    tokens = Math.max(0, tokens - 1);
    return at;
  });
  return { servedMs, gaveUp: 0, calls: 2 * burst.nodes };
};
