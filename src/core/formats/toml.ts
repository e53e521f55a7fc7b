/** TOML texts: a reader that says where a text is wrong, and strings as we write them. */
import { parse } from 'toml';
import type { Checked } from '../report.ts';

/** A TOML document; values are what the parser makes of them (dates are Dates). */
export interface TomlTable {
  readonly [key: string]: unknown;
}

/** TOML text to table. Keys and tables that stand twice are errors, as they are for containerd. `bigint`: integers of 64 bits are taken. */
export const parsedToml = (text: string, path: string, options: { readonly bigint?: boolean } = {}): Checked<TomlTable> => {
  try {
    return { value: parse(text, options) as TomlTable, diagnostics: [] };
  } catch (error) {
    return {
      diagnostics: [
        {
          severity: 'error',
          code: 'toml-syntax',
          path,
          ...placeOf(error),
          message: `not valid TOML: ${reasonOf(error)}`,
          remedy: 'Correct the file; `containerd --config FILE config dump` reads it as containerd would.',
        },
      ],
    };
  }
};

/** Is it a table (and not an array, a date or a plain value)? */
export const isTable = (value: unknown): value is TomlTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.prototype.toString.call(value) === '[object Object]';

/** Tables merge, everything else of `over` replaces. */
export const mergedTables = (under: TomlTable, over: TomlTable): TomlTable => {
  const result = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const there = result.get(key);
    result.set(key, isTable(there) && isTable(value) ? mergedTables(there, value) : value);
  }
  return Object.fromEntries(result);
};

/** The value below a path of keys, or undefined. */
export const tomlValueAt = (table: TomlTable, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined), table);

/** A basic string with its quotes. JSON's escapes are a subset of TOML's, except that TOML wants DEL escaped. */
export const tomlString = (value: string): string => JSON.stringify(value).replaceAll('\u007f', '\\u007f');

/** The parser names the place in one of two ways: grammar errors as a location, errors of meaning as line and column. */
const placeOf = (error: unknown): { line: number; column: number } | undefined => {
  const known = error as { line?: unknown; column?: unknown; location?: { start?: { line?: unknown; column?: unknown } } } | null;
  for (const place of [known, known?.location?.start]) {
    if (typeof place?.line === 'number' && typeof place.column === 'number') return { line: place.line, column: place.column };
  }
  return undefined;
};

/** The grammar lists all that it would have taken, which helps nobody; what it found does. */
const reasonOf = (error: unknown): string => {
  const { found } = error as { found?: unknown };
  if (found === null) return 'it ends too early';
  if (typeof found === 'string') return found === '\n' ? 'the line ends too early' : `${JSON.stringify(found)} is not expected here`;
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const twice = /^Cannot redefine existing key '(.*)'\.$/.exec(first);
  if (twice !== null) return `the table or key ${twice[1]} stands here a second time`;
  return (first.charAt(0).toLowerCase() + first.slice(1)).replace(/\.$/, '');
};
