/** build/loader.cjs sets flags of V8 for a while and puts their defaults back: they must be this Node's. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
const loader = readFileSync(join(import.meta.dirname, '../../build/loader.cjs'), 'utf8');
const ownDefault = (flag: string): string | undefined => options.match(new RegExp(`default: ${flag}=(\\d+)\\n`))?.[1];

t.test('what is put back is V8’s own default', async (t) => {
  const budget = loader.match(/DEFAULT = '--wasm-tiering-budget=(\d+)'/)?.[1];
  t.ok(budget);
  t.equal(budget, ownDefault('--wasm-tiering-budget'));
  const calls = [...loader.matchAll(/'(--invocation-count-[a-z-]+)': (\d+)/g)];
  t.equal(calls.length, 2);
  for (const [, flag = '', count] of calls) t.equal(count, ownDefault(flag), flag);
});
