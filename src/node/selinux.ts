/** SELinux labels of what was written: a new file has its directory's default label, not the one that the policy gives its path. */
import { statSync } from 'node:fs';
import { complaintOf, runProgram } from './process.ts';

const TIMEOUT_MS = 30_000;

export interface LabelOptions {
  readonly searchPath: string;
  /** Mount point of selinuxfs; it holds `enforce` where SELinux is on (permissive too). */
  readonly selinuxfs?: string;
  readonly signal?: AbortSignal | undefined;
}

const isOn = (selinuxfs: string): boolean => statSync(`${selinuxfs}/enforce`, { throwIfNoEntry: false }) !== undefined;

/**
 * Gives the paths the labels of the policy. Resolves to a warning, or undefined when all is well or SELinux is off. A wrong label does not
 * stop a run: in permissive mode nothing depends on it, and otherwise the start of the unit tells.
 */
export const restoreLabels = async (
  paths: readonly string[],
  { searchPath, selinuxfs = '/sys/fs/selinux', signal }: LabelOptions,
): Promise<string | undefined> => {
  if (paths.length === 0 || !isOn(selinuxfs)) return undefined;
  const outcome = await runProgram('restorecon', ['--', ...paths], {
    searchPath: `${searchPath}:/usr/sbin:/sbin`,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  if (outcome?.code === 0) return undefined;
  const why = outcome === undefined ? 'there is no restorecon on PATH' : complaintOf(outcome, TIMEOUT_MS);
  return `SELinux labels of ${paths.length} paths were not set: ${why}; run restorecon on ${paths.join(' ')}`;
};
