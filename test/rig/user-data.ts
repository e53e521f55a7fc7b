/**
 * What user data really does, each as a folder of test/system/cases*, on a real systemd with a real cloud-init. A case is a node's life
 * told in steps, with what must be true after each:
 *   user-data   what the launch template holds; other files of that kind are named by a step
 *   image/      files that the AMI has besides those of an EKS image (optional)
 *   case.json   { about, gzip, templates, tools, cloudInit, steps }: see `Case`
 * In all texts @ENDPOINT@ and @CA@ stand for the cluster of that moment, @NODE_IP@ and @NODE_NAME@ for the node's address and name.
 */
import { cpSync, existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Test } from 'tap';
import type { Facts } from '../../src/core/facts.ts';
import type { Json } from '../../src/core/report.ts';
import type { Ami } from './ami.ts';
import { answers, filesOf, kubeletArguments, startsOf } from './bootstrapped.ts';
import { type CloudInit, installCloudInit } from './cloud-init.ts';
import { type Cloud, makeCloud } from './ec2.ts';
import { makeNetwork, type RigNode } from './node.ts';
import { NODE_PARTS, needs } from './parts.ts';
import { complaintOf } from './shell.ts';

interface Case {
  /** One sentence: what is done to the node, and by whom. */
  readonly about: string;
  /** User data is sent compressed, as eksctl does. */
  readonly gzip?: boolean;
  /** As in `Ami`. */
  readonly templates?: boolean;
  /** Programs of the machine that user data calls; bootwright needs none of them, so the rig's image has none. */
  readonly tools?: Ami['tools'];
  /** In whose order cloud-init's units are; default: Debian's own. */
  readonly cloudInit?: CloudInit;
  readonly steps: readonly Step[];
}

/** Power on, or off and on (`facts`: what differs from then on; a new instance id is a new instance from this disk), or a command. */
type Step = { readonly expect: Expectation } & (
  | { readonly boot: { readonly facts?: Json; readonly userData?: string } }
  | { readonly run: readonly string[] }
);

/** What must be true at the end of a step. */
interface Expectation {
  /** Starts and restarts of units in this step, as systemd counts them. */
  readonly starts?: { readonly [unit: string]: number };
  /** `enabled active`: UnitFileState and ActiveState. */
  readonly units?: { readonly [unit: string]: string };
  /** Every AWS call of this step by operation, and, where told, the requests to IMDS, cloud-init's and curl's left out. */
  readonly calls?: { readonly [operation: string]: number };
  /** By path: null: not there; a text: the whole file; a list: lines it has; an object: JSON with these keys, null for those it lacks. */
  readonly files?: { readonly [path: string]: Json };
  /** The kubelet's last words: those of --kubelet-extra-args, as it got them. */
  readonly extraArgs?: readonly string[];
  /** All of the kubelet's words; its last ones. */
  readonly kubeletArgs?: readonly string[];
  readonly lastArgs?: readonly string[];
  /** A folder of the case: every file in it is on the node, byte for byte. */
  readonly same?: string;
  /** Units that have failed in this boot. The kubelet runs all the same unless `isDown`. */
  readonly failed?: readonly string[];
  readonly isDown?: true;
  /** Of the last run in this boot, as `files`. */
  readonly report?: Json;
  /** What cloud-init's log of this step, or the command, says, in this order. */
  readonly log?: readonly string[];
  /** No file was written since the step before. */
  readonly untouched?: boolean;
}

/** A node in the middle of its case. `step*`: as they were when the step began. */
interface Scene {
  /** The case's folder. */
  readonly folder: string;
  readonly cloud: Cloud;
  readonly node: RigNode;
  readonly stepExchanges: number;
  readonly stepStarts: { readonly [unit: string]: number };
  readonly stepFiles: string;
  /** What was said in this step. */
  readonly said: string;
}

const isObject = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const patched = (value: unknown, patch: Json): unknown =>
  isObject(patch)
    ? { ...(isObject(value) ? value : {}), ...mapped(patch, (inner, key) => patched(isObject(value) ? value[key] : undefined, inner)) }
    : patch;

