/** The real programs as judges of files: what do they say to this one? */
import { join } from 'node:path';
import { RIG } from './parts.ts';
import { rigDirectory, run } from './shell.ts';

const ask = async (script: string, args: readonly string[]): Promise<string> => {
  const { code, stderr } = await run(join(rigDirectory, script), args, { env: { ...process.env, RIG } });
  return code === 0 ? '' : stderr.trim() || `exit ${code}`;
};

/** The kubelet's objections to a KubeletConfiguration with drop-ins, unknown fields among them; empty: it takes it. 0.1 s. */
export const kubeletObjections = (program: 'kubelet' | 'kubelet-1.34', file: string, dropIns?: string): Promise<string> =>
  ask('kubelet-check.sh', [program, file, ...(dropIns === undefined ? [] : ['--config-dir', dropIns])]);

/** containerd's objections to its configuration, at reading and at a start with the CRI plugin; empty: it takes it. 0.3 s. */
export const containerdObjections = (version: '1.7' | '2', file: string): Promise<string> =>
  ask('containerd-check.sh', [`containerd-${version}`, file]);
