/**
 * npm test [-- FILE|FOLDER…]  the tests under test/, or the named ones
 * npm run e2e                 the tests under test/e2e, one after the other
 * npm run slow                those under test/slow in the same way; CI leaves them out
 *
 * Runs tap and ends with one line for people and scripts: `N passed, N failed`. Not 0 when a test failed, or when none ran.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { isFresh } from './fresh.mjs';

const root = dirname(import.meta.dirname);
process.chdir(root);

/**
 * All that tests see of the caller's environment; what they need besides they set. So credentials, endpoints, proxies, trust,
 * NODE_OPTIONS (one V8 flag in it and every code cache is rejected) and bootstrap.sh's variables cannot reach them.
 */
const KEPT = /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|COLORTERM|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|CI|UPDATE_GOLDEN|BOOTWRIGHT_RIG(_DIR)?|TAP_\w+)$/;

const testEnv = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.test(name)));

/** tap takes files only. */
const filesOf = (path) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(path, { recursive: true })
        .map((file) => join(path, file))
        .filter((file) => file.endsWith('.ts'))
    : [path];

/** Tests that have the machine to themselves, one after the other, and by default all of their folder. */
const ALONE = { e2e: 'test/e2e', slow: 'test/slow' };

const suiteOf = ([first, ...more]) => {
  const folder = ALONE[first];
  if (folder === undefined) return { name: 'all', isAlone: false, args: [first, ...more].filter(Boolean).flatMap(filesOf), env: {} };
  const files = (more.length > 0 ? more : [folder]).flatMap(filesOf);
  return { name: first, isAlone: true, args: ['--jobs=1', '--timeout=1800', ...files], env: { BOOTWRIGHT_RIG: 'required' } };
};

/** `# { total: 4, pass: 3, fail: 1 }`, tap's last line, as an object. */
const countsOf = (text) =>
  Object.fromEntries(
    [...(text.match(/^# \{ (total: .*) \}$/m)?.[1] ?? '').matchAll(/(\w+): (\d+)/g)].map(([, word, n]) => [word, Number(n)]),
  );

const readOrNothing = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // tap ended before its first test
  }
};

/** The failed assertions with their details; the `not ok` of a test or file only repeats the deeper one before it. */
const failuresIn = (text) => {
  const blocks = [...text.matchAll(/^( *)not ok .*\n(?:\1 {2}---\n[\s\S]*?\n\1 {2}\.\.\.\n)?/gm)];
  const depthOf = (block) => block?.[1].length ?? 0;
  return blocks.filter((block, i) => depthOf(block) >= depthOf(blocks[i - 1])).map(([failure]) => failure);
};

/** What did not run and why, each reason once. */
const skipsIn = (text) => new Set([...text.matchAll(/^ *ok \d+ - (.*?) *# SKIP ?(.*)$/gim)].map(([, name, reason]) => reason || name));

const summaryOf = ({ pass = 0, fail = 0, skip = 0, todo = 0 }) =>
  `${pass} passed, ${fail} failed${skip > 0 ? `, ${skip} skipped` : ''}${todo > 0 ? `, ${todo} to do` : ''}`;

const suite = suiteOf(process.argv.slice(2));
const output = `.tap/${suite.name}.tap`;
mkdirSync('.tap', { recursive: true });
rmSync(output, { force: true });

// Tests call the executable, so it must be made of these sources. With named files the tests that need it see to it themselves.
if ((suite.args.length === 0 || suite.isAlone) && !isFresh(root)) {
  const { status } = spawnSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

const isTty = process.stdout.isTTY === true;
const options = [`--output-file=${output}`, '--disable-coverage', ...(isTty ? [] : ['--reporter=tap'])];
const child = spawn('tap', [...options, ...suite.args], {
  stdio: ['inherit', isTty ? 'inherit' : 'pipe', 'inherit'],
  env: { ...testEnv(), ...suite.env },
});

// A terminal gets tap's own picture; a log gets a line for each file, and each failure once.
const told = new Set();
const tellOnce = (line) => {
  if (!told.has(line)) process.stdout.write(`${line}\n`);
  told.add(line);
};
if (child.stdout) {
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (/^(not )?ok \d+ - /.test(line)) tellOnce(line);
  });
}

child.on('close', (code) => {
  const text = readOrNothing(output);
  if (!isTty) for (const failure of failuresIn(text)) process.stdout.write(`${failure}\n`);
  for (const skip of skipsIn(text)) process.stdout.write(`skipped: ${skip}\n`);
  const counts = countsOf(text);
  process.stdout.write(`${summaryOf(counts)}\n`);
  process.exitCode = code || (counts.pass || counts.fail ? 0 : 1);
});
