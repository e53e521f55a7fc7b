/**
 * test/cases/bottlerocket: what lint says of user data.
 *   scalars.json              values that Bottlerocket takes, and that it refuses (the lists of its own unit tests)
 *   good/*, bad/*
 *     user-data.toml
 *     options.json            { variant, os, encode: gzip | gzip-cut | grow | utf16 } (optional)
 *     expected.txt            bad: a line for each problem, with its effect and code. UPDATE_GOLDEN=1 rewrites it on request.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { diagnosticLine } from '../../../src/cli/present/diagnostics.ts';
import { lintBottlerocket } from '../../../src/core/bottlerocket/lint.ts';
import { lintSource } from '../../../src/core/bottlerocket/user-data.ts';
import { variantOf } from '../../../src/core/bottlerocket/variant.ts';
import { gunzip } from '../../../src/facts/sources.ts';

const CASES = join(import.meta.dirname, '../../cases/bottlerocket');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
if (isUpdate && process.env['CI'] === 'true')
  throw new Error('UPDATE_GOLDEN=1 is not for CI: a golden file is changed by a person who has read it');

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

interface Row {
  readonly type: string;
  readonly template: string;
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
}
const rows = readJson<readonly Row[]>(join(CASES, 'scalars.json'));
t.ok(rows.length > 40, 'the values are there');

/** For the name of a test, where line separators would end a line. */
const named = (value: string): string => value.slice(0, 40).replace(/[^!-~]/g, '?');

for (const { type, template, valid, invalid } of rows) {
  t.test(type, async (t) => {
    const refusals = (value: string) =>
      lintBottlerocket(
        'x',
        template.replace('<V>', () => value),
        {},
      ).filter(({ effect }) => effect === 'boot-fails');
    for (const value of valid) t.strictSame(refusals(value), [], `taken: ${named(value)}`);
    for (const value of invalid) t.not(refusals(value).length, 0, `refused: ${named(value)}`);
  });
}

type Encoding = 'gzip' | 'gzip-cut' | 'grow' | 'utf16';
const ENCODERS: { readonly [name in Encoding]: (bytes: Buffer) => Uint8Array } = {
  gzip: (bytes) => gzipSync(bytes),
  'gzip-cut': (bytes) => gzipSync(bytes).subarray(0, 20),
  grow: (bytes) => Buffer.concat([bytes, Buffer.alloc(16_385 - bytes.length, '#')]),
  utf16: (bytes) => Buffer.from(`\ufeff${bytes.toString()}`, 'utf16le'),
};

const lintOf = (folder: string) => {
  const path = join(folder, 'options.json');
  const { variant, os, encode } = existsSync(path)
    ? readJson<{ readonly variant?: string; readonly os?: string; readonly encode?: Encoding }>(path)
    : {};
  const plain = readFileSync(join(folder, 'user-data.toml'));
  const bytes = encode === undefined ? plain : ENCODERS[encode](plain);
  const target = { ...(variant === undefined ? {} : variantOf(variant)), os };
  return lintSource({ label: 'user-data.toml', origin: 'host-file', bytes }, target, gunzip);
};

for (const name of readdirSync(join(CASES, 'good')).sort()) {
  t.test(`good: ${name}`, async (t) => t.strictSame(lintOf(join(CASES, 'good', name)), []));
}

const bad = readdirSync(join(CASES, 'bad')).sort();
t.ok(bad.length >= 30, 'the cases are there');
for (const name of bad) {
  t.test(`bad: ${name}`, async (t) => {
    const folder = join(CASES, 'bad', name);
    const problems = lintOf(folder);
    const text = problems.map((one) => `${one.severity} [${one.effect}, ${one.code}] ${diagnosticLine(one)}\n`).join('');
    if (isUpdate) writeFileSync(join(folder, 'expected.txt'), text);
    t.equal(text, readFileSync(join(folder, 'expected.txt'), 'utf8'));
    t.not(text, '', 'there is something wrong');
    for (const { field = '', message, remedy } of problems) {
      t.notMatch(`${field}${message}${remedy}`, /[\p{Cc}\p{Cf}]/u, 'one line, no control characters');
      t.notMatch(`${field}${message}${remedy}`, /hunter2/, 'no secrets');
    }
  });
}

t.test('variants', async (t) => {
  t.strictSame(variantOf('aws-k8s-1.34-nvidia-fips'), { kubernetes: '1.34', hasNvidia: true });
  t.strictSame(variantOf('metal-k8s-1.29'), { kubernetes: '1.29', hasNvidia: false });
  for (const name of ['aws-ecs-2', 'aws-k8s', 'k8s-1.34', 'aws-k8s-1.34-', '']) t.equal(variantOf(name), undefined, name);
});
