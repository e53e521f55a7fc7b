import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Desired, Observed } from '../../core/desired.ts';
import { NodeError } from '../../core/errors.ts';
import type { Facts, Need } from '../../core/facts.ts';
import { withFacts } from '../../core/facts.ts';
import type { Diagnostic } from '../../core/report.ts';
import type { NodeSpec, TargetName } from '../../core/spec.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { assumed, regionOf, type Wish, withGuess } from '../assume.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { demanded } from '../dialect.ts';
import { isDirectory } from '../files.ts';
import type { Machine } from '../machine.ts';
import { type Parsed, parsedOf, splitAtWord } from '../options.ts';
import type { PlanView } from '../present/plan-text.ts';
import { wantedOf } from '../request.ts';
import { checkShowOptions, SHOW_OPTIONS, showPlan } from '../show.ts';
import { minorOf, systemOf } from '../system.ts';
import { WISH_OPTIONS, wishOf } from '../wish.ts';

const TARGETS: Readonly<Record<string, TargetName>> = {
  'amazon-linux-2': 'amazon-linux-2',
  'amazon-linux-2023': 'amazon-linux-2023',
  al2: 'amazon-linux-2',
  al2023: 'amazon-linux-2023',
};

const OPTIONS: readonly Option[] = [
  { name: 'facts', value: 'FILE', text: 'facts of a real node, from `bootwright facts`; - for standard input' },
  ...WISH_OPTIONS,
  {
    name: 'target',
    value: 'SYSTEM',
    choices: Object.keys(TARGETS),
    text: 'the system of the node; without it that of --against, else amazon-linux-2 for bootstrap.sh and amazon-linux-2023 for a NodeConfig',
  },
  { name: 'describe', text: 'ask AWS for the cluster (and for an unknown instance type) with the credentials of this machine' },
  { name: 'against', value: 'DIR', text: 'compare with what is there: an image, or / for this machine; shows a unified diff' },
  { name: 'out', value: 'DIR', text: 'also write the files into this directory' },
  ...SHOW_OPTIONS,
];

export const previewCommand: Command = {
  name: 'preview',
  summary: 'show anywhere what a node would get, and why',
  usage: [
    'bootwright preview [options] [bootstrap] CLUSTER [flags of bootstrap.sh]',
    'bootwright preview [options] bootstrap.sh CLUSTER [flags]   (with the defaults of the drop-in)',
    'bootwright preview [options] [init] SOURCE ...   (a NodeConfig: file, directory, user data in any form, - for standard input)',
  ],
  description: [
    'Needs no root, no network and no credentials, and changes nothing. It runs the same decision and the same plan as `bootstrap`, on facts from a file, facts made up around a few words of yours (marked `assumed`), or facts asked from AWS with --describe.',
    'Options of preview stand before the cluster or the word `bootstrap`; what follows belongs to the dialect.',
  ],
  options: OPTIONS,
  dialect: 'after-word',
  examples: [
    { line: 'bootwright preview bootstrap my-cluster', text: 'an ordinary node' },
    { line: 'bootwright preview user-data.txt', text: 'a node of Amazon Linux 2023, by its NodeConfig' },
    {
      line: 'bootwright preview --instance-type m5.8xlarge --kubernetes-version 1.30 bootstrap my-cluster --use-max-pods false',
      text: 'another machine, and a flag of bootstrap.sh',
    },
    { line: 'bootwright preview --explain maxPods bootstrap my-cluster', text: 'one value: its formula and what would change it' },
    {
      line: 'bootwright facts > facts.json   # on a node',
      text: 'then anywhere: bootwright preview --facts facts.json bootstrap my-cluster',
    },
    { line: 'sudo bootwright preview --facts facts.json --against / bootstrap my-cluster', text: 'the difference to this machine' },
  ],
  async run(args, context) {
    const { own, rest } = splitAtWord(args, OPTIONS);
    const options = parsedOf(own, { command: 'preview', options: OPTIONS, positionals: 0 });
    checkShowOptions(options, context);
    const out = outOf(options, context);
    const { machineAt, rootNamed } = await import('../machine.ts');
    const against = options.text('against');
    const rootOf = (said: string | undefined): string | undefined => {
      const base = against ?? said;
      return base === undefined ? undefined : rootNamed(base, against === undefined ? '--root' : '--against', context);
    };
    const wish = once(() => wishOf(options, context));
    const start = once(async () => startFacts(options, await wish(), context));
    const kubeletOf = async (): Promise<string | undefined> => {
      const version = options.text('kubernetes-version');
      return minorOf(version ?? (options.text('facts') === undefined ? undefined : (await start()).host.kubeletVersion));
    };
    const target = targetNamed(options);
    const targetOf = (said: string | undefined): TargetName | undefined => {
      const root = target === undefined ? rootOf(said) : undefined;
      return target ?? (root === undefined ? undefined : systemOf(root));
    };
    const request = await wantedOf(rest, { name: 'preview', options: OPTIONS, targetOf, kubeletOf }, context);
    if (request === null) return 0;
    const base = against ?? request.root;
    const root = rootOf(request.root);
    const facts = await completeFacts(request.spec, await start(), await wish(), options, context);
    const { decide } = await import('../../core/decide.ts');
    const desired = withWarnings(demanded(decide(request.spec, facts)), request.warnings);
    const { planOf } = await import('../../core/plan.ts');
    const plan = demanded(planOf(desired, await observedOf(root === undefined ? undefined : machineAt(root, context), desired, context)));
    const { spec, documents } = request;
    const seen = { ...(root === undefined ? {} : { root }), ...(documents ? { documents } : {}) };
    const view: PlanView = { spec, facts, desired, plan, against: base ?? 'an empty machine', ...seen };
    if (out !== undefined) await makeDirectory(out);
    const flag: Parsed['flag'] = (name) =>
      options.flag(name) || (name === 'diff' && root !== undefined) || (name === 'json' && request.json);
    await showPlan(view, { ...options, flag }, context);
    if (out !== undefined) await writeOut(out, view, context);
    return 0;
  },
};

