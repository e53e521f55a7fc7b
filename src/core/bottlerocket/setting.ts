/** What the model of the settings is made of. */
import type { Rule } from './finding.ts';

export interface Meta {
  /** First Bottlerocket that has it. */
  readonly since?: string;
  /** It came with a release after this one; which is not known. */
  readonly after?: string;
  /** First Kubernetes whose images make something of it; before, it is stored and ignored. */
  readonly kubernetes?: string;
  /** Only in the model of the variants with NVIDIA's drivers. */
  readonly isNvidia?: boolean;
  /** Never shown, and not for user data. */
  readonly isSecret?: boolean;
  /** Nothing is made of it: why, and what to do. */
  readonly ignored?: readonly [message: string, remedy: string];
  /** No longer in the model. */
  readonly gone?: string;
}

export type Shape =
  | { readonly kind: 'leaf'; readonly rule: Rule }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly key: Rule; readonly value: Setting }
  | { readonly kind: 'table'; readonly fields: Fields; readonly required: readonly string[] }
  /** A list, or else something that is none; the list came with a release. */
  | { readonly kind: 'either'; readonly list: Shape; readonly other: Shape; readonly listSince: string };

export type Setting = Shape & Meta;
export interface Fields {
  readonly [name: string]: Setting;
}

export const leaf = (rule: Rule, meta: Meta = {}): Setting => ({ kind: 'leaf', rule, ...meta });
export const list = (item: Rule | Shape, meta: Meta = {}): Setting => ({
  kind: 'list',
  item: typeof item === 'function' ? leaf(item) : item,
  ...meta,
});
export const map = (key: Rule, value: Rule | Setting, meta: Meta = {}): Setting => ({
  kind: 'map',
  key,
  value: typeof value === 'function' ? leaf(value) : value,
  ...meta,
});
export const table = (fields: Fields, meta: Meta & { readonly required?: readonly string[] } = {}): Setting => ({
  kind: 'table',
  fields,
  ...meta,
  required: meta.required ?? [],
});
export const either = (items: Rule, other: Rule, listSince: string): Setting => ({
  kind: 'either',
  list: list(items),
  other: leaf(other),
  listSince,
});
