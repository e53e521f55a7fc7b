/**
 * `npm run demo`: the real program does its main job against local stand-ins of IMDS, EKS and EC2, into a scratch root: preview,
 * bootstrap, again: converged. Ends in seconds, and not with 0 if anything is not as it should be.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { startFakes } from '../test/fakes/main.ts';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const executable = join(DIST, 'bootwright-linux-x64');
const bundle = join(DIST, 'bootwright.cjs');
const isLinux = process.platform === 'linux' && process.arch === 'x64';
const program = isLinux && existsSync(executable) ? [executable] : [process.execPath, bundle];

const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const title = (text: string): void => say(`\n${styleText(['bold', 'cyan'], `── ${text}`)}\n`);

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line of the program, told as a person would type it. */
const run = (shown: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> => {
  say(styleText('dim', `$ ${shown}`));
  const [file = '', ...before] = program;
  const child = spawn(file, [...before, ...args], { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...out }));
  });
};

const demand = (holds: boolean, what: string, outcome?: Outcome): void => {
  if (holds) return;
  throw new Error(`${what}${outcome ? `\n${outcome.stdout}${outcome.stderr}` : ''}`);
};

/** Every file below a directory with its time of change: what "nothing was touched" means. */
const stamps = (dir: string): Map<string, number> => {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((entry) => [join(entry.parentPath, entry.name), statSync(join(entry.parentPath, entry.name)).mtimeMs]));
};

/** An EKS image, as far as a decision looks at it. */
const makeRoot = (root: string): void => {
  const files: Readonly<Record<string, string>> = {
    'etc/eks/kubelet-version.txt': 'v1.32.3\n',
    'etc/eks/containerd-version.txt': '1.7.27\n',
    'etc/eks/image-credential-provider/ecr-credential-provider': '#!/bin/sh\n',
    'usr/bin/aws-iam-authenticator': '#!/bin/sh\n',
    'usr/lib/systemd/system/containerd.service': '[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
};

const firstPart = (text: string, until: string): string => {
  const at = text.indexOf(`\n${until}\n`);
  return at < 0 ? text : `${text.slice(0, at).trimEnd()}\n${styleText('dim', '… and why, for every value')}\n`;
};

const demo = async (scratch: string, env: Readonly<Record<string, string>>, requests: () => number): Promise<void> => {
  const root = join(scratch, 'root');
  makeRoot(root);
  const call = ['my-cluster', '--kubelet-extra-args', '--node-labels=team=demo'];
  const words = "my-cluster --kubelet-extra-args '--node-labels=team=demo'";
  const where = ['--root', root];

  title('1. Preview, as on a laptop: no network, no root, made-up facts');
  const preview = await run(
    `bootwright preview --kubernetes-version 1.32 bootstrap ${words}`,
    ['preview', '--kubernetes-version', '1.32', 'bootstrap', ...call],
    {},
  );
  demand(preview.code === 0, 'preview failed', preview);
  say(firstPart(preview.stdout, 'Why'));
  demand(requests() === 0, 'preview asked somebody');

  title('2. Bootstrap: IMDS, EKS and EC2 are stand-ins on this machine, the root is a scratch directory');
  const started = performance.now();
  const first = await run(`bootwright bootstrap ${words} --root ROOT`, ['bootstrap', ...call, ...where], env);
  const took = performance.now() - started;
  demand(first.code === 0, 'bootstrap failed', first);
  say(first.stderr.trimEnd().replaceAll(root, 'ROOT'));
  say(styleText('green', `\n${requests()} requests, ${Math.round(took)} ms, ${stamps(root).size} files in the root`));

  title('3. One of the files');
  const config: { readonly maxPods?: number; readonly clusterDNS?: unknown } = JSON.parse(
    readFileSync(join(root, 'etc/kubernetes/kubelet/kubelet-config.json'), 'utf8'),
  );
  demand(config.maxPods === 29, `maxPods is ${config.maxPods}, not 29`);
  say(styleText('dim', '$ cat ROOT/var/lib/kubelet/kubeconfig'));
  say(readFileSync(join(root, 'var/lib/kubelet/kubeconfig'), 'utf8').trimEnd());

  title('4. Again: converged, nothing is touched');
  const before = stamps(root);
  const again = await run(
    `bootwright plan --exit-code --root ROOT bootstrap ${words}`,
    ['plan', '--exit-code', ...where, 'bootstrap', ...call],
    env,
  );
  say(again.stdout.split('\n').slice(0, 2).join('\n').replaceAll(root, 'ROOT'));
  demand(again.code === 0, 'the second plan is not empty', again);
  const second = await run(`bootwright bootstrap ${words} --root ROOT`, ['bootstrap', ...call, ...where], env);
  demand(second.code === 0, 'the second bootstrap failed', second);
  const touched = [...stamps(root)].filter(([path, time]) => !path.includes('/run/') && before.get(path) !== time).map(([path]) => path);
  demand(touched.length === 0, `the second run touched ${touched.join(', ')}`);
  say(second.stderr.trimEnd().split('\n').slice(-2).join('\n'));
  say(styleText('green', '\nThe same input again changed nothing.'));
};

const main = async (): Promise<void> => {
  const scratch = mkdtempSync(join(tmpdir(), 'bootwright-demo-'));
  let requests = 0;
  const fakes = await startFakes({ onExchange: () => requests++ });
  try {
    await demo(scratch, fakes.env, () => requests);
  } catch (error) {
    say(styleText('red', `\nThe demo failed: ${(error as Error).message}`));
    process.exitCode = 1;
  } finally {
    await fakes.close();
    rmSync(scratch, { recursive: true, force: true });
  }
};

await main();
