import fc from 'fast-check';
import t from 'tap';
import { exactToml, tomlText } from '../../../src/core/formats/toml-write.ts';

t.test('as go-toml v2 marshals a map', async (t) => {
  const source = `version = 3
root = "/var/lib"
f = 1.0
g = 1e21
half = 0.5
far = inf
nowhere = nan
large = 9007199254740993
d = 1979-05-27T07:32:00Z
neg = -1
q = "it's"
nl = "a\\nb"
tab = "a\\tb"
bs = 'c:\\x'
del = "\\u007f"
emp = ""
arr = ["a", 'b"']
nested = [[1, 2], [3]]
mixed = [1, {a = 1}]
earr = []
inline = {a = 1, b = {c = 2}}
arrinl = [{x = 1}, {y = {z = 2}}]
empt = {}
"key with space" = 1
"quo'te" = 2
"" = 3
"é" = 4
[plugins."io.containerd.grpc.v1.cri".containerd]
x = 1
[[products]]
name = "a"
[[products.sub]]
k = 1
[[products]]
[a.b.c]
[a.b.d]
z = true
`;
  // Made by a program around github.com/pelletier/go-toml/v2 v2.2.4 but for the keys that it prints alike and we left out.
  const expected = `'' = 3
arr = ['a', 'b"']
bs = 'c:\\x'
d = 1979-05-27T07:32:00Z
del = "\\u007F"
earr = []
emp = ''
f = 1.0
far = inf
g = 1000000000000000000000.0
half = 0.5
'key with space' = 1
large = 9007199254740993
mixed = [1, {a = 1}]
neg = -1
nested = [[1, 2], [3]]
nl = "a\\nb"
nowhere = nan
q = "it's"
"quo'te" = 2
root = '/var/lib'
tab = 'a\tb'
version = 3
'é' = 4

[a]
[a.b]
[a.b.c]

[a.b.d]
z = true

[[arrinl]]
x = 1

[[arrinl]]
[arrinl.y]
z = 2

[empt]

[inline]
a = 1

[inline.b]
c = 2

[plugins]
[plugins.'io.containerd.grpc.v1.cri']
[plugins.'io.containerd.grpc.v1.cri'.containerd]
x = 1

[[products]]
name = 'a'

[[products.sub]]
k = 1

[[products]]
`;
  t.equal(tomlText(exactToml(source)), expected);
  t.equal(tomlText(exactToml(expected)), expected, 'and is read back');
  t.equal(tomlText({}), '');
});

t.test('what was written is read back', async () => {
  const { tree } = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double({ noNaN: true }).filter((n) => !Number.isInteger(n)),
      fc.boolean(),
      fc.array(fc.string()),
      tie('tree'),
    ),
    tree: fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }));
  fc.assert(
    fc.property(tree, (table) => {
      const text = tomlText(table as never);
      return tomlText(exactToml(text)) === text;
    }),
  );
});
