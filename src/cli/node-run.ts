/** One run that makes a node, under the lock: facts, decision, plan, apply, verify, report. `bootstrap` and `init` share it. */

import { decide } from '../core/decide.ts';
import type { Desired, Observed, Plan } from '../core/desired.ts';
import { NodeError, remedyOf, STATE_CODES } from '../core/errors.ts';
import type { Facts, FactsPatch, Need } from '../core/facts.ts';
import { withFacts } from '../core/facts.ts';
import { needsOf } from '../core/needs.ts';
import { planOf } from '../core/plan.ts';
import type { Checked, Diagnostic } from '../core/report.ts';
import type { NodeSpec } from '../core/spec.ts';
import { timestampOf } from '../core/timestamp.ts';
import { gather } from '../facts/gather.ts';
import type { Imds } from '../facts/imds.ts';
import type { Log } from '../log.ts';
import { type ApplyResult, applyPlan } from '../node/apply.ts';
import type { Report } from '../node/report.ts';
import { missingRights } from '../node/rights.ts';
import type { VerifyResult } from '../node/verify.ts';
import { type Context, Interrupted, Refused } from './command.ts';
import { alsoWrong, demanded, tomlFilesOf } from './dialect.ts';
import { exitCodeOf, exitCodeOfAll } from './exit-codes.ts';
import { healthzOf } from './healthz.ts';
import { type Machine, observeFor } from './machine.ts';
import { doneLine, skippedLines } from './present/bootstrap-log.ts';
import { diagnosticLine } from './present/diagnostics.ts';
import { createProgress } from './present/progress.ts';
import { type Stopwatch, startStopwatch } from './stopwatch.ts';
import { versionOf } from './version.ts';
import { openWorld } from './world.ts';

/** How long a kubelet may take to come up. */
const VERIFY_MS = 30_000;

export type VerifyLevel = 'none' | 'started' | 'joined';

/** What a run says of itself, in the words of the program that it stands in for. */
export interface Voice {
  /** Before the world is asked. */
  readonly asking: (spec: NodeSpec, needs: readonly Need[]) => readonly string[];
  /** After everything is decided, before anything is written. */
  readonly decided: (spec: NodeSpec, facts: Facts, plan: Plan) => readonly string[];
  /** After a good end. */
  readonly done: string;
}

export interface NodeRun {
  readonly spec: NodeSpec;
  /** The call as a person would type it. */
  readonly command: string;
  /** Of the command line or the document; they stand in the report. */
  readonly warnings: readonly Diagnostic[];
  readonly verify: VerifyLevel;
  readonly machine: Machine;
  readonly log: Log;
  readonly context: Context;
  readonly voice: Voice;
  /** What an earlier run of this boot has learnt, and nobody needs to ask again. */
  readonly known?: FactsPatch;
  /** A client that asks IMDS already. */
  readonly imds?: Imds;
  /** A part of the whole plan; absent: all of it. */
  readonly planOf?: (desired: Desired, observed: Observed) => Checked<Plan>;
  /** When all is decided, before the first write. */
  readonly before?: (facts: Facts) => Promise<void>;
  /** When all is done and seen to work. */
  readonly after?: (facts: Facts) => Promise<void>;
}

export interface NodeRunEnd {
  readonly report: Report;
  /** What ended the run before its end. */
  readonly error?: unknown;
}

/** What a run has learnt so far; a run that fails reports it as well. */
interface Progress {
  plan?: Plan;
  applied?: ApplyResult;
  verified?: VerifyResult;
}

const gathered = async ({ spec, machine, log, context, voice, known = {}, imds }: NodeRun): Promise<Facts> => {
  const start: Facts = withFacts({ schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} }, known);
  for (const line of voice.asking(spec, needsOf(spec, start))) log.info(line);
  const { world, close } = openWorld(context, machine.root, log, {}, imds);
  try {
    return await gather(spec, start, world, { signal: context.signal, log: log.debug });
  } finally {
    await close();
  }
};

/** Everything that can be wrong is said here, before the first write. */
const planned = async (run: NodeRun, desired: Desired): Promise<Plan> => {
  const { machine, log, context } = run;
  const observed = await observeFor(desired, machine, log.warn);
  const plan = demanded((run.planOf ?? planOf)(desired, observed));
  const missing = missingRights({ root: machine.root, live: machine.live, uid: context.uid }, plan);
  if (missing) throw missing;
  return plan;
};

const verified = async (run: NodeRun, plan: Plan, applied: ApplyResult, { timed, stages }: Stopwatch): Promise<VerifyResult> => {
  const started = await timed('verify', () => verifiedStarted(run, plan, applied));
  if (run.verify !== 'joined' || started.result === 'failed') return started;
  const { verifyJoined } = await import('./csr/joined.ts');
  const joined = await verifyJoined(run.machine, run.context, run.log);
  stages.push(...joined.stages);
  return joined.result;
};

const verifiedStarted = async ({ spec, machine, context, log }: NodeRun, plan: Plan, { outcome }: ApplyResult): Promise<VerifyResult> => {
  const { verifyStarted } = await import('../node/verify.ts');
  const progress = createProgress({ terminal: context.stderr, say: log.info });
  progress.note({ wait: 'kubelet', text: 'the kubelet comes up', elapsedMs: 0, deadlineMs: VERIFY_MS });
  try {
    // A kubelet that nobody has touched needs no second look.
    const looks = outcome === 'converged' ? { successes: 1 } : {};
    const { systemd } = machine;
    return await verifyStarted({ systemd, healthz: healthzOf(plan, spec), deadlineMs: VERIFY_MS, signal: context.signal, ...looks });
  } finally {
    progress.stop();
  }
};

