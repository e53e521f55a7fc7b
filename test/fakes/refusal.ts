import { NodeError } from '../../src/core/errors.ts';

/** `[code, message, remedy]` of the NodeError that a promise ends with; ports of fakes and long floats are taken out. */
export const refusal = async (promise: Promise<unknown>): Promise<(string | undefined)[]> =>
  promise.then(
    (value) => [`no failure: ${JSON.stringify(value)}`],
    (error: unknown) =>
      error instanceof NodeError
        ? [error.code, error.message, error.remedy].map((text) => text?.replace(/:\d{4,5}\b/g, ':PORT'))
        : [String(error)],
  );
