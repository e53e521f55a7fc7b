/**
 * The kubelet's configuration as the kubelet itself merges it (mergeKubeletConfigurations and kubeletConfigFlagPrecedence in its
 * cmd/kubelet/app/server.go): the file, then drop-ins by name, then flags. Which of them won each key is kept. Its defaults are left out,
 * but where they win.
 */
import { KUBELET_1_28_DEFAULTS, ZERO_IS_UNSET } from '../data/kubelet-config-flags.ts';
import { same } from '../merge.ts';
import type { Json } from '../report.ts';
import { isBetween } from './versions.ts';

interface JsonObject {
  readonly [key: string]: Json;
}

/** One that has a say: a file, or a flag. */
export interface Layer {
  /** What a person calls it: a path, `--max-pods`. */
  readonly by: string;
  /** A JSON merge patch (RFC 7386): objects merge, null takes away, all else replaces. */
  readonly patch: JsonObject;
  /** What is taken away first. */
  readonly replaces?: readonly (readonly string[])[];
}

interface Said {
  /** null: takes the key away. */
  readonly value: Json;
  readonly by: string;
  /** Where a person wrote it, if that is known. */
  readonly at?: string;
}

/** One key of the result; lists and empty objects are not looked into. */
export interface MergedKey {
  readonly path: readonly string[];
  /** Absent: somebody has said something, but the kubelet's default holds. */
  readonly value?: Json;
  /** Who decided, and where nothing is left: who took it away. */
  readonly by: string;
  /** What was said before and does not hold, the last first. */
  readonly beats: readonly Said[];
}

/** Who says what no file says. */
export const DEFAULT_OF_1_28 = 'the kubelet’s default';
/** Who takes away what is empty. */
const UNSET = 'an empty value, which counts as none';

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const valueAt = (value: Json | undefined, path: readonly string[]): Json | undefined => {
  let at = value;
  for (const key of path) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
};

const patched = (value: Json | undefined, patch: Json): Json => {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(value) ? value : {}));
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) result.delete(key);
    else result.set(key, patched(result.get(key), change));
  }
  return Object.fromEntries(result);
};

const without = (value: Json, [key = '', ...rest]: readonly string[]): Json => {
  if (!isObject(value) || !Object.hasOwn(value, key)) return value;
  const { [key]: inner = null, ...others } = value;
  return rest.length === 0 ? others : { ...value, [key]: without(inner, rest) };
};

const leavesOf = (value: Json, path: readonly string[] = []): readonly (readonly string[])[] =>
  isObject(value) && (Object.keys(value).length > 0 || path.length === 0)
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
    : [path];

const nested = (path: readonly string[], value: Json): JsonObject =>
  path.reduceRight<Json>((below, key) => ({ [key]: below }), value) as JsonObject;

const isZero = (value: Json | undefined): boolean => value === 0 || value === '' || value === '0' || value === '0s';

/** Paths of what an empty value leaves to the default, taken away as one more layer between files and flags. */
const unsetLayer = (files: Json): readonly Layer[] =>
  ZERO_IS_UNSET.split(' ')
    .map((name) => name.split('.'))
    .filter((path) => isZero(valueAt(files, path)))
    .map((path) => ({ by: UNSET, patch: nested(path, null) }));

/** Kubelet 1.28 fills in its defaults before it merges a drop-in, and takes what is not empty (mergo with override). */
const asMergedBy128 = (layer: Layer, before: Json): readonly Layer[] => {
  const defaults = Object.entries(KUBELET_1_28_DEFAULTS)
    .map(([name, value]) => ({ path: name.split('.'), value: value as Json }))
    .filter(({ path, value }) => {
      const [given, earlier] = [valueAt(layer.patch, path), valueAt(before, path)];
      const isGiven = given !== undefined && given !== null && !(isZero(given) && isUnsetByZero(path));
      return !isGiven && earlier !== undefined && !same(earlier, value);
    });
  return [
    ...defaults.map(({ path, value }) => ({ by: DEFAULT_OF_1_28, patch: nested(path, value) })),
    { ...layer, patch: filled(layer.patch) },
  ];
};

const isUnsetByZero = (path: readonly string[]): boolean => ZERO_IS_UNSET.split(' ').includes(path.join('.'));

/** Without what is empty: it does not count. */
const filled = (patch: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(patch).flatMap(([key, value]): [string, Json][] => {
      if (isObject(value)) return [[key, filled(value)]];
      const isEmpty = value === null || value === false || isZero(value) || (Array.isArray(value) && value.length === 0);
      return isEmpty ? [] : [[key, value]];
    }),
  );

const IDENTITY = ['kind', 'apiVersion'];

export interface Layers {
  readonly file: Layer;
  /** In the kubelet's order. */
  readonly dropIns: readonly Layer[];
  readonly flags: readonly Layer[];
}

const withLayer = (value: Json, { patch, replaces = [] }: Layer): Json => patched(replaces.reduce(without, value), patch);

/** Every layer as it really works, in order. */
const effectiveLayersOf = ({ file, dropIns, flags }: Layers, kubeletVersion: string): readonly Layer[] => {
  const layers: Layer[] = [file];
  const value = (): Json => layers.reduce<Json>(withLayer, {});
  for (const dropIn of dropIns) layers.push(...(isBetween(kubeletVersion, { before: '1.29' }) ? asMergedBy128(dropIn, value()) : [dropIn]));
  return [...layers, ...unsetLayer(value()), ...flags];
};

/** Every key that somebody names, sorted. */
export const mergedKubeletConfigOf = (given: Layers, kubeletVersion: string): readonly MergedKey[] => {
  const layers = effectiveLayersOf(given, kubeletVersion);
  const states: Json[] = [];
  for (const layer of layers) states.push(withLayer(states.at(-1) ?? {}, layer));
  const result = states.at(-1) ?? {};
  const named = new Map([result, ...states].flatMap((value) => leavesOf(value)).map((path) => [path.join('\0'), path]));
  return [...named.values()]
    .filter((path) => !IDENTITY.includes(path[0] ?? ''))
    .filter((path) => !isObject(valueAt(result, path)) || Object.keys(valueAt(result, path) ?? {}).length === 0)
    .map((path) => keyOf(path, layers, states))
    .sort((a, b) => (a.path.join('.') < b.path.join('.') ? -1 : 1));
};

/** A key by who changed it, layer by layer. */
const keyOf = (path: readonly string[], layers: readonly Layer[], states: readonly Json[]): MergedKey => {
  const told: Said[] = [];
  let before: Json | undefined;
  for (const [index, state] of states.entries()) {
    const now = valueAt(state, path);
    const { by = '', patch = {} } = layers[index] ?? {};
    const isSaid = valueAt(patch, path) !== undefined && now !== undefined;
    if (isSaid || (before !== undefined && now === undefined)) told.push({ value: now ?? null, by });
    before = now;
  }
  const last = told.at(-1);
  const value = valueAt(states.at(-1), path);
  const beats = told.slice(0, -1).filter((one) => one.value !== null && (value === undefined || !same(one.value, value)));
  return { path, ...(value === undefined ? {} : { value }), by: last?.by ?? '', beats: beats.reverse() };
};
