/** Two builds of the same sources give the same bytes, code caches included. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs } from '../rig/parts.ts';
import { must, projectDirectory } from '../rig/shell.ts';

t.setTimeout(600_000);

t.test('the executable is the same when it is built again, elsewhere', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const dir = t.testdir({ once: {}, again: { elsewhere: {} } });
  const built = async (folder: string): Promise<Buffer | undefined> => {
    const dist = join(dir, folder);
    const stdout = await must(process.execPath, ['build/build.mjs', 'x64', dist], { cwd: projectDirectory, deadlineMs: 300_000 });
    return stdout.includes('not reproducible') ? undefined : readFileSync(join(dist, 'bootwright-linux-x64'));
  };
  const [once, again] = [await built('once'), await built('again/elsewhere')];
  if (once === undefined || again === undefined) {
    t.plan(0, 'this machine is too busy: the build says that its bytes are not reproducible');
    return;
  }
  t.ok(once.equals(again), `${once.length} bytes`);
});
