/**
 * Loads what will be needed next while the first request is under way: after the turn of the event loop that sends it. Compiled or
 * from a cache, modules take as long as an answer of IMDS does.
 */
export const meanwhile = async <T>(load: () => Promise<T>): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve));
  return load();
};