/** Asked for early by some calls, late by others, and done once. */
const once = <T>(load: () => Promise<T>): (() => Promise<T>) => {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
};

const targetNamed = (options: Parsed): TargetName | undefined => {
  const name = options.text('target');
  if (name === undefined || Object.hasOwn(TARGETS, name)) return TARGETS[name ?? ''];
  throw refuse('invalid-choice', '--target', `'${name}' is none of ${Object.keys(TARGETS).join(', ')}`, 'give one of them');
};

const withWarnings = (desired: Desired, warnings: readonly Diagnostic[]): Desired => ({
  ...desired,
  warnings: [...warnings, ...desired.warnings],
});

const startFacts = async (options: Parsed, wish: Wish, context: Context): Promise<Facts> => {
  const path = options.text('facts');
  if (path === undefined) return { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} };
  const { decodeFacts } = await import('../../core/facts-schema.ts');
  const { readJson } = await import('../files.ts');
  const facts = demanded(decodeFacts(await readJson(path, '--facts', context)));
  return { ...facts, host: { ...facts.host, files: { ...facts.host.files, ...wish.files } } };
};

/** Fills what the decision still lacks: asked from AWS with --describe, else made up, as few facts as will do. */
const completeFacts = async (spec: NodeSpec, start: Facts, wish: Wish, options: Parsed, context: Context): Promise<Facts> => {
  const { needsOf } = await import('../../core/needs.ts');
  let facts = start;
  for (let needs = needsOf(spec, facts); needs.length > 0; needs = needsOf(spec, facts)) {
    const asked = options.flag('describe')
      ? needs.find((need) => need.fact === 'cluster' || need.fact === 'instance.typeLimits')
      : undefined;
    if (asked) facts = await described(spec, asked, facts, wish, context);
    else {
      // The cluster first: it settles the IP family, and with it which addresses need to be made up at all.
      const cluster = needs.filter((need) => need.fact === 'cluster');
      facts = madeUp(spec, cluster.length > 0 ? cluster : needs, facts, wish);
    }
  }
  return facts;
};

