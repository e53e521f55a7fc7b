/** Scripts → one executable: code caches by a warm-up run, a SEA blob with both, injected into a stripped copy of the pinned Node. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'postject';
import { leaveOutExports } from './exports.mjs';
import { bundleOf } from './scripts.mjs';
import { steadyFlags } from './steady.cjs';

const WARM_UP_MS = 60_000;
const SENTINEL = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** postject prints twelve warnings about the names of Node's note sections, which it keeps as they are. */
const injectQuietly = async (file, blob) => {
  const { warn, error } = console;
  console.warn = console.error = (text, ...rest) =>
    String(text).includes("Can't find string offset for section name") ? undefined : error(text, ...rest);
  try {
    await inject(file, 'NODE_SEA_BLOB', blob, { sentinelFuse: SENTINEL });
  } finally {
    Object.assign(console, { warn, error });
  }
};

/** NODE_OPTIONS must not reach the executable: one V8 flag in it and V8 rejects every cache. */
const SEA = { disableExperimentalSEAWarning: true, useCodeCache: false, useSnapshot: false, execArgvExtension: 'none' };

/**
 * One executable from a CommonJS file that requires nothing but Node's own modules.
 * @param {{ runtime: object, main: string, assets: Record<string, string>, work: string, out: string, finish?: Function }} options
 *   runtime: see runtime.mjs; work: scratch folder; main and assets (name → file): files in it, by their names;
 *   finish: may change the executable's bytes
 */
export const writeExecutable = async ({ runtime, main, assets, work, out, finish }) => {
  // Names without a folder: the blob holds that of `main`, and the scratch folder has another one each time.
  writeFileSync(join(work, 'sea.json'), JSON.stringify({ ...SEA, main, output: 'sea.blob', assets }));
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: work, stdio: 'pipe' });
  const made = join(work, 'executable');
  runtime.copyTo(made);
  chmodSync(made, 0o755);
  await injectQuietly(made, readFileSync(join(work, 'sea.blob')));
  if (finish) {
    const bytes = readFileSync(made);
    finish(bytes);
    writeFileSync(made, bytes);
  }
  renameSync(made, out); // the one there may be running
};

/** Runs warm.cjs beside this process's event loop, in which the stand-ins of AWS live; shows its output when it fails. */
const warm = ([node, ...options], dir, ...wish) =>
  new Promise((resolve, reject) => {
    // An environment without NODE_OPTIONS: a V8 flag in it would go into the caches' hash.
    const child = spawn(node, [...options, ...steadyFlags, join(import.meta.dirname, 'warm.cjs'), dir, ...wish], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: WARM_UP_MS,
      killSignal: 'SIGKILL',
    });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`the warm-up ended with ${signal ?? code}:\n${Buffer.concat(output)}`)),
    );
  });

/** Writes scripts that hold the given groups of modules, and the index by which the loader finds a module's script. */
const writeScripts = (dir, modules, groups) => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const index = {};
  groups.forEach((names, i) => {
    const script = names.length === 1 ? names[0] : `scripts-${i}.js`;
    const members = names.map((name) => `${JSON.stringify(name)}:${modules.get(name)}`);
    writeFileSync(join(dir, script), `({${members.join(',\n')}})`);
    for (const name of names) index[name] = script;
  });
  writeFileSync(join(dir, 'scripts.json'), JSON.stringify(index));
};

/** V8 copies a code cache that is not aligned. */
const ALIGNMENT = 16;

/**
 * Scripts and caches one after the other in one file, in the order of the index: what a boot reads lies together, and a first start,
 * which reads the executable from a cold disk in pieces of 128 KiB, reads fewer of them. SEA assets of their own would lie in no order.
 */
