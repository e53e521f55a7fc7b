/**
 * Every folder of test/cases/bad: what is said to a call, or to facts, that something is wrong with.
 *   command.json   words behind `bootstrap.sh`, or { style: 'own', args }; <CA> and <ENDPOINT> stand for right ones
 *   env.json       variables (optional)
 *   facts.json     what differs from the plain node (optional; see Differences in support/plain.ts; null takes a fact's value away)
 *   expected.txt   severity, code and place; message; remedy. UPDATE_GOLDEN=1 rewrites it on request.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { decodeBootstrap } from '../../src/core/config/bootstrap-flags.ts';
import { decide } from '../../src/core/decide.ts';
import { type Diagnostic, hasErrors } from '../../src/core/report.ts';
import { CA, type Differences, ENDPOINT, factsWith } from './support/plain.ts';

const BAD = join(import.meta.dirname, '../cases/bad');
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
if (isUpdate && process.env['CI'] === 'true')
  throw new Error('UPDATE_GOLDEN=1 is not for CI: a golden file is changed by a person who has read it');

const readJson = <T>(path: string, otherwise: T): T =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8').replaceAll('<CA>', CA).replaceAll('<ENDPOINT>', ENDPOINT)) as T) : otherwise;

interface Said {
  readonly diagnostics: readonly Diagnostic[];
  /** Something came out that could be written. */
  readonly isDecided: boolean;
}

const saidOf = (folder: string): Said => {
  const command = readJson<readonly string[] | { readonly style: 'own'; readonly args: readonly string[] }>(
    join(folder, 'command.json'),
    [],
  );
  const [args, style] = 'args' in command ? [command.args, command.style] : [command, 'drop-in' as const];
  const { request, diagnostics } = decodeBootstrap(args, readJson(join(folder, 'env.json'), {}), style);
  if (request?.spec === undefined) return { diagnostics, isDecided: false };
  const decided = decide(request.spec, factsWith(readJson<Differences>(join(folder, 'facts.json'), {})));
  return { diagnostics: [...diagnostics, ...decided.diagnostics], isDecided: decided.value !== undefined };
};

const textOf = (d: Diagnostic): string =>
  `${d.severity} ${d.code} at ${[d.path, d.line, d.column].filter((part) => part !== undefined).join(':')}\n  ${d.message}\n  ${d.remedy}\n`;

const names = readdirSync(BAD).sort();
t.ok(names.length > 50, 'the cases are there');

for (const name of names) {
  t.test(name, async (t) => {
    const folder = join(BAD, name);
    const { diagnostics, isDecided } = saidOf(folder);
    const text = diagnostics.map(textOf).join('');
    if (isUpdate) writeFileSync(join(folder, 'expected.txt'), text);
    t.equal(text, readFileSync(join(folder, 'expected.txt'), 'utf8'));
    t.equal(isDecided, !hasErrors(diagnostics), 'nothing can be written exactly when there is an error');
    for (const { path, message, remedy } of diagnostics)
      t.notMatch(`${path}${message}${remedy}`, /[\p{Cc}\p{Cf}]/u, 'one line, no control characters');
  });
}
