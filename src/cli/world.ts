/** The outside world, opened for one command: its warnings go to the log, its waits to the progress line. */
import { createWorld, type World, type WorldDeadlines } from '../facts/world.ts';
import type { Context } from './command.ts';
import { createProgress } from './present/progress.ts';

interface Watch {
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
}

export interface OpenWorld {
  readonly world: World;
  /** Ends waits, connections and the moving line. */
  readonly close: () => Promise<void>;
}

/** Nothing is contacted before something is asked. */
export const openWorld = (context: Context, root: string, watch: Watch, deadlines: Partial<WorldDeadlines> = {}): OpenWorld => {
  const progress = createProgress({ terminal: context.stderr, say: watch.info });
  const world = createWorld({
    env: context.env,
    root,
    deadlines,
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
