import t from 'tap';
import { abortable, jitteredMs, once, patientMs, sleep, spanOf } from '../../src/facts/wait.ts';

t.test('full jitter: anything from nothing to a window that doubles up to a cap', async (t) => {
  const backoff = { baseMs: 100, capMs: 1_000 };
  t.same(
    [0, 1, 2, 3, 4, 50].map((attempt) => jitteredMs(backoff, attempt, () => 1)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  t.equal(
    jitteredMs(backoff, 7, () => 0),
    0,
  );
});

t.test('patience: half of the window at least, and the cap grows with the wait', async (t) => {
  const backoff = { baseMs: 1_000, slackMs: 5_000, share: 0.25 };
  const cases = [
    [0, 0, 1_000],
    [1, 900, 2_000],
    [2, 2_500, 4_000],
    [3, 6_000, 6_500],
    [9, 100_000, 30_000],
    [30, 1_000_000, 255_000],
  ] as const;
  for (const [attempt, elapsedMs, windowMs] of cases) {
    t.equal(
      patientMs(backoff, attempt, elapsedMs, () => 1),
      windowMs,
    );
    t.equal(
      patientMs(backoff, attempt, elapsedMs, () => 0),
      windowMs / 2,
    );
  }
});

t.test("sleep ends with the signal's reason", async (t) => {
  await sleep(1);
  await t.rejects(sleep(10_000, AbortSignal.abort(new Error('no more'))), { message: 'no more' });
});

t.test('spans as people say them', async (t) => {
  t.same([40, 1_234, 12_345, 179_000, 1_200_000].map(spanOf), ['0 s', '1.2 s', '12 s', '179 s', '20 min']);
});

t.test('once shares a success and forgets a failure', async (t) => {
  let calls = 0;
  const get = once(async () => {
    calls++;
    if (calls === 1) throw new Error('first');
    return calls;
  });
  await t.rejects(get(), { message: 'first' });
  t.same(await Promise.all([get(), get(), get()]), [2, 2, 2]);
});

t.test("work that fails after everybody has left is nobody's unhandled rejection", async (t) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.teardown(() => process.off('unhandledRejection', note));
  const work = sleep(5).then(() => {
    throw new Error('too late');
  });
  await t.rejects(abortable(work, AbortSignal.abort(new Error('gone'))), { message: 'gone' });
  await sleep(20);
  t.same(unhandled, []);
});
