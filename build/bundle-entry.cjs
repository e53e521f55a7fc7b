/** Entry of dist/bootwright.cjs, the same program for any Node >= 22. */
'use strict';
const { basename } = require('node:path');
const { main } = require('../src/main.ts');

// argv0 is `node` here; the word the user typed is the script's name (npx makes a link called `bootwright`).
const name = basename(process.argv[1] ?? '').replace(/\.cjs$/, '');
void main({ argv: process.argv.slice(2), argv0: name || 'bootwright', env: process.env });
