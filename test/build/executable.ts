/** The built program: the executable needs nothing on the machine, its code caches are taken, and the bundle is the same program. */
import { spawn } from 'node:child_process';
import { linkSync, readFileSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { PROGRAMS } from '../../src/cli/call.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { exampleCluster } from '../fakes/example.ts';
import { startFakes } from '../fakes/main.ts';
import { executable } from '../rig/executable.ts';
import { needs } from '../rig/parts.ts';

const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with nothing in its environment but what is given: no PATH, so no Node, AWS CLI or jq either. */
const run = (file: string, args: readonly string[], env: Record<string, string> = {}, argv0 = file): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, argv0, stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

t.test('the executable', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const program = await executable();

  await t.test('knows its version and commit', async (t) => {
    const { stdout, code } = await run(program, ['--version']);
    t.match(stdout, new RegExp(`^bootwright ${version} \\(commit ([0-9a-f]{12}(-modified)?|unknown); Node \\d`));
    t.equal(code, 0);
  });

  await t.test('runs every command from its own scripts', async (t) => {
    for (const { name } of COMMANDS) {
      const { code, stdout, stderr } = await run(program, ['help', name]);
      t.equal(code, 0, `help ${name}`);
      t.match(stdout, name);
      t.equal(stderr, '');
    }
  });

  await t.test('takes its options, not Node', async (t) => {
    for (const option of ['-e', '--inspect', '--eval=1', '--require=x']) {
      const { code, stderr } = await run(program, [option]);
      t.equal(code, 64, option);
      t.match(stderr, option.split('=')[0] ?? option);
    }
  });

  await t.test('is who it is called as', async (t) => {
    const link = join(t.testdir(), 'bootstrap.sh');
    symlinkSync(program, link);
    for (const [file, argv0] of [
      [link, link],
      [program, 'bootstrap.sh'],
    ] as const) {
      const { code, stderr } = await run(file, ['--no-such-flag'], {}, argv0);
      t.equal(code, 1, 'the exit code of bootstrap.sh');
      t.match(stderr, /\[eks-bootstrap\] ERROR: .*--no-such-flag/);
    }
  });

  await t.test('is each program of the image, by a symbolic or hard link', async (t) => {
    const dir = t.testdir();
    for (const [i, name] of Object.keys(PROGRAMS).entries()) {
      const link = join(dir, name);
      if (i % 2 === 0) symlinkSync(program, link);
      else linkSync(program, link);
      const { stdout, stderr } = await run(link, ['--help']);
      t.match(stdout, new RegExp(`^ {7}${name.replaceAll('.', '\\.')}\\b`, 'm'), name);
      t.equal(stderr, '');
    }
    const { code, stdout } = await run(join(dir, 'vercmp'), ['1.9', 'gt', '1.10']);
    t.same([code, stdout], [1, 'false\n']);
  });

  await t.test('waits for a slow reader', async (t) => {
    const preview = 'preview --json --instance-type m5.large --region us-west-2 --kubernetes-version 1.32 bootstrap my-cluster'.split(' ');
    const labels = Array.from({ length: 1500 }, (_, i) => `label-${i}=value`).join();
    const child = spawn(program, [...preview, '--kubelet-extra-args', `--node-labels=${labels}`], {
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await setTimeout(500);
    let stdout = '';
    for await (const chunk of child.stdout) stdout += chunk;
    t.ok(stdout.length > 65_536, `${stdout.length} bytes are more than a pipe holds`);
    t.doesNotThrow(() => JSON.parse(stdout));
  });

  await t.test('takes its code caches, whatever the environment says', async (t) => usesCaches(t, program));
});

/**
 * A rejected cache is silent but for 20 ms, and a module that is imported too early but for a few: only this test would notice. KiB of
 * scripts and code caches at most, 3 % more than when this was written: a first boot reads them from a cold disk, and each MiB of cache
 * costs every start 5 ms. What a start of the command does not need belongs behind an `import()`, or into LATE of build/scripts.mjs.
 */
const usesCaches = async (t: Test, program: string): Promise<void> => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const image = t.testdir({ etc: { eks: { 'kubelet-version.txt': 'v1.32.3\n', 'containerd-version.txt': '1.7.27\n' } } });
  const env = { ...fakes.env, BOOTWRIGHT_DEBUG: '1', NODE_OPTIONS: '--stack-trace-limit=50 --no-such-option' };
  const { endpoint, certificateAuthority } = exampleCluster();
  const given = ['--apiserver-endpoint', endpoint, '--b64-cluster-ca', certificateAuthority];
  const words = (line: string): readonly string[] => line.split(' ');
  const starts: readonly (readonly [kib: number, args: readonly string[]])[] = [
    [160, words('--version')],
    [2480, words(`plan my-cluster --root ${image}`)],
    [1850, [...words(`plan my-cluster --root ${image}`), ...given]],
    [1740, [...words(`plan my-cluster --root ${image} --node-name instance-id`), ...given]],
    [840, words('token --cluster-name my-cluster --region us-west-2')],
    [1240, words('preview --instance-type m5.large --region us-west-2 --kubernetes-version 1.32 bootstrap my-cluster')],
  ];
  for (const [kib, args] of starts) {
    const { code, stderr } = await run(program, args, env);
    t.equal(code, 0, args.slice(0, 2).join(' '));
    t.match(stderr, /^debug: code cache used$/m);
    t.notMatch(stderr, /rejected/);
    const read = Number(stderr.match(/^debug: (\d+) KiB of scripts and code caches$/m)?.[1]);
    t.ok(read <= kib, `${args.slice(0, 2).join(' ')} reads ${read} KiB, at most ${kib}`);
  }
};

t.test('the bundle is the same program under any Node from 22', async (t) => {
  await executable();
  const bundle = join(root, 'dist/bootwright.cjs');
  const { stdout, code } = await run(process.execPath, [bundle, '--version']);
  t.match(stdout, `bootwright ${version} (`);
  t.equal(code, 0);
  const link = join(t.testdir(), 'bootwright');
  symlinkSync(bundle, link);
  t.match((await run(process.execPath, [link, 'help'])).stdout, /^Usage: bootwright COMMAND/m);
  t.equal((await run(process.execPath, [link, '--no-such-option'])).code, 64);
});

t.test('what the executable reads late does what it does in the bundle', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const program = await executable();
  const args = 'preview --json --target amazon-linux-2023 --instance-type m5.large --region us-west-2 bootstrap my-cluster'.split(' ');
  const ended = await run(program, args);
  t.equal(ended.code, 0);
  t.match(ended.stdout, '/etc/eks/kubelet/environment');
  t.strictSame(ended, await run(process.execPath, [join(root, 'dist/bootwright.cjs'), ...args]));
});

t.test('the package for npx holds the bundle and asks for nothing else', async (t) => {
  await executable();
  const manifest = JSON.parse(readFileSync(join(root, 'dist/npm/package.json'), 'utf8'));
  t.strictSame(manifest.bin, { bootwright: 'bootwright.cjs' });
  t.equal(manifest.version, version);
  for (const field of ['dependencies', 'optionalDependencies', 'scripts', 'private']) t.notOk(field in manifest, `no ${field}`);
  t.ok(readFileSync(join(root, 'dist/npm/bootwright.cjs')).equals(readFileSync(join(root, 'dist/bootwright.cjs'))));
});

t.test('the oldest C library it starts with is the one that README names', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const versions = (await readFile(await executable())).toString('latin1').match(/GLIBC_2\.\d+/g) ?? [];
  const newest = Math.max(...versions.map((version) => Number(version.split('.')[1])));
  t.match(readFileSync(join(root, 'README.md'), 'utf8'), `needs glibc 2.${newest} or newer`);
});
