import t from 'tap';
import type { Context } from '../../../src/cli/command.ts';
import { verifyJoined } from '../../../src/cli/csr/joined.ts';
import type { Machine } from '../../../src/cli/machine.ts';
import { type Joining, makeJoining } from '../support/joining.ts';

const nothing = { write: () => undefined, isTty: false, columns: 80 };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const program = { path: '', run: () => Promise.reject(new Error('not needed here')) };

const wait = (node: Joining, signal = new AbortController().signal): ReturnType<typeof verifyJoined> => {
  const machine: Machine = { root: '/', live: true, searchPath: node.systemd.searchPath, systemd: node.systemd.systemd };
  const context: Context = {
    calledAs: 'bootwright',
    style: 'own',
    env: { ...node.env, AWS_EC2_METADATA_DISABLED: 'true' },
    stdout: nothing,
    stderr: nothing,
    signal,
    now: () => new Date(),
    random: () => 0.5,
    uid: 0,
    cwd: '/',
  };
  return verifyJoined(machine, context, log);
};

const names = ({ stages }: Awaited<ReturnType<typeof verifyJoined>>): string[] => stages.map(({ name }) => name);

t.test('step by step', async (t) => {
  const node = await makeJoining(t, program, { isRegistered: false });
  const joined = wait(node);
  while (node.server.count('GET node') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  node.register();
  while (node.server.count('GET node') < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const name = node.ask();
  while (node.server.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  node.grant(name);
  const end = await joined;
  t.match(end.result, { level: 'joined', result: 'ok', state: 'Issued', text: /serves by a certificate/, journal: [] });
  t.same(names(end).toSorted(), ['approved', 'issued', 'ready', 'registered', 'requested']);
  t.same([names(end).at(0), names(end).at(-1)], ['registered', 'issued']);
  t.ok(end.stages.every(({ ms }) => ms >= 0));
});

t.test('a node that has joined long ago', async (t) => {
  const node = await makeJoining(t, program);
  node.server.removeCsr(node.join());
  t.match(await wait(node), { result: { result: 'ok', state: 'Issued' } });
  t.equal(node.server.count('GET node'), 1, 'one look');
});

t.test('one that signs its own certificate is waited for until it is registered', async (t) => {
  const node = await makeJoining(t, program, { isRegistered: false, config: { serverTLSBootstrap: false } });
  const joined = wait(node);
  while (node.server.count('GET node') < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  node.register();
  t.match(await joined, { result: { result: 'ok', state: 'NotApplicable' } });
});

t.test('what will not join is said at once', async (t) => {
  const node = await makeJoining(t, program);
  node.server.condition(node.ask(), 'Denied', 'Nope', 'not from here');
  const { result } = await wait(node);
  t.match(result, { level: 'joined', result: 'failed', state: 'Denied', text: /Nope: not from here/, advice: [/Ask who denied it/] });
});

t.test('it can be stopped', async (t) => {
  const node = await makeJoining(t, program);
  const stop = new AbortController();
  const reason = new Error('told to stop');
  node.ask();
  const joined = wait(node, stop.signal);
  while (node.server.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(reason);
  await t.rejects(joined, reason);
});
