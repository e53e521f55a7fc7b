import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { BOOTSTRAP_FLAGS } from '../../src/core/config/bootstrap-flags.ts';

const SHIM = new URL('../../userdata/eks-bootstrap.sh', import.meta.url).pathname;

/** A stand-in for the executable that prints its words and the variables that reached it, one per line. */
const PROBE = `#!/bin/bash
for word in "$@"; do printf 'word=%s\\n' "$word"; done
env | grep -E '^(${BOOTSTRAP_FLAGS.flatMap((f) => (f.env === undefined ? [] : [f.env])).join('|')})=' | sort
`;

interface Machine {
  readonly shim: string;
  readonly probe: string;
  readonly sed: (...edits: string[]) => void;
  readonly write: (name: string, text: string) => string;
  readonly run: (args: readonly string[], env?: Record<string, string>) => { lines: string[]; status: number | null; stderr: string };
}

const machine = (t: Test): Machine => {
  const dir = t.testdir({});
  const shim = join(dir, 'bootstrap.sh');
  copyFileSync(SHIM, shim);
  const probe = join(dir, 'probe');
  writeFileSync(probe, PROBE);
  chmodSync(probe, 0o755);
  return {
    shim,
    probe,
    sed: (...edits) => {
      for (const edit of edits) t.equal(spawnSync('sed', ['-i', edit, shim]).status, 0, edit);
    },
    write: (name, text) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    },
    run: (args, env = {}) => {
      const done = spawnSync('bash', [shim, ...args], {
        env: { PATH: '/usr/bin:/bin', BOOTWRIGHT_BINARY: probe, ...env },
        encoding: 'utf8',
      });
      return { lines: done.stdout.split('\n').filter((line) => line !== ''), status: done.status, stderr: done.stderr };
    },
  };
};

const words = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('word=')).map((line) => line.slice(5));
const variables = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('word='));

t.test('every word arrives, in order and unchanged', async (t) => {
  const { run } = machine(t);
  t.same(words(run(['my-cluster', '--dns-cluster-ip', '', '--b64-cluster-ca', 'a b', '--use-max-pods', 'false']).lines), [
    'my-cluster',
    '--dns-cluster-ip',
    '',
    '--b64-cluster-ca',
    'a b',
    '--use-max-pods',
    'false',
  ]);
  t.same(words(run([]).lines), []);
});

t.test('extra arguments arrive as a flag, whatever their form', async (t) => {
  const { run } = machine(t);
  const expected = ['--kubelet-extra-args', "--node-labels=a=b,c='d' --v=4", 'my-cluster'];
  t.same(words(run(['--kubelet-extra-args', "--node-labels=a=b,c='d' --v=4", 'my-cluster']).lines), expected);
  t.same(words(run(['my-cluster', "--kubelet-extra-args=--node-labels=a=b,c='d' --v=4"]).lines), expected);
});

t.test('the last of several extra arguments counts, and beats the variable', async (t) => {
  const { run } = machine(t);
  const { lines } = run(['c', '--kubelet-extra-args', '--v=1', '--kubelet-extra-args', '--v=2'], { KUBELET_EXTRA_ARGS: '--v=0' });
  t.same(words(lines), ['--kubelet-extra-args', '--v=2', 'c']);
});

t.test('an empty flag clears the variable, as it did', async (t) => {
  const { run } = machine(t);
  const { lines } = run(['c', '--kubelet-extra-args', ''], { KUBELET_EXTRA_ARGS: '--v=0' });
  t.same(words(lines), ['--kubelet-extra-args', '', 'c']);
  t.same(variables(lines), ['KUBELET_EXTRA_ARGS=', 'USE_MAX_PODS=true']);
});

t.test('a flag without value stays last, so that bootwright can name it', async (t) => {
  const { run } = machine(t);
  t.same(words(run(['c', '--kubelet-extra-args']).lines), ['c', '--kubelet-extra-args']);
  t.same(words(run(['c', '--kubelet-extra-args', '--v=2', '--dns-cluster-ip']).lines), [
    '--kubelet-extra-args',
    '--v=2',
    'c',
    '--dns-cluster-ip',
  ]);
});

