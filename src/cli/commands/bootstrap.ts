import { resolve } from 'node:path';
import { decodeBootstrap } from '../../core/config/bootstrap-flags.ts';
import { NodeError } from '../../core/errors.ts';
import { type Diagnostic, hasErrors } from '../../core/report.ts';
import { createLog, type Log } from '../../log.ts';
import { nameOf, withLock } from '../../node/lock.ts';
import type { Report } from '../../node/report.ts';
import { missingRights } from '../../node/rights.ts';
import { commandLineOf, refusedReport, runBootstrap } from '../bootstrap-run.ts';
import { type Command, type Context, Refused } from '../command.ts';
import { alsoWrong } from '../dialect.ts';
import { machineAt } from '../machine.ts';
import { diagnosticLine } from '../present/diagnostics.ts';

/** A run that waits for its cluster may take long; who waits for it is told so. */
const LOCK_WAIT_MS = 300_000;

export const bootstrapCommand: Command = {
  name: 'bootstrap',
  summary: 'make this machine a node of a cluster',
  usage: ['bootwright bootstrap [flags] CLUSTER', 'bootstrap.sh [flags] CLUSTER'],
  description: [
    'Reads what it needs from IMDS and AWS, decides, writes what differs, starts the units, and looks whether the kubelet stays up. The same call again changes nothing. `bootwright plan` shows beforehand what it would do.',
    'Under the name bootstrap.sh it keeps that script’s flags, variables, log format and exit codes (0, and 1 for every error, --help included).',
  ],
  options: [],
  dialect: 'at-once',
  more: async () => (await import('../present/flags.ts')).flagText(100),
  examples: [
    { line: "bootwright bootstrap my-cluster --kubelet-extra-args '--node-labels=team=a'", text: 'join my-cluster' },
    { line: 'bootwright bootstrap my-cluster --apiserver-endpoint https://… --b64-cluster-ca …', text: 'without asking EKS' },
    { line: 'bootwright bootstrap my-cluster --root /mnt/image --verify none', text: 'prepare an image' },
  ],
  async run(args, context) {
    const style = context.style === 'own' ? 'own' : 'drop-in';
    const { request, diagnostics, echo } = decodeBootstrap(args, context.env, style);
    if (request?.help) return showHelp(context);
    const log = createLog({ format: 'bootstrap', env: context.env, now: context.now });
    log.info('starting...');
    for (const line of echo) log.info(line);
    for (const warning of diagnostics.filter((d) => d.severity === 'warning')) log.warn(diagnosticLine(warning));
    const machine = machineAt(resolve(context.cwd, request?.run.root?.value ?? '/'), context);
    const problem = refusalOf(diagnostics, rightsProblem(machine, context));
    if (problem !== undefined) {
      const refusal = await alsoWrong(problem, machine.root, request?.run.tomlFiles ?? []);
      if (request?.run.json ?? args.includes('--json')) await print(refusedReport(refusal, diagnostics, machine.root, context), context);
      throw refusal;
    }
    const spec = request?.spec;
    if (spec === undefined) throw new Error('the command line is right, and says nothing');
    const command = commandLineOf(spec, context);
    const onWait: NonNullable<Parameters<typeof withLock>[1]['onWait']> = (holder) =>
      log.info(`waiting for another run: ${nameOf(holder)}`);
    const lock = { command, waitMs: LOCK_WAIT_MS, random: context.random, signal: context.signal, onWait };
    const verify = request?.run.verify?.value === 'none' ? 'none' : 'started';
    const { report, error } = await withLock(machine.root, lock, async () => {
      const end = await runBootstrap({ spec, warnings: diagnostics, verify, machine, log, context });
      await keep(machine.root, end.report, log);
      return end;
    });
    if (request?.run.json) await print(report, context);
    if (error !== undefined) throw error;
    tellEnd(report, log, context);
    return report.exitCode;
  },
};

const showHelp = async (context: Context): Promise<number> => {
  const { commandHelp } = await import('../present/help.ts');
  context.stdout.write(await commandHelp(bootstrapCommand, context.stdout.columns));
  return context.style === 'drop-in' ? 1 : 0;
};

const rightsProblem = ({ root, live }: { root: string; live: boolean }, { uid, style }: Context): NodeError | undefined => {
  const missing = missingRights({ root, live, uid });
  if (missing === undefined || !live || uid === 0 || style === 'own') return missing;
  return new NodeError('NO_PERMISSION', 'script must be run as root', { remedy: missing.remedy ?? '' });
};

/** Mistakes of the command line and a missing right are said together. */
const refusalOf = (diagnostics: readonly Diagnostic[], missing: NodeError | undefined): NodeError | Refused | undefined => {
  if (!hasErrors(diagnostics)) return missing;
  const right = missing
    ? [{ severity: 'error', code: 'not-root', path: '', message: missing.message, remedy: missing.remedy ?? '' } as const]
    : [];
  return new Refused([...right, ...diagnostics]);
};

/** A report that cannot be written is no reason to fail: the node is what matters. */
const keep = async (root: string, report: Report, log: Log): Promise<void> => {
  const { writeReport } = await import('../../node/report.ts');
  try {
    writeReport(root, report);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    log.warn(`no report: ${error.message}`);
  }
};

const print = async (report: Report, context: Context): Promise<void> => {
  const { jsonText, shownDecision } = await import('../present/plan-json.ts');
  const { redactedJson } = await import('../../core/redact.ts');
  context.stdout.write(jsonText(redactedJson({ ...report, decisions: report.decisions.map(shownDecision) })));
};

const tellEnd = ({ outcome, verify, exitCode }: Report, log: Log, { style }: Context): void => {
  if (outcome === 'converged') log.info('nothing to do: everything is what it should be');
  if (verify?.result === 'failed') for (const line of verifyLines(verify)) (style === 'own' ? log.error : log.warn)(line);
  if (exitCode === 0) log.info('complete!');
};

/** What was seen, the lines of the journal that decide, and what they mean. */
const verifyLines = ({ text, journal, cause }: NonNullable<Report['verify']>): string[] => [
  `the kubelet did not come up: ${text}`,
  ...journal.map((line) => `journal: ${line}`),
  ...(cause ? [`likely cause: ${cause.cause}. ${cause.remedy}`] : ['See `systemctl status kubelet` and `journalctl -u kubelet`.']),
];
