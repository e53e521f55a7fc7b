/**
 * Decision cases as folders of test/cases:
 *   command.json   arguments of bootstrap.sh, or { style: 'own', args }
 *   env.json       environment variables (optional)
 *   facts.json     { remove, patch }: what differs from test/cases/facts.base.json; { after }: from those after another case's plan (optional)
 *   root/          files that are there before (optional)
 *   observed.json  what else is there: { after, units, files, live, unitsStale, interruptedRestarts } (optional);
 *                  `after` names a case whose plan was applied first
 *   expected/      what must come out; see `outcomeOf`
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BootstrapRequest, decodeBootstrap } from '../../../src/core/config/bootstrap-flags.ts';
import { decide } from '../../../src/core/decide.ts';
import type { Desired, Observed, ObservedFile, Plan } from '../../../src/core/desired.ts';
import { unifiedDiff } from '../../../src/core/diff.ts';
import type { Facts } from '../../../src/core/facts.ts';
import { needsOf } from '../../../src/core/needs.ts';
import { emptyObserved, planOf } from '../../../src/core/plan.ts';
import type { Diagnostic, Json } from '../../../src/core/report.ts';
import { applied, fileWith } from './applied.ts';
import { factsAfter } from './disks.ts';

export const CASES = join(import.meta.dirname, '../../cases');
/** The ordinary node: the other cases say what differs from it. */
export const PLAIN = 'kubelet-1.32';

export interface ObservedInput {
  readonly after?: string;
  readonly live?: boolean;
  readonly unitsStale?: boolean;
  readonly interruptedRestarts?: readonly string[];
  readonly units?: Observed['units'];
  readonly files?: { readonly [path: string]: Partial<ObservedFile> };
}

export const readJson = <T>(path: string, otherwise: T): T =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : otherwise;

export const caseNames = (): readonly string[] =>
  readdirSync(CASES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(CASES, entry.name, 'command.json')))
    .map(({ name }) => name)
    .sort();

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const patched = (value: Json, patch: Json): Json => {
  if (!isObject(value) || !isObject(patch)) return patch;
  const result: { [key: string]: Json } = { ...value };
  for (const [key, inner] of Object.entries(patch)) result[key] = patched(result[key] ?? null, inner);
  return result;
};

const without = (value: Json, [key = '', ...rest]: readonly string[]): Json => {
  if (!isObject(value)) return value;
  const { [key]: inner, ...others } = value;
  return rest.length === 0 || inner === undefined ? others : { ...others, [key]: without(inner, rest) };
};

export const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
};

export const factsOf = (name: string): Facts => {
  const { patch, remove, after } = readJson<{ patch?: Json; remove?: readonly string[]; after?: string }>(
    join(CASES, name, 'facts.json'),
    {},
  );
  const base =
    after === undefined
      ? readJson<{ [group: string]: Json }>(join(CASES, 'facts.base.json'), {})
      : (factsLeftBy(after) as unknown as { [group: string]: Json });
  const bare = (remove ?? []).reduce((facts, path) => without(facts, path.split('.')), base as Json);
  const facts = patched(bare, patch ?? {}) as { [group: string]: Json };
  return frozen(facts as unknown as Facts);
};

const factsLeftBy = (name: string): Facts => {
  const { plan } = resultOf(name, observedOf(name));
  if (plan === undefined) throw new Error(`the case ${name} has no plan that could be applied`);
  return factsAfter(plan, factsOf(name));
};

interface Decoded {
  readonly request: BootstrapRequest | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export const requestOf = (name: string): Decoded => {
  const command = readJson<readonly string[] | { style: 'own'; args: readonly string[] }>(join(CASES, name, 'command.json'), []);
  const env = readJson<{ [name: string]: string }>(join(CASES, name, 'env.json'), {});
  const [args, style] = 'args' in command ? [command.args, command.style] : [command, 'drop-in' as const];
  const { request, diagnostics } = decodeBootstrap(frozen(args), frozen(env), style);
  return { request, diagnostics };
};

const filesBelow = (directory: string): { [path: string]: ObservedFile } => {
  const files: { [path: string]: ObservedFile } = {};
  if (!existsSync(directory)) return files;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const place = join(entry.parentPath, entry.name);
    const path = place.slice(directory.length);
    files[path] = entry.isDirectory() ? { kind: 'directory', mode: 0o755 } : fileWith(readFileSync(place, 'utf8'));
  }
  return files;
};

export const observedOf = (name: string): Observed => {
  const input = readJson<ObservedInput>(join(CASES, name, 'observed.json'), {});
  const { after, ...rest } = input;
  return observedAfter(after === undefined ? emptyObserved('/') : stateAfter(after), join(CASES, name, 'root'), rest);
};

/** A state with the files of a directory and what else is said of it. */
export const observedAfter = (start: Observed, root: string, { files, units, ...rest }: Omit<ObservedInput, 'after'>): Observed => {
  const all: { [path: string]: ObservedFile } = { ...start.files, ...filesBelow(root) };
  for (const [path, patch] of Object.entries(files ?? {}))
    all[path] = { ...(patch.kind === undefined ? all[path] : {}), ...patch } as ObservedFile;
  return frozen({ ...start, ...rest, files: all, units: { ...start.units, ...units } });
};

