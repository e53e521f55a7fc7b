/** The executable under test: the one BOOTWRIGHT_EXECUTABLE names, else our own, built when it is missing or older than what it is made of. */
import { join } from 'node:path';
import { isFresh } from '../../build/fresh.mjs';
import { must, projectDirectory } from './shell.ts';

/** Path of the executable. Several test files may ask at once: one builds, the others wait for it and look again. */
export const executable = async (): Promise<string> => {
  const given = process.env['BOOTWRIGHT_EXECUTABLE'];
  if (given) return given;
  if (!isFresh(projectDirectory)) {
    const build = `node -e 'import("./build/fresh.mjs").then((m) => process.exit(m.isFresh(".") ? 0 : 1))' || node build/build.mjs`;
    await must('flock', [join(projectDirectory, 'package.json'), 'sh', '-c', build], { cwd: projectDirectory, deadlineMs: 300_000 });
  }
  return join(projectDirectory, `dist/bootwright-linux-${process.arch}`);
};
