/**
 * Local disks: arrays, file systems and moved directories, by mdadm, mkfs.xfs and cp. Nothing is forced: each of these programs refuses by
 * itself what is in use (the kernel gives it the device for itself alone) and, but for mkfs.ext4 without a terminal, what holds data; and
 * before each the device is probed once more. What is wiped is only what a run that was cut off has left half-made.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Action } from '../core/desired.ts';
import { mdadmUuid } from '../core/disks/array.ts';
import { BEGINNING_BYTES, unfinishedOf } from '../core/disks/unfinished.ts';
import { NodeError } from '../core/errors.ts';
import { makeDirectory, moveFile, removeTree } from './filesystem.ts';
import { complaintOf, type Outcome, runProgram } from './process.ts';

export type DiskAction = Action & {
  readonly kind: 'create-array' | 'make-file-system' | 'announce-device' | 'copy-directory' | 'run-program';
};

export interface DiskOptions {
  readonly root: string;
  /** PATH of the programs. */
  readonly searchPath: string;
  readonly signal?: AbortSignal;
}

const PROBE_MS = 30_000;
/** mdadm writes superblocks and waits for udev. */
const CREATE_MS = 120_000;
/** Without discard (-K) it is seconds for any size. */
const FORMAT_MS = 300_000;
/** Images that an AMI brings along may be gigabytes. */
const COPY_MS = 1_800_000;
/** setup-local-disks may wait until a RAID 10 is in sync. */
const HELPER_MS = 7_200_000;

type Run = (program: string, args: readonly string[], timeoutMs: number) => Promise<Outcome>;

const missing = (program: string): NodeError =>
  new NodeError('CONFIG', `there is no ${program} on PATH`, { remedy: 'Install it, and run again.', path: program });

const runner =
  ({ searchPath, signal }: DiskOptions): Run =>
  async (program, args, timeoutMs) => {
    const outcome = await runProgram(program, args, { searchPath, timeoutMs, signal });
    if (outcome === undefined) throw missing(program);
    return outcome;
  };

const must = async (run: Run, program: string, args: readonly string[], timeoutMs: number): Promise<void> => {
  const outcome = await run(program, args, timeoutMs);
  if (outcome.code === 0) return;
  throw new NodeError('OS', `${program} ${args.join(' ')} failed: ${complaintOf(outcome, timeoutMs)}`, {
    remedy: 'See dmesg and lsblk -f; nothing on the disks was overwritten that held data. The next run starts from what is there.',
    path: program,
  });
};

/** blkid ends with 2 where it finds nothing; everything else, an unclear answer too, is a reason not to write. */
const mustBeBlank = async (run: Run, device: string): Promise<void> => {
  const { code, stdout } = await run('blkid', ['-p', '-o', 'export', device], PROBE_MS);
  if (code === 2 && stdout.trim() === '') return;
  throw new NodeError('TEMPORARY', `${device} is not blank any more: another program has written to it while this run was under way`, {
    remedy: 'Run it again: it then starts from what is there now.',
    path: device,
  });
};

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};

const realNameOf = (device: string): string => {
  try {
    return realpathSync(device);
  } catch (cause) {
    throw new NodeError('OS', `${device} is gone`, { remedy: 'See dmesg and lsblk -f, and run again.', path: device, cause });
  }
};

