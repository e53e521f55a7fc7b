/** What a check is, and how many of them are run: as a graph, side by side, each with a deadline, what depends on a failure left out. */
import { NodeError } from '../core/errors.ts';
import { redacted } from '../core/redact.ts';
import type { Probes } from './probes.ts';

/** `warn`: worth knowing, and no reason not to join. `skip`: it could not be looked at. */
type Outcome = 'pass' | 'warn' | 'fail' | 'skip';

export interface Finding {
  readonly result: Outcome;
  /** One sentence or two: what was seen. */
  readonly evidence: string;
  /** What to do; on `warn` and `fail`. */
  readonly remedy?: string;
  /** More evidence, line by line: of a journal. */
  readonly lines?: readonly string[];
}

/** What a check looks at: files of a root, the running machine, or others over the network. */
type Reach = 'files' | 'machine' | 'network';

export interface Check {
  /** Stable: for --only, --skip, and in JSON. */
  readonly id: string;
  /** What is true when it passes. */
  readonly title: string;
  readonly reach: Reach;
  /** Their failure makes this one meaningless. They stand before it in the list. */
  readonly after: readonly string[];
  readonly deadlineMs: number;
  /** A page of AWS or Kubernetes. */
  readonly link?: string;
  /** What it throws as a NodeError is a failure with that remedy. */
  readonly run: (probes: Probes, signal: AbortSignal) => Promise<Finding>;
}

export interface CheckResult extends Finding {
  readonly check: Check;
  /** The failure that made it meaningless. */
  readonly blockedBy?: string;
  readonly ms: number;
}

export const pass = (evidence: string): Finding => ({ result: 'pass', evidence });
export const skip = (evidence: string): Finding => ({ result: 'skip', evidence });
export const warn = (evidence: string, remedy: string): Finding => ({ result: 'warn', evidence, remedy });
export const fail = (evidence: string, remedy: string, lines: readonly string[] = []): Finding => ({
  result: 'fail',
  evidence,
  remedy,
  ...(lines.length > 0 ? { lines } : {}),
});

export interface RunOptions {
  readonly probes: Probes;
  /** What may be looked at. */
  readonly reaches: readonly Reach[];
  readonly skipped: readonly string[];
  /** For all of them together. */
  readonly totalMs: number;
  readonly signal: AbortSignal;
  readonly clock: () => number;
}

const isDenied = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : '';
  return code === 'EACCES' || code === 'EPERM' || isDenied(error.cause);
};

const ofError = (error: unknown): Finding => {
  if (!(error instanceof NodeError)) throw error;
  if (isDenied(error)) return skip(`${error.message}; run it as root`);
  return fail(error.message, error.remedy ?? 'See the message.');
};

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/** Unlike AbortSignal.timeout it keeps the process alive: where nothing else is left to wait for, the check hangs and is to be told. */
const alarmIn = (ms: number): { readonly signal: AbortSignal; readonly off: () => void } => {
  const alarm = new AbortController();
  const timer = setTimeout(() => alarm.abort(), ms);
  return { signal: alarm.signal, off: () => clearTimeout(timer) };
};

/** The finding, or what is to be said when time is up: a check that hangs must not keep the others from being told. */
const inTime = async (check: Check, options: RunOptions, end: AbortSignal): Promise<Finding> => {
  const { probes, signal } = options;
  const deadline = alarmIn(check.deadlineMs);
  const stop = AbortSignal.any([signal, end, deadline.signal]);
  const timeUp = new Promise<Finding>((resolve, reject) => {
    const say = (): void => {
      if (signal.aborted) reject(signal.reason);
      else if (deadline.signal.aborted)
        resolve(fail(`no answer within ${seconds(check.deadlineMs)}`, 'Something hangs there; look at it by hand.'));
      else resolve(skip(`the ${seconds(options.totalMs)} that all checks have were over`));
    };
    if (stop.aborted) say();
    else stop.addEventListener('abort', say, { once: true });
  });
  timeUp.catch(() => undefined); // nobody may be waiting for it any more
  const found = check.run(probes, stop).catch((error: unknown) => (stop.aborted ? timeUp : ofError(error)));
  return Promise.race([found, timeUp]).finally(deadline.off);
};

const masked = ({ evidence, lines, ...rest }: Finding): Finding => ({
  ...rest,
  evidence: redacted(evidence),
  ...(lines ? { lines: lines.map(redacted) } : {}),
});

const LEFT_OUT: { readonly [reach in Reach]: string } = {
  network: 'asks over the network',
  machine: 'looks at a running machine',
  files: 'looks at files',
};

/**
 * Runs the checks of a list in which each stands behind what it depends on. Results come in the order of the list, which is the order of
 * causes: the first failure is the one to mend first. @throws what a check throws that is no NodeError: a bug
 */
export const runChecks = async (checks: readonly Check[], options: RunOptions): Promise<readonly CheckResult[]> => {
  const { clock, reaches, skipped, totalMs } = options;
  const end = alarmIn(totalMs);
  const results = new Map<string, Promise<CheckResult>>();
  const runOne = async (check: Check): Promise<CheckResult> => {
    if (skipped.includes(check.id)) return { check, ...skip('left out by --skip'), ms: 0 };
    if (!reaches.includes(check.reach)) return { check, ...skip(LEFT_OUT[check.reach]), ms: 0 };
    const before = await Promise.all(check.after.flatMap((id) => results.get(id) ?? []));
    const blocker = before.find(({ result, blockedBy }) => result === 'fail' || blockedBy !== undefined);
    if (blocker !== undefined) {
      const blockedBy = blocker.blockedBy ?? blocker.check.id;
      return { check, ...skip(`not looked at, as ${blockedBy} failed`), blockedBy, ms: 0 };
    }
    const began = clock();
    const finding = await inTime(check, options, end.signal);
    return { check, ...masked(finding), ms: Math.max(0, Math.round(clock() - began)) };
  };
  for (const check of checks) {
    const running = runOne(check);
    running.catch(() => undefined); // Promise.all below tells of it
    results.set(check.id, running);
  }
  return Promise.all(results.values()).finally(end.off);
};

/** The check to mend first; undefined: nothing failed. */
export const rootCauseOf = (results: readonly CheckResult[]): CheckResult | undefined => results.find(({ result }) => result === 'fail');

/** The checks of these names and all that they depend on, in the order of the list. */
export const withDependencies = (checks: readonly Check[], ids: readonly string[]): readonly Check[] => {
  const wanted = new Set(ids);
  for (const check of checks.toReversed()) if (wanted.has(check.id)) for (const id of check.after) wanted.add(id);
  return checks.filter(({ id }) => wanted.has(id));
};
