/**
 * Decision cases of the target amazon-linux-2023 as folders of test/cases-2023:
 *   config.yaml    a NodeConfig, merged over test/cases-2023/config.base.yaml; or
 *   whole.yaml     a NodeConfig by itself; or
 *   command.json   arguments of bootstrap.sh
 *   facts.json     { patch, remove }: what differs from test/cases-2023/facts.base.json (optional)
 *   env.json       environment variables (optional)
 *   root/, observed.json   as in test/cases
 *   expected/      what must come out: all of it for the plain nodes of each kubelet, else what differs from PLAIN_2023
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBootstrap } from '../../../src/core/config/bootstrap-flags.ts';
import { checkMaxPodsExpression, maxPodsOf } from '../../../src/core/config/node-config/cel.ts';
import type { MergedNodeConfig, NodeConfigSpec } from '../../../src/core/config/node-config/document.ts';
import { mergedOf } from '../../../src/core/config/node-config/merge.ts';
import { allDiagnostics } from '../../../src/core/config/node-config/placed.ts';
import { readDocuments, unpackedSources, wholeDiagnostics } from '../../../src/core/config/node-config/read.ts';
import { nodeSpecOf } from '../../../src/core/config/node-config/spec.ts';
import type { RawSource } from '../../../src/core/config/node-config/user-data.ts';
import { decide } from '../../../src/core/decide.ts';
import type { Observed } from '../../../src/core/desired.ts';
import type { Facts } from '../../../src/core/facts.ts';
import { needsOf } from '../../../src/core/needs.ts';
import { emptyObserved, planOf } from '../../../src/core/plan.ts';
import { type Checked, hasErrors, type Json } from '../../../src/core/report.ts';
import type { AmazonLinux2023Spec } from '../../../src/core/spec.ts';
import { forAmazonLinux2023 } from '../../../src/core/targets/amazon-linux-2023-dialect.ts';
import { applied } from './applied.ts';
import { frozen, type ObservedInput, observedAfter, outcomeFrom, patched, type Result, readJson } from './case.ts';

export const CASES_2023 = join(import.meta.dirname, '../../cases-2023');
/** The ordinary node: the other cases say what differs from it. */
export const PLAIN_2023 = 'kubelet-1.34';

export const caseNames2023 = (): readonly string[] =>
  readdirSync(CASES_2023, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

export const factsOf2023 = (name: string): Facts => {
  const base = readJson<{ [group: string]: Json }>(join(CASES_2023, 'facts.base.json'), {});
  const { patch, remove } = readJson<{ patch?: Json; remove?: readonly string[] }>(join(CASES_2023, name, 'facts.json'), {});
  const facts = patched(base, patch ?? {}) as { [group: string]: Json };
  for (const group of remove ?? []) delete facts[group];
  return frozen(facts as unknown as Facts);
};

/** A document whose values stand where their path says. */
export const placedByPath = (spec: NodeConfigSpec): MergedNodeConfig => ({
  spec: frozen(spec),
  placeOf: (path) => ({ origin: 'user-data', at: ['spec', ...path].join('.') }),
});

const sourceAt = (...path: readonly string[]): RawSource => ({
  label: path.at(-1) ?? '',
  origin: 'user-data',
  bytes: readFileSync(join(CASES_2023, ...path)),
});

/** As a boot reads it: what nodeadm takes in silence is a warning. */
const READING = { isStrict: false, isCompat: false, checkCel: checkMaxPodsExpression } as const;

const fromConfig = (name: string): Checked<AmazonLinux2023Spec> => {
  const isWhole = existsSync(join(CASES_2023, name, 'whole.yaml'));
  const sources = isWhole ? [sourceAt(name, 'whole.yaml')] : [sourceAt('config.base.yaml'), sourceAt(name, 'config.yaml')];
  const read = readDocuments(
    unpackedSources(sources, () => ({ wrong: 'broken' })),
    READING,
  );
  const diagnostics = [...read.diagnostics, ...wholeDiagnostics(read, [name], READING)];
  if (hasErrors(diagnostics) || read.documents.length === 0) return { diagnostics };
  const env = readJson<{ [name: string]: string }>(join(CASES_2023, name, 'env.json'), {});
  const merged = mergedOf(read.documents);
  const { value, diagnostics: found } = nodeSpecOf({ ...merged, spec: frozen(merged.spec) }, { env, evaluateMaxPods: maxPodsOf });
  const all = allDiagnostics(diagnostics, found);
  return value === undefined ? { diagnostics: all } : { value, diagnostics: all };
};

const fromCommand = (name: string): Checked<AmazonLinux2023Spec> => {
  const args = readJson<readonly string[]>(join(CASES_2023, name, 'command.json'), []);
  const { request, diagnostics } = decodeBootstrap(args, {}, 'drop-in');
  if (request?.spec === undefined) return { diagnostics };
  const { value, diagnostics: found } = forAmazonLinux2023(frozen(request.spec));
  const all = [...diagnostics, ...found];
  return value === undefined ? { diagnostics: all } : { value, diagnostics: all };
};

export const specOf2023 = (name: string): Checked<AmazonLinux2023Spec> =>
  existsSync(join(CASES_2023, name, 'command.json')) ? fromCommand(name) : fromConfig(name);

export const observedOf2023 = (name: string): Observed => {
  const { after, ...rest } = readJson<ObservedInput>(join(CASES_2023, name, 'observed.json'), {});
  return observedAfter(after === undefined ? emptyObserved('/') : stateAfter(after), join(CASES_2023, name, 'root'), rest);
};

const stateAfter = (name: string): Observed => {
  const observed = observedOf2023(name);
  const { plan } = resultOf2023(name, observed);
  if (plan === undefined) throw new Error(`the case ${name} has no plan that could be applied`);
  return applied(plan, observed);
};

/** The whole way from a document to a plan. */
export const resultOf2023 = (name: string, observed: Observed, facts = factsOf2023(name)): Result => {
  const { value: spec, diagnostics } = specOf2023(name);
  if (spec === undefined) return { diagnostics };
  const missing = needsOf(spec, facts);
  if (missing.length > 0) throw new Error(`${name}: facts.json lacks ${missing.map(({ fact }) => fact).join(', ')}`);
  const decided = decide(frozen(spec), facts);
  if (decided.value === undefined) return { diagnostics: allDiagnostics(diagnostics, decided.diagnostics) };
  const planned = planOf(frozen(decided.value), observed);
  const all = allDiagnostics(diagnostics, planned.diagnostics);
  return planned.value === undefined
    ? { diagnostics: all, desired: decided.value }
    : { diagnostics: all, desired: decided.value, plan: planned.value };
};

export const outcomeOf2023 = (name: string): { readonly [path: string]: string } => {
  const isWhole = /^kubelet-1\.\d+$/.test(name);
  const plain = isWhole ? undefined : resultOf2023(PLAIN_2023, emptyObserved('/'));
  const hasBefore = existsSync(join(CASES_2023, name, 'root')) || existsSync(join(CASES_2023, name, 'observed.json'));
  return outcomeFrom(resultOf2023(name, observedOf2023(name)), plain, hasBefore);
};
