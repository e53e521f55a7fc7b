/** The machine, or the image under a root, that a command acts on. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Desired, Observed } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { SEARCH_PATH } from '../core/paths.ts';
import { pathsOf, unitsToSee } from '../core/plan.ts';
import { observe, readManifest } from '../node/observe.ts';
import { createSystemd, type Systemd } from '../node/systemd.ts';
import type { Context } from './command.ts';
import { isDirectory } from './files.ts';

export interface Machine {
  /** Absolute. */
  readonly root: string;
  /** False for an image. */
  readonly live: boolean;
  /** PATH for systemctl and its like. */
  readonly searchPath: string;
  readonly systemd: Systemd;
}

/** The absolute path of a root that a user named. @throws NodeError NO_INPUT where it is no directory */
export const rootNamed = (name: string, option: string, context: Context): string => {
  const root = resolve(context.cwd, name);
  if (isDirectory(root)) return root;
  throw new NodeError('NO_INPUT', `${root} is no directory`, { remedy: `Give ${option} a directory that exists.`, path: root });
};

/** `/` by another name (a link to it, /proc/self/root) is this machine too: what is written there is written here. */
const isThisMachine = (root: string): boolean => {
  const [there, here] = [statSync(root, { throwIfNoEntry: false }), statSync('/')];
  return there?.dev === here.dev && there.ino === here.ino;
};

/** Touches nothing. */
export const machineAt = (path: string, context: Context): Machine => {
  const live = isThisMachine(path);
  const root = live ? '/' : path;
  const searchPath = context.env['PATH'] || SEARCH_PATH;
  return { root, live, searchPath, systemd: createSystemd({ root, live, searchPath, signal: context.signal }) };
};

/** What is there of all that a decision names, or that we wrote last. `tolerant`: also where no systemd runs. @throws NodeError */
export const observeFor = (
  desired: Desired,
  { root, live, systemd }: Machine,
  warn: (text: string) => void,
  tolerant = false,
): Promise<Observed> => observe(pathsOf(desired, readManifest(root)), unitsToSee(desired), { root, live, systemd, warn, tolerant });
