import { readFileSync } from 'node:fs';
import t from 'tap';
import { tabledTypeOf, tabledTypes } from '../../../src/core/kubelet/instance-types.ts';
import { decodeLimits } from '../../../src/core/kubelet/limits-file.ts';

const csv = decodeLimits(readFileSync('data/instance-limits.csv', 'utf8'), 'data/instance-limits.csv');

t.test('the table says of every type what the csv says', async (t) => {
  const types = [...(csv.value?.types.values() ?? [])];
  t.ok(types.length > 1400);
  t.same(
    tabledTypes(),
    types.map(({ type }) => type),
    'in its order',
  );
  const wrong = types.filter(({ networkCards: _, memoryMib: __, accelerator: ___, ...kept }) => {
    const tabled = tabledTypeOf(kept.type);
    return JSON.stringify(Object.entries(tabled ?? {}).sort()) !== JSON.stringify(Object.entries(kept).sort());
  });
  t.same(wrong, []);
});

t.test('what nobody knows is absent', async (t) => {
  t.same(tabledTypeOf('mac1.metal'), { type: 'mac1.metal', enis: 8, ipv4PerEni: 30, bareMetal: true });
  t.equal(tabledTypeOf('z9.large'), undefined);
  t.equal(tabledTypeOf('constructor.name'), undefined);
});
