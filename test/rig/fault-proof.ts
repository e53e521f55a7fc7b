/**
 * The fault proof: a whole bootstrap is broken at one of its system calls, or killed at some moment; then no file may be half-written,
 * and one more run must come to the bytes, modes and owners of an undisturbed one. `npm test` tries a sample, `npm run faults` all.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, type FaultPoint, faultPoints, readingPoints, type Victim, withFault } from './faults.ts';
import { makeScratchRoot, makeScratchRoot2023 } from './scratch-root.ts';
import { complaintOf, rigDirectory, run } from './shell.ts';

/** What is wrong after a fault; `at`: where it struck. */
export interface Finding {
  readonly kind: 'half-written' | 'did not converge';
  readonly at: string;
  readonly what: string;
}

export interface Stage {
  /** Every call that changes a file of the node, and each other call on each of its files. */
  readonly points: () => Promise<{ readonly changing: readonly FaultPoint[]; readonly reading: readonly FaultPoint[] }>;
  /** Undefined when the fault did not come about at a file of the node. */
  readonly breakAt: (point: FaultPoint, fault: Fault) => Promise<readonly Finding[] | undefined>;
  readonly killAfter: (ms: number) => Promise<Killed>;
  /** How long an undisturbed run takes. */
  readonly durationMs: number;
}

export interface Killed {
  readonly findings: readonly Finding[];
  /** Files were being written: some were there, and others not yet. */
  readonly inTheMiddle: boolean;
}

/** Written beside their file and renamed over it; nobody reads them. */
const isTemporary = (path: string): boolean => /\/\.[^/]*\.bootwright-[0-9a-f]{12}\.tmp(\/|$)/.test(path);
/** bootwright's own records count generations and hold times: of these only that they can be read matters. */
const isRecord = (path: string): boolean => /^\/(var\/lib|run)\/bootwright(\/|$)/.test(path);

type State = { readonly [path: string]: string };

/** Everything below a directory but our records: kind, mode, owner and content by path. */
const stateOf = (root: string): State =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((name) => `/${name}`)
      .filter((path) => !isRecord(path))
      .map((path) => {
        const { mode, uid, gid } = lstatSync(join(root, path));
        const content = (mode & 0o170000) === 0o100000 ? readFileSync(join(root, path), 'latin1') : '';
        const target = (mode & 0o170000) === 0o120000 ? readlinkSync(join(root, path)) : '';
        return [path, `${mode.toString(8)} ${uid}:${gid} ${content}${target}`] as const;
      })
      .sort(),
  );

const isDirectory = (state: string | undefined): boolean => state?.startsWith('4') ?? false;

/** Our records that no longer are JSON. */
const brokenRecords = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => `/${name}`)
    .filter((path) => isRecord(path) && path.endsWith('.json') && !isTemporary(path))
    .filter((path) => {
      try {
        JSON.parse(readFileSync(join(root, path), 'utf8'));
        return false;
      } catch {
        return true;
      }
    });

/** Files that are neither as before nor as they shall be. A directory is made before it gets its mode; that is no file. */
const halfWritten = (root: string, before: State, wanted: State): readonly string[] => {
  const left = stateOf(root);
  const paths = Object.keys({ ...before, ...wanted, ...left }).filter((path) => !isTemporary(path) && !isDirectory(left[path]));
  return [...paths.filter((path) => left[path] !== before[path] && left[path] !== wanted[path]), ...brokenRecords(root)];
};

/** How often a call is tried that did not come: with several threads the n-th of a name is not always the same one. */
const TRIES = 6;

/** What is broken: a call, and what it meets. */
export interface Scenario {
  /** Makes the image anew. */
  readonly makeRoot: (root: string) => void;
  readonly args: (root: string) => readonly string[];
}

export const BOOTSTRAP: Scenario = {
  makeRoot: makeScratchRoot,
  args: (root) => ['bootstrap', 'my-cluster', '--root', root, '--kubelet-extra-args', '--v=4'],
};

/** With a document of every kind of file. */
export const INIT: Scenario = {
  makeRoot: (root) => {
    makeScratchRoot2023(root);
    rmSync(cacheOf(root), { force: true });
  },
  args: (root) => ['init', '--root', root, '--config-cache', cacheOf(root), join(rigDirectory, 'al2023.yaml')],
};

const cacheOf = (root: string): string => `${root}.cache.json`;

/** @throws Error when an undisturbed run fails, or a second one after it changes anything */
export const makeStage = async (
  root: string,
  program: string,
  awsEnv: Readonly<Record<string, string>>,
  scenario: Scenario = BOOTSTRAP,
): Promise<Stage> => {
  const { makeRoot } = scenario;
  const args = scenario.args(root);
  const env = { PATH: process.env['PATH'], HOME: '/', ...awsEnv };
  const victim: Victim = { command: [program, ...args], options: { env }, within: root };
  const bootstrap = (deadlineMs?: number) => run(program, args, { env, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
  const mustBootstrap = async (): Promise<number> => {
    const start = performance.now();
    const complaint = complaintOf(await bootstrap());
    if (complaint !== '') throw new Error(`an undisturbed run ends with ${complaint}`);
    return performance.now() - start;
  };

  makeRoot(root);
  const before = stateOf(root);
  const durationMs = await mustBootstrap();
  const wanted = stateOf(root);
  await mustBootstrap();
  if (JSON.stringify(stateOf(root)) !== JSON.stringify(wanted)) throw new Error('a second undisturbed run changes something');

  const judge = async (at: string): Promise<readonly Finding[]> => {
    const broken = halfWritten(root, before, wanted).map((what) => ({ kind: 'half-written' as const, at, what }));
    const complaint = complaintOf(await bootstrap());
    const after = stateOf(root);
    const differs = Object.keys({ ...after, ...wanted }).filter((path) => after[path] !== wanted[path]);
    const wrong = [...(complaint === '' ? [] : [complaint]), ...differs];
    return [...broken, ...wrong.map((what) => ({ kind: 'did not converge' as const, at, what }))];
  };
  return {
    durationMs,
    points: async () => {
      makeRoot(root);
      const changing = await faultPoints(victim);
      makeRoot(root);
      return { changing, reading: await readingPoints(victim, isTemporary) };
    },
    breakAt: async (point, fault) => {
      for (let i = 0; i < TRIES; i++) {
        makeRoot(root);
        const { path, code } = await withFault(victim, point, fault);
        if (path !== undefined) return judge(`${fault} at ${point.call} #${point.n}, ${path} (exit code ${code})`);
      }
      return undefined;
    },
    killAfter: async (ms) => {
      makeRoot(root);
      await bootstrap(Math.max(1, Math.round(ms)));
      const left = stateOf(root);
      const done = Object.keys(wanted).filter((path) => left[path] === wanted[path] && before[path] !== wanted[path]);
      const all = Object.keys(wanted).filter((path) => before[path] !== wanted[path]);
      return { findings: await judge(`SIGKILL after ${ms.toFixed(1)} ms`), inTheMiddle: done.length > 0 && done.length < all.length };
    },
  };
};
