/** Virtual time: nobody waits, and the order of events is the same in every run. */
import type { Timer } from '../../src/facts/wait.ts';

export interface VirtualTime {
  /** What the program is given in place of this machine's. Its milliseconds count from the start of the simulation. */
  readonly timer: Timer;
  /** Starts `task` at that moment. All it waits for, unless it takes no time, must be `timer.sleep`. */
  at(ms: number, task: () => Promise<void>): void;
  /** Until nothing is left to happen. Rejects with the first failure of a task. */
  run(): Promise<void>;
}

interface Event {
  readonly ms: number;
  /** Of two events at the same moment, the one that was planned first comes first. */
  readonly number: number;
  readonly happen: () => void;
}

const isBefore = (a: Event, b: Event): boolean => a.ms < b.ms || (a.ms === b.ms && a.number < b.number);

/** A binary heap: the children of `i` are `2i + 1` and `2i + 2`. */
const createQueue = () => {
  const events: Event[] = [];
  const swapIfBefore = (i: number, j: number): boolean => {
    const [a, b] = [events[i], events[j]];
    if (a === undefined || b === undefined || !isBefore(a, b)) return false;
    events[i] = b;
    events[j] = a;
    return true;
  };
  const firstChild = (i: number): number => {
    const [left, right] = [events[2 * i + 1], events[2 * i + 2]];
    return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * i + 2 : 2 * i + 1;
  };
  return {
    push: (event: Event): void => {
      events.push(event);
      for (let i = events.length - 1; i > 0 && swapIfBefore(i, (i - 1) >> 1); ) i = (i - 1) >> 1;
    },
    shift: (): Event | undefined => {
      const first = events[0];
      const last = events.pop();
      if (last === undefined || events.length === 0) return first;
      events[0] = last;
      for (let i = 0, child = firstChild(0); swapIfBefore(child, i); child = firstChild(i)) i = child;
      return first;
    },
  };
};

export const createTime = (): VirtualTime => {
  const queue = createQueue();
  let now = 0;
  let planned = 0;
  /** Tasks that are not asleep. Time stands still until there is none. */
  let awake = 0;
  let allAsleep = (): void => undefined;
  let failure: unknown;

  const plan = (ms: number, happen: () => void): void => queue.push({ ms, number: planned++, happen });
  const rest = (): void => {
    awake--;
    if (awake === 0) allAsleep();
  };
  const sleep: Timer['sleep'] = (ms, signal) => {
    signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    plan(now + ms, resolve);
    rest();
    return promise.then(() => signal?.throwIfAborted()); // an abort is noticed a moment late: at the end of the sleep
  };
  return {
    timer: { now: () => now, sleep },
    at: (ms, task) =>
      plan(ms, () => {
        task()
          .catch((error: unknown) => {
            failure ??= error;
          })
          .finally(rest);
      }),
    run: async () => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        now = event.ms;
        awake++;
        const asleep = new Promise<void>((resolve) => {
          allAsleep = resolve;
        });
        event.happen();
        await asleep;
        if (failure !== undefined) throw failure;
      }
    },
  };
};
