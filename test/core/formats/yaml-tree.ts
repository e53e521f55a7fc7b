import t from 'tap';
import { jsonTree } from '../../../src/core/formats/json-tree.ts';
import { jsonOf, markAt, type TreeReading } from '../../../src/core/formats/tree.ts';
import { yamlTree } from '../../../src/core/formats/yaml-tree.ts';
import type { Json } from '../../../src/core/report.ts';

/** What stands behind a key, and what sigs.k8s.io/yaml v1.6.0 makes of it (YAMLToJSON); made by a program around it. */
const VALUES: readonly (readonly [string, Json])[] = [
  ['yes', true],
  ['no', false],
  ['on', true],
  ['OFF', false],
  ['y', true],
  ['n', false],
  ['Y', true],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['', null],
  ['0', 0],
  ['-0', 0],
  ['007', 7],
  ['08', 8],
  ['0o17', 15],
  ['+5', 5],
  ['1_000', 1000],
  ['1__0', 10],
  ['0x1F', 31],
  ['0xg', '0xg'],
  ['0b11', 3],
  ['1.', 1],
  ['.5', 0.5],
  ['.', '.'],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['1.5e', '1.5e'],
  ['-.5', -0.5],
  ['12:30', '12:30'],
  ['190:20:30', '190:20:30'],
  ['2001-01-01', '2001-01-01'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  ['"a"', 'a'],
  ["'it''s'", "it's"],
  ['"\\u00e9\\x41\\n"', 'éA\n'],
  ['a b', 'a b'],
  ['a #b', 'a'],
  ['!!str 5', '5'],
  ['!!int "5"', 5],
  ['[a, b]', ['a', 'b']],
  ['{a: 1, b}', { a: 1, b: null }],
  ['[1, [2]]', [1, [2]]],
  ['&x 1', 1],
  ['{}', {}],
  ['=', '='],
  ['0.0', 0],
  ['-1', -1],
  ['1.0', 1],
  ['1e400', '1e400'],
  ['123456789012', 123456789012],
  ['0777', 511],
  ['1:2', '1:2'],
  ['a,b', 'a,b'],
  ['{yes: 1}', { true: 1 }],
  ['! 5', '5'],
  ['!!null ""', null],
  ['1e-3', 0.001],
  ['+1', 1],
  ['--1', '--1'],
  ['é', 'é'],
  ['0xABCDEF', 11259375],
  ['-0x1', -1],
  ['-0b1', -1],
  ['-017', -15],
  ['0b2', '0b2'],
  ['1_', 1],
  ['_1', '_1'],
  ['1._5', 1.5],
  ['"\\t"', '\t'],
  ['1.2.3', '1.2.3'],
  ['v1', 'v1'],
  ['0.', 0],
  ['+', '+'],
  ['+.5', 0.5],
  ['1d', '1d'],
  ['INF', 'INF'],
  ['inf', 'inf'],
  ['nan', 'nan'],
  ['{1: a}', { '1': 'a' }],
  ['{1.5: a}', { '1.5': 'a' }],
  ['{"c": a}', { c: 'a' }],
];

t.test('values are what Kubernetes takes them for', async (t) => {
  for (const [text, value] of VALUES) {
    const { tree, faults } = yamlTree(`k: ${text}\n`);
    t.equal(JSON.stringify(tree && jsonOf(tree)), JSON.stringify({ k: value }), text);
    t.strictSame(
      faults.map(({ code }) => code),
      text === '{yes: 1}' ? ['boolean-key'] : [],
      text,
    );
  }
});

const said = ({ faults }: TreeReading): readonly string[] =>
  faults.map(({ code, at, message }) => `${code} ${at?.line}:${at?.column} ${message}`);
const codes = (reading: TreeReading): readonly string[] => reading.faults.map(({ code }) => code);

t.test('places and structure', async (t) => {
  const { tree } = yamlTree('base: &b {x: 1, z: 2}\nlist:\n- a\n-  b: c\nmerged:\n  <<: *b\n  z: 3\nagain: *b\n');
  if (tree === undefined) throw new Error('it is YAML');
  t.strictSame(jsonOf(tree), { base: { x: 1, z: 2 }, list: ['a', { b: 'c' }], merged: { z: 3, x: 1 }, again: { x: 1, z: 2 } });
  t.strictSame(markAt(tree, ['list', 0]), { line: 3, column: 3 });
  t.strictSame(markAt(tree, ['list', 1, 'b']), { line: 4, column: 4 });
  t.strictSame(markAt(tree, ['list', 1, 'q']), { line: 4, column: 4 }, 'the nearest above');
  t.strictSame(markAt(tree, ['merged', 'z']), { line: 7, column: 3 });
  t.strictSame(markAt(tree, []), { line: 1, column: 1 });
  t.strictSame(yamlTree('').tree, { kind: 'scalar', at: { line: 1, column: 1 }, value: null });
});

t.test('faults', async (t) => {
  t.strictSame(said(yamlTree('a: 1\na: 2\n')), ['duplicate-key 2:1 the key "a" stands here a second time']);
  t.strictSame(said(yamlTree('a: !foo b\n')), ['unknown-tag 1:4 the tag !foo is not used here: the value is taken as text']);
  t.strictSame(said(yamlTree('a: .inf\n')), ['not-json 1:1 .inf has no form in JSON']);
  t.strictSame(said(yamlTree('~: 1\n')), ['not-json 1:1 a key is null']);
  t.strictSame(said(yamlTree('<<: 1\n')), ['not-json 1:1 a merge key (<<) takes an object']);
  t.strictSame(codes(yamlTree(`a: ${'['.repeat(2000)}`)), ['yaml-syntax']);
  t.strictSame(codes(yamlTree(`a: [${'x,'.repeat(60_000)}]`)), ['too-many-values']);
});

t.test('JSON', async (t) => {
  const { tree, faults } = jsonTree('{"a": {"b": [1, {"c": null}]},\n "__proto__": "\\ud83d\\ude00"}');
  if (tree === undefined) throw new Error('it is JSON');
  t.equal(JSON.stringify(jsonOf(tree)), '{"a":{"b":[1,{"c":null}]},"__proto__":"😀"}');
  t.strictSame(faults, []);
  t.strictSame(markAt(tree, ['a', 'b', 1, 'c']), { line: 1, column: 18 });
  t.strictSame(said(jsonTree('{"a": 1,\n "a": 12345678901234567890}')), [
    'duplicate-key 2:2 the key "a" stands here a second time',
    'number-too-large 2:2 12345678901234567890 is larger than 2^53 and would lose digits',
  ]);
  t.strictSame(said(jsonTree('{"a": ')), ['json-syntax 1:7 not valid JSON: it ends too early']);
  t.strictSame(codes(jsonTree('{"a": "\n"}')), ['json-syntax']);
  t.strictSame(codes(jsonTree(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)), ['nested-too-deeply']);
});
