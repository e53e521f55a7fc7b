/** Where a host is: asked of the name servers first, because /etc/hosts may hold what an earlier run has written there. */
import { lookup, Resolver } from 'node:dns/promises';
import { NodeError } from '../core/errors.ts';
import type { HostOptions } from './host.ts';
import { sleep } from './wait.ts';

/** `later`: nobody can tell now. */
type Answer = readonly string[] | 'later';

export interface NameSources {
  /** Name servers. */
  readonly ask: (hostName: string) => Promise<Answer>;
  /** The system's own way, with /etc/hosts. */
  readonly lookUp: (hostName: string) => Promise<readonly string[]>;
}

const NONE = new Set(['ENODATA', 'ENOTFOUND']);

/** One question for each family at a time; `servers`: others than the system's (`127.0.0.1:53`). */
export const nameSources = (askMs: number, servers?: readonly string[]): NameSources => {
  const resolver = new Resolver({ timeout: askMs, tries: 1 });
  if (servers) resolver.setServers(servers);
  const answer = (error: unknown): Answer => (NONE.has((error as NodeJS.ErrnoException).code ?? '') ? [] : 'later');
  return {
    ask: async (hostName) => {
      const answers = await Promise.all([resolver.resolve4(hostName).catch(answer), resolver.resolve6(hostName).catch(answer)]);
      const known = answers.flatMap((addresses) => (addresses === 'later' ? [] : addresses));
      return known.length === 0 && answers.includes('later') ? 'later' : known;
    },
    lookUp: async (hostName) => {
      const found = await lookup(hostName, { all: true }).catch(() => []);
      return found.map(({ address }) => address);
    },
  };
};

const ASK_MS = 1_500;

/**
 * All addresses of a host, sorted.
 * @throws NodeError UNAVAILABLE when in time nobody knows any
 */
export const fetchAddresses = async (
  { dnsMs, random }: Pick<HostOptions, 'dnsMs' | 'random'>,
  hostName: string,
  signal?: AbortSignal,
  { ask, lookUp }: NameSources = nameSources(ASK_MS),
): Promise<string[]> => {
  const started = performance.now();
  for (;;) {
    const answer = await ask(hostName);
    signal?.throwIfAborted();
    const found = answer === 'later' || answer.length === 0 ? await lookUp(hostName) : answer;
    signal?.throwIfAborted();
    if (found.length > 0) return [...new Set(found)].sort();
    const pauseMs = 200 + random() * 800;
    if (performance.now() - started + pauseMs >= dnsMs) throw unknownHost(hostName, answer, dnsMs);
    await sleep(pauseMs, signal);
  }
};

const unknownHost = (hostName: string, answer: Answer, dnsMs: number): NodeError => {
  const who = answer === 'later' ? 'no name server answers' : 'the name servers do not know it';
  return new NodeError('UNAVAILABLE', `no address of ${hostName} was found in ${Math.round(dnsMs / 1000)} s: ${who}`, {
    remedy:
      'Check the endpoint and DNS on this machine (/etc/resolv.conf), or write a line for the host into /etc/hosts: it is used as it is.',
    path: hostName,
  });
};
