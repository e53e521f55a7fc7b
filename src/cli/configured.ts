/** From the documents of a NodeConfig to the spec of a node. */
import type { NodeConfigDocument } from '../core/config/node-config/decode.ts';
import type { MergedNodeConfig } from '../core/config/node-config/document.ts';
import { mergedOf } from '../core/config/node-config/merge.ts';
import { allDiagnostics } from '../core/config/node-config/placed.ts';
import { type ReadDocuments, wholeDiagnostics } from '../core/config/node-config/read.ts';
import type { RuleOptions } from '../core/config/node-config/rules.ts';
import { nodeSpecOf } from '../core/config/node-config/spec.ts';
import { type Checked, hasErrors } from '../core/report.ts';
import type { AmazonLinux2023Spec } from '../core/spec.ts';
import type { Context } from './command.ts';

/** A node by its documents. */
export interface Configured {
  readonly spec: AmazonLinux2023Spec;
  /** In order: later over earlier. */
  readonly documents: readonly NodeConfigDocument[];
  readonly merged: MergedNodeConfig;
}

/** The same node, when `init` is called for all of it and not by the units of a boot. */
export const startedBySystemd = (spec: AmazonLinux2023Spec): AmazonLinux2023Spec => ({
  ...spec,
  options: { ...spec.options, startedAtBootBy: 'systemd' },
});

/** The spec of all documents together; diagnostics are all of them, those of the documents, too. `names`: as the sources were named. */
export const configuredOf = async (
  read: ReadDocuments,
  names: readonly string[],
  modes: RuleOptions,
  env: Context['env'],
): Promise<Checked<Configured>> => {
  const diagnostics = [...read.diagnostics, ...wholeDiagnostics(read, names, modes)];
  if (hasErrors(diagnostics) || read.documents.length === 0) return { diagnostics };
  const merged = mergedOf(read.documents);
  const evaluateMaxPods = merged.spec.kubelet?.maxPodsExpression
    ? (await import('../core/config/node-config/cel.ts')).maxPodsOf
    : undefined;
  const { value: spec, diagnostics: found } = nodeSpecOf(merged, { env, ...(evaluateMaxPods ? { evaluateMaxPods } : {}) });
  const all = allDiagnostics(diagnostics, found);
  return spec === undefined || hasErrors(all)
    ? { diagnostics: all }
    : { value: { spec, documents: read.documents, merged }, diagnostics: all };
};
