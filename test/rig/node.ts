/** A node of the rig: a container with systemd as PID 1 in its own network, thrown away at the end of its test. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RIG } from './parts.ts';
import { must, type Outcome, type RunOptions, rigDirectory, run } from './shell.ts';

/** The part of tap's Test that is used here. */
export interface Owner {
  teardown(fn: () => unknown): void;
}

export interface Network {
  /** Name of the network namespace. */
  readonly name: string;
  /** The host's side, where stand-ins of AWS and the API server listen. */
  readonly host: string;
  readonly node: string;
}

export interface RigNode {
  readonly name: string;
  /** The node's root file system, seen from here. */
  readonly root: string;
  readonly network: Network;
  boot(): Promise<string>;
  /** Orderly shutdown; what was written stays. Nothing where it is not running. */
  off(): Promise<void>;
  /** Orderly shutdown and boot. */
  reboot(): Promise<void>;
  /** Pulls the plug at once; resolved when all is quiet. boot() again finds what was written. */
  crash(): Promise<void>;
  /** Pulls the plug and forgets everything; the end of the test does it, too. */
  stop(): Promise<void>;
  /** `under`: a command of the host that runs it, as `strace …`. */
  exec(command: readonly string[], options?: RunOptions & { readonly under?: readonly string[] }): Promise<Outcome>;
  /** exec of what must succeed; returns stdout. */
  must(command: readonly string[], options?: RunOptions): Promise<string>;
  write(path: string, text: string, mode?: number): void;
  read(path: string): string;
}

const env = { ...process.env, RIG };
const script = (name: string, ...args: readonly string[]): Promise<string> =>
  must(join(rigDirectory, name), args, { env, deadlineMs: 60_000 });

const counter = { value: 0 };
/** `bw-PID-K`: clean.sh tells by the PID what a killed run left. */
export const newName = (): string => `bw-${process.pid}-${counter.value++}`;

/** A network namespace of a free number, removed with its test. */
export const makeNetwork = async (t: Owner): Promise<Network> => {
  await script('clean.sh');
  const name = newName();
  const first = 1 + (process.pid % 200);
  for (let n = first; n < first + 50; n++) {
    const up = await run(join(rigDirectory, 'netns.sh'), ['up', name, String(n)], { env });
    if (up.code !== 0) continue;
    t.teardown(() => script('netns.sh', 'down', name));
    return { name, host: `10.99.${n}.1`, node: `10.99.${n}.2` };
  }
  throw new Error(`no free network number from ${first} on`);
};

/** A node whose root is prepared and not booted yet. `binds`: read-only host files by path inside. */
export const makeNode = async (t: Owner, network: Network, binds: { readonly [inside: string]: string } = {}): Promise<RigNode> => {
  const name = newName();
  await script('nspawn.sh', 'prepare', name);
  const stop = async (): Promise<void> => {
    await script('nspawn.sh', 'stop', name);
  };
  t.teardown(stop);
  const root = (await script('nspawn.sh', 'root', name)).trim();
  const options = Object.entries(binds).map(([inside, outside]) => `--bind-ro=${outside}:${inside}`);
  const exec: RigNode['exec'] = (command, { under = [], ...opts } = {}) => {
    const [program = '', ...args] = [...under, join(rigDirectory, 'nspawn.sh'), 'exec', name, ...command];
    return run(program, args, { ...opts, env: { RIG, PATH: INSIDE_PATH, ...opts.env } });
  };
  let leader = 0;
  const boot = async (): Promise<string> => {
    const state = await script('nspawn.sh', 'boot', name, network.name, '--', ...options);
    leader = Number(await script('nspawn.sh', 'leader', name));
    return state.trim();
  };
  const off = async (): Promise<void> => {
    if (leader !== 0) await script('nspawn.sh', 'off', name);
    leader = 0;
  };
  return {
    name,
    root,
    network,
    boot,
    off,
    reboot: async () => {
      await off();
      await boot();
    },
    crash: async () => {
      process.kill(leader, 'SIGKILL'); // before any script is started: a test wants this very moment
      await script('nspawn.sh', 'crash', name);
    },
    stop,
    exec,
    must: async (command, opts) => {
      const outcome = await exec(command, opts);
      if (outcome.code === 0) return outcome.stdout;
      throw new Error(`in ${name}: ${command.join(' ')}: exit ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
    },
    write: (path, text, mode = 0o644) => writeFileSync(join(root, path), text, { mode }),
    read: (path) => readFileSync(join(root, path), 'utf8'),
  };
};

const INSIDE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Asks again and again until the answer is not undefined; throws with `what` after the deadline. */
export const until = async <T>(what: string, deadlineMs: number, ask: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs / 1000} s: ${what}`);
    await sleep(100);
  }
};
