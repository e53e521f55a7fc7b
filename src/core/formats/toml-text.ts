/** TOML documents deep-merged and written in one canonical form: sorted keys, values before tables, single-quoted strings, as go-toml does. */
import { parse } from 'toml';
import { timestampOf } from '../timestamp.ts';
import { isTable, type TomlTable, tomlString } from './toml.ts';

/**
 * A table in which whole numbers are bigints, so that `1` and `1.0` stay what they are. The text must be one that parsedToml takes.
 * @throws Error for any other.
 */
export const exactTomlOf = (text: string): TomlTable => parse(text, { bigint: true }) as TomlTable;

/** Tables merge, everything else of `over` replaces. */
export const mergedTables = (under: TomlTable, over: TomlTable): TomlTable => {
  const result = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const there = result.get(key);
    result.set(key, isTable(there) && isTable(value) ? mergedTables(there, value) : value);
  }
  return Object.fromEntries(result);
};

/** Bytes, not locale: as Go sorts. */
const sortedEntries = (table: TomlTable): readonly (readonly [string, unknown])[] =>
  Object.entries(table).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

const keyOf = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : stringOf(key));

/** A literal string where one can hold the text. */
const stringOf = (value: string): string => (/['\p{Cc}]/u.test(value) ? tomlString(value) : `'${value}'`);

const floatOf = (value: number): string => {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
};

const scalarOf = (value: unknown): string => {
  if (typeof value === 'string') return stringOf(value);
  if (typeof value === 'number') return floatOf(value);
  if (value instanceof Date) return timestampOf(value);
  if (Array.isArray(value)) return `[${value.map(scalarOf).join(', ')}]`;
  if (isTable(value))
    return `{${sortedEntries(value)
      .map(([key, inner]) => `${keyOf(key)} = ${scalarOf(inner)}`)
      .join(', ')}}`;
  return String(value);
};

const isTables = (value: unknown): value is readonly TomlTable[] => Array.isArray(value) && value.length > 0 && value.every(isTable);

const blocksOf = (table: TomlTable, path: readonly string[], header: string): string[] => {
  const entries = sortedEntries(table);
  const values = entries.filter(([, value]) => !isTable(value) && !isTables(value));
  const lines = values.map(([key, value]) => `${keyOf(key)} = ${scalarOf(value)}\n`).join('');
  const head = header === '' ? '' : `${header}\n`;
  // A header without values is followed by the next one at once.
  const own = head + lines === '' ? [] : [lines === '' ? head : `${head}${lines}\n`];
  const inner = entries.flatMap(([key, value]) => {
    const place = [...path, key];
    const name = place.map(keyOf).join('.');
    if (isTable(value)) return blocksOf(value, place, `[${name}]`);
    return isTables(value) ? value.flatMap((one) => blocksOf(one, place, `[[${name}]]`)) : [];
  });
  return [...own, ...inner];
};

/** The document; ends in one line feed. */
export const tomlText = (table: TomlTable): string => `${blocksOf(table, [], '').join('').trimEnd()}\n`;
