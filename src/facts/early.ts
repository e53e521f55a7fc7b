/** Questions that every boot asks IMDS, asked while its user data is still on the way: each saves a round trip later. */
import { ROLE_PATH } from './credentials.ts';
import type { Imds } from './imds.ts';
import { IDENTITY_PATH, LOCAL_IPV4_PATH, MAC_PATH } from './instance.ts';
import { abortable } from './wait.ts';

const PATHS = [IDENTITY_PATH, MAC_PATH, LOCAL_IPV4_PATH, ROLE_PATH];

/** The same client. Who asks one of those paths first gets the answer, or the failure, of the question that is under way. */
export const withEarlyAnswers = (imds: Imds): Imds => {
  const asked = new Map(PATHS.map((path) => [path, imds.get(path, { mayAppear: true })]));
  // Nobody may ever want it.
  for (const answer of asked.values()) answer.catch(() => undefined);
  return {
    ...imds,
    get: (path, options) => {
      const early = asked.get(path);
      asked.delete(path);
      return early === undefined ? imds.get(path, options) : abortable(early, options?.signal);
    },
  };
};
