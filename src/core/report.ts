/** Words for "why" and "what is wrong". Everything the program shows to a person is made of these. */

/** Where a value came from. `assumed` marks a value that preview made up; `fallback` one that stands in for a failed look-up. */
export type Origin =
  | 'flag'
  | 'env'
  | 'user-data'
  | 'imds'
  | 'describe-cluster'
  | 'describe-instances'
  | 'describe-instance-types'
  | 'host-file'
  | 'host'
  | 'rule'
  | 'default'
  | 'assumed'
  | 'fallback';

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
/** An object, and neither list nor null. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value that remembers where it came from. `at` is the place a person would look: `--dns-cluster-ip`, `DNS_CLUSTER_IP`, `latest/meta-data/mac`. */
export interface Sourced<T> {
  readonly value: T;
  readonly origin: Origin;
  readonly at: string;
}

/** One input of a decision, as shown to a person. Secret values are masked wherever they are shown. */
export interface Input {
  readonly name: string;
  readonly value: Json;
  readonly origin: Origin;
  readonly at: string;
  readonly secret?: boolean;
}

/** One reason: the rule that decided, in one sentence with its numbers, and what went into it. */
export interface Because {
  /** Stable id, `topic.rule`: `cluster-dns.service-cidr`, `max-pods.table`. */
  readonly rule: string;
  readonly text: string;
  readonly inputs: readonly Input[];
}

/** One decided value, the answer to `--explain KEY`. */
export interface Decision {
  /** What a user would type: `maxPods`, `clusterDNS`, `kubeReserved.memory`, `nodeIp`, `pauseImage`. */
  readonly key: string;
  readonly value: Json;
  readonly because: Because;
  /** What would change it, one sentence each. */
  readonly changes: readonly string[];
}

export type Severity = 'error' | 'warning';

/** A user's mistake, or something they would want to know. All are collected before anything is said. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable id in kebab case: `unknown-flag`, `invalid-cidr`. */
  readonly code: string;
  /** Where: a flag, an environment variable, a file, or `file:key`. */
  readonly path: string;
  /** 1-based, where the input is a text. */
  readonly line?: number;
  readonly column?: number;
  /** Keys within a document: `spec.cluster.cidr`; '': the document itself. */
  readonly field?: string;
  readonly message: string;
  /** What to do about it, as an instruction. */
  readonly remedy: string;
}

const diagnosticOf =
  (severity: Severity) =>
  (code: string, path: string, message: string, remedy: string): Diagnostic => ({ severity, code, path, message, remedy });
export const errorAt = diagnosticOf('error');
export const warningAt = diagnosticOf('warning');

/** A result that exists exactly when no diagnostic is an error. */
export type Checked<T> =
  | { readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly value?: never; readonly diagnostics: readonly Diagnostic[] };

/** True when one of the diagnostics is an error. */
export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean => diagnostics.some((d) => d.severity === 'error');

export const warningsIn = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter((d) => d.severity === 'warning');

/** A decision with the type of its value. */
export type Decided<T extends Json> = Decision & { readonly value: T };
