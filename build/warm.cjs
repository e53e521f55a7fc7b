/**
 * Runs the program outside of the executable, for what V8 and we can learn from it:
 *   node build/warm.cjs DIR modules WORKLOADS  writes loaded.json, the modules that were loaded
 *   node build/warm.cjs DIR caches WORKLOADS   stores beside each script what V8 has compiled of it (SCRIPT.cache)
 *   node build/warm.cjs DIR caches             stores the bare compilation of every script
 *   node build/warm.cjs DIR settle             makes the stored caches fit for the executable
 * A script that has a cache already keeps it. Node gets the flags of steady.cjs.
 *
 * WORKLOADS is JSON: [{ argv, argv0, env, exit }], run one after the other; any other exit code than `exit` ends the build.
 */
'use strict';
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const vm = require('node:vm');
const { beDefault, loaderOf } = require('./loader.cjs');
const { restoreFlags } = require('./steady.cjs');

const [dir, wish, workloads] = process.argv.slice(2);

const scriptOf = JSON.parse(readFileSync(join(dir, 'scripts.json'), 'utf8'));
const read = (script) => ({ source: readFileSync(join(dir, script), 'latin1') });
const compiled = new Map();
const { load, loaded } = loaderOf(scriptOf, read, (script, made) => compiled.set(script, made));

/** undici's clock ticks each half second: whether a run happened to last that long must not decide what the caches know. */
const TICK_MS = 600;

const runAll = async () => {
  const { main } = load('main.js');
  for (const { argv, argv0 = 'bootwright', env = {}, exit = 0 } of JSON.parse(workloads)) {
    process.exitCode = 0;
    await main({ argv, argv0, env, codeCache: 'made' });
    if (process.exitCode !== exit) throw new Error(`warm-up: ${[argv0, ...argv].join(' ')} ended with ${process.exitCode}, not ${exit}`);
  }
  if (wish === 'caches') await pause(TICK_MS);
};

const compileAll = () => {
  for (const script of new Set(Object.values(scriptOf))) compiled.set(script, new vm.Script(read(script).source, { filename: script }));
};

const storeCaches = () => {
  beDefault(); // a cache carries a hash of the flags
  for (const [script, made] of compiled) {
    const file = join(dir, `${script}.cache`);
    if (!existsSync(file)) writeFileSync(file, made.createCachedData());
  }
};

/** Reads each cache and writes it again: functions are then numbered by where they stand, not by when they first ran. */
const settle = () => {
  beDefault();
  for (const script of new Set(Object.values(scriptOf))) {
    const cachedData = readFileSync(join(dir, `${script}.cache`));
    const made = new vm.Script(read(script).source, { filename: script, cachedData });
    if (made.cachedDataRejected) throw new Error(`V8 rejects the code cache of ${script}`);
    compiled.set(script, made);
  }
  restoreFlags();
  for (const [script, made] of compiled) writeFileSync(join(dir, `${script}.cache`), made.createCachedData());
};

const warm = async () => {
  if (wish === 'settle') return settle();
  await (workloads ? runAll() : compileAll());
  if (wish === 'caches') storeCaches();
  else writeFileSync(join(dir, 'loaded.json'), JSON.stringify(loaded()));
};

warm().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
