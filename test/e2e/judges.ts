/** Every file of the decision cases that the real kubelet and the real containerds can judge. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { containerdObjections, kubeletObjections } from '../rig/judges.ts';
import { needs } from '../rig/parts.ts';
import { distinct, type RenderedCase, renderedCases } from '../rig/rendered.ts';

/** What a program rightly says to a user's own text. */
const KNOWN: { readonly [name: string]: RegExp } = {
  'containerd-file-empty': /containerd config version `1` has been deprecated/,
  'gpu-file-empty': /containerd config version `1` has been deprecated/,
};

const textOf = ({ files }: RenderedCase, path: string): string | undefined => files.find((file) => file.path === path)?.text;
const minorOf = (version: string): number => Number(version.split('.')[1]);

t.test('kubelet 1.36 takes every rendered configuration', { timeout: 120_000 }, async (t) => {
  if (!needs(t, 'linux', 'root', 'cgroup2', 'kubelet')) return;
  const file = join(t.testdir(), 'kubelet-config.json');
  // Before 1.28 the file names a feature gate that later kubelets no longer know; they are not made for it.
  const texts = distinct(renderedCases(), (one) =>
    minorOf(one.kubelet) >= 28 ? textOf(one, '/etc/kubernetes/kubelet/kubelet-config.json') : undefined,
  );
  t.ok(texts.size > 20, `${texts.size} different configurations`);
  for (const [name, text] of texts) {
    writeFileSync(file, text);
    t.equal(await kubeletObjections('kubelet', file), '', name);
  }

  writeFileSync(file, '{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", "maxPodz": 1}');
  t.match(await kubeletObjections('kubelet', file), 'unknown field \\"maxPodz\\"', 'a mistake would be told');
});

t.test('containerd takes every rendered configuration', { timeout: 240_000 }, async (t) => {
  if (!needs(t, 'linux', 'root', 'containerd-1.7', 'containerd-2')) return;
  const file = join(t.testdir(), 'config.toml');
  for (const version of ['1.7', '2'] as const) {
    const texts = distinct(renderedCases(), (one) =>
      one.containerd.startsWith(version[0] ?? '') ? textOf(one, '/etc/containerd/config.toml') : undefined,
    );
    t.ok(texts.size >= 2, `${texts.size} different configurations for containerd ${version}`);
    for (const [name, text] of texts) {
      writeFileSync(file, text);
      t.match(await containerdObjections(version, file), KNOWN[name] ?? /^$/, `${name} by containerd ${version}`);
    }
  }

  writeFileSync(file, 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = 7\n');
  t.not(await containerdObjections('2', file), '', 'a mistake would be told');
});
