/**
 * Loads the modules of the executable, each when it is first required, out of scripts with a code cache. The warm-up and the
 * executable's entry share it, so that both compile the same source: V8 takes a cache only for what it was made from.
 */
'use strict';
const { basename } = require('node:path');
const vm = require('node:vm');

// undici's HTTP parser is WebAssembly. Left alone, V8 recompiles it with the optimizing compiler while we boot: 18 MiB and 20 to
// 30 ms, and the exit waits for it. V8 reads the budget when a module is made. Putting the default back at once keeps the hash of
// V8's flags, on which every code cache depends, that of Node's own modules too. test/build/v8-flags.ts compares the default.
const FOR_NOW = '--wasm-tiering-budget=1000000000';
const DEFAULT = '--wasm-tiering-budget=13000000';

const withoutTierUp = (make) => {
  const v8 = require('node:v8');
  v8.setFlagsFromString(FOR_NOW);
  try {
    return make();
  } finally {
    v8.setFlagsFromString(DEFAULT);
  }
};

const { setFlagsFromString } = require('node:v8');

// A function that was called 400 times is compiled anew by Maglev: worth it in a program that runs on, but a boot is over by then, and a
// first one reads 2 MiB of that compiler from a cold disk. Code caches, ours and Node's, depend on a hash of V8's flags, so the defaults
// stand whenever something is loaded. test/build/v8-flags.ts compares the defaults.
const CALLS = { '--invocation-count-for-maglev': 400, '--invocation-count-for-maglev-osr': 100 };
const PATIENT = 20_000; // times the length of a function this must stay below 2^31

const setCalls = (countOf) => {
  for (const [flag, count] of Object.entries(CALLS)) setFlagsFromString(`${flag}=${countOf(count)}`);
};
const beDefault = () => setCalls((count) => count);
const bePatient = () => setCalls(() => PATIENT);

let depth = 0;
/** Loads something with V8's flags as they are by default. */
const loading = (load) => {
  if (depth++ === 0) beDefault();
  try {
    return load();
  } finally {
    if (--depth === 0) bePatient();
  }
};

bePatient();
// A function gets its limit at its eighth call. Node's checks of arguments share one that is called a thousand times: it gets it now.
for (let i = 0; i < 10; i++) basename('');
// Node itself loads it when somebody first looks at a piped stdout; then it would be without its code cache.
loading(() => require('node:net'));

WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct: (target, args) => withoutTierUp(() => new target(...args)),
});

/** Node's own modules that cost 0.3 to 3 ms to load and that most runs do not need, or need late. */
const LAZY = new Set(
  ['child_process', 'crypto', 'dns', 'fs/promises', 'http', 'https', 'os', 'timers/promises', 'tls', 'zlib'].map((name) => `node:${name}`),
);

/**
 * A module that is loaded when something is taken out of it. Named imports are read where they are used (esbuild writes
 * `import_node_crypto.createHash`), so no source has to be written for this.
 */
const lazily = (load) => {
  let own;
  const real = () => {
    own ??= load();
    return own;
  };
  return new Proxy(
    {},
    {
      get: (_, key) => real()[key],
      has: (_, key) => key in real(),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, key) => ({ ...Reflect.getOwnPropertyDescriptor(real(), key), configurable: true }),
    },
  );
};

/**
 * A script holds one or several modules: its value is an object of functions (exports, require, module) by the modules' names.
 *
 * @param {Record<string, string>} scriptOf module → script
 * @param {(script: string) => { source: string, cachedData?: Buffer }} read
 * @param {(script: string, compiled: vm.Script) => void} compiled is told of each script, once
 * @returns load: a module's exports by its name; loaded: the modules so far
 */
const loaderOf = (scriptOf, read, compiled) => {
  const scripts = new Map();
  const modules = new Map();

  const functionsOf = (script) => {
    if (!scripts.has(script)) {
      const { source, cachedData } = read(script);
      const made = loading(() => new vm.Script(source, { filename: script, cachedData }));
      scripts.set(script, made.runInThisContext());
      compiled(script, made);
    }
    return scripts.get(script);
  };

  const load = (name) => {
    const known = modules.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    functionsOf(scriptOf[name])[name](module.exports, requireFrom, module);
    return module.exports;
  };
  const requireFrom = (name) => {
    if (name.startsWith('./late-')) return lazily(() => load(name.slice(2)));
    if (name.startsWith('./')) return load(name.slice(2));
    const builtin = () => loading(() => require(name));
    return LAZY.has(name) ? lazily(builtin) : builtin();
  };

  return { load, loaded: () => [...modules.keys()] };
};

module.exports = { beDefault, loaderOf };