const stateAfter = (name: string): Observed => {
  const observed = observedOf(name);
  const { plan } = resultOf(name, observed);
  if (plan === undefined) throw new Error(`the case ${name} has no plan that could be applied`);
  return applied(plan, observed);
};

export interface Result {
  readonly diagnostics: readonly Diagnostic[];
  readonly desired?: Desired;
  readonly plan?: Plan;
}

/** The whole way from words to plan. */
export const resultOf = (name: string, observed: Observed, known?: Facts): Result => {
  const { request, diagnostics } = requestOf(name);
  if (request?.spec === undefined) return { diagnostics };
  const facts = known ?? factsOf(name);
  const missing = needsOf(request.spec, facts);
  if (missing.length > 0) throw new Error(`${name}: facts.json lacks ${missing.map(({ fact }) => fact).join(', ')}`);
  const decided = decide(frozen(request.spec), facts);
  if (decided.value === undefined) return { diagnostics: [...diagnostics, ...decided.diagnostics] };
  const planned = planOf(frozen(decided.value), observed);
  const all = [...diagnostics, ...planned.diagnostics];
  return planned.value === undefined
    ? { diagnostics: all, desired: decided.value }
    : { diagnostics: all, desired: decided.value, plan: planned.value };
};

export const diagnosticText = (d: Diagnostic): string => {
  const place = [d.path, d.line, d.column].filter((part) => part !== undefined).join(':');
  return `${d.severity} ${d.code} at ${place}\n  ${d.message}\n  ${d.remedy}\n`;
};

const subjectOf = (action: Plan['actions'][number]): string => {
  if (action.kind === 'create-array') return `${action.device} ${action.level} ${action.uuid} ${action.members.join(' ')}`;
  if (action.kind === 'make-file-system') return `${action.device} ${action.type} ${action.uuid}`;
  if (action.kind === 'announce-device') return action.device;
  if (action.kind === 'copy-directory') return `${action.from} ${action.path}`;
  if (action.kind === 'run-program') return [action.program, ...action.args].join(' ');
  return 'path' in action ? action.path : 'unit' in action ? action.unit : '';
};

const actionText = (action: Plan['actions'][number]): string => {
  const subject = subjectOf(action);
  const mode = 'mode' in action ? ` ${action.mode.toString(8).padStart(4, '0')}` : '';
  const reasons = action.because.map(({ rule }) => rule).join(', ');
  const skipped = action.skipped === undefined ? '' : ` (skipped: ${action.skipped})`;
  const head = `${action.kind} ${subject}`.trimEnd();
  const diff = action.kind === 'write-file' && action.before !== null ? unifiedDiff(action.path, action.before, action.after) : '';
  return `${head}${mode}${skipped}\n  ${reasons}\n${diff}`;
};

const decisionsText = (desired: Desired, than: Desired | undefined): string => {
  const told = desired.decisions.map(({ key, value, because }) => ({ key, value, rule: because.rule, text: because.text }));
  const known = new Set(
    than?.decisions.map(({ key, value, because }) => JSON.stringify({ key, value, rule: because.rule, text: because.text })),
  );
  const others = told.filter((decision) => !known.has(JSON.stringify(decision)));
  return `${JSON.stringify(others, null, 2)}\n`;
};

const CA = '/etc/kubernetes/pki/ca.crt';

/**
 * What `expected/` holds, by path: diagnostics.txt (where there are any), decisions.json and files.diff (what differs from the plain
 * node), plan.txt (where something was there before). The plain nodes of each kubelet have all files and all decisions instead.
 */
export const outcomeOf = (name: string): { readonly [path: string]: string } => {
  const isWhole = /^kubelet-1\.\d+$/.test(name);
  const hasBefore = existsSync(join(CASES, name, 'root')) || existsSync(join(CASES, name, 'observed.json'));
  const plain = isWhole ? undefined : resultOf(PLAIN, emptyObserved('/'));
  return outcomeFrom(resultOf(name, observedOf(name)), plain, hasBefore);
};

/** What a result looks like beside that of the plain node; without one all of it is told. */
export const outcomeFrom = (result: Result, plain: Result | undefined, hasBefore: boolean): { readonly [path: string]: string } => {
  const { diagnostics, desired, plan } = result;
  const isWhole = plain === undefined;
  const outcome: { [path: string]: string } = {};
  if (diagnostics.length > 0) outcome['diagnostics.txt'] = diagnostics.map(diagnosticText).join('');
  if (desired === undefined || plan === undefined) return outcome;
  outcome['decisions.json'] = decisionsText(desired, plain?.desired);
  const texts = new Map(plan.files.map(({ path, text }) => [path, text]));
  const plainTexts = new Map(plain?.plan?.files.map(({ path, text }) => [path, text]));
  if (isWhole) for (const [path, text] of texts) if (path !== CA) outcome[`files${path}`] = text;
  const paths = [...new Set([...texts.keys(), ...plainTexts.keys()])];
  const diff = isWhole ? '' : paths.map((path) => unifiedDiff(path, plainTexts.get(path) ?? null, texts.get(path) ?? null)).join('');
  if (diff !== '') outcome['files.diff'] = diff;
  if (isWhole || hasBefore) outcome['plan.txt'] = plan.actions.map(actionText).join('') || 'nothing to do\n';
  return outcome;
};
