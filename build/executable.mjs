/** Scripts → one executable: code caches by a warm-up run, a SEA blob with both, injected into a stripped copy of the pinned Node. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'postject';
import { bundleOf } from './scripts.mjs';

const WARM_UP_MS = 60_000;
const SENTINEL = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** A code cache, and a SEA blob all the more, belongs to one build of Node: with any other the executable dies of a segmentation fault. */
export const refuseOtherNode = (root) => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const pinned = lock.packages[`node_modules/node-linux-${process.arch}`]?.version;
  if (process.version !== `v${pinned}`) {
    throw new Error(
      `this is Node ${process.version}; the executable is built with the pinned v${pinned}: use \`npm run build\` after \`npm ci\``,
    );
  }
};

/** Node without its symbol table, a seventh smaller. Before the injection: afterwards `strip` would damage the blob's note. */
const copyNode = (out) => {
  try {
    execFileSync('strip', ['-o', out, process.execPath]);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    copyFileSync(process.execPath, out);
    process.stdout.write('not stripped: there is no `strip` here (binutils); the executable works, 18 MB larger\n');
  }
  chmodSync(out, 0o755);
};

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
 * @param {{ main: string, assets: Record<string, string>, work: string, out: string }} options assets: name → file; work: scratch folder
 */
export const writeExecutable = async ({ main, assets, work, out }) => {
  const config = join(work, 'sea.json');
  const blob = join(work, 'sea.blob');
  writeFileSync(config, JSON.stringify({ ...SEA, main, output: blob, assets }));
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'pipe' });
  const made = join(work, 'executable');
  copyNode(made);
  await injectQuietly(made, readFileSync(blob));
  renameSync(made, out); // the one there may be running
};

/** Runs warm.cjs beside this process's event loop, in which the stand-ins of AWS live; shows its output when it fails. */
const warm = (dir, ...wish) =>
  new Promise((resolve, reject) => {
    // An environment without NODE_OPTIONS: a V8 flag in it would go into the caches' hash.
    const child = spawn(process.execPath, [join(import.meta.dirname, 'warm.cjs'), dir, ...wish], {
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
 * forty modules. What no workload loads stays alone. The most used come first.
 */
const groupsOf = async (dir, modules, workloads) => {
  writeScripts(
    dir,
    modules,
    [...modules.keys()].map((name) => [name]),
  );
  const loaders = new Map([...modules.keys()].map((name) => [name, []]));
  for (const [i, workload] of workloads.entries()) {
    await warm(dir, 'modules', JSON.stringify([workload]));
    for (const name of JSON.parse(readFileSync(join(dir, 'loaded.json'), 'utf8'))) loaders.get(name).push(i);
  }
  const groups = [...Map.groupBy(modules.keys(), (name) => loaders.get(name).join() || name).values()];
  const uses = ([name]) => loaders.get(name).length;
  return groups.sort((a, b) => uses(b) - uses(a));
};

/**
 * The program: modules in scripts, the scripts' caches, and the entry that loads them.
 * @param {{ modules: Map<string, string>, warmUps: readonly (readonly object[])[], work: string, out: string }} options
 *   warmUps: one process each, in this order; a script keeps the cache of the first that loads it
 */
export const writeProgram = async ({ modules, warmUps, work, out }) => {
  const dir = join(work, 'scripts');
  writeScripts(dir, modules, await groupsOf(dir, modules, warmUps.flat()));
  for (const workloads of warmUps) await warm(dir, 'caches', JSON.stringify(workloads));
  await warm(dir, 'caches');
  writePack(dir);
  const main = join(work, 'entry.cjs');
  await bundleOf({ entry: join(import.meta.dirname, 'entry.cjs'), outfile: main });
  await writeExecutable({ main, assets: { 'pack.json': join(dir, 'pack.json'), pack: join(dir, 'pack') }, work, out });
};