t.test('eksctl’s patch for maxPodsPerNode', async (t) => {
  const { sed, run } = machine(t);
  sed('s/KUBELET_EXTRA_ARGS=$2/KUBELET_EXTRA_ARGS="$2 --max-pods=110"/');
  t.same(words(run(['c', '--kubelet-extra-args', '--v=2']).lines), ['--kubelet-extra-args', '--v=2 --max-pods=110', 'c']);
  t.same(
    words(run(['c', '--kubelet-extra-args=--v=2']).lines),
    ['--kubelet-extra-args', '--v=2 --max-pods=110', 'c'],
    'with an equals sign too',
  );
  t.same(words(run(['c']).lines), ['c'], 'without the flag it has no effect, as upstream');
});

t.test('labels put before the value', async (t) => {
  const { sed, run } = machine(t);
  sed('s/KUBELET_EXTRA_ARGS=$2/KUBELET_EXTRA_ARGS="--node-labels=x $2"/');
  t.same(words(run(['c', '--kubelet-extra-args', '--v=2']).lines), ['--kubelet-extra-args', '--node-labels=x --v=2', 'c']);
});

t.test('a sourced file with unexported variables', async (t) => {
  const { sed, run, write } = machine(t);
  const profile = write('profile.sh', 'CONTAINER_RUNTIME="containerd"\nUSE_MAX_PODS=false\nexport KUBELET_EXTRA_ARGS="--max-pods=110"\n');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands it
  sed(`/^set -o errexit/a\\\\nsource ${profile}`, 's/KUBELET_EXTRA_ARGS=$2/KUBELET_EXTRA_ARGS="${KUBELET_EXTRA_ARGS} $2"/');
  const { lines, status } = run(['c', '--kubelet-extra-args', '--v=2']);
  t.equal(status, 0);
  t.same(words(lines), ['--kubelet-extra-args', '--max-pods=110 --v=2', 'c']);
  t.same(variables(lines), ['CONTAINER_RUNTIME=containerd', 'KUBELET_EXTRA_ARGS=--max-pods=110 --v=2', 'USE_MAX_PODS=false']);
});

t.test('a sourced file sets every variable there is, none exported', async (t) => {
  const { sed, run, write } = machine(t);
  const names = [...BOOTSTRAP_FLAGS.flatMap((f) => (f.env === undefined ? [] : [f.env])), 'PAUSE_CONTAINER_IMAGE'];
  const profile = write('all.sh', names.map((name) => `${name}='of ${name}'\n`).join(''));
  sed(`/^set -o errexit/a source ${profile}`);
  const reached = variables(run(['c']).lines);
  for (const name of names) if (name !== 'PAUSE_CONTAINER_IMAGE') t.ok(reached.includes(`${name}=of ${name}`), name);
});

t.test('taints appended to the assignment at the start of a line', async (t) => {
  const { sed, run } = machine(t);
  sed('/^KUBELET_EXTRA_ARGS=/a KUBELET_EXTRA_ARGS+=" --register-with-taints=a=b:NoSchedule"');
  t.same(words(run(['c', '--kubelet-extra-args', '--v=2']).lines), [
    '--kubelet-extra-args',
    '--v=2 --register-with-taints=a=b:NoSchedule',
    'c',
  ]);
  t.same(
    variables(run(['c']).lines),
    ['KUBELET_EXTRA_ARGS= --register-with-taints=a=b:NoSchedule', 'USE_MAX_PODS=true'],
    'without the flag by the variable',
  );
});

