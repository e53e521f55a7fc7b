import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import type { UnitState } from '../../src/node/systemd.ts';
import { type VerifyOptions, verifyStarted } from '../../src/node/verify.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A health port; each request takes the next answer, the last one stays. */
const makeHealthz = async (t: Test, ...answers: Answer[]): Promise<{ url: string; requests: () => number }> => {
  let requests = 0;
  const server = createServer((request, response) => answers[Math.min(requests++, answers.length - 1)]?.(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`, requests: () => requests };
};

const ok: Answer = (_, response) => response.end('ok');
const bad: Answer = (_, response) => response.writeHead(500).end('[-]syncloop failed');
const silent: Answer = () => undefined;
const endless: Answer = (_, response) => {
  response.writeHead(200);
  response.write('x'.repeat(1 << 20));
};

const RUNNING: UnitState = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  file: 'enabled',
  type: 'simple',
  result: 'success',
  exitStatus: 0,
  mainPid: 4711,
  restarts: 0,
  needsReload: false,
  hasRun: true,
};

/** A systemd that goes through these states; the last one stays. */
const systemdOf = (states: readonly Partial<UnitState>[], lines: readonly string[] = []): VerifyOptions['systemd'] => {
  let asked = 0;
  return {
    states: async ([unit = '']) => new Map([[unit, { ...RUNNING, ...states[Math.min(asked++, states.length - 1)] }]]),
    journal: async () => [...lines],
  };
};

const FAST = { intervalMs: 5, deadlineMs: 2000 };
const BRIEF = { intervalMs: 5, deadlineMs: 60 };

t.test('three good answers in a row', async (t) => {
  const { url, requests } = await makeHealthz(t, bad, ok, ok, bad, ok);
  const result = await verifyStarted({ systemd: systemdOf([{ active: 'activating', sub: 'start-pre' }, {}]), healthz: url, ...FAST });
  t.match(result, { level: 'started', result: 'ok', text: 'kubelet.service is up and healthy', journal: [] });
  t.equal(requests(), 7);
});

t.test('answers of a process that was restarted in between do not add up', async (t) => {
  const { url, requests } = await makeHealthz(t, ok);
  const states = [{}, {}, { mainPid: 4712, restarts: 1 }];
  t.match(await verifyStarted({ systemd: systemdOf(states), healthz: url, ...FAST }), { result: 'ok' });
  t.equal(requests(), 5);
});

t.test('a body without end does not hold us', async (t) => {
  const { url } = await makeHealthz(t, endless);
  t.match(await verifyStarted({ systemd: systemdOf([{}]), healthz: url, ...FAST }), { result: 'ok' });
});

t.test('without a health port the process must stay', async (t) => {
  t.match(await verifyStarted({ systemd: systemdOf([{}]), healthz: null, ...FAST }), { result: 'ok' });
  let pid = 0;
  const looping: VerifyOptions['systemd'] = {
    states: async () => new Map([['kubelet.service', { ...RUNNING, mainPid: ++pid }]]),
    journal: async () => [],
  };
  t.match(await verifyStarted({ systemd: looping, healthz: null, ...BRIEF }), {
    result: 'failed',
    text: 'kubelet.service was healthy 1 of 3 times in a row',
  });
});

t.test('what is wrong is said', async (t) => {
  const sick = await makeHealthz(t, bad);
  t.match(await verifyStarted({ systemd: systemdOf([{ restarts: 2 }]), healthz: sick.url, ...BRIEF }), {
    result: 'failed',
    text: `kubelet.service runs (restarted 2 times), but ${sick.url} answers 500`,
  });
  const hanging = await makeHealthz(t, silent);
  t.match(await verifyStarted({ systemd: systemdOf([{}]), healthz: hanging.url, ...BRIEF }), {
    text: `kubelet.service runs, but ${hanging.url} does not answer in time`,
  });
  t.match(await verifyStarted({ systemd: systemdOf([{}]), healthz: 'http://127.0.0.1:1/healthz', ...BRIEF }), {
    text: 'kubelet.service runs, but http://127.0.0.1:1/healthz does not answer (ECONNREFUSED)',
  });
  const crash = { active: 'activating', sub: 'auto-restart', result: 'exit-code', exitStatus: 1, restarts: 4 };
  const lines = [
    'I1121 08:57:10.1    1 server.go:1] "hello"',
    'E1121 08:57:10.2    1 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --foo"',
  ];
  t.match(await verifyStarted({ systemd: systemdOf([crash], lines), healthz: sick.url, ...BRIEF }), {
    result: 'failed',
    text: 'kubelet.service is activating (auto-restart) (restarted 4 times): exit-code, exit status 1',
    journal: [lines[1]],
    cause: { check: 'kubelet-config', cause: 'this kubelet does not know one of its arguments', line: lines[1] },
  });
});

t.test('what cannot come up is not waited for', async (t) => {
  const slow = { healthz: null, intervalMs: 5, deadlineMs: 30_000 };
  const started = performance.now();
  const failed = { active: 'failed', sub: 'failed', result: 'start-limit-hit' };
  t.match(await verifyStarted({ systemd: systemdOf([failed]), ...slow }), {
    result: 'failed',
    text: 'kubelet.service is failed (failed): start-limit-hit',
  });
  t.match(await verifyStarted({ systemd: systemdOf([{ active: '', load: 'not-found' }]), ...slow }), {
    text: 'there is no kubelet.service',
  });
  t.ok(performance.now() - started < 5000);
});

t.test('it can be stopped', async (t) => {
  const stop = new AbortController();
  const reason = new Error('told to stop');
  const systemd = systemdOf([{ active: 'inactive', sub: 'dead' }]);
  setTimeout(() => stop.abort(reason), 20);
  await t.rejects(verifyStarted({ systemd, intervalMs: 10_000, deadlineMs: 30_000, signal: stop.signal }), reason);
});

t.test('a kubelet that keeps crashing is not waited for', async (t) => {
  const crash = (restarts: number): Partial<UnitState> => ({
    active: 'activating',
    sub: 'auto-restart',
    result: 'exit-code',
    exitStatus: 1,
    restarts,
  });
  const systemd = systemdOf([crash(7), crash(8), crash(9), crash(10), crash(11)], ['E1121 "command failed" err="bad"']);
  const result = await verifyStarted({ systemd, healthz: null, intervalMs: 1, deadlineMs: 60_000 });
  t.match(result, { result: 'failed', text: /restarted 10 times/ });
  t.ok(result.ms < 10_000, 'long before the deadline');
});

t.test('one look is enough where nothing was touched', async (t) => {
  const { url, requests } = await makeHealthz(t, ok);
  t.match(await verifyStarted({ systemd: systemdOf([{}]), healthz: url, successes: 1, ...FAST }), { result: 'ok' });
  t.equal(requests(), 1);
});
