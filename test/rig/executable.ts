/** The executable under test: the one BOOTWRIGHT_EXECUTABLE names, else our own, built when it is missing or older than what it is made of. */
import { join } from 'node:path';
import { isFresh } from '../../build/fresh.mjs';
import { must, projectDirectory } from './shell.ts';

/** Node without what tap puts into each child of a test: it would show in the code caches. */
export const UNTAPPED_NODE = ['env', '-u', 'NODE_OPTIONS', process.execPath] as const;

/** Runs a target of build.mjs unless that is done. Several test files may ask at once: one builds, the others wait for it and look again. */
const build = async (target: string, arch?: string): Promise<void> => {
  if (isFresh(projectDirectory, arch)) return;
  const ask = `import("./build/fresh.mjs").then((m) => process.exit(m.isFresh(".", ${JSON.stringify(arch)}) ? 0 : 1))`;
  const command = ['sh', '-c', 'node -e "$1" || { shift; exec "$@"; }', 'sh', ask, ...UNTAPPED_NODE, 'build/build.mjs', target];
  await must('flock', [join(projectDirectory, 'package.json'), ...command], { cwd: projectDirectory, deadlineMs: 300_000 });
};

/** Path of this machine's executable. */
export const executable = async (): Promise<string> => {
  const given = process.env['BOOTWRIGHT_EXECUTABLE'];
  if (given) return given;
  await build('own');
  return join(projectDirectory, `dist/bootwright-linux-${process.arch}`);
};

/** The command that runs the executable for arm64 here, arguments to follow. */
export const emulatedArm64 = async (): Promise<readonly [string, ...string[]]> => {
  await build('arm64', 'arm64');
  return ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu', join(projectDirectory, 'dist/bootwright-linux-arm64')];
};