const madeUp = (spec: NodeSpec, needs: readonly Need[], facts: Facts, wish: Wish): Facts => {
  const custom = spec.options.containerdConfigFile?.value;
  const before = facts;
  let after = facts;
  for (const { fact, why } of needs) {
    if (fact === `host.file:${custom}` && !Object.hasOwn(wish.files, custom ?? '')) {
      throw refuse(
        'file-missing',
        custom ?? '',
        'preview has no content for this file of the node',
        `give it with --host-file ${custom}=LOCAL_FILE`,
      );
    }
    const guess = assumed(fact, spec, wish);
    if (guess) after = withGuess(after, guess, wish);
    else if (fact === 'instance.typeLimits') {
      throw refuse(
        'unknown-instance-type',
        '--instance-type',
        `the table has no limits for '${facts.instance.type}' (${why})`,
        'check its spelling, or add --describe to ask AWS',
      );
    } else throw new Error(`nobody knows how to make up ${fact}`);
  }
  if (after === before) throw new Error(`facts are missing for ever: ${needs.map((n) => n.fact).join(', ')}`);
  return after;
};

const refuse = (code: string, path: string, message: string, remedy: string): Refused =>
  new Refused([{ severity: 'error', code, path, message, remedy }]);

const NO_CREDENTIALS = 'Give AWS credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID …, or `aws sso login`; or leave --describe out.';

const described = async (spec: NodeSpec, need: Need, facts: Facts, wish: Wish, context: Context): Promise<Facts> => {
  const { openWorld, plainWatch } = await import('../world.ts');
  const { SHORT_IMDS, withRemedy } = await import('../elsewhere.ts');
  const located =
    facts.instance.region === undefined
      ? withGuess(facts, { patch: { instance: { region: regionOf(wish) } }, at: { 'instance.region': '--region' } }, wish)
      : facts;
  const { world, close } = openWorld(context, '/', plainWatch(context), SHORT_IMDS);
  try {
    return withFacts(located, await world.resolve(need.fact, located, context.signal, spec).catch(withRemedy(NO_CREDENTIALS)));
  } finally {
    await close();
  }
};

const observedOf = async (machine: Machine | undefined, desired: Desired, context: Context): Promise<Observed> => {
  if (machine === undefined) return (await import('../../core/plan.ts')).emptyObserved('/');
  const { observeFor } = await import('../machine.ts');
  return observeFor(desired, machine, (text) => context.stderr.write(`warning: ${text}\n`), true);
};

const outOf = (options: Parsed, context: Context): string | undefined => {
  const name = options.text('out');
  if (name === undefined) return undefined;
  const directory = resolve(context.cwd, name);
  if (directory === '/') {
    const remedy = 'name a directory for the previewed files; `bootstrap` writes the real ones';
    throw refuse('invalid-path', '--out', 'is the root of this machine', remedy);
  }
  if (!existsSync(directory) || isDirectory(directory)) return directory;
  throw new NodeError('CANNOT_CREATE', `${directory} is no directory`, {
    remedy: 'Give --out a directory, or a name that is free.',
    path: directory,
  });
};

const unwritten = (path: string, cause: unknown): NodeError =>
  new NodeError('CANNOT_CREATE', `${path} could not be written (${(cause as NodeJS.ErrnoException).code})`, {
    remedy: 'choose a directory with room, where you may write',
    path,
    cause,
  });

/**
 * Makes a directory and what leads to it. Not with Node's `recursive`: that spins for ever where a parent is there and mkdir still
 * answers ENOENT, as everywhere under /proc.
 */
const makeDirectory = async (directory: string): Promise<void> => {
  if (isDirectory(directory)) return;
  await makeDirectory(dirname(directory));
  try {
    await mkdir(directory);
  } catch (cause) {
    throw unwritten(directory, cause);
  }
};

/** Writes every file under the directory; what else is there is left alone. */
const writeOut = async (directory: string, { plan }: PlanView, context: Context): Promise<void> => {
  for (const file of plan.files) {
    const path = join(directory, file.path);
    await makeDirectory(dirname(path));
    try {
      await writeFile(path, file.text, { mode: file.mode });
    } catch (cause) {
      throw unwritten(path, cause);
    }
  }
  context.stderr.write(`${plan.files.length} files written to ${directory}\n`);
};
