import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const fakes = await startFakes();
t.teardown(() => fakes.close());

const IMAGE = '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';
const V2 = `version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "${IMAGE}"\n`;
const V3 = `version = 3\n[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "${IMAGE}"\n`;

/** A containerd whose ctr notes its arguments, one call per line. */
const containerd = (t: Test, config: string, { listed = '', exit = 0 } = {}) => {
  const dir = t.testdir({
    'config.toml': config,
    ctr: `#!/bin/sh\necho "$@" >> "$0.calls"\ncase "$*" in *" ls "*) printf '${listed}' ;; *) echo "ctr: cannot resolve" >&2; exit ${exit} ;; esac\n`,
  });
  chmodSync(join(dir, 'ctr'), 0o755);
  const calls = (): string[] =>
    existsSync(join(dir, 'ctr.calls')) ? readFileSync(join(dir, 'ctr.calls'), 'utf8').trimEnd().split('\n') : [];
  const pull = () =>
    run(['pull-sandbox-image', '--config', join(dir, 'config.toml')], { env: { ...fakes.env, PATH: `${dir}:/usr/bin:/bin` } });
  return { calls, pull };
};

t.test('pulls what the configuration of containerd 1 and 2 names, with the node’s credentials', async (t) => {
  for (const config of [V2, V3]) {
    const { calls, pull } = containerd(t, config);
    const { code, stderr } = await pull();
    t.equal(code, 0, stderr);
    t.equal(stderr, `${IMAGE} pulled\n`);
    const [ls, pulled] = calls();
    t.equal(ls, `--namespace k8s.io images ls --quiet name==${IMAGE}`);
    t.match(pulled, /^--namespace k8s\.io images pull --user AWS:\S+ --label io\.cri-containerd\.pinned=pinned 602401143452\S+$/);
  }
});

t.test('an image that is there is not pulled again', async (t) => {
  const { calls, pull } = containerd(t, V2, { listed: `${IMAGE}\\n` });
  const { code, stderr } = await pull();
  t.equal(code, 0);
  t.equal(stderr, `${IMAGE} is there\n`);
  t.equal(calls().length, 1);
});

t.test('a registry that is not ECR’s gets no credentials', async (t) => {
  const { calls, pull } = containerd(t, V2.replace(IMAGE, 'registry.example/pause:3.9'));
  t.equal((await pull()).code, 0);
  t.equal(calls()[1], '--namespace k8s.io images pull --label io.cri-containerd.pinned=pinned registry.example/pause:3.9');
});

t.test('nothing to pull', async (t) => {
  const { pull } = containerd(t, 'version = 2\n');
  const { code, stderr } = await pull();
  t.equal(code, 0);
  t.match(stderr, /config\.toml names no sandbox image: nothing to pull\n$/);
});

t.test('failures say what to do, and no password', async (t) => {
  const failing = await containerd(t, V2, { exit: 1 }).pull();
  t.equal(failing.code, 71);
  t.equal(
    failing.stderr,
    `error: ctr could not pull ${IMAGE}: ctr: cannot resolve. Check containerd (journalctl -u containerd) and the way to the registry.\n`,
  );
  const broken = await containerd(t, 'version = [').pull();
  t.equal(broken.code, 65);
  t.match(broken.stderr, /^error: .*config\.toml:1:\d+: not valid TOML: /);
  const dir = t.testdir({ 'config.toml': V2 });
  const without = await run(['pull-sandbox-image', '--config', join(dir, 'config.toml')], { env: { ...fakes.env, PATH: dir } });
  t.equal(without.code, 71);
  t.equal(without.stderr, 'error: there is no ctr on PATH. Install containerd with its ctr.\n');
});

t.test('a configuration that was named must be there', async (t) => {
  const { code, stderr } = await run(['pull-sandbox-image', '--config', '/nope']);
  t.equal(code, 66);
  t.equal(stderr, 'error: /nope does not exist. Give --config a configuration of containerd.\n');
});
