/** Two builds of the same sources give the same bytes, code caches included. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { UNTAPPED_NODE } from '../rig/executable.ts';
import { needs } from '../rig/parts.ts';
import { must, projectDirectory } from '../rig/shell.ts';

t.setTimeout(600_000);

t.test('the executable is the same when it is built again, elsewhere', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const dir = t.testdir({ once: {}, again: { elsewhere: {} } });
  const built = async (folder: string): Promise<Buffer> => {
    const dist = join(dir, folder);
    const [command, ...args] = UNTAPPED_NODE;
    t.comment(await must(command, [...args, 'build/build.mjs', 'x64', dist], { cwd: projectDirectory, deadlineMs: 300_000 }));
    return readFileSync(join(dist, 'bootwright-linux-x64'));
  };
  const [once, again] = [await built('once'), await built('again/elsewhere')];
  t.ok(once.equals(again), `${once.length} bytes`);
});
