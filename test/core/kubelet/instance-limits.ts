import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { tabledLimitsOf } from '../../../src/core/kubelet/instance-limits.ts';

t.test('every row of the csv is found', async (t) => {
  const rows = readFileSync('data/instance-limits.csv', 'utf8').trimEnd().split('\n').slice(1);
  t.ok(rows.length > 1400);
  const wrong = rows.filter((row) => {
    const [type = '', enis, ips] = row.split(',');
    const limits = tabledLimitsOf(type);
    return limits?.enis !== Number(enis) || limits.ipv4PerEni !== Number(ips);
  });
  t.same(wrong, []);
});

t.test('nothing else is', async (t) => {
  for (const type of [
    '',
    '.',
    'm5',
    'm5.',
    '.large',
    'm5.larg',
    '5.large',
    'm5.large.x',
    'm5.large xlarge',
    'm5 .large',
    'constructor.name',
    'M5.large',
  ]) {
    t.equal(tabledLimitsOf(type), undefined, JSON.stringify(type));
  }
});

t.test('the table is what the generator makes of the csv', async () => {
  execFileSync(process.execPath, ['build/data.ts', '--check'], { stdio: ['ignore', 'ignore', 'inherit'] });
});
