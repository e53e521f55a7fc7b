/** What is on a block device: `blkid -p`, which trusts no cache, and the bytes that it does not look at. */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { BEGINNING_BYTES, unfinishedOf } from '../core/disks/unfinished.ts';
import { NodeError } from '../core/errors.ts';
import type { Signature } from '../core/facts.ts';

export interface ProbeSources {
  /** PATH, for blkid and the programs that are looked for. */
  readonly searchPath: string;
  readonly processMs: number;
}

const unescaped = (value: string): string => value.replace(/\\(.)/g, '$1');

/** What `blkid -p -o export` says: nothing and exit code 2 for a blank device, 8 where signatures contradict each other. */
export const signatureOf = (code: number, output: string): Signature | null | undefined => {
  if (code === 2) return null;
  if (code === 8) return { type: 'several' };
  const found = new Map(output.split('\n').map((line) => [line.slice(0, line.indexOf('=')), unescaped(line.slice(line.indexOf('=') + 1))]));
  const [type, table, uuid] = [found.get('TYPE'), found.get('PTTYPE'), found.get('UUID')];
  const kind = type ?? (table === undefined ? undefined : `${table} partition table`);
  if (code !== 0) return undefined;
  if (kind === undefined) return { type: 'several' }; // something it has no name for is not nothing
  return { type: kind.replace(/[^ -~]/g, '?').slice(0, 64), ...(uuid !== undefined && /^[0-9A-Za-z:-]{1,64}$/.test(uuid) ? { uuid } : {}) };
};

/** blkid's answer with what it does not look at. */
export const probe = async (device: string, sources: ProbeSources, signal: AbortSignal | undefined): Promise<Signature | null> => {
  const signature = await blkid(device, sources, signal);
  if (signature === null) return null;
  const begun = unfinishedOf(beginningOf(device));
  return begun?.type === signature.type && begun.uuid === signature.uuid ? { ...signature, unfinished: true } : signature;
};

/** Empty where it cannot be read: then it is as blkid says. */
const beginningOf = (device: string): Uint8Array => {
  try {
    const file = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = new Uint8Array(BEGINNING_BYTES);
      return bytes.subarray(0, readSync(file, bytes, 0, BEGINNING_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return new Uint8Array();
  }
};

const blkid = (device: string, { searchPath, processMs }: ProbeSources, signal: AbortSignal | undefined): Promise<Signature | null> =>
  new Promise((resolve, reject) => {
    const options = {
      timeout: processMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
      env: { PATH: searchPath, LC_ALL: 'C' },
      ...(signal ? { signal } : {}),
    } as const;
    execFile('blkid', ['-p', '-o', 'export', device], options, (failure, stdout, stderr) => {
      if (signal?.aborted) return reject(signal.reason);
      const signature = signatureOf(failure === null ? 0 : typeof failure.code === 'number' ? failure.code : -1, stdout);
      if (signature !== undefined) return resolve(signature);
      const said = failure?.code === 'ENOENT' ? 'there is no blkid on PATH' : stderr.trim().split('\n')[0] || failure?.message;
      reject(new NodeError('OS', `what is on ${device} cannot be told: ${said}`, { remedy: `Try: blkid -p ${device}`, path: device }));
    });
  });
