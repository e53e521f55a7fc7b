import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { readBootId, readPidNamespace, readStartTime } from '../../src/node/boot.ts';
import { type Holder, type LockOptions, nameOf, withLock } from '../../src/node/lock.ts';

const OPTIONS: LockOptions = { command: 'bootwright bootstrap mine', waitMs: 0, pollMs: 5, random: () => 0.5 };
const SCRIPT = join(import.meta.dirname, 'support/locking.ts');

const start = (root: string, ...args: string[]): ChildProcess =>
  spawn(process.execPath, [SCRIPT, root, ...args], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });

const holderIn = async (t: Test, root: string): Promise<ChildProcess> => {
  const child = start(root, 'hold');
  t.teardown(() => void child.kill('SIGKILL'));
  if (child.stdout) await once(child.stdout, 'data');
  return child;
};

const refused = async (root: string, options: Partial<LockOptions> = {}): Promise<NodeError> => {
  const error = await withLock(root, { ...OPTIONS, ...options }, async () => 'got it').then(
    (value) => new Error(value),
    (error: unknown) => error,
  );
  if (error instanceof NodeError) return error;
  throw error;
};

/** An entry as another program of this machine would have left it. */
const leave = (root: string, holder: Partial<Holder> | string): void => {
  mkdirSync(join(root, 'run/bootwright/lock'), { recursive: true });
  const whole: Partial<Holder> = {
    pid: process.pid,
    startTime: readStartTime(process.pid),
    bootId: readBootId(),
    pidNamespace: readPidNamespace(),
    command: 'bootwright bootstrap other',
    since: '2026-01-02T03:04:05.000Z',
  };
  writeFileSync(join(root, 'run/bootwright/lock/1'), typeof holder === 'string' ? holder : JSON.stringify({ ...whole, ...holder }));
};

t.test('the result of the work, and the lock is free again', async (t) => {
  const root = t.testdir();
  t.equal(await withLock(root, OPTIONS, async () => 42), 42);
  await t.rejects(
    withLock(root, OPTIONS, async () => {
      throw new Error('work failed');
    }),
    { message: 'work failed' },
  );
  t.equal(await withLock(root, OPTIONS, async () => 43), 43);
  t.equal(readdirSync(join(root, 'run/bootwright/lock')).length, 2, 'old entries go');
});

t.test('another process holds it', async (t) => {
  const root = t.testdir();
  const child = await holderIn(t, root);
  const error = await refused(root);
  t.match(error, {
    code: 'TEMPORARY',
    message: new RegExp(`^another run holds the lock: test hold \\(process ${child.pid}, since 20.*Z\\)$`),
    remedy: `Wait until it is done and run again. If it hangs, end process ${child.pid}: the lock is free once it is gone.`,
  });
  t.match((await refused(root, { waitMs: 40 })).message, /^another run holds the lock since more than 0 s: test hold/);

  await t.test('and ends: the one that waits is told whom it waits for, and gets it', async (t) => {
    const told: string[] = [];
    const waiting = withLock(root, { ...OPTIONS, waitMs: 10_000, onWait: (holder) => told.push(nameOf(holder)) }, async () => 'done');
    child.stdin?.end();
    t.equal(await waiting, 'done');
    t.ok(told.length <= 1);
  });
});

t.test('a run that the holder has started works under its lock, and leaves it locked', async (t) => {
  const root = t.testdir({ count: '0' });
  const [code] = await once(start(root, 'within'), 'exit');
  t.equal(code, 0);
  t.equal(readFileSync(join(root, 'count'), 'utf8'), '1');
  t.equal(readdirSync(join(root, 'run/bootwright/lock')).length, 2, 'one entry, and that it is free');
});

t.test('a holder that is killed holds nothing', async (t) => {
  const root = t.testdir();
  const child = await holderIn(t, root);
  const waiting = withLock(root, { ...OPTIONS, waitMs: 10_000 }, async () => 'taken over');
  child.kill('SIGKILL');
  t.equal(await waiting, 'taken over');
});

t.test('waiting can be given up', async (t) => {
  const root = t.testdir();
  leave(root, {});
  const stop = new AbortController();
  const reason = new NodeError('TEMPORARY', 'told to stop');
  await t.rejects(
    withLock(root, { ...OPTIONS, waitMs: 10_000, signal: stop.signal, onWait: () => stop.abort(reason) }, async () => 1),
    reason,
  );
});

t.test('who is alive', async (t) => {
  for (const [name, holder, isFree] of [
    ['this very process', {}, false],
    ['a process with the id of one that is gone', { startTime: '1' }, true],
    ['a process of another boot', { bootId: 'of yesterday' }, true],
    ['a process that is not there', { pid: 2 ** 22 + 1 }, true],
    ['a process in another container, of which nobody can tell', { pid: 2 ** 22 + 1, pidNamespace: 'pid:[1]' }, false],
    ['a file that holds no entry', 'half of an ent', true],
    ['a file with something else', '[1]', true],
    ['an entry that says free', 'null', true],
  ] as const) {
    const root = t.testdir();
    leave(root, holder);
    const outcome = await withLock(root, OPTIONS, async () => true).catch(() => false);
    t.equal(outcome, isFree, name);
  }
});

t.test('secrets of the command line are not shown to others', async (t) => {
  const root = t.testdir();
  const command = `bootwright bootstrap --kubelet-extra-args --token=abc123def456 ${'x'.repeat(500)}`;
  await withLock(root, { ...OPTIONS, command }, async () => {
    const entry = readFileSync(join(root, 'run/bootwright/lock/1'), 'utf8');
    t.notMatch(entry, 'abc123def456');
    t.ok(entry.length < 600);
    t.match(await refused(root), { message: /--token=\*\*\* x/ });
  });
});

t.test('many processes, some of them killed: never two at once', async (t) => {
  const root = t.testdir({ count: '0' });
  const doomed = await Promise.all([holderIn(t, root)]);
  const children = Array.from({ length: 4 }, () => start(root, 'count', '25'));
  for (const child of doomed) child.kill('SIGKILL');
  const codes = await Promise.all(children.map((child) => once(child, 'exit')));
  t.strictSame(
    codes,
    children.map(() => [0, null]),
  );
  t.equal(readFileSync(join(root, 'count'), 'utf8'), '100');
  t.ok(readdirSync(join(root, 'run/bootwright/lock')).length <= 3, 'entries do not pile up');
});

t.test('a place where no lock can be', async (t) => {
  const root = t.testdir({ run: 'a file' });
  t.match(await refused(root), { code: 'CANNOT_CREATE', message: 'cannot make the directory /run: something else is there' });
});
