/** A document as JSON whose every key and item knows its line and column. YAML, JSON and TOML texts become one. */
import type { Json } from '../report.ts';

/** 1-based; columns count UTF-16 units, as editors do. */
export interface Mark {
  readonly line: number;
  readonly column: number;
}

export type Tree =
  | { readonly kind: 'object'; readonly at: Mark; readonly entries: ReadonlyMap<string, Tree> }
  | { readonly kind: 'array'; readonly at: Mark; readonly items: readonly Tree[] }
  /** `at` is the place of the key, or of the item in its list: there a person looks. TOML's `form`: 1.0 is a float, a date a text that is none. */
  | { readonly kind: 'scalar'; readonly at: Mark; readonly value: null | boolean | number | string; readonly form?: 'float' | 'date' };

/** What is wrong with a text, so that there is no tree. */
export interface TreeFault {
  readonly code: string;
  readonly at?: Mark;
  readonly message: string;
  readonly remedy: string;
}

export type TreeReading =
  | { readonly tree: Tree; readonly faults: readonly TreeFault[] }
  | { readonly tree?: never; readonly faults: readonly TreeFault[] };

/** More nodes, or deeper ones, than any configuration has: aliases that multiply, brackets without end. */
export const MOST_NODES = 50_000;
export const DEEPEST = 64;

/** The plain value. */
export const jsonOf = (tree: Tree): Json => {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'array') return tree.items.map(jsonOf);
  return Object.fromEntries([...tree.entries].map(([key, value]) => [key, jsonOf(value)]));
};

/** The place of what stands at a path, or of the nearest thing above it. */
export const markAt = (tree: Tree, path: readonly (string | number)[]): Mark => {
  let node = tree;
  for (const step of path) {
    const next = node.kind === 'object' ? node.entries.get(String(step)) : node.kind === 'array' ? node.items[Number(step)] : undefined;
    if (next === undefined) break;
    node = next;
  }
  return node.at;
};

/** What a reader calls a value's kind: `a list`, `text`. */
export const kindOf = (tree: Tree): string => {
  if (tree.kind === 'object') return 'an object';
  if (tree.kind === 'array') return 'a list';
  if (tree.value === null) return 'null';
  if (tree.form === 'date') return 'a date';
  if (typeof tree.value === 'number' && (tree.form === 'float' || !Number.isInteger(tree.value))) return 'a fraction';
  return { boolean: 'true or false', number: 'a number', string: 'text' }[typeof tree.value as 'boolean' | 'number' | 'string'];
};
