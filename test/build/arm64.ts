/**
 * The executable for arm64, under emulation: it starts, V8 takes its code caches, and what it shows and writes is to the byte what the
 * one for x64 does. What emulation cannot show: the speed, and a real Graviton.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../fakes/main.ts';
import { emulatedArm64, executable } from '../rig/executable.ts';
import { needs } from '../rig/parts.ts';
import { makeScratchRoot, treeIn } from '../rig/scratch-root.ts';
import { complaintOf, type Outcome, run } from '../rig/shell.ts';

t.setTimeout(600_000);

type Program = (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Outcome>;

const programs = async (): Promise<{ arm64: Program; x64: Program }> => {
  const [emulator, ...words] = await emulatedArm64();
  const own = await executable();
  return {
    arm64: (args, env = {}) => run(emulator, [...words, ...args], { env: { PATH: process.env['PATH'], ...env } }),
    x64: (args, env = {}) => run(own, args, { env: { PATH: process.env['PATH'], ...env } }),
  };
};

/** The two may have been built from different commits of the same sources. */
const withoutCommit = ({ code, stdout, stderr }: Outcome): Outcome => ({
  code,
  stdout: stdout.replace(/\(commit [^;]*;/, '(commit;'),
  stderr,
});

const PREVIEWS = [
  '--instance-type m7g.large --region us-west-2 bootstrap my-cluster',
  '--json --instance-type m5.large --region cn-north-1 --kubernetes-version 1.25 bootstrap my-cluster --use-max-pods false',
  '--explain maxPods --instance-type c6gd.8xlarge --region eu-west-1 --kubernetes-version 1.33 bootstrap my-cluster',
].map((line) => ['preview', ...line.split(' ')]);

t.test('the executable for arm64', async (t) => {
  if (!needs(t, 'linux', 'x64', 'qemu-aarch64', 'arm64-libraries')) return;
  const { arm64, x64 } = await programs();
  const fakes = await startFakes();
  t.teardown(() => fakes.close());

  for (const args of [['version'], ['help', 'bootstrap'], ...PREVIEWS, ['preview', '--no-such-flag']]) {
    t.strictSame(withoutCommit(await arm64(args)), withoutCommit(await x64(args)), args.join(' '));
  }
  await t.test('asks for a token', async (t) => {
    const args = ['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'];
    const outcome = await arm64(args, { ...fakes.env, BOOTWRIGHT_DEBUG: '1' });
    t.equal(complaintOf(outcome), '');
    const { stdout, stderr } = outcome;
    t.match(JSON.parse(stdout), { kind: 'ExecCredential', status: { token: /^k8s-aws-v1\./ } });
    t.match(stderr, /^debug: code cache used$/m);
    t.notMatch(stderr, /rejected/);
  });
  await t.test('bootstraps a root as x64 does', (t) => bootstrapsAlike(t, { arm64, x64 }, fakes.env));
});

/** bootwright's own records hold times. */
const isRecord = (path: string): boolean => /^\/(var\/lib|run)\/bootwright\//.test(path);

const bootstrapsAlike = async (t: Test, programs: { arm64: Program; x64: Program }, env: NodeJS.ProcessEnv): Promise<void> => {
  const dir = t.testdir({});
  const treeAfter = async (arch: 'arm64' | 'x64') => {
    const root = join(dir, arch);
    makeScratchRoot(root);
    const outcome = await programs[arch](['bootstrap', 'my-cluster', '--root', root], { ...env, BOOTWRIGHT_DEBUG: '1' });
    t.equal(complaintOf(outcome), '', arch);
    t.notMatch(outcome.stderr, /rejected/, 'code caches');
    return Object.entries(treeIn(root)).filter(([path]) => !isRecord(path));
  };
  t.strictSame(await treeAfter('arm64'), await treeAfter('x64'));
};
