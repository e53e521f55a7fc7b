/**
 * Three-way merge of a JSON file that we share with users (jq in user data, eksctl's extra configuration) and other tools:
 * what we wrote last, what is there, what we want. We own our keys; foreign keys survive in place; ours go when no longer wanted.
 */
import type { JsonEntry, ManifestFile } from './desired.ts';
import { type Because, type Input, isJsonObject, type Json, type JsonObject } from './report.ts';

type Path = readonly string[];
type Owned = NonNullable<ManifestFile['entries']>;
export interface Merged {
  readonly value: JsonObject;
  /** What the next manifest says is ours. */
  readonly owned: Owned;
  /** Reasons of what this merge changed. */
  readonly changed: readonly Because[];
  /** What was found and stays. */
  readonly kept: readonly Because[];
  /** Keys whose place is taken by a value that is no object: `featureGates` as a string. */
  readonly obstacles: readonly { readonly path: Path; readonly found: Json }[];
}

/** Merges the entries into what is there; null: nothing. `base`: the keys we own by the last manifest. `file`: the path, for reasons. */
export const mergedJson = (current: JsonObject | null, entries: readonly JsonEntry[], base: Owned | undefined, file: string): Merged => {
  const known = base ?? [];
  const changed: Because[] = [];
  const merge: Merge = {
    value: withoutUnwanted(current ?? {}, entries, known, changed),
    isNew: current === null,
    changed,
    owned: [],
    given: [],
    obstacles: [],
    known,
    file,
  };
  for (const entry of entries) for (const path of expanded(merge.value, entry.path)) mergeEntry(merge, entry, path);
  return {
    value: merge.value,
    owned: merge.owned,
    changed,
    kept: keptReasons(merge.value, entries, merge.given, file),
    obstacles: merge.obstacles,
  };
};

/** A merge under way. */
interface Merge {
  value: JsonObject;
  readonly isNew: boolean;
  readonly changed: Because[];
  readonly owned: { readonly path: Path; readonly value: Json }[];
  /** Values of the file to which a default of ours gives way. */
  readonly given: Input[];
  readonly obstacles: { readonly path: Path; readonly found: Json }[];
  readonly known: Owned;
  readonly file: string;
}

const mergeEntry = (merge: Merge, entry: JsonEntry, path: Path): void => {
  const obstacle = obstacleOn(merge.value, path);
  if (obstacle !== undefined) {
    merge.obstacles.push(obstacle);
    return;
  }
  const there = valueAt(merge.value, path);
  const isOurs = there !== undefined && merge.known.some((owned) => same(owned.path, path) && same(owned.value, there));
  const isWanted = same(there, entry.value);
  if (entry.policy === 'absent') {
    if (there === undefined) return;
    if (!isOurs && !isWanted) {
      merge.given.push({ name: path.join('.'), value: there, origin: 'host-file', at: merge.file });
      return;
    }
    merge.value = without(merge.value, path) as JsonObject;
    merge.changed.push(entry.because);
    return;
  }
  if (entry.policy === 'default' && there !== undefined && !isOurs && !isWanted) {
    merge.given.push({ name: path.join('.'), value: there, origin: 'host-file', at: merge.file });
    return;
  }
  if (entry.policy === 'seed' && !merge.isNew && !isOurs) return;
  merge.owned.push({ path, value: entry.value });
  if (isWanted) return;
  merge.value = withValue(merge.value, path, entry.value) as JsonObject;
  merge.changed.push(there === undefined || isOurs ? entry.because : replacing(entry.because, path, there, merge.file));
};

/** Removes what we wrote last time and no longer want, unless somebody has changed it since. */
const withoutUnwanted = (current: JsonObject, entries: readonly JsonEntry[], known: Owned, changed: Because[]): JsonObject => {
  let value = current;
  for (const { path, value: ours } of known) {
    if (entries.some((entry) => covers(entry.path, path)) || !same(valueAt(value, path), ours)) continue;
    value = without(value, path) as JsonObject;
    changed.push({ rule: 'merge.no-longer-wanted', text: `${path.join('.')} was ours and is no longer wanted.`, inputs: [] });
  }
  return value;
};

