import type { Desired, Plan } from '../../core/desired.ts';
import { BINDS, movedAround } from '../../core/disks/binds.ts';
import { localDisksOf } from '../../core/disks/decision.ts';
import type { Facts } from '../../core/facts.ts';
import { LOCAL_DISKS_DIR } from '../../core/paths.ts';
import { planOf } from '../../core/plan.ts';
import { type Diagnostic, errorAt, type Sourced } from '../../core/report.ts';
import { LOCAL_DISKS_BINDS, LOCAL_DISKS_MODES, type LocalDisksBind, type LocalDisksMode, type LocalDisksSpec } from '../../core/spec.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { applyPlan } from '../../node/apply.ts';
import { nameOf, withLock } from '../../node/lock.ts';
import { missingRights } from '../../node/rights.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { demanded } from '../dialect.ts';
import { type Machine, machineAt, observeFor } from '../machine.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { doneLine } from '../present/bootstrap-log.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { colourWishOf, isColoured, paintOf } from '../present/paint.ts';
import { decisionLines } from '../present/plan-text.ts';
import { stepLines } from '../present/steps.ts';
import { openWorld, plainWatch } from '../world.ts';

const LOCK_WAIT_MS = 300_000;

const OPTIONS: readonly Option[] = [
  { name: 'dir', short: 'd', value: 'DIR', text: `where the disks are mounted (${LOCAL_DISKS_DIR})` },
  ...LOCAL_DISKS_BINDS.map((name) => ({ name: `no-bind-${name}`, text: `leave ${BINDS[name].directory} where it is` })),
  { name: 'no-bind-mounts', text: 'leave all of them where they are' },
  { name: 'plan', text: 'show what would be done, and change nothing' },
];

/** No character that means something in a unit file, and no directory that is to be moved itself. */
const directoryFault = (directory: string): Diagnostic | undefined => {
  const refuse = (message: string): Diagnostic => errorAt('invalid-path', '--dir', message, `Give a directory like ${LOCAL_DISKS_DIR}.`);
  if (!/^(?:\/[A-Za-z0-9_.:@+-]+)+$/.test(directory) || /\/\.\.?(?:\/|$)/.test(directory)) {
    return refuse(`'${directory}' is not an absolute path of letters, digits, and . _ : @ + -`);
  }
  const moved = movedAround(directory);
  return moved === undefined ? undefined : refuse(`'${directory}' is, or lies in, ${moved}, which goes onto the disks itself`);
};

const modeFault = (word: string | undefined): Diagnostic | undefined => {
  const list = LOCAL_DISKS_MODES.join(', ');
  if (word === undefined) return errorAt('missing-value', 'MODE', 'says what becomes of the disks, and is missing', `Give one of ${list}.`);
  if (LOCAL_DISKS_MODES.some((mode) => mode === word)) return undefined;
  return errorAt('invalid-value', 'MODE', `'${word}' is not one of ${list}`, `Give one of them.`);
};

/** What the line asks for. Throws Refused with every mistake. */
const specOf = (options: Parsed): LocalDisksSpec => {
  const [word] = options.positionals;
  const said = <T>(value: T, at: string): Sourced<T> => ({ value, origin: 'flag', at });
  const directory = options.text('dir');
  const faults = [modeFault(word), directory === undefined ? undefined : directoryFault(directory)].filter((fault) => fault !== undefined);
  if (faults.length > 0) throw new Refused(faults);
  const isBound = (name: LocalDisksBind): boolean => !options.flag('no-bind-mounts') && !options.flag(`no-bind-${name}`);
  return {
    mode: said(word as LocalDisksMode, 'MODE'),
    directory: directory === undefined ? { value: LOCAL_DISKS_DIR, origin: 'default', at: '--dir' } : said(directory, '--dir'),
    binds: LOCAL_DISKS_BINDS.filter(isBound),
    delegates: false,
  };
};

