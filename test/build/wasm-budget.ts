/** build/loader.cjs sets a flag of V8 for one moment and puts its default back: the default must be this Node's. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

t.test('the budget that is put back is V8’s own default', async (t) => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  const own = options.match(/--wasm-tiering-budget [^\n]*\n\s+type: int {2}default: --wasm-tiering-budget=(\d+)/)?.[1];
  const loader = readFileSync(join(import.meta.dirname, '../../build/loader.cjs'), 'utf8');
  const ours = loader.match(/DEFAULT = '--wasm-tiering-budget=(\d+)'/)?.[1];
  t.ok(own, 'V8 knows the flag');
  t.equal(ours, own);
});
