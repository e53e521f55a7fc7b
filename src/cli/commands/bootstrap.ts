import { resolve } from 'node:path';
import { decodeBootstrap } from '../../core/config/bootstrap-flags.ts';
import { NodeError } from '../../core/errors.ts';
import { type Diagnostic, hasErrors } from '../../core/report.ts';
import { createLog } from '../../log.ts';
import { missingRights } from '../../node/rights.ts';
import { type Command, type Context, Refused } from '../command.ts';
import { alsoWrong } from '../dialect.ts';
import { printReport, runLocked } from '../locked-run.ts';
import { machineAt } from '../machine.ts';
import { refusedReport, type Voice } from '../node-run.ts';
import { askingLines, decidedLines } from '../present/bootstrap-log.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { forTarget, systemOf } from '../system.ts';

const VOICE: Voice = { asking: askingLines, decided: decidedLines, done: 'complete!' };

export const bootstrapCommand: Command = {
  name: 'bootstrap',
  summary: 'make this machine a node of a cluster',
  usage: ['bootwright bootstrap [flags] CLUSTER', 'bootstrap.sh [flags] CLUSTER'],
  description: [
    'Reads what it needs from IMDS and AWS, decides, writes what differs, starts the units, and waits until the node has joined (--verify). The same call again changes nothing. `bootwright plan` shows beforehand what it would do.',
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
    const { request, diagnostics: ofLine, echo } = decodeBootstrap(args, context.env, style);
    if (request?.help) return showHelp(context);
    const machine = machineAt(resolve(context.cwd, request?.run.root?.value ?? '/'), context);
    const { value: spec, diagnostics: ofSystem } = request?.spec
      ? await forTarget(request.spec, systemOf(machine.root))
      : { value: undefined, diagnostics: [] };
    const diagnostics = [...ofLine, ...ofSystem];
    const log = createLog({ format: 'bootstrap', env: context.env, now: context.now });
    log.info('starting...');
    for (const line of echo) log.info(line);
    for (const warning of diagnostics.filter((d) => d.severity === 'warning')) log.warn(diagnosticLine(warning));
    const problem = refusalOf(diagnostics, rightsProblem(machine, context));
    if (problem !== undefined) {
      const refusal = await alsoWrong(problem, machine.root, request?.run.tomlFiles ?? []);
      if (request?.run.json ?? args.includes('--json')) await printRefused(refusal, diagnostics, machine.root, context);
      throw refusal;
    }
    if (request === undefined || spec === undefined) throw new Error('the command line is right, and says nothing');
    const command = `${context.calledAs}${style === 'own' ? ' bootstrap' : ''} ${spec.cluster.name.value}`;
    const verify = request.run.verify?.value ?? (style === 'own' ? 'joined' : 'started');
    const run = { spec, command, warnings: diagnostics, verify, machine, log, context, voice: VOICE } as const;
    return runLocked(run, request.run.json);
  },
};

const printRefused = (refusal: unknown, warnings: readonly Diagnostic[], root: string, context: Context): Promise<void> => {
  const command = context.style === 'own' ? `${context.calledAs} bootstrap` : context.calledAs;
  return printReport(refusedReport(refusal, { command, warnings, root }, context), context);
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
