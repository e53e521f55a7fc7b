/** JSON as Go's encoding/json writes it, for files that are compared with those of a Go program. */
import { isJsonObject, type Json, type JsonObject } from '../report.ts';

/** The same value with the keys of all objects in order of their bytes, as Go sorts those of a map. */
export const sortedKeys = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(sortedEntries(value).map(([key, inner]) => [key, sortedKeys(inner)]));
};

/** MarshalIndent: no line feed at the end, and what HTML would take for markup is escaped. */
export const goJson = (value: Json, indent: number): string =>
  JSON.stringify(value, null, indent).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Objects merge; numbers, texts, lists and null of `over` replace. */
export const mergedJsonObjects = (under: JsonObject, over: JsonObject): JsonObject => {
  const result = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const there = result.get(key);
    result.set(key, isJsonObject(there) && isJsonObject(value) ? mergedJsonObjects(there, value) : value);
  }
  return Object.fromEntries(result);
};

/** The pairs of a map in order of their keys' bytes, not of a locale: the same file on every machine. */
export const sortedEntries = <T>(map: { readonly [key: string]: T }): readonly (readonly [string, T])[] =>
  Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
