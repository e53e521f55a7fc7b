import t from 'tap';
import { CHECKS } from '../../src/checks/all.ts';
import {
  type Check,
  type CheckResult,
  type Finding,
  fail,
  pass,
  type RunOptions,
  runChecks,
  skip,
  withDependencies,
} from '../../src/checks/check.ts';
import type { Probes } from '../../src/checks/probes.ts';
import { NodeError } from '../../src/core/errors.ts';

const never = (): Promise<Finding> => new Promise(() => undefined);
const checkOf = (id: string, run: Check['run'], after: readonly string[] = [], more: Partial<Check> = {}): Check => ({
  ...{ id, title: id, reach: 'files', after, deadlineMs: 5_000, run },
  ...more,
});
const good = (id: string, after: readonly string[] = []): Check => checkOf(id, async () => pass('fine'), after);
const bad = (id: string, after: readonly string[] = []): Check => checkOf(id, async () => fail('broken', 'mend it'), after);

const run = (checks: readonly Check[], more: Partial<RunOptions> = {}): Promise<readonly CheckResult[]> =>
  runChecks(checks, {
    probes: {} as Probes,
    reaches: ['files', 'machine', 'network'],
    skipped: [],
    totalMs: 10_000,
    signal: new AbortController().signal,
    clock: () => 0,
    ...more,
  });
const told = (results: readonly CheckResult[]) =>
  results.map(({ check, result, blockedBy }) => [check.id, result, ...(blockedBy ? [blockedBy] : [])]);

t.test('the one list', async (t) => {
  const seen = new Set<string>();
  for (const { id, after, title } of CHECKS) {
    t.notOk(seen.has(id), `${id} is there once`);
    for (const one of after) t.ok(seen.has(one), `${id} stands behind ${one}`);
    t.match(title, /[^.]$/);
    seen.add(id);
  }
});

t.test('what depends on a failure is left out, to the last, and says by whom', async (t) => {
  const results = await run([good('a'), bad('b'), good('c', ['a', 'b']), good('d', ['c']), good('e', ['a'])]);
  t.same(told(results), [
    ['a', 'pass'],
    ['b', 'fail'],
    ['c', 'skip', 'b'],
    ['d', 'skip', 'b'],
    ['e', 'pass'],
  ]);
});

t.test('what was not looked at blocks nothing', async (t) => {
  const far = checkOf('far', never, [], { reach: 'network' });
  const unsure = checkOf('unsure', async () => skip('not known'));
  const results = await run([far, unsure, bad('out'), good('z', ['far', 'unsure', 'out'])], { reaches: ['files'], skipped: ['out'] });
  t.same(told(results), [
    ['far', 'skip'],
    ['unsure', 'skip'],
    ['out', 'skip'],
    ['z', 'pass'],
  ]);
});

t.test('independent ones run side by side', async (t) => {
  const met = Promise.withResolvers<void>();
  const waits = checkOf('waits', async () => {
    await met.promise;
    return pass('met');
  });
  const comes = checkOf('comes', async () => {
    met.resolve();
    return pass('came');
  });
  t.same(told(await run([waits, comes])), [
    ['waits', 'pass'],
    ['comes', 'pass'],
  ]);
});

t.test('a check that hangs is told as such', async (t) => {
  const [result] = await run([checkOf('hangs', never, [], { deadlineMs: 20 })]);
  t.match(result, { result: 'fail', evidence: /^no answer within/ });
});

t.test('and so is one that throws when its time is up', async (t) => {
  const obedient = checkOf(
    'obedient',
    (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    [],
    { deadlineMs: 20 },
  );
  t.match(await run([obedient]), [{ result: 'fail', evidence: /^no answer within/ }]);
});

t.test('when all time is over the rest is left out', async (t) => {
  const results = await run([good('quick'), checkOf('slow', never), good('later', ['slow'])], { totalMs: 30 });
  t.same(told(results), [
    ['quick', 'pass'],
    ['slow', 'skip'],
    ['later', 'skip'],
  ]);
});

t.test('an interruption ends it', async (t) => {
  const stop = new AbortController();
  const running = run([checkOf('slow', never)], { signal: stop.signal });
  stop.abort(new Error('ended'));
  await t.rejects(running, { message: 'ended' });
});

t.test('a failure of the world is a failed check; what root may read is none; a bug is a bug', async (t) => {
  const denied = new NodeError('NO_INPUT', '/x may not be read', { cause: Object.assign(new Error('no'), { code: 'EACCES' }) });
  const throwing = (id: string, error: Error): Check => checkOf(id, () => Promise.reject(error));
  const results = await run([throwing('a', new NodeError('UNAVAILABLE', 'silent', { remedy: 'wait' })), throwing('b', denied)]);
  t.match(results, [
    { result: 'fail', evidence: 'silent', remedy: 'wait' },
    { result: 'skip', evidence: '/x may not be read; run it as root' },
  ]);
  await t.rejects(run([throwing('c', new TypeError('oops'))]), { message: 'oops' });
});

t.test('secrets are masked', async (t) => {
  const [result] = await run([checkOf('a', async () => fail('http://u:hunter2@proxy', 'x', ['Bearer k8s-aws-v1.aGVsbG8']))]);
  t.notMatch(JSON.stringify(result), /hunter2|aGVsbG8/);
});

t.test('--only takes along what a check depends on', async (t) => {
  const checks = [good('a'), good('b', ['a']), good('c'), good('d', ['b'])];
  t.same(
    withDependencies(checks, ['d']).map(({ id }) => id),
    ['a', 'b', 'd'],
  );
});
