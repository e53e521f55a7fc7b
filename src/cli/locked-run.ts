/** A run that makes a node, from the lock to the last word: one at a time, its report kept, its end told. */
import { NodeError } from '../core/errors.ts';
import type { JournalCause } from '../core/journal-causes.ts';
import { spanOf } from '../facts/wait.ts';
import type { Log } from '../log.ts';
import { nameOf, withLock } from '../node/lock.ts';
import type { Report } from '../node/report.ts';
import type { Context } from './command.ts';
import { type NodeRun, runNode } from './node-run.ts';

/** A run that waits for its cluster may take long; who waits for it is told so. */
const LOCK_WAIT_MS = 300_000;

/** Resolves to the exit code. @throws what ended the run, when its report is kept and printed */
export const runLocked = async (run: NodeRun, printsReport: boolean): Promise<number> => {
  const { command, machine, log, context, voice } = run;
  const onWait: NonNullable<Parameters<typeof withLock>[1]['onWait']> = (holder) => log.info(`waiting for another run: ${nameOf(holder)}`);
  const lock = { command, waitMs: LOCK_WAIT_MS, random: context.random, signal: context.signal, onWait };
  const { report, error } = await withLock(machine.root, lock, async () => {
    const end = await runNode(run);
    await keep(machine.root, end.report, log);
    return end;
  });
  if (printsReport) await printReport(report, context);
  if (error !== undefined) throw error;
  tellEnd(report, log, voice.done);
  return report.exitCode;
};

/** A report that cannot be written is no reason to fail: the node is what matters. */
const keep = async (root: string, report: Report, log: Log): Promise<void> => {
  const { writeReport } = await import('../node/report.ts');
  try {
    writeReport(root, report);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    log.warn(`no report: ${error.message}`);
  }
};

/** As JSON on standard output, secrets masked. */
export const printReport = async (report: Report, context: Context): Promise<void> => {
  const { jsonText, shownDecision } = await import('./present/plan-json.ts');
  const { redactedJson } = await import('../core/redact.ts');
  context.stdout.write(jsonText(redactedJson({ ...report, decisions: report.decisions.map(shownDecision) })));
};

const tellEnd = (report: Report, log: Log, done: string): void => {
  const { outcome, verify, exitCode } = report;
  if (outcome === 'converged') log.info('nothing to do: everything is what it should be');
  if (verify?.result === 'failed') for (const line of verifyLines(verify)) (exitCode === 0 ? log.warn : log.error)(line);
  if (verify?.level === 'joined') log.info(stageLine(report));
  if (exitCode === 0) log.info(done);
};

/** A start of containerd or the kubelet takes longer than all that is written. */
const unitMs = ({ actions }: Report, name: string): number =>
  actions.filter(({ unit, status }) => unit === `${name}.service` && status === 'done').reduce((sum, { ms }) => sum + ms, 0);

/** `joined after 12 s: facts 0.4 s, …`: where the time went, in order. */
const stageLine = (report: Report): string => {
  const { stages, durationMs, verify } = report;
  const [containerd, kubelet] = [unitMs(report, 'containerd'), unitMs(report, 'kubelet')];
  const shown = stages.flatMap(({ name, ms }): (readonly [string, number])[] => {
    if (name === 'apply')
      return [
        ['write', Math.max(0, ms - containerd - kubelet)],
        ['containerd', containerd],
      ];
    return [[name === 'verify' ? 'kubelet' : name, name === 'verify' ? ms + kubelet : ms]];
  });
  const times = shown.map(([name, ms]) => `${name} ${spanOf(ms)}`).join(', ');
  return `${verify?.result === 'ok' ? 'joined' : 'not joined'} after ${spanOf(durationMs)}: ${times}`;
};

/** What was seen, the lines of the journal that decide, and what they mean. */
const verifyLines = ({ level, text, journal, cause, state, advice = [] }: NonNullable<Report['verify']>): string[] => {
  if (level === 'joined') return [`the node has not joined: ${state}: ${text}`, ...advice, 'See `bootwright csr`.'];
  return startLines({ text, journal, cause });
};

const startLines = ({
  text,
  journal,
  cause,
}: Pick<NonNullable<Report['verify']>, 'text' | 'journal'> & { readonly cause: JournalCause | undefined }): string[] => [
  `the kubelet did not come up: ${text}`,
  ...journal.map((line) => `journal: ${line}`),
  ...(cause ? [`likely cause: ${cause.cause}. ${cause.remedy}`] : ['See `systemctl status kubelet` and `journalctl -u kubelet`.']),
];
