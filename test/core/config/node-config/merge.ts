import fc from 'fast-check';
import t from 'tap';
import { dumpText, explained } from '../../../../src/core/config/node-config/dump.ts';
import { mergedOf, mergedSpec } from '../../../../src/core/config/node-config/merge.ts';
import type { Json } from '../../../../src/core/report.ts';
import { decodedText, documentOf, specs } from './support/documents.ts';

const merged = (...some: readonly Json[]): Json => mergedOf(some.map((spec, index) => documentOf(spec, `doc${index + 1}`))).spec as Json;

t.test('what nodeadm merges, and how', async (t) => {
  const cluster = (values: Json): Json => ({ cluster: values });
  const same = (name: string, some: readonly Json[], wanted: Json): void => void t.strictSame(merged(...some), wanted, name);

  same('a later text replaces', [cluster({ name: 'a', id: 'x' }), cluster({ name: 'b' })], cluster({ name: 'b', id: 'x' }));
  same('an empty text never clears', [cluster({ name: 'a' }), cluster({ name: '' })], cluster({ name: 'a' }));
  same('null never clears', [cluster({ name: 'a' }), cluster({ name: null })], cluster({ name: 'a' }));
  same('true stays', [cluster({ enableOutpost: true }), cluster({})], cluster({ enableOutpost: true }));
  same(
    'a later false undoes true',
    [cluster({ enableOutpost: true }), cluster({ enableOutpost: false })],
    cluster({ enableOutpost: false }),
  );

  const kubelet = (values: Json): Json => ({ kubelet: values });
  same('flags are added', [kubelet({ flags: ['--a', '--b'] }), kubelet({ flags: ['--a'] })], kubelet({ flags: ['--a', '--b', '--a'] }));
  same(
    'kubelet.config key by key; empty values, null and lists replace',
    [
      kubelet({ config: { a: { b: 1, c: 2 }, l: [1, 2], n: 5, s: 'x', t: true, o: { p: 1 } } }),
      kubelet({ config: { a: { c: 3 }, l: [], n: 0, s: '', t: false, o: null } }),
    ],
    kubelet({ config: { a: { b: 1, c: 3 }, l: [], n: 0, s: '', t: false, o: null } }),
  );

  const instance = (values: Json): Json => ({ instance: values });
  same(
    'other lists are replaced, unless by an empty one',
    [
      instance({ network: { nameservers: ['1.1.1.1', '2.2.2.2'], domains: ['a'] } }),
      instance({ network: { nameservers: ['3.3.3.3'], domains: [] } }),
    ],
    instance({ network: { nameservers: ['3.3.3.3'], domains: ['a'] } }),
  );
  same(
    'environment by service and variable; an empty text replaces',
    [instance({ environment: { default: { A: '1', B: '2' }, kubelet: { C: '3' } } }), instance({ environment: { default: { A: '' } } })],
    instance({ environment: { default: { A: '', B: '2' }, kubelet: { C: '3' } } }),
  );
  same(
    'feature gates by key',
    [{ featureGates: { FastImagePull: true, InstanceIdNodeName: true } }, { featureGates: { FastImagePull: false } }],
    { featureGates: { FastImagePull: false, InstanceIdNodeName: true } },
  );

  const toml = (text: string): Json => ({ containerd: { config: text } });
  same('one TOML stays as it was written', [toml('b = 1 # one\na = 2\n'), toml('')], toml('b = 1 # one\na = 2\n'));
  same(
    'two TOMLs are one, sorted',
    [
      toml('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "x"\ny = 1.0\n'),
      toml('[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "z"\nlist = []\n'),
    ],
    toml("version = 2\n\n[plugins]\n[plugins.'io.containerd.grpc.v1.cri']\nlist = []\nsandbox_image = 'z'\ny = 1.0\n"),
  );
});

