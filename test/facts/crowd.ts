/** The program's own calls and retries in a crowd, on virtual time: a small one of the bursts of `npm run bench:scale`. */
import t from 'tap';
import { bootstrapScript } from '../../bench/scale/bootstrap-script.ts';
import { type Burst, bootwright, ideal, simulate } from '../../bench/scale/crowd.ts';

const BURST: Burst = { nodes: 150, withinMs: 5_000, limit: { capacity: 20, perSecond: 2 }, seed: 1 };
const last = (ms: readonly number[]): number => ms.at(-1) ?? Number.NaN;

t.test('everybody is served, little later than the limit allows, and with few calls', async (t) => {
  const { servedMs, gaveUp, calls } = await simulate(BURST, bootwright);
  t.equal(gaveUp, 0);
  t.equal(servedMs.length, BURST.nodes);
  const ratio = last(servedMs) / last(ideal(BURST).servedMs);
  t.ok(ratio >= 1 && ratio <= 1.3, `${ratio} of what the limit allows`);
  t.ok(calls / BURST.nodes <= 2 * 9, `${calls / BURST.nodes} calls a node`);
});

t.test('so it is when calls fail for other reasons, too', async (t) => {
  const burst = { ...BURST, nodes: 50, faults: 0.1 };
  const { servedMs, gaveUp } = await simulate(burst, bootwright);
  t.equal(gaveUp, 0);
  t.ok(last(servedMs) >= last(ideal(burst).servedMs));
});

t.test('a limit that the deadline does not allow: some are served until its end, the others say so', async (t) => {
  const burst = { ...BURST, nodes: 10, limit: { capacity: 1, perSecond: 0.005 } };
  const { servedMs, gaveUp } = await simulate(burst, bootwright);
  t.ok(servedMs.length > 0 && gaveUp > 0);
  t.equal(servedMs.length + gaveUp, burst.nodes);
  t.ok(last(servedMs) <= 1_200_000 + burst.withinMs + 1_000);
});

t.test('the simulation itself: the same seed, the same bytes; no token is made up', async (t) => {
  const burst = { ...BURST, nodes: 25 };
  t.same(await simulate(burst, bootwright), await simulate(burst, bootwright));
  t.notSame(await simulate(burst, bootwright), await simulate({ ...burst, seed: 2 }, bootwright));
  const few = { ...BURST, nodes: 5 };
  t.same((await simulate(few, bootwright)).calls, 10, 'without a crowd each question is asked once');
  const script = await simulate(BURST, bootstrapScript);
  t.ok(script.gaveUp > BURST.nodes / 2, 'what we are compared with');
});
