/** Entry of the executable: `main` from the scripts that are the executable's own assets. */
'use strict';
const { getRawAsset } = require('node:sea');
const { loaderOf } = require('./loader.cjs');

const latin1 = (buffer, ...place) => Buffer.from(buffer, ...place).latin1Slice(); // pure ASCII by the build

const pack = getRawAsset('pack');
const { scriptOf, placeOf } = JSON.parse(latin1(getRawAsset('pack.json')));

let codeCache = 'used';
let readBytes = 0;
const { load } = loaderOf(
  scriptOf,
  (script) => {
    const [at, length, cacheAt, cacheLength] = placeOf[script];
    readBytes += length + cacheLength;
    return { source: latin1(pack, at, length), cachedData: Buffer.from(pack, cacheAt, cacheLength) };
  },
  (script, { cachedDataRejected }) => {
    if (!cachedDataRejected) return;
    codeCache = 'rejected';
    if (process.env.BOOTWRIGHT_DEBUG) process.stderr.write(`debug: code cache of ${script} rejected\n`);
  },
);

const { main } = load('main.js');
/** Not tearing V8's heap down saves 2 ms. Only when all is written: what a slow reader's pipe has not taken yet would be lost. */
const endEarly = () => {
  if (process.env.BOOTWRIGHT_DEBUG) process.stderr.write(`debug: ${Math.ceil(readBytes / 1024)} KiB of scripts and code caches\n`);
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
};

void main({ argv: process.argv.slice(2), argv0: process.argv0, env: process.env, codeCache }).then(endEarly);
