import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { isProcess, readBootId, readPidNamespace, readStartTime } from '../../src/node/boot.ts';
import { needs } from '../rig/parts.ts';

t.test('processes', async (t) => {
  if (!needs(t, 'linux')) return;
  const mine = readStartTime(process.pid);
  t.match(mine, /^\d+$/);
  t.equal(readStartTime(process.pid), mine);
  t.ok(isProcess(process.pid));
  const child = spawn(process.execPath, ['-e', 'process.title = "a) b (c"; process.stdout.write("."); setInterval(() => {}, 1e6)']);
  await once(child.stdout, 'data');
  t.ok(Number(readStartTime(child.pid ?? 0)) >= Number(mine), 'whatever its name');
  child.kill();
  await once(child, 'exit');
  t.equal(readStartTime(child.pid ?? 0), null);
  t.notOk(isProcess(child.pid ?? 0));
});

t.test('this boot', async (t) => {
  if (!needs(t, 'linux')) return;
  t.match(readBootId(), /^[0-9a-f-]{36}$/);
  t.equal(readPidNamespace(), spawnSync('readlink', ['/proc/self/ns/pid'], { encoding: 'utf8' }).stdout.trim());
});
