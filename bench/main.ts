/**
 * npm run bench: start-up and the whole decision of the executable, always side by side with a bare executable of the same
 * runtime and a static Go program. Prints a Markdown table; `--write` puts it into README.md.
 *
 * Each round runs every command once, in turn, so that what else the machine does hits all alike; a figure is the median of the
 * rounds, a ratio the median of the rounds' own ratios.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { CLUSTER_CA_PEM } from '../test/fakes/certificates.ts';
import { sequentialRoundTrips } from '../test/fakes/server.ts';
import { type ColdSample, evict, measureCold } from './cold.ts';
import { tableOf, writeBlock } from './markdown.ts';
import { buildRunner, medianOf, type Runner, type Sample } from './measure.ts';

const EXECUTABLE = resolve('dist/bootwright-linux-x64');
const HELLO = resolve('dist/hello-linux-x64');

interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** The budget, as a multiple of `hello`. */
  readonly limit?: number;
  /** Before each run, and not measured. */
  readonly prepare?: () => void;
}

const given = [
  '--apiserver-endpoint',
  'https://example.gr7.us-west-2.eks.amazonaws.com',
  '--b64-cluster-ca',
  Buffer.from(CLUSTER_CA_PEM).toString('base64'),
];
/** As EKS itself calls bootstrap.sh in a managed node group. */
const dns = ['--dns-cluster-ip', '10.100.0.10'];

const NODE_CONFIG = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.gr7.us-west-2.eks.amazonaws.com
    certificateAuthority: ${Buffer.from(CLUSTER_CA_PEM).toString('base64')}
    cidr: 10.100.0.0/16
