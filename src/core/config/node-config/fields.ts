/** What a schema is made of. Decoding, merging, the JSON Schema and the README's table all walk the same fields. */
import type { Mark, Tree } from '../../formats/tree.ts';
import type { Json } from '../../report.ts';

/**
 * Something wrong with a value. `fatal`: nodeadm refuses it too. `fault`: nodeadm takes it in silence, so that it is an error where we are
 * strict and a warning where we stand in for it. `advice`: a warning in any case.
 */
export interface Finding {
  readonly weight: 'fatal' | 'fault' | 'advice';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What is wrong with a text; undefined: nothing. */
export type TextCheck = (text: string) => Finding | undefined;

/** A path of keys and indexes below the document: `spec`, `cluster`, `cidr`. */
export type Path = readonly (string | number)[];

/** Where checks of whole subtrees put what they find. */
export interface Findings {
  /** The minor version of the kubelet, `1.34`; undefined: not known. */
  readonly kubelet: string | undefined;
  readonly say: (finding: Finding, path: Path, at: Mark) => void;
}

export type TreeCheck = (tree: Tree, path: Path, findings: Findings) => void;

interface Common {
  /** One clause, for people. */
  readonly text: string;
  /** What holds without it. */
  readonly fallback?: string;
  /** Passwords may stand in it: never shown. */
  readonly isSecret?: boolean;
}

interface TextField extends Common {
  readonly kind: 'text';
  /** All there are. */
  readonly words?: readonly string[];
  /** nodeadm ignores a word that it does not know; absent: it refuses it. */
  readonly weight?: Finding['weight'];
  readonly ignoresCase?: boolean;
  readonly check?: TextCheck;
  /** Numbers are taken and become text, as people write them for sysctls. */
  readonly takesNumbers?: boolean;
  /** An empty text is a value and replaces an earlier one; absent: it counts as not given. */
  readonly keepsEmpty?: boolean;
  /** What it looks like, for the table: `CIDR`. */
  readonly form?: string;
}
interface BoolField extends Common {
  readonly kind: 'bool';
}
interface CountField extends Common {
  readonly kind: 'count';
  readonly min: number;
  readonly max: number;
}
interface ListField extends Common {
  readonly kind: 'list';
  readonly item: AnyField;
  /** A later list goes behind an earlier one; absent: it replaces it, unless it is empty. */
  readonly appends?: boolean;
  readonly check?: TreeCheck;
}
interface MapField extends Common {
  readonly kind: 'map';
  /** What a key is: `service`. */
  readonly key: string;
  readonly checkKey?: TextCheck;
  readonly value: AnyField;
}
interface ObjectField extends Common {
  readonly kind: 'object';
  readonly fields: { readonly [name: string]: AnyField };
  readonly required?: readonly string[];
  /** What is wrong with the fields together. */
  readonly check?: TreeCheck;
}
/** Anything: objects merge key by key, everything else replaces. */
interface FreeField extends Common {
  readonly kind: 'free';
  readonly check?: TreeCheck;
  /** `KubeletConfiguration`. */
  readonly form: string;
}
/** A TOML text; two of them merge as tables. */
interface TomlField extends Common {
  readonly kind: 'toml';
}

export type AnyField = TextField | BoolField | CountField | ListField | MapField | ObjectField | FreeField | TomlField;

declare const shape: unique symbol;
/** A field whose decoded value is a T. */
type Field<T> = AnyField & { readonly [shape]?: T };

type Rest<F extends AnyField, Without extends keyof F> = Omit<F, Without | 'kind' | 'text'>;

export const text = (about: string, rest: Rest<TextField, never> = {}): Field<string> => ({ kind: 'text', text: about, ...rest });
export const bool = (about: string, rest: Rest<BoolField, never> = {}): Field<boolean> => ({ kind: 'bool', text: about, ...rest });
export const count = (about: string, min: number, max: number, rest: Rest<CountField, 'min' | 'max'> = {}): Field<number> => ({
  kind: 'count',
  text: about,
  min,
  max,
  ...rest,
});
export const list = <T>(about: string, item: Field<T>, rest: Rest<ListField, 'item'> = {}): Field<readonly T[]> => ({
  kind: 'list',
  text: about,
  item,
  ...rest,
});
export const map = <T>(
  about: string,
  key: string,
  value: Field<T>,
  rest: Rest<MapField, 'key' | 'value'> = {},
): Field<{ readonly [key: string]: T }> => ({ kind: 'map', text: about, key, value, ...rest });
export const free = (about: string, form: string, rest: Rest<FreeField, 'form'> = {}): Field<{ readonly [key: string]: Json }> => ({
  kind: 'free',
  text: about,
  form,
  ...rest,
});
export const toml = (about: string, rest: Rest<TomlField, never> = {}): Field<string> => ({ kind: 'toml', text: about, ...rest });
/** Every field of T and no other: the compiler compares the schema with the interface that the rest of the program reads. */
export const object = <T extends object>(
  about: string,
  fields: { readonly [K in keyof T]-?: Field<NonNullable<T[K]>> },
  rest: Rest<ObjectField, 'fields'> = {},
): Field<T> => ({ kind: 'object', text: about, fields, ...rest }) as Field<T>;
