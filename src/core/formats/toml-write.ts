/**
 * TOML as go-toml v2 marshals a map, which is how nodeadm writes a merged containerd configuration: keys sorted by their bytes, plain
 * values before tables, literal strings. Whatever reads numbers back keeps their kind: 1.0 does not become 1.
 */

import { parse } from 'toml';
import { timestampOf } from '../timestamp.ts';
import { isTable, type TomlTable } from './toml.ts';

/** A float without a fraction; a JavaScript number cannot say that it is one. */
class TomlFloat {
  readonly value: number;
  /** Not a table. */
  readonly [Symbol.toStringTag] = 'TomlFloat';

  constructor(value: number) {
    this.value = value;
  }
}

/** A text that `parsedToml` has accepted, with floats and 64-bit integers told apart. */
export const exactToml = (text: string): TomlTable => exact(parse(text, { bigint: true })) as TomlTable;

const exact = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === 'number') return Number.isInteger(value) ? new TomlFloat(value) : value;
  if (Array.isArray(value)) return value.map(exact);
  return isTable(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, exact(item)])) : value;
};

/** Can a literal string not hold it? Of control characters it takes the tab alone. */
const needsEscapes = (text: string): boolean => /'|[^\P{Cc}\t\u0080-\u009f]/u.test(text);

const ESCAPES: { readonly [char: string]: string } = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

const basicString = (text: string): string =>
  `"${[...text].map((char) => ESCAPES[char] ?? (/[^\P{Cc}\u0080-\u009f]/u.test(char) ? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}` : char)).join('')}"`;

const stringText = (text: string): string => (needsEscapes(text) ? basicString(text) : `'${text}'`);

const keyText = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : stringText(key));

const numberText = (value: number, isFloat: boolean): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value)) return `${BigInt(value)}${isFloat ? '.0' : ''}`;
  return String(value);
};

const valueText = (value: unknown): string => {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value, false);
  if (value instanceof TomlFloat) return numberText(value.value, true);
  if (value instanceof Date) return timestampOf(value).replace('.000Z', 'Z');
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (isTable(value))
    return `{${entriesOf(value)
      .map(([key, item]) => `${keyText(key)} = ${valueText(item)}`)
      .join(', ')}}`;
  return String(value);
};

const utf8 = new TextEncoder();
const byBytes = (a: string, b: string): number => {
  const [left, right] = [utf8.encode(a), utf8.encode(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
  return left.length - right.length;
};

const entriesOf = (table: TomlTable): readonly (readonly [string, unknown])[] =>
  Object.entries(table)
    .filter(([, value]) => value !== undefined && value !== null)
    .sort(([a], [b]) => byBytes(a, b));

const isTables = (value: unknown): value is readonly TomlTable[] => Array.isArray(value) && value.length > 0 && value.every(isTable);

/** What stands in a table and below; `path` is its header. */
const bodyOf = (table: TomlTable, path: readonly string[]): string => {
  const entries = entriesOf(table);
  const plain = entries.filter(([, value]) => !isTable(value) && !isTables(value));
  let text = plain.map(([key, value]) => `${keyText(key)} = ${valueText(value)}\n`).join('');
  for (const [key, value] of entries) {
    const below = [...path, keyText(key)];
    const blocks = isTable(value)
      ? [[`[${below.join('.')}]`, value] as const]
      : isTables(value)
        ? value.map((item) => [`[[${below.join('.')}]]`, item] as const)
        : [];
    for (const [header, inner] of blocks) text += `${text === '' ? '' : '\n'}${header}\n${bodyOf(inner, below)}`;
  }
  return text;
};

/** The text of a table. */
export const tomlText = (table: TomlTable): string => bodyOf(table, []);