`;

/**
 * `plan` is the whole decision without a write; the root is a folder that holds only the versions. `init --skip run` is a boot's first half,
 * from user data to files.
 */
const scenariosOf = (dir: string): readonly Scenario[] => {
  const root = rootWithVersions(join(dir, 'root'), '1.32.3', '1.7.27');
  const image = join(dir, 'image');
  const prepare = (): void => {
    rmSync(image, { recursive: true, force: true });
    rootWithVersions(image, '1.34.1', '2.1.5');
  };
  const plan = (...rest: readonly string[]) => ['plan', 'bootstrap', 'my-cluster', '--root', root, ...rest];
  return [
    { name: '`version`', args: ['version'], limit: 1.5 },
    { name: '`token`', args: ['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'], limit: 2 },
    { name: 'decision without an AWS API', args: plan(...given, ...dns, '--node-name', 'instance-id'), limit: 2.5 },
    { name: 'decision with DescribeInstances', args: plan(...given, ...dns), limit: 3 },
    { name: 'decision with DescribeCluster too', args: plan(), limit: 3.5 },
    { name: '`config check` of 15 KiB', args: ['config', 'check', join(import.meta.dirname, 'user-data.txt')], limit: 2.3 },
    { name: '`init --skip run`', args: ['init', '--skip', 'run', '--root', image], prepare },
  ];
};

interface StandIns {
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => void;
}

/** The fakes as a process of their own: the measuring blocks this one. */
const startStandIns = async (dir: string, delayMs: number, log?: string): Promise<StandIns> => {
  const userData = join(dir, 'user-data');
  writeFileSync(userData, NODE_CONFIG);
  const args = ['test/fakes/main.ts', '--delay-ms', String(delayMs), '--user-data', userData, ...(log ? ['--log', log] : [])];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('the stand-ins have no output');
  for await (const line of createInterface(child.stdout)) return { env: JSON.parse(line).env, stop: () => void child.kill() };
  throw new Error('the stand-ins did not start');
};

const checked = (sample: Sample, what: string): Sample => {
  if (sample.exit !== 0) throw new Error(`${what} ended with exit code ${sample.exit}`);
  return sample;
};

interface Row {
  readonly name: string;
  readonly wallMs: number;
  readonly ratio: number;
  readonly maxRssMiB: number;
  readonly limit?: number;
}

/** All commands, `rounds` times in turn. The first round warms the page cache and is not counted. */
const measureWarm = (
  runner: Runner,
  env: Readonly<Record<string, string>>,
  scenarios: readonly Scenario[],
  rounds: number,
): readonly Row[] => {
  const commands = [
    { name: 'static Go hello', command: [runner.goHello] },
    { name: '`hello` (same runtime)', command: [HELLO] },
    ...scenarios.map(({ name, args, limit, prepare }) => ({ name, command: [EXECUTABLE, ...args], limit, prepare })),
  ];
  const samples = commands.map((): Sample[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { name, command, ...rest }] of commands.entries()) {
      if ('prepare' in rest) rest.prepare?.();
      const sample = checked(runner.measure(command, env), name);
      if (round > 0) samples[i]?.push(sample);
    }
  }
  const floor = samples[1] ?? [];
  return commands.map(({ name, ...rest }, i) => {
    const own = samples[i] ?? [];
    return {
      name,
      wallMs: medianOf(own.map(({ wallMs }) => wallMs)),
      ratio: medianOf(own.map(({ wallMs }, round) => wallMs / (floor[round]?.wallMs ?? Number.NaN))),
      maxRssMiB: medianOf(own.map(({ maxRssKiB }) => maxRssKiB)) / 1024,
      ...('limit' in rest && rest.limit !== undefined ? { limit: rest.limit } : {}),
    };
  });
};

/** Requests and round trips in sequence, from the stand-ins' own log. */
const countTrips = async (runner: Runner, scenario: Scenario, dir: string): Promise<{ requests: number; trips: number }> => {
  const log = join(dir, 'exchanges.log');
  writeFileSync(log, '');
  const standIns = await startStandIns(dir, 20, log);
  scenario.prepare?.();
  try {
    checked(runner.measure([EXECUTABLE, ...scenario.args], standIns.env), scenario.name);
  } finally {
    standIns.stop();
  }
  const exchanges = readFileSync(log, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { requests: exchanges.length, trips: sequentialRoundTrips(exchanges) };
};

const fixed = (value: number, digits = 0): string => value.toFixed(digits);

const coldRowOf = (name: string, sample: ColdSample, floor: ColdSample): readonly string[] => [
  name,
  fixed(sample.wallMs),
  `${fixed(sample.wallMs / floor.wallMs, 2)} ×`,
  fixed(sample.mib, 1),
];

const rootWithVersions = (root: string, kubelet: string, containerd: string): string => {
  mkdirSync(join(root, 'etc/eks'), { recursive: true });
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), `v${kubelet}\n`);
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), `containerd github.com/containerd/containerd v${containerd}\n`);
  return root;
};

const machine = (): string => {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  return `${cpus().length} × ${model}, Linux ${process.arch}, ${new Date().toISOString().slice(0, 10)}`;
};

const report = async (rounds: number, dir: string): Promise<string> => {
  const runner = buildRunner();
  // A file that was written a moment ago lies in larger pages, and shows up to 19 MiB more.
  for (const file of [EXECUTABLE, HELLO]) evict(file);
  const scenarios = scenariosOf(dir);
  const trips = new Map<string, { requests: number; trips: number }>();
  for (const scenario of scenarios) trips.set(scenario.name, await countTrips(runner, scenario, dir));
  const blocks: string[] = [];
  for (const delayMs of [0, 20]) {
    const standIns = await startStandIns(dir, delayMs);
    try {
      const rows = measureWarm(runner, standIns.env, scenarios, rounds);
      const cells = rows.map(({ name, wallMs, ratio, maxRssMiB, limit }) => [
        name,
        fixed(wallMs),
        `${fixed(ratio, 2)} ×`,
        limit === undefined || delayMs > 0 ? '' : `${limit} ×`,
        fixed(maxRssMiB),
        trips.has(name) ? `${trips.get(name)?.requests} / ${trips.get(name)?.trips}` : '',
      ]);
      const head = ['', 'wall ms', 'to `hello`', 'limit', 'peak MiB', 'requests / in sequence'];
      blocks.push(`Warm, each answer after ${delayMs} ms:\n\n${tableOf(head, cells)}`);
      if (delayMs === 0 && process.geteuid?.() === 0) {
        const cold = (command: readonly string[]) => measureCold(runner, command, standIns.env);
        const floor = cold([HELLO]);
        const coldRows = scenarios.slice(1, 5).map(({ name, args }) => coldRowOf(name, cold([EXECUTABLE, ...args]), floor));
        blocks.push(
          `Cold page cache, 128 KiB read-ahead as on EC2 (limit 40 MiB):\n\n${tableOf(['', 'wall ms', 'to cold `hello`', 'MiB faulted in'], [coldRowOf('`hello`', floor, floor), ...coldRows])}`,
        );
      }
    } finally {
      standIns.stop();
    }
  }
  const size = statSync(EXECUTABLE).size / 1e6;
  return [`${machine()}; ${rounds} rounds; executable ${fixed(size)} MB.`, ...blocks].join('\n\n');
};

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '25' }, write: { type: 'boolean', default: false } } });
for (const file of [EXECUTABLE, HELLO])
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\` and \`npm run build -- hello\` first`);
const dir = mkdtempSync(join(tmpdir(), 'bootwright-bench-'));
try {
  const text = await report(Number(values.rounds), dir);
  process.stdout.write(`${text}\n`);
  if (values.write) writeBlock('bench', text);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
