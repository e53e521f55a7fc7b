/**
 * Did the kubelet come up? On EKS its unit is Type=simple: `active` says that a process was forked, nothing more. So it must also answer on
 * its health port several times in a row, as the same process and without a restart in between.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { decisiveLines, type JournalCause, journalCauseOf } from '../core/journal-causes.ts';
import { isSilent, type Systemd, type UnitState } from './systemd.ts';

export interface VerifyOptions {
  readonly systemd: Pick<Systemd, 'states' | 'journal'>;
  readonly unit?: string;
  /** null: the kubelet's health port is off; then its process must stay the same for that many looks. */
  readonly healthz?: string | null;
  readonly deadlineMs?: number;
  /** Between two looks. */
  readonly intervalMs?: number;
  /** Good looks in a row; one is enough for a kubelet that this run has not touched. */
  readonly successes?: number;
  /** So many restarts while we look: it will not come up by itself. */
  readonly restarts?: number;
  readonly signal?: AbortSignal;
}

export interface VerifyResult {
  readonly level: 'started' | 'joined';
  readonly result: 'ok' | 'failed';
  readonly ms: number;
  /** One sentence: what was seen last. */
  readonly text: string;
  /** On failure: the lines of the journal that decide, oldest first, and what they mean. */
  readonly journal: readonly string[];
  readonly cause?: JournalCause;
  /** Of `joined`: as `bootwright csr` names it. */
  readonly state?: string;
  /** Of `joined`, on failure: what to do. */
  readonly advice?: readonly string[];
}

type Look = { readonly restarts: number } & (
  | { readonly good: true; readonly process: string }
  | { readonly good: false; readonly text: string; readonly isFinal?: boolean }
);

const DEFAULTS = {
  unit: 'kubelet.service',
  healthz: 'http://127.0.0.1:10248/healthz',
  deadlineMs: 30_000,
  intervalMs: 250,
  successes: 3,
  restarts: 3,
} as const;

/** Waits until the kubelet is up, or the deadline. A kubelet that does not come up is a result, not an error. @throws NodeError OS without systemd */
export const verifyStarted = async (options: VerifyOptions): Promise<VerifyResult> => {
  const { systemd, unit, healthz, deadlineMs, intervalMs, successes, restarts, signal } = { ...DEFAULTS, ...options };
  const sinceMs = Date.now();
  const started = performance.now();
  const elapsed = (): number => Math.round(performance.now() - started);
  let row: string[] = [];
  let text = '';
  let firstRestarts: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const look = await lookAt(unit, healthz, systemd, deadlineMs - elapsed());
    row = look.good ? (row[0] === look.process ? [...row, look.process] : [look.process]) : [];
    if (row.length >= successes) return { level: 'started', result: 'ok', ms: elapsed(), text: `${unit} is up and healthy`, journal: [] };
    firstRestarts ??= look.restarts;
    const isLooping = look.restarts - firstRestarts >= restarts;
    text = look.good ? `${unit} was healthy ${row.length} of ${successes} times in a row` : look.text;
    if ((!look.good && look.isFinal) || isLooping || elapsed() + intervalMs >= deadlineMs) break;
    await pause(intervalMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  }
  // A kubelet that crashes at once wrote its reason before we looked for the first time.
  const lines = await systemd.journal(unit, { lines: 200, sinceMs: sinceMs - 30_000 });
  const cause = journalCauseOf(lines);
  return { level: 'started', result: 'failed', ms: elapsed(), text, journal: decisiveLines(lines), ...(cause ? { cause } : {}) };
};

const lookAt = async (unit: string, healthz: string | null, systemd: VerifyOptions['systemd'], leftMs: number): Promise<Look> => {
  const state = (await systemd.states([unit])).get(unit);
  const restarts = state?.restarts ?? 0; // systemd counts them from 235 on
  if (state !== undefined && isSilent(state)) return { restarts, good: true, process: 'unknown' };
  if (state?.active !== 'active') return { restarts, good: false, text: inactiveText(unit, state), isFinal: isFinal(state) };
  const process = `${state.mainPid}/${restarts}`;
  if (healthz === null) return { restarts, good: true, process };
  const answer = await fetchHealth(healthz, Math.max(100, Math.min(2000, leftMs)));
  return answer === undefined
    ? { restarts, good: true, process }
    : { restarts, good: false, text: `${unit} runs${restartsText(state)}, but ${healthz} ${answer}` };
};

const restartsText = ({ restarts }: UnitState): string => (restarts ? ` (restarted ${restarts} times)` : '');

const inactiveText = (unit: string, state: UnitState | undefined): string => {
  if (state === undefined || state.load === 'not-found') return `there is no ${unit}`;
  const { active, sub, result, exitStatus } = state;
  const why = result === 'success' || result === '' ? '' : `: ${result}${exitStatus ? `, exit status ${exitStatus}` : ''}`;
  return `${unit} is ${active} (${sub})${restartsText(state)}${why}`;
};

/** systemd has given up, or there is nothing that could come up. */
const isFinal = (state: UnitState | undefined): boolean => state === undefined || state.active === 'failed' || state.load !== 'loaded';

/** undefined: 200. Otherwise what came instead, as the end of a sentence. */
export const fetchHealth = async (url: string, timeoutMs: number): Promise<string | undefined> => {
  const { get } = await import('node:http');
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.destroy(); // the body may be endless
      resolve(response.statusCode === 200 ? undefined : `answers ${response.statusCode}`);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? 'does not answer in time'
          : `does not answer (${error.code ?? error.message})`,
      );
    });
  });
};
