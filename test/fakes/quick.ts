/** Short deadlines, for tests that must not wait, and a world that stands on the fakes. */
import type { Test } from 'tap';
import type { Facts } from '../../src/core/facts.ts';
import type { AmazonLinux2Spec } from '../../src/core/spec.ts';
import type { Progress } from '../../src/facts/wait.ts';
import { createWorld, type World, type WorldDeadlines } from '../../src/facts/world.ts';
import { type Fakes, type FakesOptions, startFakes } from './main.ts';

/** Requests may take two seconds, for a busy machine; pauses are a few milliseconds. Tests that let something hang shorten `requestMs`. */
export const QUICK = {
  imds: { connectMs: 1_000, requestMs: 2_000, totalMs: 4_000, appearMs: 60, backoff: { baseMs: 1, capMs: 4 } },
  aws: {
    connectMs: 1_000,
    requestMs: 2_000,
    totalMs: 4_000,
    backoff: { baseMs: 1, capMs: 4 },
    throttleBackoff: { baseMs: 1, slackMs: 4, share: 0 },
    poll: { baseMs: 2, capMs: 4 },
    privateDnsNameMs: 60,
  },
  processMs: 5_000,
  dnsMs: 2_000,
} satisfies WorldDeadlines;

export interface Stage extends Fakes {
  readonly world: World;
  readonly warnings: string[];
  readonly progress: Progress[];
}

interface StageOptions extends FakesOptions {
  /** Besides what points at the fakes. */
  readonly env?: { readonly [name: string]: string };
  readonly imds?: Partial<WorldDeadlines['imds']>;
  readonly aws?: Partial<WorldDeadlines['aws']>;
  readonly root?: string;
  readonly clock?: () => number;
}

/** Fakes and a world on top of them; both end with the test. */
export const stage = async (t: Test, options: StageOptions = {}): Promise<Stage> => {
  const fakes = await startFakes(options);
  const warnings: string[] = [];
  const progress: Progress[] = [];
  const world = createWorld({
    env: { ...fakes.env, HOME: '/proc/nonexistent', PATH: '/proc/nonexistent', ...options.env },
    root: options.root ?? '/',
    log: { warn: (text) => void warnings.push(text) },
    random: () => 0.5,
    clock: options.clock ?? Date.now,
    deadlines: { ...QUICK, imds: { ...QUICK.imds, ...options.imds }, aws: { ...QUICK.aws, ...options.aws } },
    progress: (one) => void progress.push(one),
  });
  t.teardown(async () => {
    await world.close();
    await fakes.close();
  });
  return { ...fakes, world, warnings, progress };
};

const said = <T>(value: T) => ({ value, origin: 'default', at: 'default' }) as const;

/** What `bootstrap my-cluster` means. */
export const exampleSpec = (): AmazonLinux2Spec => ({
  target: 'amazon-linux-2',
  cluster: { name: { value: 'my-cluster', origin: 'flag', at: 'CLUSTER' } },
  kubelet: { useMaxPods: said(true), reserveFor: said('eni-max-pods'), nodeName: said('private-dns-name') },
  credentialPlugin: said('auto'),
  apiRetryAttempts: said(3),
  options: { kind: 'amazon-linux-2', mountBpfFs: said(true), pauseVersion: said('3.5') },
});

/** Facts with nothing in them yet. */
export const noFacts = (): Facts => ({ schemaVersion: 1, now: '2026-11-21T08:00:00.000Z', instance: {}, host: {} });
