/** Every file of the cases of Amazon Linux 2023 that the real kubelet and the real containerds can judge, and containerd's own conversion. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parsedToml, tomlValueAt } from '../../src/core/formats/toml.ts';
import { migrateConfig } from '../../src/facts/migrate.ts';
import { containerdObjections, kubeletObjections } from '../rig/judges.ts';
import { needs, RIG } from '../rig/parts.ts';
import { distinct, type RenderedCase, renderedCases2023 } from '../rig/rendered.ts';

const BASE_SPEC = '/etc/containerd/base-runtime-spec.json';

/** What the kubelet rightly says to a user's own text; fields of a drop-in that it does not know it passes over in silence. */
const KUBELET_SAYS: { readonly [name: string]: RegExp } = {
  'kubelet-config-max-pods-word': /cannot unmarshal string into .*maxPods/,
};

const textOf = ({ files }: RenderedCase, path: string): string | undefined => files.find((file) => file.path === path)?.text;

/** Each kubelet judges what is made for it and for those before it, but for what has been taken out since. */
const KUBELETS = { kubelet: 36, 'kubelet-1.34': 34 } as const;

for (const [program, minor] of Object.entries(KUBELETS) as readonly (readonly [keyof typeof KUBELETS, number])[])
  t.test(`kubelet 1.${minor} takes every config.json with its drop-in`, { timeout: 120_000 }, async (t) => {
    if (!needs(t, 'linux', 'root', 'cgroup2', program)) return;
    const dir = t.testdir();
    const [file, dropIns] = [join(dir, 'config.json'), join(dir, 'config.json.d')];
    const cases = renderedCases2023().filter((one) => Number(one.kubelet.split('.')[1]) <= minor);
    const texts = distinct(cases, (one) => ({
      config: textOf(one, '/etc/kubernetes/kubelet/config.json') ?? '',
      dropIn: textOf(one, '/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf'),
    }));
    t.ok(texts.size > 30, `${texts.size} different configurations`);
    for (const [name, { config, dropIn }] of texts) {
      rmSync(dropIns, { recursive: true, force: true });
      mkdirSync(dropIns);
      writeFileSync(file, config);
      if (dropIn !== undefined) writeFileSync(join(dropIns, '40-nodeadm.conf'), dropIn);
      t.match(await kubeletObjections(program, file, dropIn === undefined ? undefined : dropIns), KUBELET_SAYS[name] ?? /^$/, name);
    }
  });

t.test('containerd takes every config.toml with its base runtime specification', { timeout: 240_000 }, async (t) => {
  if (!needs(t, 'linux', 'root', 'containerd-1.7', 'containerd-2')) return;
  const dir = t.testdir();
  const [file, spec] = [join(dir, 'config.toml'), join(dir, 'base-runtime-spec.json')];
  for (const version of ['1.7', '2'] as const) {
    const texts = distinct(renderedCases2023(), (one) =>
      one.containerd.startsWith(version[0] ?? '')
        ? { config: textOf(one, '/etc/containerd/config.toml') ?? '', base: textOf(one, BASE_SPEC) ?? '' }
        : undefined,
    );
    t.ok(texts.size >= 4, `${texts.size} different configurations for containerd ${version}`);
    for (const [name, { config, base }] of texts) {
      writeFileSync(file, config.replaceAll(BASE_SPEC, spec));
      writeFileSync(spec, base);
      t.match(await containerdObjections(version, file), /^$/, `${name} by containerd ${version}`);
    }
    writeFileSync(spec, '{"process": 7}');
    t.not(await containerdObjections(version, file), '', 'a mistake would be told');
  }
});

t.test('containerd 2 converts what is written for containerd 1', { timeout: 60_000 }, async (t) => {
  if (!needs(t, 'linux', 'containerd-2')) return;
  const program = join(RIG, 'bin/containerd-2');
  const format2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "my/pause:1"\n';
  const migrated = await migrateConfig(format2, ['/proc/nonexistent/containerd', program], 10_000);
  if (migrated === null || !('text' in migrated)) return t.fail(`it did not: ${JSON.stringify(migrated)}`);
  const table = parsedToml(migrated.text, 'migrated').value ?? {};
  t.equal(table['version'], 3);
  t.equal(tomlValueAt(table, ['plugins', 'io.containerd.cri.v1.images', 'pinned_images', 'sandbox']), 'my/pause:1');

  const refused = await migrateConfig('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = 7\n', [program], 10_000);
  t.match(refused, { error: /cannot decode TOML integer/ });
  t.equal(await migrateConfig(format2, ['/proc/nonexistent/containerd'], 10_000), null, 'no containerd');
});
