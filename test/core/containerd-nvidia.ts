import fc from 'fast-check';
import t from 'tap';
import { type ConfigVersion, containerdConfigText } from '../../src/core/containerd.ts';
import { PLACES } from '../../src/core/containerd-lint.ts';
import { withNvidiaRuntime } from '../../src/core/containerd-nvidia.ts';
import { parsedToml, tomlValueAt } from '../../src/core/formats/toml.ts';
import { decidedOf, linesOf } from './support/plain.ts';

const BINARY = '/usr/bin/nvidia-container-runtime';
const edited = (text: string): string => decidedOf(withNvidiaRuntime(text, BINARY, '/x.toml'));
const at = (text: string, version: number, ...path: readonly string[]): unknown => {
  const table = decidedOf(parsedToml(text, '/x.toml'));
  return tomlValueAt(table, [...(PLACES.find((place) => place.version === version)?.runtime ?? []), ...path]);
};

t.test('our own texts', async (t) => {
  for (const version of [2, 3] as const satisfies readonly ConfigVersion[]) {
    const text = edited(containerdConfigText(version, 'pause:1'));
    t.equal(at(text, version, 'default_runtime_name'), 'nvidia');
    t.same(at(text, version, 'runtimes', 'nvidia'), {
      runtime_type: 'io.containerd.runc.v2',
      options: { BinaryName: BINARY, SystemdCgroup: true },
    });
    t.same(at(text, version, 'runtimes', 'runc', 'options', 'SystemdCgroup'), true, 'runc is still there');
    t.equal(edited(text), text, 'again: nothing');
  }
});

const CRI = 'plugins."io.containerd.grpc.v1.cri"';

t.test('where the default runtime is written', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'replaced in place',
      `version = 2\n[${CRI}.containerd] # c\n  default_runtime_name = "runc" # d\n`,
      '  default_runtime_name = "nvidia" # d',
    ],
    [
      'in single quotes',
      `version = 2\n[ plugins . 'io.containerd.grpc.v1.cri' . containerd ]\ndefault_runtime_name='runc'\n`,
      'default_runtime_name="nvidia"',
    ],
    ['a quoted key', `version = 2\n[${CRI}.containerd]\n"default_runtime_name" = "runc"\n`, '"default_runtime_name" = "nvidia"'],
    ['not given', `version = 2\n[${CRI}.containerd]\nsnapshotter = "overlayfs"\n`, 'default_runtime_name = "nvidia"'],
    ['no such table', `version = 2\n[${CRI}.cni]\nbin_dir = "/x"\n`, 'default_runtime_name = "nvidia"'],
    [
      'Windows line ends',
      `version = 2\r\n[${CRI}.containerd]\r\ndefault_runtime_name = "runc"\r\nx = 1\r\n`,
      'default_runtime_name = "nvidia"\r',
    ],
  ];
  for (const [name, text, line] of cases) {
    const after = edited(text);
    t.ok(after.split('\n').includes(line), name);
    t.equal(at(after, 2, 'default_runtime_name'), 'nvidia', name);
    t.equal(at(after, 2, 'runtimes', 'nvidia', 'options', 'BinaryName'), BINARY, name);
    t.equal(edited(after), after, `${name}: again nothing`);
  }
  const other = `version = 2\n[${CRI}.other]\ndefault_runtime_name = "runc"\n[${CRI}.containerd]\n[${CRI}.x]\ndefault_runtime_name = "runc"\n`;
  t.match(edited(other), `[${CRI}.containerd]\ndefault_runtime_name = "nvidia"\n`, 'only in its own table');
  t.equal(edited(other).match(/"runc"/g)?.length, 2);
});

t.test('forms that leave no place are refused, unless nothing has to be added', async (t) => {
  const dotted = `version = 2\n[${CRI}]\ncontainerd.default_runtime_name = "runc"\n`;
  const inline = `version = 2\n[${CRI}.containerd]\nruntimes = { runc = { runtime_type = "x" } }\n`;
  for (const text of [dotted, inline]) {
    const { value, diagnostics } = withNvidiaRuntime(text, BINARY, '/x.toml');
    t.equal(value, undefined);
    t.match(linesOf(diagnostics), [/^error containerd-no-place \/x\.toml: this is a GPU node, and the way/]);
  }
  const complete = `version = 2\n[${CRI}]\ncontainerd = { default_runtime_name = "nvidia", runtimes = { nvidia = { runtime_type = "x" } } }\n`;
  t.equal(edited(complete), complete);
});

t.test('whatever else is in a table, no other value changes', async () => {
  const name = fc.constantFrom('a', 'snapshotter', '"x.y"', "'z'");
  const value = fc.constantFrom('1', '"runc"', 'true', '["default_runtime_name"]', '"[plugins]"', '"""\nmany\nlines\n"""');
  const keys = fc.uniqueArray(name).chain((names) => fc.tuple(...names.map((key) => value.map((text) => `${key} = ${text}`))));
  const before = fc.constantFrom('', 'default_runtime_name = "runc"\n', "\tdefault_runtime_name   =   'runc'   # x\n");
  fc.assert(
    fc.property(keys, before, keys, (above, usual, below) => {
      const text = `version = 2\n[${CRI}.containerd]\n${usual}${above.join('\n')}\n[${CRI}.cni]\n${below.join('\n')}\n`;
      const [was, is] = [text, edited(text)].map(
        (one) => decidedOf(parsedToml(one, 'x')) as { plugins: Record<string, Record<string, unknown>> },
      );
      const [old, now] = [was, is].map(
        (table) => ({ ...table?.plugins['io.containerd.grpc.v1.cri'] }) as Record<string, Record<string, unknown>>,
      );
      const { default_runtime_name: _a, ...oldRest } = old?.['containerd'] ?? {};
      const { default_runtime_name: usualNow, runtimes: _b, ...nowRest } = now?.['containerd'] ?? {};
      return (
        usualNow === 'nvidia' &&
        JSON.stringify(oldRest) === JSON.stringify(nowRest) &&
        JSON.stringify(old?.['cni']) === JSON.stringify(now?.['cni'])
      );
    }),
    { numRuns: 500 },
  );
});