/** Empty where it cannot be read: blkid will tell. */
const beginningOf = (device: string): Uint8Array => {
  try {
    const file = openSync(device, 'r');
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

/** Takes away what was left half-made under this UUID, and the part of an array that udev has made of it. Neither works on what is in use. */
const clearUnfinished = async (run: Run, device: string, uuid: string): Promise<void> => {
  if (unfinishedOf(beginningOf(device))?.uuid !== uuid) return;
  const arrays = namesIn(`/sys/class/block/${basename(realNameOf(device))}/holders`).filter((name) => /^md/.test(name));
  for (const array of arrays) await must(run, 'mdadm', ['--quiet', '--stop', `/dev/${array}`], PROBE_MS);
  await must(run, 'wipefs', ['--quiet', '--all', device], PROBE_MS);
};

const createArray = async (run: Run, action: DiskAction & { readonly kind: 'create-array' }): Promise<void> => {
  const { device, level, uuid, members } = action;
  for (const member of members) {
    await clearUnfinished(run, member, uuid);
    await mustBeBlank(run, member);
  }
  const args = [
    ...['--quiet', '--create', device, '--config=none'],
    // `any`: it is found under the same name whatever the host is called at the next boot.
    ...['--homehost=any', '--name=kubernetes', '--metadata=1.2', `--uuid=${mdadmUuid(uuid)}`],
    `--level=${level.slice('raid'.length)}`,
    // Both as mdadm chooses by itself, said so that no version asks; --run would silence its warnings about data, too.
    ...(level === 'raid10' ? ['--bitmap=internal'] : []),
    ...(members.length === 1 ? ['--force'] : []),
    `--raid-devices=${members.length}`,
    ...members,
  ];
  await must(run, 'mdadm', args, CREATE_MS);
  // Where the disks were once members of another array, what that held begins in their midst, and would now come back in pieces.
  await must(run, 'wipefs', ['--quiet', '--all', device], PROBE_MS);
};

const makeFileSystem = async (run: Run, { device, type, uuid }: DiskAction & { readonly kind: 'make-file-system' }): Promise<void> => {
  await clearUnfinished(run, device, uuid);
  await mustBeBlank(run, device);
  if (type === 'ext4') return must(run, 'mkfs.ext4', ['-q', '-U', uuid, device], FORMAT_MS);
  // As setup-local-disks: no discard of disks that come discarded, and a log that is written in stripes of 32 kB.
  await must(run, 'mkfs.xfs', ['-q', '-K', '-l', 'su=8b', '-m', `uuid=${uuid}`, device], FORMAT_MS);
};

/**
 * udev watches a block device for writers, but not before it has dealt with its appearance: what is formatted at once may stay without its
 * link in by-uuid for ever (seen with mkfs right after mdadm), and so may what a run made that was killed.
 */
const announceDevice = async (run: Run, { device }: DiskAction & { readonly kind: 'announce-device' }): Promise<void> => {
  const name = basename(realNameOf(device));
  await must(run, 'udevadm', ['trigger', '--action=change', '--subsystem-match=block', `--sysname-match=${name}`], PROBE_MS);
  await run('udevadm', ['settle', '--timeout=30'], PROBE_MS * 2); // late events of others are no failure of ours
};

/** Under a temp name first: the name itself is there only when everything is. */
const copyDirectory = async (run: Run, root: string, { from, path }: DiskAction & { readonly kind: 'copy-directory' }): Promise<void> => {
  if (existsSync(path)) return;
  const temp = `${dirname(path)}/.${basename(path)}.bootwright-000000000000.tmp`;
  removeTree(root, temp); // of a run that was cut off here
  makeDirectory(root, temp, 0o755);
  // Of this file system alone: what pods or others have mounted below it is not its content.
  if (existsSync(from)) await must(run, 'cp', ['-ax', '--', `${from}/.`, temp], COPY_MS);
  await must(run, 'sync', [], COPY_MS);
  moveFile(root, temp, path);
};

/** Carries out one action on the live machine. @throws NodeError */
export const performOnDisks = async (action: DiskAction, options: DiskOptions): Promise<void> => {
  const run = runner(options);
  switch (action.kind) {
    case 'create-array':
      return createArray(run, action);
    case 'make-file-system':
      return makeFileSystem(run, action);
    case 'announce-device':
      return announceDevice(run, action);
    case 'copy-directory':
      return copyDirectory(run, options.root, action);
    case 'run-program':
      return must(run, action.program, action.args, HELPER_MS);
  }
};
