/**
 * npm run faults [-- --every N] [--kills N] [--seed N]  every fault of the fault proof, at low priority; half an hour on two cores
 *
 * Prints what was wrong after which fault, and ends with one line of counts. Exit code 1 when one of its zeros is none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startFakes } from '../fakes/main.ts';
import { executable } from './executable.ts';
import { type Finding, makeStage, type Stage } from './fault-proof.ts';
import type { Fault, FaultPoint } from './faults.ts';
import { needs } from './parts.ts';

const CHANGING: readonly Fault[] = ['signal=KILL', 'error=ENOSPC', 'error=EIO', 'error=EROFS'];
const READING: readonly Fault[] = ['signal=KILL', 'error=EIO'];

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const [every, kills, seed] = [Number(values.every), Number(values.kills), Number(values.seed)];

/** mulberry32: the same moments for the same seed. */
const randomFrom = (start: number) => {
  let state = start;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

interface Counts {
  faults: number;
  missed: number;
  kills: number;
  inTheMiddle: number;
  readonly findings: Finding[];
}

const note = (counts: Counts, findings: readonly Finding[]): void => {
  for (const finding of findings) tell(`${finding.kind}: ${finding.what}, after ${finding.at}`);
  counts.findings.push(...findings);
};

type Job = (stage: Stage) => Promise<void>;

const faultJob =
  (point: FaultPoint, fault: Fault, counts: Counts): Job =>
  async (stage) => {
    const findings = await stage.breakAt(point, fault);
    counts.faults++;
    if (counts.faults % 200 === 0) tell(`${counts.faults} faults so far`);
    if (findings === undefined) {
      counts.missed++;
      tell(`did not come about: ${fault} at ${point.call} #${point.n}, ${point.path}`);
    } else note(counts, findings);
  };

const killJob =
  (moment: number, counts: Counts): Job =>
  async (stage) => {
    const { findings, inTheMiddle } = await stage.killAfter(moment * stage.durationMs);
    counts.kills++;
    if (inTheMiddle) counts.inTheMiddle++;
    note(counts, findings);
  };

/** Each stage takes the next job when it is done with one. */
const work = (stages: readonly Stage[], jobs: readonly Job[]): Promise<unknown> => {
  const open = jobs.values();
  const next = async (stage: Stage): Promise<void> => {
    for (const job of open) await job(stage);
  };
  return Promise.all(stages.map(next));
};

/** With two processes in one trace a call may never come as it did; faults that do not happen prove nothing. */
const SHARE_THAT_MUST_COME = 0.95;

const prove = async (dir: string): Promise<boolean> => {
  const fakes = await startFakes();
  const counts: Counts = { faults: 0, missed: 0, kills: 0, inTheMiddle: 0, findings: [] };
  try {
    const program = await executable();
    const makeOne = (_: unknown, i: number) => makeStage(join(dir, `root-${i}`), program, fakes.env);
    const stages = await Promise.all(Array.from({ length: availableParallelism() }, makeOne));
    const { changing, reading } = await (stages[0] as Stage).points();
    tell(`${changing.length} calls change a file of the node: ${CHANGING.join(', ')} at each`);
    tell(`${reading.length} others, by name and file: ${READING.join(', ')} at each`);
    const faults = [
      ...changing.flatMap((point) => CHANGING.map((fault) => faultJob(point, fault, counts))),
      ...reading.flatMap((point) => READING.map((fault) => faultJob(point, fault, counts))),
    ].filter((_, i) => i % every === 0);
    await work(stages, faults);
    const random = randomFrom(seed);
    await work(
      stages,
      Array.from({ length: kills }, () => killJob(random(), counts)),
    );
    tell(`${counts.faults} faults, ${counts.missed} of them did not come about`);
    tell(`${counts.kills} kills at random moments (--seed ${seed}), ${counts.inTheMiddle} of them while files were written`);
    const of = (kind: Finding['kind']): number => new Set(counts.findings.filter((f) => f.kind === kind).map(({ at }) => at)).size;
    const what = `${changing.length} changing calls × ${CHANGING.length} faults + ${reading.length} reading calls × ${READING.length} + ${kills} kills`;
    const part = every === 1 ? '' : ` (every ${every}th fault)`;
    tell(`${what}${part}: ${of('half-written')} half-written, ${of('did not converge')} that did not converge`);
    return counts.findings.length === 0 && counts.missed <= counts.faults * (1 - SHARE_THAT_MUST_COME);
  } finally {
    await fakes.close();
  }
};

/** The parts of the rig as a command asks for them: what is missing is an error. */
const COMMAND = {
  name: 'the fault proof',
  pass: (_: string, { skip }: { skip: string }): boolean => {
    throw new Error(skip);
  },
  fail: (message: string): boolean => {
    throw new Error(message);
  },
};

needs(COMMAND, 'linux', 'x64', 'strace', 'systemctl');
setPriority(19);
const dir = mkdtempSync(join(tmpdir(), 'bootwright-faults-'));
try {
  process.exitCode = (await prove(dir)) ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