/** Is the path of the manifest one that is still spoken for: the same, below it, or above it? */
const covers = (wanted: Path, path: Path): boolean => {
  const length = Math.min(wanted.length, path.length);
  for (let i = 0; i < length; i++) if (wanted[i] !== path[i] && wanted[i] !== '*') return false;
  return true;
};

const replacing = (because: Because, path: Path, there: Json, file: string): Because => ({
  ...because,
  inputs: [...because.inputs, { name: `${path.join('.')} until now`, value: there, origin: 'host-file', at: file }],
});

/** What is in the file and not from us: whole keys that nobody here speaks of, and defaults that give way. */
const keptReasons = (value: JsonObject, entries: readonly JsonEntry[], given: readonly Input[], file: string): readonly Because[] => {
  const foreign = Object.entries(value).filter(([key]) => !entries.some(({ path }) => path[0] === key));
  const reasons: Because[] = [];
  if (given.length > 0) {
    const text = `The file's own value counts for ${listed(given.map(({ name }) => name))}.`;
    reasons.push({ rule: 'merge.file-wins', text, inputs: given });
  }
  if (foreign.length > 0) {
    const inputs = foreign.map(([name, there]): Input => ({ name, value: there, origin: 'host-file', at: file }));
    reasons.push({ rule: 'merge.foreign', text: `Not ours, and stays: ${listed(foreign.map(([name]) => name))}.`, inputs });
  }
  return reasons;
};

const MOST_NAMES = 8;
const listed = (names: readonly string[]): string =>
  names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;

/** The concrete paths behind one with `*`. */
const expanded = (value: Json, path: Path): readonly Path[] => {
  const star = path.indexOf('*');
  if (star < 0) return [path];
  const list = valueAt(value, path.slice(0, star));
  if (!Array.isArray(list)) return [];
  return list.flatMap((_item, index) => expanded(value, [...path.slice(0, star), String(index), ...path.slice(star + 1)]));
};

const childOf = (value: Json | undefined, key: string): Json | undefined =>
  (isJsonObject(value) || Array.isArray(value)) && Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined;

const valueAt = (value: Json, path: Path): Json | undefined => path.reduce<Json | undefined>(childOf, value);

/** The first value on the way that can hold no key. null can: Kubernetes reads it as nothing given. */
const obstacleOn = (value: Json, path: Path): { path: Path; found: Json } | undefined => {
  for (let i = 1; i < path.length; i++) {
    const found = valueAt(value, path.slice(0, i));
    if (found === undefined || found === null) return undefined;
    const takesKey = Array.isArray(found) ? Object.hasOwn(found, path[i] ?? '') && path[i] !== 'length' : typeof found === 'object';
    if (!takesKey) return { path: path.slice(0, i), found };
  }
  return undefined;
};

const withValue = (value: Json | undefined, path: Path, wanted: Json): Json => {
  const [key, ...rest] = path;
  if (key === undefined) return wanted;
  const child = withValue(childOf(value, key), rest, wanted);
  if (Array.isArray(value)) return value.map((item: Json, index) => (String(index) === key ? child : item));
  return { ...(isJsonObject(value) ? value : {}), [key]: child };
};

/** Removes a key, and the objects that become empty by it. */
const without = (value: Json, path: Path): Json => {
  const [key = '', ...rest] = path;
  const child = childOf(value, key);
  const left = rest.length === 0 || child === undefined ? undefined : without(child, rest);
  const isEmpty = left === undefined || (isJsonObject(left) && Object.keys(left).length === 0);
  if (Array.isArray(value))
    return isEmpty && rest.length === 0 ? value : value.map((item: Json, index) => (String(index) === key ? (left ?? item) : item));
  if (!isJsonObject(value)) return value;
  if (!isEmpty && left !== undefined) return { ...value, [key]: left };
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
};

/** Equal as JSON, whatever the order of keys. */
export const same = (a: Json | undefined, b: Json | undefined): boolean => {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item: Json, index) => same(item, b[index] as Json));
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
};
