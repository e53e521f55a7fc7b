import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { readKubeletProcess } from '../../src/node/kubelet-process.ts';
import { needs } from '../rig/parts.ts';

t.test('what a process was started with, and since when', async (t) => {
  if (!needs(t, 'linux')) return;
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("."); setInterval(() => {}, 1e6)', '--', '--a=b c', '', '--d']);
  await once(child.stdout, 'data');
  const seen = readKubeletProcess(child.pid ?? 0);
  t.same(seen?.args.slice(2), ['--', '--a=b c', '', '--d']);
  t.ok(seen && seen.secondsUp >= 0 && seen.secondsUp < 60);
  child.kill();
  await once(child, 'exit');
  t.equal(readKubeletProcess(child.pid ?? 0), undefined);
  t.equal(readKubeletProcess(0), undefined);
});
