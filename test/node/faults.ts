/**
 * One broken system call, or death at one, in a whole run: no file is half-written, and the next run comes to the bytes of an undisturbed
 * one. Here at the boundaries of actions (names that appear, change or go) and at every so many other calls; BOOTWRIGHT_SWEEP=all tries all.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { withLock } from '../../src/node/lock.ts';
import { createSystemd } from '../../src/node/systemd.ts';
import { type Fault, type FaultPoint, faultPoints, type Victim, withFault } from '../rig/faults.ts';
import { needs } from '../rig/parts.ts';
import { run } from '../rig/shell.ts';
import { makeFakeSystemd, STOPPED } from './support/fake-systemd.ts';
import { apply, converge, makeRoot, namesOf, nodeIn, planFor } from './support/nodes.ts';

const BOUNDARIES = /^(rename|link|symlink|unlink|mkdir|rmdir)/;
const EVERY = 15;

const isChosen = ({ call }: FaultPoint, i: number): boolean =>
  process.env['BOOTWRIGHT_SWEEP'] === 'all' || BOUNDARIES.test(call) || i % EVERY === 0;

t.test('death or a full disk at a system call', { timeout: 3_600_000 }, async (t) => {
  if (!needs(t, 'linux', 'strace')) return;
  const dir = t.testdir({ before: {} });
  const root = join(dir, 'root');
  const before = join(dir, 'before');
  const searchPath = '/proc/nonexistent';
  const placeAt = (root: string) => ({ root, live: false, searchPath, systemd: createSystemd({ root, live: false, searchPath }) });
  await converge(placeAt(makeRoot(before)), { args: '--v=1', maxPods: 58, toml: 'old' });
  const untouched = nodeIn(before);
  const reset = (): void => {
    rmSync(root, { recursive: true, force: true });
    cpSync(before, root, { recursive: true, verbatimSymlinks: true });
  };
  const next = (): Promise<unknown> =>
    withLock(root, { command: 'next', waitMs: 0, random: Math.random }, () => converge(placeAt(root), { args: '--v=2', maxPods: 29 }));
  const command = [process.execPath, join(import.meta.dirname, 'support/applying.ts'), root, '--v=2'] as const;
  const victim: Victim = { command: [...command], options: { env: {} }, within: root };

  reset();
  await next();
  const wanted = nodeIn(root);
  reset();
  const all = await faultPoints(victim);
  t.strictSame(nodeIn(root), wanted, 'the undisturbed run');
  const points = all.filter(isChosen);

  for (const fault of ['signal=KILL', 'error=ENOSPC'] satisfies Fault[]) {
    const bad: string[] = [];
    let hits = 0;
    for (const point of points) {
      reset();
      const { path, code } = await withFault(victim, point, fault);
      if (path === undefined) continue;
      hits++;
      const where = `${fault} at ${point.call} #${point.n}, ${path} (exit code ${code})`;
      const left = Object.entries(nodeIn(root)).filter(([path]) => !/\/\.[^/]*\.bootwright-[0-9a-f]{12}\.tmp$/.test(path));
      for (const [path, text] of left) if (text !== wanted[path] && text !== untouched[path]) bad.push(`${where}: ${path} is half-written`);
      await next().catch((error: unknown) => bad.push(`${where}: the next run fails: ${error}`));
      for (const path of Object.keys({ ...nodeIn(root), ...wanted })) {
        if (nodeIn(root)[path] !== wanted[path]) bad.push(`${where}: the next run leaves ${path} different`);
      }
      const plan = await planFor(placeAt(root), { args: '--v=2', maxPods: 29 });
      if (plan.actions.some(({ skipped }) => skipped === undefined))
        bad.push(`${where}: something is left to do: ${namesOf(plan.actions)}`);
    }
    t.strictSame(bad, [], `${fault}: ${hits} faults at ${points.length} of ${all.length} calls, ${bad.length} bad states`);
    t.ok(hits >= points.length * 0.8, 'most faults came about');
  }
});

t.test('death at each step of systemd: the next run does what is left', async (t) => {
  if (!needs(t, 'linux')) return;
  const steps = 12;
  for (let n = 1; n <= steps; n++) {
    const dir = t.testdir({ root: {}, fake: {} });
    const root = makeRoot(join(dir, 'root'));
    const fake = makeFakeSystemd(join(dir, 'fake'), root);
    for (const unit of ['containerd.service', 'kubelet.service']) fake.setUnit(unit, STOPPED);
    const place = { root, live: true, systemd: fake.systemd, searchPath: fake.searchPath };
    await converge(place, { args: '--v=1' });
    fake.calls();
    fake.killAt(n);
    const { code } = await run(process.execPath, [join(import.meta.dirname, 'support/applying.ts'), root, '--v=2', fake.searchPath], {
      env: {},
    });
    const died = fake.calls();
    if (code === 0) {
      t.ok(n > 3, `${n - 1} calls, each was the last one once`);
      break;
    }
    t.equal(code, null, `killed at ${died.at(-1)}`);
    await converge(place, { args: '--v=2', maxPods: 29 });
    const after = [...died, ...fake.calls()].filter((call) => !call.startsWith('show'));
    t.ok(after.includes('daemon-reload'), 'units were read anew');
    t.ok(after.includes('restart -- kubelet.service'), 'the kubelet was restarted');
    t.match(await apply(await planFor(place, { args: '--v=2', maxPods: 29 }), place), { outcome: 'converged', actions: [] });
  }
});
