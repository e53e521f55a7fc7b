import fc from 'fast-check';
import t from 'tap';
import { flagLayersOf } from '../../../src/core/kubelet/config-flags.ts';
import { type Layers, type MergedKey, mergedKubeletConfigOf } from '../../../src/core/kubelet/merged-config.ts';
import type { Json } from '../../../src/core/report.ts';

type Patch = { readonly [key: string]: Json };

/** A file `base`, drop-ins `10`, `20` …, and flags. */
const layersOf = (base: Patch, dropIns: readonly Patch[] = [], words = ''): Layers => ({
  file: { by: 'base', patch: base },
  dropIns: dropIns.map((patch, index) => ({ by: `${index + 1}0`, patch })),
  flags: flagLayersOf(words),
});

/** `maxPods = 20 by --max-pods over 50 (10), 29 (base)`, in one line each. */
const line = ({ path, value, by, beats }: MergedKey): string =>
  [
    `${path.join('.')} = ${value === undefined ? 'nothing' : JSON.stringify(value)} by ${by}`,
    ...(beats.length === 0 ? [] : [`over ${beats.map((one) => `${JSON.stringify(one.value)} (${one.by})`).join(', ')}`]),
  ].join(' ');

const merged = (layers: Layers, version = '1.34.0'): readonly string[] => mergedKubeletConfigOf(layers, version).map(line);

t.test('objects merge, lists replace, null takes away', async (t) => {
  t.strictSame(
    merged(
      layersOf({ kind: 'x', maxPods: 29, clusterDNS: ['a', 'b'], evictionHard: { m: '1', n: '2' }, hairpinMode: 'h' }, [
        { kind: 'x', clusterDNS: ['c'], evictionHard: { m: '3' }, hairpinMode: null },
        { maxPods: 50, evictionHard: { m: '1' } },
      ]),
    ),
    [
      'clusterDNS = ["c"] by 10 over ["a","b"] (base)',
      'evictionHard.m = "1" by 20 over "3" (10)',
      'evictionHard.n = "2" by base',
      'hairpinMode = nothing by 10 over "h" (base)',
      'maxPods = 50 by 20 over 29 (base)',
    ],
  );
});

t.test('an object in the place of a value, and a value in the place of an object', async (t) => {
  t.strictSame(merged(layersOf({ a: { b: 1 } }, [{ a: 2 }, { a: { c: 3 } }])), ['a.b = nothing by 10 over 1 (base)', 'a.c = 3 by 20']);
  t.strictSame(merged(layersOf({ a: {} }, [{ a: {} }])), ['a = {} by 10']);
});

t.test('flags beat files; a map of a flag replaces that of the file, but for feature gates', async (t) => {
  t.strictSame(
    merged(
      layersOf(
        { maxPods: 29, kubeReserved: { cpu: '70m', memory: '500Mi' }, featureGates: { A: true, B: true }, evictionHard: { m: '1' } },
        [{ maxPods: 50 }],
        '--max-pods=10 --max_pods 20 --kube-reserved=cpu=1 --kube-reserved pid=7 --feature-gates=B=false,C=true --eviction-hard=n<5% --node-ip=1.2.3.4 -v 4 --register-with-taints=z:NoSchedule --register-with-taints=a=b:NoSchedule,c:NoExecute --cluster-dns=x --cluster-dns=y --serialize-image-pulls --rotate-certificates=False --hairpin-mode=',
      ),
    ),
    [
      'clusterDNS = ["x","y"] by --cluster-dns',
      'evictionHard.m = nothing by --eviction-hard over "1" (base)',
      'evictionHard.n = "5%" by --eviction-hard',
      'featureGates.A = true by base',
      'featureGates.B = false by --feature-gates over true (base)',
      'featureGates.C = true by --feature-gates',
      'hairpinMode = "" by --hairpin-mode',
      'kubeReserved.cpu = "1" by --kube-reserved over "70m" (base)',
      'kubeReserved.memory = nothing by --kube-reserved over "500Mi" (base)',
      'kubeReserved.pid = "7" by --kube-reserved',
      'logging.verbosity = 4 by --v',
      'maxPods = 20 by --max-pods over 10 (--max-pods), 50 (10), 29 (base)',
      'registerWithTaints = [{"key":"a","value":"b","effect":"NoSchedule"},{"key":"c","effect":"NoExecute"}] by --register-with-taints over [{"key":"z","effect":"NoSchedule"}] (--register-with-taints)',
      'rotateCertificates = false by --rotate-certificates',
      'serializeImagePulls = true by --serialize-image-pulls',
    ],
  );
});

t.test('zero in a file is no value where the kubelet takes it for none; in a flag it is one', async (t) => {
  t.strictSame(merged(layersOf({ maxPods: 29, registryPullQPS: 3 }, [{ maxPods: 0, registryPullQPS: 0 }])), [
    'maxPods = nothing by an empty value, which counts as none over 0 (10), 29 (base)',
    'registryPullQPS = 0 by 10 over 3 (base)',
  ]);
  t.strictSame(merged(layersOf({ maxPods: 29 }, [], '--max-pods=0')), ['maxPods = 0 by --max-pods over 29 (base)']);
});

t.test('in kubelet 1.28 its defaults win where a drop-in is silent', async (t) => {
  const layers = layersOf({ maxPods: 29, serializeImagePulls: false, cgroupDriver: 'systemd', readOnlyPort: 5 }, [
    { podPidsLimit: 9, cgroupDriver: 'systemd', readOnlyPort: 0 },
  ]);
  t.strictSame(merged(layers, '1.28.15'), [
    'cgroupDriver = "systemd" by 10',
    'maxPods = 110 by the kubelet’s default over 29 (base)',
    'podPidsLimit = 9 by 10',
    'readOnlyPort = 5 by base',
    'serializeImagePulls = true by the kubelet’s default over false (base)',
  ]);
  t.notMatch(merged(layers, '1.29.0').join('\n'), /default/);
});

t.test('for any files: a key once, never a value that it beats', async () => {
  const scalar = fc.constantFrom<Json>(0, 1, '', 'x', true, false, null, [], ['a'], {});
  const patch = fc.letrec<{ object: Json }>((tie) => ({
    object: fc.dictionary(fc.constantFrom('a', 'b', 'maxPods', '__proto__'), fc.oneof({ depthSize: 'small' }, scalar, tie('object')), {
      maxKeys: 3,
      noNullPrototype: true,
    }) as fc.Arbitrary<Json>,
  })).object;
  fc.assert(
    fc.property(patch, fc.array(patch, { maxLength: 3 }), fc.constantFrom('1.28.0', '1.34.0'), (base, dropIns, version) => {
      const keys = mergedKubeletConfigOf(layersOf(base as Patch, dropIns as Patch[], '--max-pods=3'), version);
      const names = keys.map(({ path }) => path.join('\0'));
      return (
        new Set(names).size === names.length &&
        keys.every(({ value, beats }) => beats.every((one) => JSON.stringify(one.value) !== JSON.stringify(value)))
      );
    }),
    { numRuns: 500 },
  );
});
