/** The outside world, opened for one command: its warnings go to the log, its waits to the progress line. */
import { withEarlyAnswers } from '../facts/early.ts';
import { createImds, type Imds } from '../facts/imds.ts';
import { createWorld, type World, type WorldDeadlines } from '../facts/world.ts';
import type { Context } from './command.ts';
import { createProgress } from './present/progress.ts';

interface Watch {
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
}

export interface OpenImds {
  readonly imds: Imds;
  readonly close: () => Promise<void>;
}

/** IMDS before it is known what else will be asked. `early`: what every boot asks is on its way at once. */
export const openImds = (context: Context, watch: Watch, early: boolean): OpenImds => {
  const progress = createProgress({ terminal: context.stderr, say: watch.info });
  const client = createImds({ env: context.env, random: context.random, progress: progress.note });
  return {
    imds: early ? withEarlyAnswers(client) : client,
    close: async () => {
      progress.stop();
      await client.close();
    },
  };
};

export interface OpenWorld {
  readonly world: World;
  /** Ends waits, connections and the moving line. */
  readonly close: () => Promise<void>;
}

/** Nothing is contacted before something is asked. */
export const openWorld = (
  context: Context,
  root: string,
  watch: Watch,
  deadlines: Partial<WorldDeadlines> = {},
  imds?: Imds,
): OpenWorld => {
  const progress = createProgress({ terminal: context.stderr, say: watch.info });
  const world = createWorld({
    env: context.env,
    root,
    deadlines,
    imds,
    random: context.random,
    clock: () => context.now().getTime(),
    log: {
      warn: (text) => {
        progress.clear();
        watch.warn(text);
      },
    },
    progress: progress.note,
  });
  return {
    world,
    close: async () => {
      progress.stop();
      await world.close();
    },
  };
};

/** Watching for commands that keep no log: warnings and waits as plain lines on stderr. */
export const plainWatch = (context: Context): Watch => ({
  info: (text) => context.stderr.write(`${text}\n`),
  warn: (text) => context.stderr.write(`warning: ${text}\n`),
});
