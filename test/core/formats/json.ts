import fc from 'fast-check';
import t from 'tap';
import { jsonText, parsedJson } from '../../../src/core/formats/json.ts';
import type { Json } from '../../../src/core/report.ts';

t.test('texts are those of jq', async (t) => {
  t.equal(jsonText({ b: [1, 'x'], a: {} }), '{\n  "b": [\n    1,\n    "x"\n  ],\n  "a": {}\n}\n');
  t.equal(jsonText({ a: 1 }, '\t'), '{\n\t"a": 1\n}\n');
});

t.test('what is written is read back', async (t) => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = JSON.parse(text) as Json;
      const read = parsedJson(jsonText(value), '/etc/x.json');
      t.same(read.value, JSON.parse(jsonText(value)));
      t.same(read.diagnostics, []);
    }),
    { numRuns: 200 },
  );
});

const BAD: readonly { readonly text: string; readonly code: string; readonly message: string; readonly place: string }[] = [
  { text: '', code: 'json-syntax', message: 'not valid JSON: it ends too early', place: '1:1' },
  { text: '{"a":1', code: 'json-syntax', message: 'not valid JSON: it ends too early', place: '1:7' },
  { text: '{"a": 1,}', code: 'json-syntax', message: 'not valid JSON: "}" is not expected here', place: '1:9' },
  { text: '{\n  "a" 1\n}', code: 'json-syntax', message: 'not valid JSON: "1" is not expected here', place: '2:7' },
  { text: '{ a: 1 }', code: 'json-syntax', message: 'not valid JSON: "a" is not expected here', place: '1:3' },
  { text: '// c\n{}', code: 'json-syntax', message: 'not valid JSON: "/" is not expected here', place: '1:1' },
  { text: '{} {}', code: 'json-syntax', message: 'not valid JSON: "{" is not expected here', place: '1:4' },
  { text: '<html>', code: 'json-syntax', message: 'not valid JSON: "<" is not expected here', place: '1:1' },
  { text: '\uFEFF{}', code: 'json-syntax', message: 'not valid JSON: it starts with a byte order mark', place: '1:1' },
  {
    text: '{"a": "\0"}',
    code: 'json-syntax',
    message: 'not valid JSON: it holds NUL bytes (a crash while it was written?)',
    place: ':',
  },
  { text: '{"a": "\n"}', code: 'json-syntax', message: 'not valid JSON: a string holds a control character', place: ':' },
  { text: '['.repeat(100_000), code: 'json-syntax', message: 'not valid JSON: it is nested too deeply', place: ':' },
  { text: '{"a": 1, "a": 2}', code: 'json-duplicate-key', message: 'the key "a" stands here a second time', place: '1:10' },
  { text: '[{"x": {"a": 1,\n"a": 1}}]', code: 'json-duplicate-key', message: 'the key "a" stands here a second time', place: '2:1' },
  {
    text: '{"a": 12345678901234567890}',
    code: 'json-number-too-large',
    message: '12345678901234567890 is larger than 2^53 and would lose digits',
    place: '1:7',
  },
];

for (const { text, code, message, place } of BAD) {
  t.test(`refused: ${text.slice(0, 20)}`, async (t) => {
    const { value, diagnostics } = parsedJson(text, '/etc/x.json');
    t.equal(value, undefined);
    const [first] = diagnostics;
    t.equal(diagnostics.length, 1);
    t.match(first, { severity: 'error', code, path: '/etc/x.json', message, remedy: String });
    t.equal(`${first?.line ?? ''}:${first?.column ?? ''}`, place);
  });
}

t.test('all duplicate keys are said at once', async (t) => {
  t.equal(parsedJson('{"a": 1, "a": 2, "b": {"c": 1, "c": 2}}', 'x').diagnostics.length, 2);
});
