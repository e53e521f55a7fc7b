/** Looking again and again: by a watch while a request is open, else with growing pauses. */
import type { Api } from '../../cluster/api.ts';
import { waitForNews } from '../../cluster/csr-source.ts';
import type { Observation } from '../../core/csr/observation.ts';
import { isUndecided, situationOf } from '../../core/csr/situation.ts';
import { type Verdict, verdictOf } from '../../core/csr/verdict.ts';
import { type Random, sleep } from '../../facts/wait.ts';

export interface Look {
  readonly seen: Observation;
  readonly verdict: Verdict;
}

export interface Following {
  readonly look: () => Promise<Observation>;
  /** undefined: there is none to ask, so that only time tells. */
  readonly api: () => Api | undefined;
  readonly deadlineMs: number;
  /** Is this what was waited for? */
  readonly isEnd: (look: Look) => boolean;
  readonly onLook: (look: Look, elapsedMs: number) => void;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly firstPauseMs?: number;
}

const PAUSE = { firstMs: 2_000, capMs: 10_000, factor: 1.5 } as const;
const ONE_WATCH_MS = 10_000;

/** The last look, when it is the end or the deadline has passed. */
export const followCsr = async (following: Following): Promise<Look> => {
  const { look, api, deadlineMs, isEnd, onLook, random, signal, firstPauseMs = PAUSE.firstMs } = following;
  const began = performance.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(PAUSE.capMs, pauseMs * PAUSE.factor)) {
    signal.throwIfAborted();
    const seen = await look();
    const last = { seen, verdict: verdictOf(seen) };
    const elapsed = performance.now() - began;
    onLook(last, elapsed);
    const left = deadlineMs - elapsed;
    if (isEnd(last) || left <= 0) return last;
    const { newest } = situationOf(seen);
    const server = api();
    const jittered = pauseMs * (0.75 + random() / 2);
    // While its approval or its signature is outstanding, the API server tells at once.
    const isOpen =
      newest !== undefined && !newest.isIssued && (isUndecided(newest) || newest.conditions.every(({ type }) => type === 'Approved'));
    if (isOpen && server !== undefined) await waitForNews(server, newest, Math.min(left, ONE_WATCH_MS), signal);
    else await sleep(Math.min(left, jittered), signal);
  }
};
