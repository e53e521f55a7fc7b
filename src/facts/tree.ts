/** Reading what a parser made of an answer, without trusting its shape. */

/** Any nesting of objects and arrays that a parser made of an answer. */
export type Tree = { readonly [name: string]: unknown };

export const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value down a path of names; undefined where one is missing. */
export const at = (tree: unknown, ...names: string[]): unknown =>
  names.reduce<unknown>((node, name) => (isTree(node) ? node[name] : undefined), tree);

/** Text down a path; the parsers give '' for an empty element. */
export const textIn = (tree: unknown, ...names: string[]): string => {
  const value = at(tree, ...names);
  return typeof value === 'string' ? value : '';
};
