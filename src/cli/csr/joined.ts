/** `--verify joined`: the node is registered and its kubelet serves by a certificate of the cluster. Loaded only when that is waited for. */
import type { Observation } from '../../core/csr/observation.ts';
import { situationOf } from '../../core/csr/situation.ts';
import type { Log } from '../../log.ts';
import type { VerifyResult } from '../../node/verify.ts';
import type { Context } from '../command.ts';
import type { Machine } from '../machine.ts';
import { createProgress } from '../present/progress.ts';
import { openWorld } from '../world.ts';
import { kubeletConnection } from './connection.ts';
import { followCsr, type Look } from './follow.ts';
import { observeCsr } from './observe.ts';

/** EKS' own patience with a node group's node is 15 minutes; what takes longer than this is stuck. */
const JOIN_MS = 300_000;
const FIRST_PAUSE_MS = 500;

export interface Joined {
  readonly result: VerifyResult;
  /** How long each step took from the one before, in order. */
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
}

const MILESTONES: readonly (readonly [string, (look: Look) => boolean])[] = [
  ['registered', ({ seen }) => nodeOf(seen) !== undefined],
  ['requested', (look) => situationOf(look.seen).newest !== undefined || isDone(look)],
  ['approved', (look) => (situationOf(look.seen).newest?.conditions.some(({ type }) => type === 'Approved') ?? false) || isDone(look)],
  ['issued', (look) => isDone(look)],
  ['ready', ({ seen }) => nodeOf(seen)?.ready === 'True'],
];

const nodeOf = ({ node }: Observation) => (node?.ok ? (node.value ?? undefined) : undefined);
const isDone = ({ verdict }: Look): boolean => verdict.severity === 'ok';
const hasJoined = (look: Look): boolean => isDone(look) && nodeOf(look.seen) !== undefined;

/** Notes when each milestone was first seen. */
const createMilestones = () => {
  const reached = new Map<string, number>();
  return {
    note: (look: Look, elapsedMs: number): void => {
      for (const [name, isReached] of MILESTONES) if (!reached.has(name) && isReached(look)) reached.set(name, elapsedMs);
    },
    stages: (): Joined['stages'] => {
      let before = 0;
      return [...reached].map(([name, at]) => {
        const ms = Math.round(at - before);
        before = at;
        return { name, ms };
      });
    },
  };
};

const resultOf = (last: Look, ms: number): VerifyResult => {
  const { state, message, remediation } = last.verdict;
  if (hasJoined(last)) return { level: 'joined', result: 'ok', ms, text: message, state, journal: [] };
  const { cause } = last.seen;
  return {
    level: 'joined',
    result: 'failed',
    ms,
    text: isDone(last) ? 'the API server did not say whether the node is registered' : message,
    state,
    journal: cause ? [cause.line] : [],
    advice: remediation.map(({ text }) => text),
    ...(cause ? { cause } : {}),
  };
};

/** Waits until the node has joined, until it is certain that it will not, or five minutes. */
export const verifyJoined = async (machine: Machine, context: Context, log: Log): Promise<Joined> => {
  const { world, close } = openWorld(context, machine.root, log);
  const progress = createProgress({ terminal: context.stderr, say: log.info });
  const connection = kubeletConnection(world, context);
  const milestones = createMilestones();
  const began = performance.now();
  try {
    const last = await followCsr({
      look: () => observeCsr({ machine, context, source: connection.source, isOffline: false }),
      api: connection.api,
      deadlineMs: JOIN_MS,
      isEnd: (look) => hasJoined(look) || (look.verdict.isSettled && !isDone(look)),
      onLook: (look, elapsedMs) => {
        milestones.note(look, elapsedMs);
        const text = `the node joins: ${look.verdict.message.replace(/\.$/, '')}`;
        progress.note({ wait: 'joined', text, elapsedMs, deadlineMs: JOIN_MS });
      },
      random: context.random,
      signal: context.signal,
      firstPauseMs: FIRST_PAUSE_MS,
    });
    return { result: resultOf(last, Math.round(performance.now() - began)), stages: milestones.stages() };
  } finally {
    progress.stop();
    await connection.close();
    await close();
  }
};
