/** Asks the world for what a decision lacks: everything at once that can be asked at once, nothing that is not needed. */
import { type FactName, type Facts, type FactsPatch, type Need, withFacts } from '../core/facts.ts';
import { needsOf } from '../core/needs.ts';
import type { NodeSpec } from '../core/spec.ts';
import type { World } from './world.ts';

export interface GatherOptions {
  readonly signal?: AbortSignal;
  /** Told of each question and each answer. */
  readonly log?: (text: string) => void;
}

/** Needs that show only when `kubelet --version` is done, which can take longer than all of IMDS. */
const possibleNeeds = (spec: NodeSpec, { host, instance }: Facts): readonly FactName[] =>
  host.kubeletVersion === undefined && spec.kubelet.nodeName.value === 'private-dns-name' && instance.privateDnsName === undefined
    ? ['instance.privateDnsName']
    : [];

/** How long a boot waits for what only a warning depends on. */
const OPTIONAL_MS = 2_000;
/** The one optional fact there is, and the MAC that leads to it. */
const NOT_KNOWN: FactsPatch = { instance: { vpcIpv4Cidrs: null } };

/**
 * Facts enough for `decide(spec, facts)`. On each answer the needs are looked at again and what has become possible is started, so
 * the whole takes no more round trips in sequence than the longest chain of needs has links.
 * @throws NodeError of the first question that failed; the others are then called off.
 */
export const gather = async (
  spec: NodeSpec,
  start: Facts,
  world: World,
  { signal, log = () => undefined }: GatherOptions = {},
): Promise<Facts> => {
  const halt = new AbortController();
  const stop = signal ? AbortSignal.any([signal, halt.signal]) : halt.signal;
  const asked = new Set<FactName>();
  const done = Promise.withResolvers<Facts>();
  let facts = start;
  let pending = 0;

  const ask = ({ fact, why, optional, otherwise = optional ? NOT_KNOWN : undefined, text }: Need): void => {
    asked.add(fact);
    pending++;
    log(`asking for ${fact}: ${why}`);
    const have = (patch: FactsPatch): void => {
      pending--;
      log(`have ${fact}`);
      facts = withFacts(facts, patch);
      advance();
    };
    const answer = world.resolve(fact, facts, optional ? AbortSignal.any([stop, AbortSignal.timeout(OPTIONAL_MS)]) : stop, spec, text);
    answer.then(have, (error: unknown) => (otherwise && !stop.aborted ? have(otherwise) : done.reject(error)));
  };

  const advance = (): void => {
    try {
      const needs = needsOf(spec, facts);
      if (needs.length === 0) {
        done.resolve(facts);
        return;
      }
      const missing = new Set(needs.map(({ fact }) => fact));
      world.prefetch([...missing, ...possibleNeeds(spec, facts)].filter((fact) => !asked.has(fact)));
      for (const need of needs) if (!asked.has(need.fact) && !need.after.some((fact) => missing.has(fact))) ask(need);
      if (pending === 0) throw new Error(`these facts were asked for or can never be: ${[...missing].join(', ')}`);
    } catch (error) {
      done.reject(error);
    }
  };

  const onAbort = (): void => done.reject(stop.reason);
  stop.addEventListener('abort', onAbort, { once: true });
  stop.throwIfAborted();
  if (facts.instance.type === undefined) world.anticipate(); // a type that the table lacks is asked of EC2
  advance();
  try {
    return await done.promise;
  } finally {
    stop.removeEventListener('abort', onAbort);
    halt.abort(new Error('the other facts are no longer needed'));
  }
};

/** What `facts --all` asks for, besides what a decision for a spec needs. */
const ALL: readonly Need[] = [
  ...(['instance.identity', 'instance.domain', 'instance.mac', 'instance.localIpv4'] as const).map((fact) => ({
    fact,
    after: [],
    why: 'everything is asked',
  })),
  ...(['instance.ipv6s', 'instance.vpcIpv4Cidrs'] as const).map((fact) => ({
    fact,
    after: ['instance.mac' as const],
    why: 'everything is asked',
  })),
  ...(['instance.privateDnsName', 'instance.typeLimits'] as const).map((fact) => ({
    fact,
    after: ['instance.identity' as const],
    why: 'everything is asked',
  })),
  ...(['host.arch', 'host.cpus', 'host.kubeletVersion', 'host.containerdVersion', 'host.fips', 'host.bpfMounts'] as const).map((fact) => ({
    fact,
    after: [],
    why: 'everything is asked',
  })),
];

export interface Gathered {
  readonly facts: Facts;
  /** What could not be learnt, and why. */
  readonly failures: readonly { readonly fact: FactName; readonly error: unknown }[];
}

/** Every fact there is; a failed question does not stop the others. With a spec also its cluster, files and programs. */
export const gatherAll = async (
  spec: NodeSpec | undefined,
  start: Facts,
  world: World,
  { signal, log = () => undefined, asksCluster = true }: GatherOptions & { readonly asksCluster?: boolean } = {},
): Promise<Gathered> => {
  const settled = new Set<FactName>();
  const failures: { fact: FactName; error: unknown }[] = [];
  let facts = start;
  const askOne = async ({ fact, why, text }: Need): Promise<void> => {
    log(`asking for ${fact}: ${why}`);
    try {
      const patch = await world.resolve(fact, facts, signal, spec, text);
      facts = withFacts(facts, patch); // after the wait: others have added theirs meanwhile
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ fact, error });
    }
  };
  const cluster: Need[] = spec && asksCluster ? [{ fact: 'cluster', after: ['instance.identity'], why: 'everything is asked' }] : [];
  const wanted = new Map([...ALL, ...cluster].map((need) => [need.fact, need]));
  world.prefetch([...wanted.keys()]);
  for (;;) {
    if (spec) for (const need of needsOf(spec, facts)) if (!wanted.has(need.fact)) wanted.set(need.fact, need);
    const open = [...wanted.values()].filter(({ fact }) => !settled.has(fact));
    // A question whose prerequisite failed is not asked; that failure already says why.
    const ready = open.filter(({ after }) =>
      after.every((fact) => settled.has(fact) && !failures.some((failure) => failure.fact === fact)),
    );
    if (ready.length === 0) return { facts, failures };
    for (const { fact } of ready) settled.add(fact);
    await Promise.all(ready.map(askOne));
  }
};