t.test('it does not matter which documents come together first', async () => {
  fc.assert(
    fc.property(
      specs,
      specs,
      specs,
      (a, b, c) => JSON.stringify(sorted(mergedSpec(mergedSpec(a, b), c))) === JSON.stringify(sorted(mergedSpec(a, mergedSpec(b, c)))),
    ),
    { numRuns: 300 },
  );
});

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
};

t.test('unless a key changes its kind: then the order of documents counts, from left to right', async (t) => {
  const config = (o: Json): Json => ({ kubelet: { config: { o } } });
  t.strictSame(merged(config({ p: 1 }), config(null), config({ q: 2 })), config({ q: 2 }));
});

t.test('nothing is lost on the way to a dump and back', async () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const document = documentOf(spec as Json);
      const dump = dumpText(mergedOf([document]));
      const { document: again } = decodedText(dump);
      return again !== undefined && dumpText(mergedOf([again])) === dump;
    }),
    { numRuns: 200 },
  );
});

t.test('places', async (t) => {
  const one = decodedText(
    'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: a\n    cidr: 10.100.0.0/16\n  kubelet:\n    flags: [--a, --b]\n    config:\n      maxPods: 10\n',
    'one',
  ).document;
  const two = decodedText(
    'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster: {name: b, cidr: ""}\n  kubelet:\n    flags:\n    - --c\n    config: {maxPods: 20, podsPerCore: 1}\n',
    'two',
  ).document;
  if (one === undefined || two === undefined) throw new Error('the documents are right');
  const { placeOf } = mergedOf([one, two]);
  t.strictSame(placeOf(['cluster', 'name']), { origin: 'host-file', at: 'two, line 4, column 13' });
  t.equal(placeOf(['cluster', 'cidr']).at, 'one, line 6, column 5', 'an empty value is none');
  t.equal(placeOf(['cluster', 'id']).at, 'two, line 4, column 3', 'the nearest above');
  t.equal(placeOf(['kubelet', 'flags', 1]).at, 'one, line 8, column 18');
  t.equal(placeOf(['kubelet', 'flags', 2]).at, 'two, line 7, column 7');
  t.equal(placeOf(['kubelet', 'config', 'maxPods']).at, 'two, line 8, column 14');
  t.equal(placeOf(['instance', 'localStorage', 'strategy']).at, 'two, line 3, column 1', 'nothing of it');
  t.equal(placeOf([]).at, 'two, line 3, column 1');

  const values = explained([one, two]);
  t.strictSame(
    values.map(({ path }) => path),
    [
      'spec.cluster.name',
      'spec.cluster.cidr',
      'spec.kubelet.config.maxPods',
      'spec.kubelet.config.podsPerCore',
      'spec.kubelet.flags[0]',
      'spec.kubelet.flags[1]',
      'spec.kubelet.flags[2]',
    ],
  );
  t.strictSame(values[0], {
    path: 'spec.cluster.name',
    value: 'b',
    at: 'two, line 4, column 13',
    beats: [{ value: 'a', at: 'one, line 5, column 5' }],
    otherOrder: 'a',
    isSecret: false,
  });
  t.throws(() => mergedOf([]).placeOf([]), /nothing to merge/);
});

t.test('a dump is the line that nodeadm prints', async (t) => {
  const config = { z: { b: 1, a: '<&>\u2028' }, maxPods: 5 };
  const spec = { kubelet: { flags: ['--v=2'], config }, cluster: { cidr: '10.100.0.0/16', name: 'n', certificateAuthority: 'YWJj\nZGVm' } };
  t.equal(
    dumpText(mergedOf([documentOf(spec)])),
    '{"kind":"NodeConfig","apiVersion":"node.eks.aws/v1alpha1","metadata":{},"spec":{"cluster":{"name":"n","certificateAuthority":"YWJjZGVm","cidr":"10.100.0.0/16"},"containerd":{},"instance":{"localStorage":{},"network":{}},"kubelet":{"config":{"maxPods":5,"z":{"a":"\\u003c\\u0026\\u003e\\u2028","b":1}},"flags":["--v=2"]}}}\n',
  );
});
