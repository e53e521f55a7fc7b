import t from 'tap';
import { AWS_DEADLINES, type Aws, createClock, type Persistence, persist, retriesOf } from '../../src/facts/aws.ts';
import { AwsError, type CallName } from '../../src/facts/aws-failures.ts';
import { refusal } from '../fakes/refusal.ts';

t.test('how often: the flag, else AWS_MAX_ATTEMPTS, else three more times', async (t) => {
  const byDefault = { value: 3, origin: 'default' };
  const byFlag = { value: 0, origin: 'flag' };
  t.equal(retriesOf({}, undefined), 3);
  t.equal(retriesOf({}, byDefault), 3);
  t.equal(retriesOf({}, byFlag), 0);
  t.equal(retriesOf({ AWS_MAX_ATTEMPTS: '6' }, byDefault), 5, 'AWS counts attempts, the flag counts repetitions');
  t.equal(retriesOf({ AWS_MAX_ATTEMPTS: '6' }, byFlag), 0);
  for (const text of ['0', '-1', 'many', '1.5', '']) t.equal(retriesOf({ AWS_MAX_ATTEMPTS: text }, byDefault), 3, text);
});

t.test("a clock that takes over the server's time when it is far off", async (t) => {
  const clock = createClock(() => Date.parse('2026-11-21T08:00:00Z'));
  t.equal(clock.correct(undefined), false);
  t.equal(clock.correct('nonsense'), false);
  t.equal(clock.correct('Sat, 21 Nov 2026 08:00:30 GMT'), false, 'half a minute is no skew');
  t.equal(clock.skewMs, 0);
  t.equal(clock.correct('Sat, 21 Nov 2026 09:00:00 GMT'), true);
  t.equal(clock.skewMs, 3_600_000);
  t.equal(new Date(clock.now()).toISOString(), '2026-11-21T09:00:00.000Z');
  t.equal(clock.correct('Sat, 21 Nov 2026 09:00:10 GMT'), false, 'once corrected it is right');
});

const CALL: CallName = {
  operation: 'DescribeCluster',
  service: 'EKS',
  permission: 'eks:DescribeCluster',
  grant: 'Allow it.',
  region: 'us-west-2',
  origin: 'https://eks.us-west-2.amazonaws.com',
  subject: "cluster 'c'",
};
const throttled = (headers: { readonly [name: string]: string } = {}) =>
  new AwsError('ThrottlingException', 'Rate exceeded', { status: 429, headers });
const broken = () => new AwsError('HTTP 503', 'no error document', { status: 503, headers: {} });

/** `persist` with the deadlines of a real node, on a timer that jumps. `answer` says what the n-th call ends with; undefined: served. */
const played = async (answer: (call: number) => Error | undefined, { random = 0.5, retries = 3 } = {}) => {
  let now = 0;
  const calledAt: number[] = [];
  const timer: Aws['timer'] = {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
    },
  };
  const aws: Aws = {
    env: {},
    http: { send: () => Promise.reject(new Error('not used')), close: async () => undefined },
    random: () => random,
    clock: () => now,
    timer,
    deadlines: AWS_DEADLINES,
    credentials: () => Promise.reject(new Error('not used')),
    progress: () => undefined,
    warn: () => undefined,
  };
  const how: Persistence = { retries, clock: createClock(() => now) };
  const end = await refusal(
    persist(aws, CALL, how, async () => {
      const error = answer(calledAt.push(now) - 1);
      if (error) throw error;
    }),
  );
  return { calledAt, end, pauses: calledAt.slice(1).map((ms, i) => ms - (calledAt[i] ?? 0)) };
};
const SERVED = ['no failure: undefined'];

t.test('one refusal costs a node no second; a long queue is asked ever less often, and few times in all', async (t) => {
  const short = await played((n) => (n < 1 ? throttled() : undefined));
  t.same(short.end, SERVED);
  t.ok((short.calledAt.at(-1) ?? Number.NaN) < 1_000);
  const long = await played(() => throttled());
  t.ok(long.calledAt.length < 40, `${long.calledAt.length} calls in 20 minutes`);
  for (const [i, pauseMs] of long.pauses.entries()) t.ok(pauseMs <= 5_000 + (long.calledAt[i] ?? 0) / 4);
});

t.test('Retry-After is the least; the jitter comes on top', async (t) => {
  const { pauses, end } = await played((n) => (n < 3 ? throttled({ 'retry-after': '20' }) : undefined), { random: 0 });
  t.same(end, SERVED);
  t.same(pauses, [20_500, 21_000, 22_000]);
});

t.test('nobody gives up minutes before the deadline: the last pause ends before it', async (t) => {
  const tooFew = [
    'UNAVAILABLE',
    /^DescribeCluster for cluster 'c' failed after \d+ attempts: ThrottlingException: Rate exceeded$/,
  ] as const;
  for (const random of [0, 0.5, 0.99]) {
    const { calledAt, end } = await played(() => throttled(), { random });
    t.match(end, tooFew);
    const last = calledAt.at(-1) ?? Number.NaN;
    t.ok(last < AWS_DEADLINES.totalMs, 'a deadline is one');
    t.ok(last > AWS_DEADLINES.totalMs - 3_000, `${last}`);
  }
  const late = await played((n) => throttled({ 'retry-after': n === 0 ? '290' : '300' }), { random: 0.99 });
  t.ok((late.calledAt.at(-1) ?? Number.NaN) < AWS_DEADLINES.totalMs);
  t.ok(
    late.pauses.slice(1).every((ms) => ms >= 300_000),
    'and nobody comes before the server said',
  );
});

t.test('passing failures count in a row: an API that throttles is alive', async (t) => {
  const spread = await played((n) => (n >= 40 ? undefined : n % 4 === 3 ? throttled() : broken()));
  t.same(spread.end, SERVED);
  const inARow = await played(broken);
  t.match(inARow.end, ['UNAVAILABLE', "DescribeCluster for cluster 'c' failed after 4 attempts: HTTP 503: no error document"]);
  t.same(inARow.pauses, [2_500, 5_000, 10_000]);
});
