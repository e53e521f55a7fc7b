import t from 'tap';
import { createClock, retriesOf } from '../../src/facts/aws.ts';

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
