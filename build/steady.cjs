/**
 * V8's flags of the warm-up, without which two builds would not give the same bytes; each with the default that is put back before a
 * cache is made, because a cache carries a hash of the flags and the executable runs with V8's own.
 */
'use strict';

const FLAGS = {
  // Seeds are drawn anew in each process, and a cache holds hashes that follow from them.
  '--hash-seed=1': '--hash-seed=0',
  '--random-seed=1': '--random-seed=0',
  // A cache notes which functions the compilers have got to, which is a matter of milliseconds.
  '--no-sparkplug': '--sparkplug',
  '--maglev-filter=': '--maglev-filter=*',
  '--turbo-filter=': '--turbo-filter=*',
  // A collection between two workloads would throw away the bytecode of functions that are not running.
  '--no-flush-bytecode': '--flush-bytecode',
};

const steadyFlags = Object.keys(FLAGS);

const restoreFlags = () => {
  const v8 = require('node:v8');
  for (const flag of Object.values(FLAGS)) v8.setFlagsFromString(flag);
};

module.exports = { restoreFlags, steadyFlags };
