/**
 * Takes the lock of a root again and again. `hold`: until stdin ends. `count N`: N times, each adds one to a file, slowly. `within`: and
 * has a shell start another one that counts meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { withLock } from '../../../src/node/lock.ts';

const [, , root = '', mode = '', times = '1'] = process.argv;
const options = { command: `test ${mode}`, waitMs: 60_000, pollMs: 2, random: Math.random };

const hold = (): Promise<void> =>
  withLock(root, options, async () => {
    process.stdout.write('held\n');
    await new Promise((resolve) => process.stdin.on('end', resolve).resume());
  });

const count = (): Promise<void> =>
  withLock(root, options, async () => {
    const before = Number(readFileSync(`${root}/count`, 'utf8'));
    await pause(1);
    writeFileSync(`${root}/count`, String(before + 1));
  });

const within = (): Promise<void> =>
  withLock(root, options, async () => {
    const { status } = spawnSync('sh', ['-c', '"$0" "$@"; exit $?', process.execPath, ...process.argv.slice(1, 3), 'count'], {
      env: {},
      timeout: 20_000,
    });
    process.exitCode = status ?? 1;
  });

if (mode === 'hold') await hold();
else if (mode === 'within') await within();
else for (let i = 0; i < Number(times); i++) await count();