const mapped = <A, B>(object: { readonly [key: string]: A }, to: (value: A, key: string) => B): { [key: string]: B } =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, to(value, key)]));

/** The part of what was found that the expectation speaks of. */
const inShapeOf = (wanted: Json, found: Json | undefined): Json =>
  isObject(wanted) && isObject(found) ? mapped(wanted, (inner, key) => inShapeOf(inner, found[key])) : (found ?? null);

const fileInShapeOf = (wanted: Json, text: string | null): Json => {
  if (text === null || wanted === null || typeof wanted === 'string') return text;
  if (!Array.isArray(wanted)) return inShapeOf(wanted, JSON.parse(text) as Json);
  const lines = text.split('\n').map((line) => line.trim());
  return wanted.filter((line) => lines.includes(String(line)));
};

const textIn = async (node: RigNode, path: string): Promise<string | null> => {
  const { code, stdout } = await node.exec(['cat', path]);
  return code === 0 ? stdout : null;
};

const callsIn = ({ cloud, stepExchanges }: Scene, wanted: NonNullable<Expectation['calls']>): { [operation: string]: number } => {
  const calls: { [operation: string]: number } = {};
  for (const { server, name, headers } of cloud.exchanges.slice(stepExchanges)) {
    if (server === 'imds' && wanted['imds'] === undefined) continue;
    if (server === 'imds' && /^(cloud-init|python-requests|curl)\//i.test(headers['user-agent'] ?? '')) continue;
    const operation = server === 'imds' ? 'imds' : name;
    calls[operation] = (calls[operation] ?? 0) + 1;
  }
  return calls;
};

/** The longest beginning of the list that stands in the text in this order. */
const inOrder = (text: string, wanted: readonly string[]): readonly string[] => {
  const rest = { from: 0 };
  const missing = wanted.findIndex((words) => {
    const at = text.indexOf(words, rest.from);
    rest.from = at + words.length;
    return at < 0;
  });
  return missing < 0 ? wanted : wanted.slice(0, missing);
};

type Probes = { readonly [K in keyof Required<Expectation>]: (scene: Scene, wanted: NonNullable<Expectation[K]>) => unknown };

/** How each expectation is looked up; what is found must be the same. */
const PROBES: Probes = {
  starts: async ({ node, stepStarts }, wanted) => {
    const now = await startsOf(node);
    return mapped(wanted, (_, unit) => (now[unit] ?? 0) - (stepStarts[unit] ?? 0));
  },
  units: async ({ node }, wanted) => {
    const show = (unit: string) => node.must(['systemctl', 'show', '--value', '-p', 'UnitFileState', '-p', 'ActiveState', unit]);
    const states = await Promise.all(
      Object.keys(wanted).map(async (unit) => [unit, (await show(unit)).trim().split('\n').reverse().join(' ')]),
    );
    return Object.fromEntries(states);
  },
  calls: callsIn,
  files: async ({ node }, wanted) => {
    const texts = await Promise.all(Object.keys(wanted).map(async (path) => [path, await textIn(node, path)] as const));
    return Object.fromEntries(texts.map(([path, text]) => [path, fileInShapeOf(wanted[path] ?? null, text)]));
  },
  extraArgs: ({ node }) => {
    const words = kubeletArguments(node);
    return words.slice(words.indexOf('--cloud-provider=external') + 1);
  },
  kubeletArgs: ({ node }) => kubeletArguments(node),
  lastArgs: ({ node }, wanted) => kubeletArguments(node).slice(-wanted.length),
  same: async ({ node, cloud, folder }, wanted) => {
    const paths = globSync('**', { cwd: join(folder, wanted) }).filter((path) => statSync(join(folder, wanted, path)).isFile());
    for (const path of paths.sort()) {
      const text = filledIn(readFileSync(join(folder, wanted, path), 'utf8'), cloud);
      if ((await textIn(node, `/${path}`)) !== text) return { [path]: await textIn(node, `/${path}`), wanted: text };
    }
    return wanted;
  },
  failed: async ({ node }) => {
    const lines = await node.must(['systemctl', 'list-units', '--failed', '--plain', '--no-legend', '--full']);
    return lines.split('\n').flatMap((line) => line.split(' ')[0] || []);
  },
  isDown: async ({ node }) => (await node.exec(['systemctl', 'is-active', '--quiet', 'kubelet'])).code !== 0,
  report: async ({ node }, wanted) => fileInShapeOf(wanted, await textIn(node, '/run/bootwright/report.json')),
  log: ({ said }, wanted) => inOrder(said, wanted),
  untouched: async ({ node, stepFiles }) => (await filesOf(node)) === stepFiles,
};

const CLOUD_INIT_LOG = 'var/log/cloud-init-output.log';

/** Everything with a text in it: the case, its user data. */
const filledIn = (text: string, { facts, network }: Cloud): string =>
  text
    .replaceAll('@ENDPOINT@', facts.cluster?.endpoint ?? '')
    .replaceAll('@CA@', facts.cluster?.certificateAuthority ?? '')
    .replaceAll('@NODE_IP@', network.node)
    .replaceAll('@NODE_NAME@', facts.instance.privateDnsName ?? '');

const perform = async (
  t: Test,
  one: Case,
  step: Step,
  { folder, cloud, node }: Pick<Scene, 'folder' | 'cloud' | 'node'>,
): Promise<string> => {
  if ('run' in step) {
    const outcome = await node.exec(step.run);
    t.equal(complaintOf(outcome), '');
    return outcome.stdout + outcome.stderr;
  }
  const { facts = {}, userData = 'user-data' } = step.boot;
  const log = join(node.root, CLOUD_INIT_LOG);
  const logged = existsSync(log) ? readFileSync(log).length : 0;
  await node.off();
  cloud.become(patched(cloud.facts, facts) as Facts);
  const text = filledIn(readFileSync(join(folder, userData), 'utf8'), cloud);
  cloud.setUserData(one.gzip ? gzipSync(text) : text);
  await node.boot();
  t.match(await node.must(['cloud-init', 'status', '--wait', '--long']), /^status: done$/m, 'cloud-init is content');
  return readFileSync(log).subarray(logged).toString();
};

/** Waits until the node is up, in the way of its system. */
type Arrival = (t: Test, node: RigNode) => Promise<void>;

const live = async (t: Test, folder: string, ami: Ami, arrival: Arrival): Promise<void> => {
  const text = readFileSync(join(folder, 'case.json'), 'utf8');
  const { about, templates = true, tools = [], cloudInit = 'debian-22.4' } = JSON.parse(text) as Case;
  t.comment(about);
  if (!needs(t, ...NODE_PARTS, ...tools)) return;
  const cloud = await makeCloud(t, await makeNetwork(t));
  const one = JSON.parse(filledIn(text, cloud)) as Case;
  const node = await cloud.launch(t, { ...ami, templates, tools }, '');
  installCloudInit(node.root, cloudInit);
  if (existsSync(join(folder, 'image'))) cpSync(join(folder, 'image'), node.root, { recursive: true });
  for (const [i, step] of one.steps.entries()) {
    const isUp = 'run' in step;
    const before = {
      stepExchanges: cloud.exchanges.length,
      stepStarts: isUp ? await startsOf(node) : {},
      stepFiles: step.expect.untouched ? await filesOf(node) : '',
    };
    const said = await perform(t, one, step, { folder, cloud, node });
    if (!step.expect.isDown) await arrival(t, node);
    for (const [key, wanted] of Object.entries(step.expect)) {
      const probe = PROBES[key as keyof Expectation] as ((scene: Scene, wanted: unknown) => unknown) | undefined;
      if (probe === undefined) throw new Error(`${folder}: there is no expectation ${key}`);
      t.strictSame(await probe({ folder, cloud, node, said, ...before }, wanted), wanted, `step ${i + 1}: ${key}`);
    }
  }
  await node.stop();
};

/** A test for each folder in the directory. */
export const liveCases = (t: Test, directory: string, ami: Ami, arrival: Arrival = answers): void => {
  t.setTimeout(600_000);
  t.jobs = 2; // a boot waits more than it computes
  for (const name of readdirSync(directory).sort()) t.test(name, { timeout: 120_000 }, (t) => live(t, join(directory, name), ami, arrival));
};
