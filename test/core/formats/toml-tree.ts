import fc from 'fast-check';
import t from 'tap';
import { parsedToml } from '../../../src/core/formats/toml.ts';
import { tomlTree } from '../../../src/core/formats/toml-tree.ts';
import { tomlText } from '../../../src/core/formats/toml-write.ts';
import { jsonOf, kindOf, markAt } from '../../../src/core/formats/tree.ts';

const TEXT = `title = "x"
[a]
b.c = 1
"d.e" = { f = [1, { g = true }] }
[[h.i]]
j = 1.0
[[h.i]]
j = 2026-01-01
[h.i.k]
l = 2
`;

t.test('places of keys and items', async (t) => {
  const { tree, faults } = tomlTree(TEXT);
  t.strictSame(faults, []);
  if (tree === undefined) return;
  for (const [path, line, column] of [
    [['title'], 1, 1],
    [['a'], 2, 1],
    [['a', 'b', 'c'], 3, 1],
    [['a', 'd.e', 'f'], 4, 11],
    [['a', 'd.e', 'f', 1, 'g'], 4, 21],
    [['h', 'i', 1], 7, 1],
    [['h', 'i', 1, 'k', 'l'], 10, 1],
    [['a', 'nothing'], 2, 1],
  ] as const)
    t.strictSame(markAt(tree, path), { line, column }, path.join('.'));
  t.strictSame(jsonOf(tree), {
    title: 'x',
    a: { b: { c: 1 }, 'd.e': { f: [1, { g: true }] } },
    h: { i: [{ j: 1 }, { j: '2026-01-01', k: { l: 2 } }] },
  });
});

t.test('a float without a fraction is no whole number, a date no text', async (t) => {
  const kinds = (text: string) => {
    const { tree } = tomlTree(text);
    return tree?.kind === 'object' ? [...tree.entries.values()].map(kindOf) : [];
  };
  t.strictSame(kinds('a = 1.0\nb = 1\nc = 2026-01-01\nd = "2026-01-01"\ne = 2026-01-01T00:00:00Z\n'), [
    'a fraction',
    'a number',
    'a date',
    'text',
    'a date',
  ]);
});

t.test('faults', async (t) => {
  const codes = (text: string) => tomlTree(text).faults.map(({ code, at }) => `${code} ${at?.line}:${at?.column}`);
  t.strictSame(codes('a = 1\na = 2\n'), ['toml-syntax 2:1']);
  t.strictSame(codes('a = {\n b = 1 }\n'), ['toml-syntax 1:5']);
  t.strictSame(codes('a = { b = [\n 1 ] }\n'), []);
  t.strictSame(codes('a = [9007199254740992]\n'), ['number-too-large 1:6']);
  t.strictSame(codes(`a = ${'['.repeat(70)}${']'.repeat(70)}\n`), ['nested-too-deeply 1:69']);
  t.strictSame(codes(`a = [${'1,'.repeat(60_000)}]\n`), ['too-many-values 1:100002']);
});

t.test('the same values as the parser makes', async () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer()), tie('table')),
    table: fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).table;
  fc.assert(
    fc.property(value, (table) => {
      const text = tomlText(table as Parameters<typeof tomlText>[0]);
      const { tree } = tomlTree(text);
      const plain = JSON.stringify(parsedToml(text, 'x').value);
      return tree !== undefined && JSON.stringify(jsonOf(tree)) === plain;
    }),
    { seed: 8, numRuns: 200 },
  );
});
