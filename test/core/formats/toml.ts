import fc from 'fast-check';
import t from 'tap';
import { isTable, parsedToml, tomlString, tomlValueAt } from '../../../src/core/formats/toml.ts';

const BAD: readonly { readonly text: string; readonly message: string; readonly place: string }[] = [
  { text: 'a = ', message: 'not valid TOML: it ends too early', place: '1:5' },
  { text: '[grpc', message: 'not valid TOML: it ends too early', place: '1:6' },
  { text: 'a = "x\nb = 1', message: 'not valid TOML: the line ends too early', place: '1:7' },
  { text: '[a]\nx = ?', message: 'not valid TOML: "?" is not expected here', place: '2:5' },
  { text: '[a]\n[b]\n[a]\n', message: 'not valid TOML: the table or key a stands here a second time', place: '3:1' },
  { text: 'a = 1\na = 2', message: 'not valid TOML: the table or key a stands here a second time', place: '2:1' },
  { text: 'a = "\\q"', message: 'not valid TOML: invalid escape sequence', place: '1:6' },
  { text: '['.repeat(4000), message: 'not valid TOML: "[" is not expected here', place: '1:3' },
];

for (const { text, message, place } of BAD) {
  t.test(`refused: ${text.slice(0, 20)}`, async (t) => {
    const { value, diagnostics } = parsedToml(text, '/etc/x.toml');
    t.equal(value, undefined);
    t.match(diagnostics, [{ severity: 'error', code: 'toml-syntax', path: '/etc/x.toml', message, remedy: String }]);
    t.equal(`${diagnostics[0]?.line}:${diagnostics[0]?.column}`, place);
  });
}

t.test('values by path', async (t) => {
  const table = parsedToml('[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "x"\nd = 2026-01-01\nl = [1]\n', 'x').value ?? {};
  t.equal(tomlValueAt(table, ['plugins', 'io.containerd.grpc.v1.cri', 'sandbox_image']), 'x');
  t.equal(tomlValueAt(table, ['plugins', 'toString']), undefined);
  t.equal(tomlValueAt(table, ['plugins', 'io.containerd.grpc.v1.cri', 'sandbox_image', 'deeper']), undefined);
  t.equal(isTable(tomlValueAt(table, ['plugins'])), true);
  t.equal(isTable(tomlValueAt(table, ['plugins', 'io.containerd.grpc.v1.cri', 'l'])), false);
});

t.test('strings come back as they were', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      t.equal(parsedToml(`x = ${tomlString(text)}\n`, 'x').value?.['x'], text);
    }),
    { numRuns: 300 },
  );
  t.equal(parsedToml(`x = ${tomlString('a\u007f\u0000"\\b')}`, 'x').value?.['x'], 'a\u007f\u0000"\\b');
});