t.test('eksctl’s own call: variables from its file, an empty DNS address', async (t) => {
  const { shim, probe, run, write } = machine(t);
  const env = write('kubelet.env', 'CLUSTER_NAME=c\nNODE_LABELS=a=b\nCONTAINER_RUNTIME=containerd\n');
  const call = `source ${env}\nexport KUBELET_EXTRA_ARGS="--node-labels=\${NODE_LABELS}"\n${shim} "\${CLUSTER_NAME}" --dns-cluster-ip "" --kubelet-extra-args "\${KUBELET_EXTRA_ARGS}" --container-runtime "\${CONTAINER_RUNTIME}"`;
  chmodSync(shim, 0o755);
  const done = spawnSync('bash', ['-c', call], { env: { PATH: '/usr/bin:/bin', BOOTWRIGHT_BINARY: probe }, encoding: 'utf8' });
  t.same(words(done.stdout.split('\n')), [
    '--kubelet-extra-args',
    '--node-labels=a=b',
    'c',
    '--dns-cluster-ip',
    '',
    '--container-runtime',
    'containerd',
  ]);
  t.equal(run(['c']).status, 0);
});

t.test('an edited USE_MAX_PODS line reaches the program', async (t) => {
  const { run, sed } = machine(t);
  t.ok(variables(run(['c']).lines).includes('USE_MAX_PODS=true'));
  t.ok(variables(run(['c'], { USE_MAX_PODS: 'false' }).lines).includes('USE_MAX_PODS=false'));
  sed('s/^USE_MAX_PODS=.*/USE_MAX_PODS=false/');
  const { lines } = run(['c', '--use-max-pods', 'true'], { BOOTWRIGHT_CREDENTIAL_PLUGIN: 'auto', BOOTWRIGHT_NODE_NAME: 'instance-id' });
  t.ok(variables(lines).includes('USE_MAX_PODS=false'));
  t.same(words(lines), ['c', '--use-max-pods', 'true'], 'the flag is handed on, and wins there');
});

t.test('hands over under the name bootstrap.sh, run by path and by bash', async (t) => {
  const { shim } = machine(t);
  chmodSync(shim, 0o755);
  const env = { PATH: '/usr/bin:/bin', BOOTWRIGHT_BINARY: '/bin/cat' };
  for (const command of [[shim], ['bash', shim], ['bash', '-xe', shim]]) {
    const [program = '', ...args] = command;
    const { stdout } = spawnSync(program, [...args, '/proc/self/cmdline'], { env, encoding: 'utf8' });
    t.equal(stdout, 'bootstrap.sh\0/proc/self/cmdline\0', command.join(' ').replace(shim, 'bootstrap.sh'));
  }
});

t.test('without the executable it says so and fails', async (t) => {
  const { run } = machine(t);
  const { status, stderr } = run(['c'], { BOOTWRIGHT_BINARY: '/nowhere/bootwright' });
  t.equal(status, 1);
  t.match(
    stderr,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \[eks-bootstrap\] ERROR: \/nowhere\/bootwright is missing or not executable\. Install bootwright there, or name it in BOOTWRIGHT_BINARY\.\n$/,
  );
});

t.test('the exit code is that of the program', async (t) => {
  const { run } = machine(t);
  t.equal(run(['c'], { BOOTWRIGHT_BINARY: '/bin/false' }).status, 1);
});

t.test('holds the lines that people look for', async (t) => {
  const text = readFileSync(SHIM, 'utf8');
  t.match(text, /^set -o errexit$/m);
  t.equal(text.split('KUBELET_EXTRA_ARGS=$2').length, 2, 'once');
  t.match(text, /^KUBELET_EXTRA_ARGS=/m);
  t.match(text, /^USE_MAX_PODS="\$\{USE_MAX_PODS:-true\}"$/m);
  t.match(text, /^exec -a bootstrap\.sh /m);
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
t.test('shellcheck finds nothing', { skip: hasShellcheck ? false : 'shellcheck is not installed' }, async (t) => {
  t.equal(spawnSync('shellcheck', [SHIM], { encoding: 'utf8' }).stdout, '');
});
