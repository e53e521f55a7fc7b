import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../../../src/cli/call.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { BOOTSTRAP_FLAGS } from '../../../src/core/config/bootstrap-flags.ts';
import { needs } from '../../rig/parts.ts';
import { makeProgram } from '../support/program.ts';
import { askBash, askFish, askZsh } from '../support/shells.ts';

const { run } = await makeProgram(t.teardown);
const dir = t.testdir({ samples: {}, 'sample.json': '{}' });

const DIALECT = [...BOOTSTRAP_FLAGS.flatMap(({ flag }) => flag ?? []), '--help'];
const choicesOf = (flag: string): readonly string[] => BOOTSTRAP_FLAGS.find((one) => one.flag === flag)?.choices ?? [];

/** The long options of each command, by its loaded value. */
const OPTIONS = await Promise.all(
  COMMANDS.map(async ({ name, load }) => {
    const { dialect, options } = await load();
    return [name, dialect === 'at-once' ? DIALECT : [...options.map((option) => `--${option.name}`), '--help']] as const;
  }),
);

/** Line → all that is offered, by the end of its path, in any order. */
const OFFERED: readonly (readonly [string, readonly string[]])[] = [
  ['bootwright ', COMMANDS.map(({ name }) => name)],
  ['bootwright --v', ['--version']],
  ['bootwright previ', ['preview']],
  ...OPTIONS.map(([name, options]) => [`bootwright ${name} --`, options] as const),
  ...Object.entries(PROGRAMS).map(([program, name]) => [`${program} --`, OPTIONS.find(([one]) => one === name)?.[1] ?? []] as const),
  ['bootwright preview ', ['bootstrap', 'bootstrap.sh', 'init']],
  ['bootwright preview init --config-s', ['--config-source']],
  ['bootwright plan --json init --comp', ['--compat']],
  ['bootwright preview --target amazon-linux-20', ['amazon-linux-2023']],
  ['bootwright preview --explain maxPo', ['maxPods']],
  ['bootwright preview --explain tlsC', ['tlsCertFile', 'tlsCipherSuites', 'tlsCurvePreferences']],
  ['bootwright init --skip ', ['config', 'run']],
  ['bootwright init --daemon k', ['kubelet']],
  ['bootwright config ', ['check', 'dump']],
  ['bootwright config dump --expl', ['--explain']],
  ['bootwright preview --arch ', ['x86_64', 'aarch64']],
  ['bootwright preview --arch=a', ['aarch64']],
  ['bootwright preview --kubernetes-version 1.3', ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36']],
  ['bootwright preview --arch aarch64 --json boot', ['bootstrap', 'bootstrap.sh']],
  ['bootwright preview bootstrap c --', DIALECT],
  ['bootwright preview --arch=aarch64 bootstrap c --use-max-pods ', ['true', 'false']],
  ['bootwright plan c --use-max', ['--use-max-pods']],
  ['bootwright facts bootstrap.sh c --ip-family=', choicesOf('--ip-family')],
  ['bootwright bootstrap c --verify ', choicesOf('--verify')],
  ['/etc/eks/bootstrap.sh c --enable-docker-bridge t', ['true']],
  ['bootwright token --region us-g', ['us-gov-east-1', 'us-gov-west-1']],
  ['bootwright ecr-uri cn-', ['cn-north-1', 'cn-northwest-1']],
  ['bootwright vercmp 1.2 ', ['lt', 'lteq', 'eq', 'gteq', 'gt']],
  ['/usr/bin/vercmp 1.2 g', ['gteq', 'gt']],
  ['bootwright help ga', ['gates']],
  ['bootwright completion ', ['bash', 'zsh', 'fish']],
  [`bootwright plan --root ${dir}/sa`, ['samples']],
  [`bootwright preview --facts ${dir}/sa`, ['samples', 'sample.json']],
  [`bootstrap.sh c --containerd-config-file ${dir}/sa`, ['samples', 'sample.json']],
];

const NODEADM: readonly (readonly [string, readonly string[]])[] = [
  ['nodeadm ', ['init', 'config', 'completion']],
  ['nodeadm init --config-', ['--config-source', '--config-cache']],
  ['/usr/bin/nodeadm init --skip ', ['config', 'run']],
  ['nodeadm init --skip=r', ['run']],
  ['nodeadm config ', ['check', 'dump']],
  ['nodeadm config dump --config-o', ['--config-output']],
  ['nodeadm completion z', ['zsh']],
];

const SHELLS = [
  ['bash', askBash, ['bash', 'script']],
  ['zsh', askZsh, ['zsh']],
  ['fish', askFish, ['fish']],
] as const;

for (const [shell, ask, parts] of SHELLS) {
  t.test(`a real ${shell} offers what the table says`, async (t) => {
    if (!needs(t, ...parts)) return;
    const { code, stdout, stderr } = await run(['completion', shell]);
    t.same([code, stderr], [0, '']);
    const script = join(t.testdir(), `completion.${shell}`);
    writeFileSync(script, stdout);
    const check = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    t.same([check.status, check.stderr], [0, ''], `${shell} -n`);
    const offers = ask(
      script,
      OFFERED.map(([line]) => line),
    );
    for (const [line, words] of OFFERED) {
      // fish repeats the flag of --flag=value; what is on the disk comes with its folder, or a slash.
      const found = (offers.get(line) ?? []).map((word) => basename(word.replace(/^(--[a-z-]+)=(?=.)/, '')));
      t.same([...new Set(found)].sort(), [...words].sort(), line);
    }
  });
}

for (const [shell, ask, parts] of SHELLS) {
  t.test(`nodeadm has a script of its own for ${shell}`, async (t) => {
    if (!needs(t, ...parts)) return;
    const { code, stdout, stderr } = await run(['completion', shell], { as: 'nodeadm' });
    t.same([code, stderr], [0, '']);
    t.notMatch(stdout, /bootwright_|_bootwright|bootstrap\.sh\b.*\)/, 'beside that of bootwright in one shell');
    const script = join(t.testdir(), `completion.${shell}`);
    writeFileSync(script, stdout);
    const check = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    t.same([check.status, check.stderr], [0, ''], `${shell} -n`);
    const offers = ask(
      script,
      NODEADM.map(([line]) => line),
    );
    for (const [line, words] of NODEADM) {
      const found = (offers.get(line) ?? []).map((word) => word.replace(/^(--[a-z-]+)=(?=.)/, ''));
      t.same([...new Set(found)].sort(), [...words].sort(), line);
    }
  });
}

t.test('the script for bash is clean', async (t) => {
  if (!needs(t, 'shellcheck')) return;
  for (const as of ['bootwright', 'nodeadm']) {
    const { stdout } = await run(['completion', 'bash'], { as });
    const { status, stdout: found } = spawnSync('shellcheck', ['-'], { input: stdout, encoding: 'utf8' });
    t.equal(status, 0, found);
  }
});

t.test('refused', async (t) => {
  for (const [args, code, message] of [
    [[], 64, 'error: SHELL: is missing. Name one of bash, zsh, fish.\n'],
    [['tcsh'], 65, "error: SHELL: there is no completion for 'tcsh'. Name one of bash, zsh, fish.\n"],
    [['bash', 'zsh'], 64, 'error: zsh: is one word too many. `bootwright help completion` shows the form.\n'],
  ] as const)
    t.same(await run(['completion', ...args]), { code, signal: null, stdout: '', stderr: message });
  for (const shell of ['powershell', 'nushell']) {
    const { code, stdout, stderr } = await run(['completion', shell], { as: 'nodeadm' });
    t.same([code, stdout], [1, '']);
    t.equal(stderr, `error: SHELL: there is no completion for '${shell}'. Name one of bash, zsh, fish; no node has that shell.\n`);
  }
});
