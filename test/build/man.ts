/** docs/bootwright.1 as a real man renders it. That it is up to date is for test/build/docs.ts to say. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { manPage } from '../../build/docs/man.ts';
import { FOREIGN, PROGRAMS } from '../../src/cli/call.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { ENVIRONMENT } from '../../src/cli/environment.ts';
import { BOOTSTRAP_FLAGS } from '../../src/core/config/bootstrap-flags.ts';
import { needs } from '../rig/parts.ts';

const flat = (text: string): string => text.replaceAll('`', '').replace(/\s+/g, ' ');

t.test('man renders every command, option, flag and variable, letter by letter, without a warning', async (t) => {
  if (!needs(t, 'man')) return;
  const page = join(import.meta.dirname, '../../docs/bootwright.1');
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', MANWIDTH: '100' };
  const { status, stdout, stderr } = spawnSync('man', ['--warnings=w', '--encoding=UTF-8', '--local-file', page], {
    encoding: 'utf8',
    env,
  });
  t.same([status, stderr], [0, '']);
  const shown = flat(stdout);
  const has = (text: string): void => void t.ok(shown.includes(flat(text)), text);
  for (const { name, summary, load } of COMMANDS) {
    t.match(stdout, new RegExp(`^ {3}${name}$`, 'm'));
    const { usage, description = [], options, examples } = await load();
    for (const text of [
      summary.slice(1),
      ...usage,
      ...description,
      ...options.flatMap((o) => [`--${o.name}`, o.text]),
      ...examples.map(({ line }) => line),
    ])
      has(text);
  }
  for (const { flag, env, help } of BOOTSTRAP_FLAGS) for (const text of [flag, env, help]) if (text !== undefined) has(text);
  for (const text of [...Object.keys(PROGRAMS), ...Object.keys(FOREIGN), ...ENVIRONMENT.flat()]) has(text);
});

t.test('a line of roff begins with a request that every man knows', async (t) => {
  const requests = new Set((await manPage('1.2.3')).split('\n').flatMap((line) => /^[.'](\S*)/.exec(line)?.[1] ?? []));
  t.same([...requests].sort(), ['B', 'BR', 'I', 'PP', 'SH', 'SS', 'TH', 'TP', '\\"', 'ad', 'br', 'nh'].sort());
});
