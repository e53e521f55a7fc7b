/**
 * Every folder of test/cases/node-config/bad: what is said to documents that something is wrong with.
 *   *.yaml *.json *.txt   the sources in the order of their names; <CA> stands for a right certificate authority
 *   options.json          { strict (true), compat, kubelet, encode: [grow, gzip, base64, cut], latin1 } (optional)
 *   expected.txt          a line for each problem, with its code. UPDATE_GOLDEN=1 rewrites it on request.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { diagnosticLine } from '../../../../src/cli/present/diagnostics.ts';
import { checkMaxPodsExpression } from '../../../../src/core/config/node-config/cel.ts';
import { type ReadOptions, readDocuments, unpackedSources, wholeDiagnostics } from '../../../../src/core/config/node-config/read.ts';
import type { RawSource } from '../../../../src/core/config/node-config/user-data.ts';
import { gunzip } from '../../../../src/facts/sources.ts';
import { CA } from '../../support/plain.ts';

const BAD = join(import.meta.dirname, '../../../cases/node-config/bad');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
if (isUpdate && process.env['CI'] === 'true')
  throw new Error('UPDATE_GOLDEN=1 is not for CI: a golden file is changed by a person who has read it');

type Encoder = 'grow' | 'gzip' | 'base64' | 'cut';

interface Options {
  readonly strict?: boolean;
  readonly compat?: boolean;
  readonly kubelet?: string;
  readonly encode?: readonly Encoder[];
  readonly latin1?: boolean;
}

const ENCODERS: { readonly [name in Encoder]: (bytes: Uint8Array) => Uint8Array } = {
  grow: (bytes) => Buffer.concat([bytes, Buffer.alloc(2 * 1024 * 1024, '#')]),
  gzip: (bytes) => gzipSync(bytes),
  base64: (bytes) => Buffer.from(Buffer.from(bytes).toString('base64')),
  cut: (bytes) => bytes.subarray(0, bytes.length / 2),
};

const optionsOf = (folder: string): Options => {
  const path = join(folder, 'options.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Options) : {};
};

const sourcesOf = (folder: string, { encode = [], latin1 = false }: Options): readonly RawSource[] =>
  readdirSync(folder)
    .filter((name) => !['expected.txt', 'options.json'].includes(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('<CA>', CA);
      const bytes = encode.reduce<Uint8Array>((some, encoder) => ENCODERS[encoder](some), Buffer.from(text, latin1 ? 'latin1' : 'utf8'));
      return name === 'user-data.txt'
        ? { label: 'imds://user-data', origin: 'user-data', bytes }
        : { label: name, origin: 'host-file', bytes, file: name };
    });

const names = readdirSync(BAD).sort();
t.ok(names.length >= 60, 'the cases are there');

for (const name of names) {
  t.test(name, async (t) => {
    const folder = join(BAD, name);
    const options = optionsOf(folder);
    const modes: ReadOptions = {
      isStrict: options.strict ?? options.compat !== true,
      isCompat: options.compat === true,
      kubelet: options.kubelet,
      checkCel: checkMaxPodsExpression,
    };
    const sources = sourcesOf(folder, options);
    const read = readDocuments(unpackedSources(sources, gunzip), modes);
    const labels = sources.map(({ label }) => label);
    const diagnostics = [...read.diagnostics, ...wholeDiagnostics(read, labels, modes)];
    const text = diagnostics.map((one) => `${one.severity} [${one.code}] ${diagnosticLine(one)}\n`).join('');
    if (isUpdate) writeFileSync(join(folder, 'expected.txt'), text);
    t.equal(text, readFileSync(join(folder, 'expected.txt'), 'utf8'));
    t.not(text, '', 'there is something wrong');
    for (const { path, field = '', message, remedy } of diagnostics) {
      t.notMatch(`${path}${field}${message}${remedy}`, /[\p{Cc}\p{Cf}]/u, 'one line, no control characters');
      t.notMatch(`${field}${message}${remedy}`, /secret/, 'no secrets');
    }
  });
}