const writePack = (dir) => {
  const scriptOf = JSON.parse(readFileSync(join(dir, 'scripts.json'), 'utf8'));
  const pieces = [];
  let size = 0;
  const add = (file) => {
    const bytes = readFileSync(join(dir, file));
    const padding = Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT);
    const at = [size, bytes.length];
    pieces.push(bytes, padding);
    size += bytes.length + padding.length;
    return at;
  };
  const placeOf = {};
  for (const script of new Set(Object.values(scriptOf))) placeOf[script] = [...add(script), ...add(`${script}.cache`)];
  writeFileSync(join(dir, 'pack'), Buffer.concat(pieces));
  writeFileSync(join(dir, 'pack.json'), JSON.stringify({ scriptOf, placeOf }));
};

/**
 * Modules that the same workloads load belong in one script: reading a script costs 0.1 ms however small it is, and a boot needs some
 * forty modules. What no workload loads stays alone. What most boots load comes first, then what most of all do.
 */
const groupsOf = async (dir, modules, { groups: warmUps, freshImage }) => {
  const workloads = warmUps.flat();
  writeScripts(
    dir,
    modules,
    [...modules.keys()].map((name) => [name]),
  );
  const loaders = new Map([...modules.keys()].map((name) => [name, []]));
  for (const [i, workload] of workloads.entries()) {
    freshImage();
    await warm([process.execPath], dir, 'modules', JSON.stringify([workload]));
    for (const name of JSON.parse(readFileSync(join(dir, 'loaded.json'), 'utf8'))) loaders.get(name).push(i);
  }
  const groups = [...Map.groupBy(modules.keys(), (name) => loaders.get(name).join() || name).values()];
  const boots = warmUps[0].length;
  const uses = ([name]) => loaders.get(name).length + workloads.length * loaders.get(name).filter((i) => i < boots).length;
  return groups.sort((a, b) => uses(b) - uses(a));
};

/** Scripts with their caches in `dir`, packed; the caches are made by the runtime's own V8. */
const makePack = async (dir, { runtime, modules, warmUps }) => {
  writeScripts(dir, modules, await groupsOf(dir, modules, warmUps));
  for (const workloads of warmUps.groups) {
    warmUps.freshImage();
    await warm(runtime.command, dir, 'caches', JSON.stringify(workloads));
  }
  await warm(runtime.command, dir, 'caches');
  await warm(runtime.command, dir, 'settle');
  writePack(dir);
  return Buffer.concat([readFileSync(join(dir, 'pack.json')), readFileSync(join(dir, 'pack'))]);
};

const TRIES = 6;

/**
 * The same until two in a row are equal; where none are, the last one serves, and it is said that these bytes are made but once. What V8 has compiled depends on what ran, and on a machine that is busy enough an answer may
 * once come too late to be waited for.
 */
const makeSettledPack = async (dir, options) => {
  let before;
  for (let i = 0; i < TRIES; i++) {
    const pack = await makePack(dir, options);
    if (before?.equals(pack)) return;
    before = pack;
  }
  process.stdout.write(`not reproducible: no two of ${TRIES} warm-ups in a row gave the same code caches; is this machine very busy?\n`);
};

/**
 * The program: modules in scripts, the scripts' caches, and the entry that loads them.
 * @param {{ runtime: object, modules: Map<string, string>, warmUps: object, settled: boolean, work: string, out: string }} options
 *   warmUps: see warm-up.mjs; a process for each group, in this order: a script keeps the cache of the first that loads it.
 *   settled: for a release, whose bytes others shall be able to make again
 */
export const writeProgram = async ({ settled, work, out, ...options }) => {
  await (settled ? makeSettledPack : makePack)(join(work, 'scripts'), options);
  await bundleOf({ entry: join(import.meta.dirname, 'entry.cjs'), outfile: join(work, 'entry.cjs') });
  const assets = { 'pack.json': 'scripts/pack.json', pack: 'scripts/pack' };
  await writeExecutable({ runtime: options.runtime, main: 'entry.cjs', assets, work, out, finish: leaveOutExports });
};