const planned = async (spec: LocalDisksSpec, machine: Machine, context: Context): Promise<Plan> => {
  const watch = plainWatch(context);
  const start: Facts = { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} };
  const { world, close } = openWorld(context, machine.root, watch);
  const { host } = await world.resolve('host.localDisks', start, context.signal).finally(close);
  const { decision, storage, stale } = demandedDisks(spec, { ...start, host: { ...host } }, context);
  const desired: Desired = {
    target: 'amazon-linux-2',
    ...(storage ? { storage } : {}),
    directories: [],
    files: stale,
    units: [],
    decisions: [decision],
    warnings: [],
  };
  // The manifest is of whole nodes: for this plan nothing is left over.
  return demanded(planOf(desired, { ...(await observeFor(desired, machine, watch.warn)), manifest: null }));
};

const demandedDisks = (spec: LocalDisksSpec, facts: Facts, context: Context) => {
  const decided = localDisksOf(spec, facts);
  const value = demanded(decided);
  for (const warning of decided.diagnostics) context.stderr.write(`warning: ${diagnosticLine(warning)}\n`);
  return value;
};

const show = ({ actions, decisions }: Plan, { stdout, env }: Context): void => {
  const paint = paintOf(isColoured(colourWishOf(undefined) ?? 'auto', stdout, env));
  const width = Math.min(140, Math.max(60, stdout.columns));
  const lines = decisions.flatMap((decision) => decisionLines(decision, paint, width, { whole: false }));
  const steps = actions.length === 0 ? ['Nothing to do.'] : stepLines(actions, paint, width);
  stdout.write(`${[...lines, '', ...steps].join('\n')}\n`);
};

const carryOut = async (plan: Plan, machine: Machine, context: Context): Promise<void> => {
  const tell = (line: string): void => context.stderr.write(`${line}\n`);
  for (const { because } of plan.decisions) tell(because.text);
  const { root, live, systemd, searchPath } = machine;
  const applied = await applyPlan(plan, {
    ...{ root, live, systemd, searchPath, now: context.now, signal: context.signal, isPart: true },
    onAction: (action) => {
      if (action.status === 'done') tell(doneLine(action));
    },
  });
  for (const warning of applied.warnings) tell(`warning: ${warning}`);
  if (applied.outcome === 'failed') throw applied.error;
  if (applied.outcome === 'converged') tell('Nothing to do.');
};

export const localDisksCommand: Command = {
  name: 'local-disks',
  summary: 'set up the disks of the instance store',
  usage: ['bootwright local-disks [options] raid0|raid10|mount|none', 'setup-local-disks [options] raid0|raid10|mount|none'],
  description: [
    `raid0 and raid10 make one array of all disks, with xfs, mounted at DIR/0, and move the data of kubelet and containerd onto it; mount formats each disk and mounts it at DIR/1, DIR/2 …; none does nothing. \`bootstrap --local-disks MODE\` does the same before it writes anything else.`,
    'A disk that holds anything (a file system, a partition table, a part of an array) or is in use is never formatted. The same call again changes nothing; after a stop and start, which wipes the disks, it sets up the new ones.',
  ],
  options: OPTIONS,
  examples: [
    { line: 'sudo bootwright local-disks --plan raid0', text: 'what would be done, and why' },
    { line: 'sudo bootwright local-disks --no-bind-pods-logs raid0', text: 'one array, and the logs of pods stay where they are' },
    { line: 'sudo setup-local-disks --dir /data mount', text: 'by the name that AMIs know: a link to bootwright' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'local-disks', options: OPTIONS, positionals: 1 });
    const spec = specOf(options);
    if (spec.mode.value === 'none') {
      context.stderr.write('Nothing to do: the disks are left as they are.\n');
      return 0;
    }
    const machine = machineAt('/', context);
    const missing = missingRights({ root: machine.root, live: machine.live, uid: context.uid });
    if (missing) throw missing;
    if (options.flag('plan')) {
      show(await planned(spec, machine, context), context);
      return 0;
    }
    const command = `${context.calledAs}${context.style === 'own' ? ' local-disks' : ''} ${spec.mode.value}`;
    const onWait: NonNullable<Parameters<typeof withLock>[1]['onWait']> = (holder) =>
      context.stderr.write(`waiting for another run: ${nameOf(holder)}\n`);
    const lock = { command, waitMs: LOCK_WAIT_MS, random: context.random, signal: context.signal, onWait };
    await withLock(machine.root, lock, async () => carryOut(await planned(spec, machine, context), machine, context));
    return 0;
  },
};
