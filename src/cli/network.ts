/** What the commands about network interfaces share: the kernel's list, and who this instance is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeError } from '../core/errors.ts';
import { createImds, type Imds } from '../facts/imds.ts';
import { fetchInstanceFact } from '../facts/instance.ts';
import { namesIn } from '../node/filesystem.ts';
import type { Context } from './command.ts';
import { createProgress } from './present/progress.ts';
import { plainWatch } from './world.ts';

const CLASS = '/sys/class/net';

/** Name → attribute, of every interface that the kernel has. */
export const interfacesOf = (root: string, attribute: 'address' | 'ifindex'): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const name of namesIn(root, CLASS)) {
    try {
      found.set(name, readFileSync(join(root, CLASS, name, attribute), 'utf8').trim());
    } catch {
      // gone in the meantime, or no interface (bonding_masters)
    }
  }
  return found;
};

/** Name → MAC in lower case. */
export const macsOf = (root: string): ReadonlyMap<string, string> =>
  new Map([...interfacesOf(root, 'address')].map(([name, mac]) => [name, mac.toLowerCase()]));

export interface Here {
  readonly imds: Imds;
  readonly instanceId: string;
  readonly primaryMac: string;
}

/** Both may appear a moment after boot. @throws NodeError */
export const withHere = async <T>(context: Context, use: (here: Here) => Promise<T>): Promise<T> => {
  const progress = createProgress({ terminal: context.stderr, say: plainWatch(context).info });
  const imds = createImds({ env: context.env, random: context.random, progress: progress.note });
  try {
    const [{ instance: identity }, { instance }] = await Promise.all([
      fetchInstanceFact(imds, 'instance.identity', {}, context.signal),
      fetchInstanceFact(imds, 'instance.mac', {}, context.signal),
    ]);
    if (identity?.id === undefined || instance?.mac === undefined) throw new Error('IMDS answered, and said nothing');
    return await use({ imds, instanceId: identity.id, primaryMac: instance.mac });
  } finally {
    progress.stop();
    await imds.close();
  }
};

/** The root that the environment names. */
export const rootOf = ({ env }: Context): string => env['BOOTWRIGHT_ROOT'] || '/';

/** @throws NodeError where only root may write. */
export const needsRoot = (root: string, { uid }: Context): void => {
  if (root !== '/' || uid === 0) return;
  throw new NodeError('NO_PERMISSION', 'must run as root', { remedy: 'Run it with sudo.' });
};
