/**
 * Runs the program outside of the executable, for what V8 and we can learn from it:
 *   node build/warm.cjs DIR modules WORKLOADS  writes loaded.json, the modules that were loaded
 *   node build/warm.cjs DIR caches WORKLOADS   stores beside each script what V8 has compiled of it (SCRIPT.cache)
 *   node build/warm.cjs DIR caches             stores the bare compilation of every script
 * A script that has a cache already keeps it.
 *
 * WORKLOADS is JSON: [{ argv, argv0, env, exit }], run one after the other; any other exit code than `exit` ends the build.
 */
'use strict';
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const { beDefault, loaderOf } = require('./loader.cjs');

const [dir, wish, workloads] = process.argv.slice(2);

// A collection between two workloads would throw away the bytecode of functions that are not running.
v8.setFlagsFromString('--no-flush-bytecode');

const scriptOf = JSON.parse(readFileSync(join(dir, 'scripts.json'), 'utf8'));
const read = (script) => ({ source: readFileSync(join(dir, script), 'latin1') });
const compiled = new Map();
const { load, loaded } = loaderOf(scriptOf, read, (script, made) => compiled.set(script, made));

const runAll = async () => {
  const { main } = load('main.js');
  for (const { argv, argv0 = 'bootwright', env = {}, exit = 0 } of JSON.parse(workloads)) {
    process.exitCode = 0;
    await main({ argv, argv0, env, codeCache: 'made' });
    if (process.exitCode !== exit) throw new Error(`warm-up: ${[argv0, ...argv].join(' ')} ended with ${process.exitCode}, not ${exit}`);
  }
};

const compileAll = () => {
  for (const script of new Set(Object.values(scriptOf))) compiled.set(script, new vm.Script(read(script).source, { filename: script }));
};

const storeCaches = () => {
  v8.setFlagsFromString('--flush-bytecode'); // the caches carry a hash of the flags
  beDefault();
  for (const [script, made] of compiled) {
    const file = join(dir, `${script}.cache`);
    if (!existsSync(file)) writeFileSync(file, made.createCachedData());
  }
};

const warm = async () => {
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
