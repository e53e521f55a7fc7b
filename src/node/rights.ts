/** What this process may not do, said before anything is written. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Plan } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { RUN_DIR, STATE_DIR } from '../core/paths.ts';
import { failureOf } from './failures.ts';
import { followed } from './filesystem.ts';

export interface RightsOptions {
  readonly root: string;
  readonly live: boolean;
  /** Effective user id. */
  readonly uid: number;
}

/**
 * The first right that is missing, as the error to throw; undefined: none. Without a plan: what can be told before one is made, root for the
 * live machine and a directory to write to for --root. With a plan: also every directory that it changes.
 */
export const missingRights = ({ root, live, uid }: RightsOptions, plan?: Plan): NodeError | undefined => {
  if (live && uid !== 0) {
    return new NodeError('NO_PERMISSION', 'only root may change this machine', {
      remedy: 'Run it with sudo. `bootwright preview` and `--root DIR` need no root.',
      path: root,
    });
  }
  if (!isDirectory(root))
    return new NodeError('NO_INPUT', `${root} is no directory`, { remedy: 'Give --root a directory that exists.', path: root });
  return missingWrites(root, plan);
};

const isDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const changedPathsOf = (plan: Plan): string[] =>
  plan.actions.filter(({ skipped }) => skipped === undefined).flatMap((action) => ('path' in action ? [action.path] : []));

/** Directories are asked once each; a right that is missing there is the same for all files in them. */
const missingWrites = (root: string, plan: Plan | undefined): NodeError | undefined => {
  const paths = [`${STATE_DIR}/x`, `${RUN_DIR}/x`, ...(plan ? changedPathsOf(plan) : [])];
  const failures = [...new Set(paths.map(dirname))].map((directory) => failureIn(root, directory));
  return failures.find((failure) => failure !== undefined);
};

/** The nearest directory that exists must let us make entries. access(2) also tells of a read-only file system, even to root. */
const failureIn = (root: string, directory: string): NodeError | undefined => {
  try {
    const place = followed(root, directory);
    if (statSync(place, { throwIfNoEntry: false }) === undefined) {
      return directory === '/' ? undefined : failureIn(root, dirname(directory));
    }
    if (!isDirectory(place)) {
      const remedy = 'Move it away.';
      return new NodeError('CANNOT_CREATE', `${directory} is a file where a directory must be`, { remedy, path: directory });
    }
    accessSync(place, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (cause) {
    const failure = failureOf('write to', directory, cause);
    if (failure instanceof NodeError) return failure;
    throw failure;
  }
};
