/** What only the build knows: version and commit. esbuild puts them in for these names; src/cli/version.ts reads them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The commit, with a mark if the sources differ from it; `unknown` outside of git. */
const commitOf = (root) => {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'build', 'package-lock.json') ? `${commit}-modified` : commit;
  } catch {
    return 'unknown';
  }
};

/** @param {string} root */
export const buildFacts = (root) => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { BOOTWRIGHT_VERSION: JSON.stringify(version), BOOTWRIGHT_COMMIT: JSON.stringify(commitOf(root)) };
};