const steps = async (run: NodeRun, progress: Progress, stopwatch: Stopwatch): Promise<void> => {
  const { timed } = stopwatch;
  const { spec, machine, log, context, voice } = run;
  const facts = await timed('facts', () => gathered(run));
  const desired = await timed('decide', async () => demanded(decide(spec, facts)));
  const plan = await timed('observe', () => planned(run, desired));
  progress.plan = plan;
  for (const line of voice.decided(spec, facts, plan)) log.info(line);
  for (const warning of plan.warnings) log.warn(diagnosticLine(warning));
  await run.before?.(facts);
  const { root, live, systemd, searchPath } = machine;
  const onAction = (action: ApplyResult['actions'][number]): void => {
    if (action.status === 'done') (action.kind === 'make-directory' ? log.debug : log.info)(doneLine(action));
  };
  const applied = await timed('apply', () =>
    applyPlan(plan, { root, live, systemd, searchPath, now: context.now, signal: context.signal, onAction }),
  );
  progress.applied = applied;
  for (const line of skippedLines(applied.actions)) log.info(line);
  for (const warning of applied.warnings) log.warn(warning);
  if (applied.outcome === 'failed') throw applied.error;
  if (run.verify !== 'none' && live) progress.verified = await verified(run, plan, applied, stopwatch);
  if (progress.verified?.result !== 'failed') await run.after?.(facts);
};

/** What the run was ended by, whatever form the abort took on its way. */
const interruptionOf = ({ signal }: Context): Interrupted | undefined => (signal.reason instanceof Interrupted ? signal.reason : undefined);

const failureIn = (error: unknown, context: Context): NonNullable<Report['error']> => {
  const interruption = interruptionOf(context);
  if (interruption) return { code: 'INTERRUPTED', message: interruption.message, remedy: 'Run it again: it finishes what this run began.' };
  if (error instanceof Refused)
    return {
      code: 'BAD_DATA',
      message: error.diagnostics
        .filter((d) => d.severity === 'error')
        .map(diagnosticLine)
        .join('\n'),
    };
  const remedy = remedyOf(error);
  const code = error instanceof NodeError ? error.code : 'INTERNAL';
  return { code, message: error instanceof Error ? error.message : String(error), ...(remedy === undefined ? {} : { remedy }) };
};

const exitOf = (error: unknown, { verified: result }: Progress, context: Context): number => {
  const { style } = context;
  const interruption = interruptionOf(context);
  if (error !== undefined && interruption) return interruption.exitCode;
  if (error instanceof Refused) return exitCodeOfAll(error.diagnostics, style);
  if (error !== undefined) return exitCodeOf(error instanceof NodeError ? error.code : 'INTERNAL', style);
  // bootstrap.sh did not look.
  if (result?.result !== 'failed' || style === 'drop-in') return 0;
  if (style !== 'own') return 1;
  return (result.level === 'joined' ? STATE_CODES.NODE_NOT_JOINED : STATE_CODES.KUBELET_NOT_STARTED).exit;
};

/** The report of a call that was refused before anything was asked or written; it is printed, and nothing is kept. */
export const refusedReport = (
  error: unknown,
  { command, warnings, root }: { readonly command: string; readonly warnings: readonly Diagnostic[]; readonly root: string },
  context: Context,
): Report => ({
  schemaVersion: 1,
  version: versionOf().version,
  command,
  startedAt: timestampOf(context.now()),
  durationMs: 0,
  stages: [],
  outcome: 'failed',
  root,
  actions: [],
  decisions: [],
  warnings: warnings.filter(({ severity }) => severity === 'warning'),
  error: failureIn(error, context),
  exitCode: exitOf(error, {}, context),
});

/** Never rejects: what ended the run stands beside its report. */
export const runNode = async (run: NodeRun): Promise<NodeRunEnd> => {
  const { spec, command, machine, context, warnings } = run;
  const startedAt = context.now();
  const stopwatch = startStopwatch();
  const progress: Progress = {};
  let error: unknown;
  try {
    await steps(run, progress, stopwatch);
  } catch (cause) {
    error = await alsoWrong(cause ?? new Error('the run failed without a reason'), machine.root, tomlFilesOf(spec));
  }
  const { plan, applied, verified: result } = progress;
  const report: Report = {
    schemaVersion: 1,
    version: versionOf().version,
    command,
    startedAt: timestampOf(startedAt),
    durationMs: stopwatch.elapsedMs(),
    stages: stopwatch.stages,
    outcome: error === undefined ? (applied?.outcome ?? 'converged') : 'failed',
    root: machine.root,
    actions: applied?.actions ?? [],
    decisions: plan?.decisions ?? [],
    warnings: [...warnings, ...(plan?.warnings ?? [])],
    ...(result ? { verify: result } : {}),
    ...(error === undefined ? {} : { error: failureIn(error, context) }),
    exitCode: exitOf(error, progress, context),
  };
  return error === undefined ? { report } : { report, error };
};
