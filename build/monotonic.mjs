/**
 * `performance.now()` for the program, put in by esbuild: the global makes Node load perf_hooks, 1 ms at start. Milliseconds from an
 * arbitrary moment, as its callers only take differences.
 */
export const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
