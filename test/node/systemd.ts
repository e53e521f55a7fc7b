import { join } from 'node:path';
import t from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { isActive, isEnabled, type UnitState } from '../../src/node/systemd.ts';
import { makeFakeSystemd, STOPPED } from './support/fake-systemd.ts';

const failing = (work: Promise<unknown>): Promise<{ code: string; message: string; remedy: string | undefined }> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => {
      if (error instanceof NodeError) return { code: error.code, message: error.message, remedy: error.remedy };
      throw error;
    },
  );

t.test('states: one call, in the order of the question', async (t) => {
  const fake = makeFakeSystemd(t.testdir());
  fake.setUnit('a.service', { NRestarts: 3, NeedDaemonReload: 'yes', Type: 'oneshot', ExecMainStatus: 7 });
  fake.setUnit('b.service', STOPPED);
  const states = await fake.systemd.states(['b.service', 'none.service', 'a.service']);
  t.match(states.get('a.service'), {
    load: 'loaded',
    active: 'active',
    restarts: 3,
    needsReload: true,
    type: 'oneshot',
    exitStatus: 7,
    mainPid: 4711,
  });
  t.match(states.get('b.service'), { active: 'inactive', sub: 'dead', file: 'disabled', needsReload: false, hasRun: false, mainPid: 0 });
  t.match(states.get('none.service'), { load: 'not-found', active: '', restarts: null });
  t.match(fake.calls(), [/^show --no-pager( --property=[A-Za-z]+)+ -- b\.service none\.service a\.service$/]);
  t.equal((await fake.systemd.states([])).size, 0);
  t.strictSame(fake.calls(), []);
});

const STATE: UnitState = {
  load: 'loaded',
  active: 'inactive',
  sub: 'dead',
  file: 'disabled',
  type: 'simple',
  result: 'success',
  exitStatus: 0,
  mainPid: 0,
  restarts: 0,
  needsReload: false,
  hasRun: true,
};

t.test('what counts as active and enabled', async (t) => {
  const active = (change: Partial<UnitState>): boolean => isActive({ ...STATE, ...change });
  t.ok(active({ active: 'active' }));
  t.ok(active({ active: 'reloading' }));
  t.notOk(active({ active: 'activating', sub: 'auto-restart' }));
  t.notOk(active({}), 'a service that ended');
  t.ok(active({ type: 'oneshot' }), 'a oneshot that did its work');
  t.notOk(active({ type: 'oneshot', hasRun: false }), 'one that never ran in this boot');
  t.notOk(active({ type: 'oneshot', active: 'failed', result: 'exit-code' }));
  const enabled = ['enabled', 'static', 'indirect', 'generated', 'alias', 'disabled', 'enabled-runtime', 'linked', 'masked', ''];
  t.strictSame(
    enabled.filter((file) => isEnabled({ ...STATE, file })),
    enabled.slice(0, 5),
  );
});

t.test('failures say what failed, why, and what to do', async (t) => {
  const dir = t.testdir();
  const fake = makeFakeSystemd(dir);
  fake.fail('daemon-reload', 'Failed to reload daemon: Access denied\n');
  t.strictSame(await failing(fake.systemd.reload()), {
    code: 'OS',
    message: 'systemctl daemon-reload failed: Failed to reload daemon: Access denied',
    remedy: 'Run `systemctl daemon-reload` by hand; `systemctl status` and `journalctl -b -p err` say more.',
  });
  fake.fail(
    'show',
    "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
  );
  t.match(await failing(fake.systemd.states(['a.service'])), {
    message: /^systemctl show .* failed: System has not been booted with systemd/,
    remedy: 'systemd does not run here. To prepare an image, give its directory by --root.',
  });
  t.match(
    await failing(
      fake
        .make({ root: dir, live: false })
        .enable(['none.service'])
        .then(() => fake.make({ searchPath: dir }).reload()),
    ),
    {
      code: 'CONFIG',
      message: 'there is no systemctl on PATH',
    },
  );
  t.strictSame(fake.calls().at(-1), `--root=${dir} enable -- none.service`);
});

t.test('a start that hangs names the jobs that wait', async (t) => {
  const fake = makeFakeSystemd(t.testdir());
  fake.setUnit('kubelet.service', { ...STOPPED, ActiveState: 'activating', SubState: 'start-pre' });
  fake.hang('start');
  fake.write('jobs', '  101 kubelet.service       start waiting\n  77 cloud-final.service   start running\n');
  t.strictSame(await failing(fake.make({ deadlines: { startMs: 100 } }).start('kubelet.service')), {
    code: 'OS',
    message: [
      'systemctl start kubelet.service failed: no answer within 0 s (activating/start-pre)',
      'waiting job: 101 kubelet.service       start waiting',
      'waiting job: 77 cloud-final.service   start running',
    ].join('\n'),
    remedy:
      'See `systemctl status kubelet.service` and `journalctl -u kubelet.service`. The files are written; the next run starts what is missing.',
  });
});

t.test('the journal', async (t) => {
  const fake = makeFakeSystemd(t.testdir());
  fake.write('journal', 'one\n\ntwo\n');
  t.strictSame(await fake.systemd.journal('a.service', { lines: 7, sinceMs: 1_700_000_000_999 }), ['one', 'two']);
  t.strictSame(await fake.systemd.journal('a.service'), ['one', 'two']);
  t.strictSame(fake.calls(), [
    'journalctl --unit=a.service --lines=7 --output=cat --no-pager --quiet --since=@1700000000',
    'journalctl --unit=a.service --lines=50 --output=cat --no-pager --quiet --boot',
  ]);
  t.strictSame(await fake.make({ searchPath: join(t.testdirName, 'none') }).journal('a.service'), [], 'no journalctl, no lines');
});

t.test('reset-failed never means all units', async (t) => {
  const fake = makeFakeSystemd(t.testdir());
  fake.fail('reset-failed', 'Unit a.service not loaded.\n');
  await fake.systemd.resetFailed([]);
  await fake.systemd.resetFailed(['a.service']);
  t.strictSame(fake.calls(), ['reset-failed -- a.service']);
});
