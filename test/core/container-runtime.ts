import t from 'tap';
import { containerRuntimeOf, knownRuntimeOf } from '../../src/core/container-runtime.ts';
import { decidedOf, factsWith, linesOf, specWith } from './support/plain.ts';

const withKubelet = (kubeletVersion: string | undefined) => factsWith({ host: { kubeletVersion } });

t.test('which one', async (t) => {
  const cases: readonly (readonly [string, readonly string[], string, string])[] = [
    ['1.21.14', [], 'dockerd', 'container-runtime.before-1-24'],
    ['1.23.17', [], 'dockerd', 'container-runtime.before-1-24'],
    ['1.23.17', ['--container-runtime', 'containerd'], 'containerd', 'container-runtime.given'],
    ['1.23.17', ['--container-runtime', 'dockerd'], 'dockerd', 'container-runtime.given'],
    ['1.24.0', [], 'containerd', 'container-runtime.only'],
    ['1.36.0', ['--container-runtime', 'containerd'], 'containerd', 'container-runtime.given'],
  ];
  for (const [version, args, value, rule] of cases) {
    const spec = specWith(args);
    t.match(decidedOf(containerRuntimeOf(spec, withKubelet(version), version)), { value, because: { rule } }, version);
    t.equal(knownRuntimeOf(spec, withKubelet(version)), value);
  }
  t.equal(knownRuntimeOf(specWith(), withKubelet(undefined)), undefined, 'the version decides');
  t.equal(knownRuntimeOf(specWith(['--container-runtime', 'dockerd']), withKubelet(undefined)), 'dockerd');
  t.equal(knownRuntimeOf(specWith(['--container-runtime', 'dockerd']), withKubelet('1.24.0')), 'containerd', 'it will be refused');
});

t.test('dockerd where there is none', async (t) => {
  t.same(linesOf(containerRuntimeOf(specWith(['--container-runtime', 'dockerd']), withKubelet('1.24.0'), '1.24.0').diagnostics), [
    'error unsupported-runtime --container-runtime: containerd is the only supported container runtime as of Kubernetes version 1.24',
  ]);
  const facts = factsWith({ host: { kubeletVersion: '1.23.0', executables: {} } });
  t.same(linesOf(containerRuntimeOf(specWith(), facts, '1.23.0').diagnostics), [
    'error no-dockerd dockerd: there is no dockerd on this node',
  ]);
  const debian = factsWith({ host: { kubeletVersion: '1.23.0', executables: { '/usr/sbin/dockerd': true } } });
  t.same(containerRuntimeOf(specWith(), debian, '1.23.0').diagnostics, []);
});
