'use strict';
const { main } = require('../../../src/main.ts');
void main();
