/** A program in a mount namespace of its own, where files of this machine can be covered: what it writes there is gone with it. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';

export interface PrivateRun {
  /** Bash that covers what must be covered, as root. */
  readonly prepare: string;
  readonly program: string;
  /** The name it is called by. */
  readonly as: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Needs the parts `linux` and `root`. */
export const runPrivately = ({ prepare, program, as, args = [], env = {} }: PrivateRun): SpawnSyncReturns<string> => {
  const script = `set -e\n${prepare}\nname=$1; shift\nexec -a "$name" "$@"`;
  return spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'bash', '--norc', '-c', script, 'bash', as, process.execPath, program, ...args],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC', ...env },
      timeout: 30_000,
    },
  );
};
