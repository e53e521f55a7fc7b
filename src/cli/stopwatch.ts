/** Where the time of a run went. */

export interface Stopwatch {
  /** In order of their end. */
  readonly stages: { readonly name: string; readonly ms: number }[];
  readonly timed: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly elapsedMs: () => number;
}

export const startStopwatch = (): Stopwatch => {
  const began = performance.now();
  const stages: { name: string; ms: number }[] = [];
  return {
    stages,
    elapsedMs: () => Math.round(performance.now() - began),
    timed: async (name, work) => {
      const start = performance.now();
      try {
        return await work();
      } finally {
        stages.push({ name, ms: Math.round(performance.now() - start) });
      }
    },
  };
};
