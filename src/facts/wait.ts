/** Pauses, deadlines and progress: everything here that takes time is told how long it may take. */
import { setTimeout as pause } from 'node:timers/promises';

/** Environment variables as a value; only main.ts reads the process's own. */
export type Env = { readonly [name: string]: string | undefined };

/** A long wait, told to whoever watches. `wait` is a stable id, so that a terminal can move one line per wait. */
export interface Progress {
  readonly wait: 'imds' | 'cluster' | 'private-dns-name' | 'aws';
  /** What is waited for and how the last attempt ended, in one clause. */
  readonly text: string;
  readonly elapsedMs: number;
  /** After this time it is given up. */
  readonly deadlineMs: number;
}

/** A window of pauses that doubles with each attempt up to a cap. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Uniform in [0, 1). Passed in, so that a test decides what chance does. */
export type Random = () => number;

/**
 * Full jitter: uniform in [0, window). Of the usual schemes it spreads a crowd of nodes that fail together best, and asks
 * least often (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export const jitteredMs = ({ baseMs, capMs }: Backoff, attempt: number, random: Random): number =>
  random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));

/** As Backoff, but the cap grows with the time that was waited already. */
export interface PatientBackoff {
  readonly baseMs: number;
  /** The cap at the start. */
  readonly slackMs: number;
  /** Of the time waited so far, added to the cap. */
  readonly share: number;
}

/**
 * Uniform in [half a window, window). A cap that grows with the wait keeps the crowd's calls few however long the queue is, and
 * still bounds what a node oversleeps, as a share of what it had to wait anyway. Half the window is enough to spread a crowd, as
 * the pauses of one node add up; the other half saves calls that are too early.
 */
export const patientMs = ({ baseMs, slackMs, share }: PatientBackoff, attempt: number, elapsedMs: number, random: Random): number =>
  (Math.min(baseMs * 2 ** Math.min(attempt, 30), slackMs + share * elapsedMs) * (1 + random())) / 2;

/** Waits; rejects with the signal's reason when that comes first. */
export const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
  try {
    await pause(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  }
};

/** The passing of time as a capability: a simulation brings its own and waits for nothing. */
export interface Timer {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** @throws the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** This machine's. */
export const timer: Timer = { now: () => performance.now(), sleep };

/** `HH:MM:SS`-free, human: `0.4 s`, `12 s`, `3 min`. */
export const spanOf = (ms: number): string => {
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  return ms < 180_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
};

/** Calls once, hands out the same promise to all; a failure is forgotten, so that the next caller tries again. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
};

/** Lets a caller go when its signal fires; the shared work behind the promise goes on for others. */
export const abortable = async <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return promise;
  promise.catch(() => undefined); // it may fail when everybody has left
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};
