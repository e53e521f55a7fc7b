import { STATE_CODES } from '../../core/errors.ts';
import type { Facts } from '../../core/facts.ts';
import type { Diagnostic } from '../../core/report.ts';
import type { NodeSpec, TargetName } from '../../core/spec.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { gather } from '../../facts/gather.ts';
import { readKubeletVersionFile } from '../../facts/host.ts';
import type { Command, Context, Option } from '../command.ts';
import { alsoWrong, demanded, tomlFilesOf } from '../dialect.ts';
import { type Machine, machineAt, observeFor, rootNamed } from '../machine.ts';
import { meanwhile } from '../meanwhile.ts';
import { parsedOf, splitAtWord } from '../options.ts';
import { doneHere, type PlanView } from '../present/plan-text.ts';
import { wantedOf } from '../request.ts';
import { checkShowOptions, SHOW_OPTIONS, showPlan } from '../show.ts';
import { minorOf, systemOf } from '../system.ts';
import { openWorld, plainWatch } from '../world.ts';

const OPTIONS: readonly Option[] = [
  { name: 'exit-code', text: `end with ${STATE_CODES.CHANGES_PENDING.exit} when there is something to do` },
  { name: 'root', value: 'DIR', text: 'an image instead of this machine (BOOTWRIGHT_ROOT)' },
  ...SHOW_OPTIONS,
];

export const planCommand: Command = {
  name: 'plan',
  summary: 'show what `bootstrap` or `init` would do on this machine, and change nothing',
  usage: [
    'bootwright plan [options] [bootstrap] CLUSTER [flags of bootstrap.sh]',
    'bootwright plan [options] bootstrap.sh CLUSTER [flags]   (with the defaults of the drop-in)',
    'bootwright plan [options] init [SOURCE ...]   (a NodeConfig; a SOURCE with . / or : in it needs no word before it)',
  ],
  description: [
    'Asks IMDS and AWS as `bootstrap` does and compares the decision with what is there. Options of plan stand before the cluster or the word `bootstrap`.',
  ],
  options: OPTIONS,
  dialect: 'after-word',
  examples: [
    { line: 'sudo bootwright plan my-cluster', text: 'what would be done, and why' },
    { line: 'sudo bootwright plan init', text: 'by the NodeConfig in the user data' },
    { line: 'sudo bootwright plan --diff my-cluster', text: 'the changes as a unified diff' },
    { line: 'sudo bootwright plan --exit-code my-cluster >/dev/null || echo drifted', text: 'in a script' },
  ],
  async run(args, context) {
    const { own, rest } = splitAtWord(args, OPTIONS);
    const options = parsedOf(own, { command: 'plan', options: OPTIONS, positionals: 0 });
    checkShowOptions(options, context);
    const rootOf = (said: string | undefined): string =>
      rootNamed(options.text('root') ?? said ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context);
    const targetOf = (said: string | undefined): TargetName => systemOf(rootOf(said));
    const kubeletOf = async (): Promise<string | undefined> => minorOf(readKubeletVersionFile(rootOf(undefined)));
    const wanted = await wantedOf(rest, { name: 'plan', options: OPTIONS, rootOf, targetOf, isHere: true, kubeletOf }, context);
    if (wanted === null) return 0;
    const { spec, warnings, documents } = wanted;
    const machine = machineAt(rootOf(wanted.root), context);
    const { facts, desired, plan } = await planned(spec, warnings, machine, context).catch(async (error: unknown) => {
      throw await alsoWrong(error, machine.root, tomlFilesOf(spec));
    });
    const against = machine.live ? 'this machine' : machine.root;
    const view: PlanView = { spec, facts, desired, plan, against, root: machine.root, ...(documents ? { documents } : {}) };
    await showPlan(view, wanted.json ? { ...options, flag: (name) => name === 'json' || options.flag(name) } : options, context);
    return options.flag('exit-code') && doneHere(plan).length > 0 ? STATE_CODES.CHANGES_PENDING.exit : 0;
  },
};

const planned = async (
  spec: NodeSpec,
  warnings: readonly Diagnostic[],
  machine: Machine,
  context: Context,
): Promise<Pick<PlanView, 'facts' | 'desired' | 'plan'>> => {
  const watch = plainWatch(context);
  const start: Facts = { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} };
  const { world, close } = openWorld(context, machine.root, watch);
  const [facts, { decide }, { planOf }] = await Promise.all([
    gather(spec, start, world, { signal: context.signal }).finally(close),
    meanwhile(() => import('../../core/decide.ts')),
    meanwhile(() => import('../../core/plan.ts')),
  ]);
  const decided = demanded(decide(spec, facts));
  const desired = { ...decided, warnings: [...warnings, ...decided.warnings] };
  return { facts, desired, plan: demanded(planOf(desired, await observeFor(desired, machine, watch.warn))) };
};
