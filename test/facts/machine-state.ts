import t from 'tap';
import { readSpace } from '../../src/facts/machine-state.ts';

t.test('a file system', async (t) => {
  const space = readSpace(t.testdir({}));
  for (const share of [space?.free, space?.freeInodes]) t.ok(share !== undefined && share >= 0 && share <= 1);
  t.equal(readSpace('/proc/nonexistent'), undefined);
});
