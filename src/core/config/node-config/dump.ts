/** A merged NodeConfig as nodeadm's `config dump` prints it, and what `--explain` tells of each value. */
import { goJson, sortedKeys } from '../../formats/go-json.ts';
import { isJsonObject, type Json } from '../../report.ts';
import { type NodeConfigDocument, pathText } from './decode.ts';
import type { MergedNodeConfig, NodeConfigSpec } from './document.ts';
import type { AnyField, Path } from './fields.ts';
import { mergedOf, placeIn, settingsOf, valueAt } from './merge.ts';
import { API_VERSION, KIND, SPEC } from './schema.ts';

/** Structs in the order of the schema, maps and free objects by their keys, as Go marshals them. */
const ordered = (field: AnyField, value: Json): Json => {
  if (field.kind === 'object' && isJsonObject(value)) {
    const entries = Object.entries(field.fields).flatMap(([name, inner]): [string, Json][] => {
      const child = value[name];
      return child === undefined ? [] : [[name, ordered(inner, child)]];
    });
    return Object.fromEntries(entries);
  }
  if (field.kind === 'map' && isJsonObject(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, ordered(field.value, value[key] ?? null)]),
    );
  if (field.kind === 'list' && Array.isArray(value)) return value.map((item: Json) => ordered(field.item, item));
  return sortedKeys(value);
};

/** The spec as Go would marshal it: structs are there also when they are empty. */
export const specJson = ({ spec }: MergedNodeConfig): Json => {
  const { cluster = {}, instance = {} } = spec;
  const full: NodeConfigSpec = {
    containerd: {},
    kubelet: {},
    ...spec,
    cluster,
    instance: { localStorage: {}, network: {}, ...instance },
  };
  return ordered(SPEC, full as Json);
};

/** One line of JSON: `{"kind":"NodeConfig","apiVersion":…,"metadata":{},"spec":…}`. */
export const dumpText = (merged: MergedNodeConfig): string =>
  `${goJson({ kind: KIND, apiVersion: API_VERSION, metadata: {}, spec: specJson(merged) }, 0)}\n`;

/** A value that one document gives. */
interface Given {
  readonly value: Json;
  /** Line and column in words. */
  readonly at: string;
}

/** One value of the merged document: who won, and whom it beat. */
export interface Explained extends Given {
  readonly path: string;
  readonly beats: readonly Given[];
  /** What would stand here if the documents came in the opposite order; absent: the same. */
  readonly otherOrder?: Json;
  readonly isSecret: boolean;
}

interface Leaf {
  readonly path: Path;
  readonly isSecret: boolean;
}

/** Every value that is no object; lists whole, but item by item where documents are added up. */
const leavesOf = (field: AnyField | undefined, value: Json, path: Path, isSecret: boolean): readonly Leaf[] => {
  const secret = isSecret || field?.isSecret === true;
  if (field?.kind === 'list' && field.appends === true && Array.isArray(value))
    return value.map((_, index) => ({ path: [...path, index], isSecret: secret }));
  if (!isJsonObject(value) || Object.keys(value).length === 0) return path.length === 0 ? [] : [{ path, isSecret: secret }];
  return Object.keys(value).flatMap((key) => {
    const below = field?.kind === 'object' ? field.fields[key] : field?.kind === 'map' ? field.value : undefined;
    return leavesOf(below, value[key] ?? null, [...path, key], secret);
  });
};

/** Each value with its origin. EKS puts its own document before or behind a user's, so that both orders are told. */
export const explained = (documents: readonly NodeConfigDocument[]): readonly Explained[] => {
  const { spec } = mergedOf(documents);
  const reversed = mergedOf([...documents].reverse()).spec;
  return leavesOf(SPEC, ordered(SPEC, spec as Json), [], false).map(({ path, isSecret }) => {
    const settings = settingsOf(documents, path);
    const given = settings.map(
      ({ document, path: own }): Given => ({ value: valueAt(document.spec as Json, own) ?? null, at: placeIn(document, own).at }),
    );
    const value = valueAt(spec as Json, path) ?? null;
    const other = valueAt(reversed as Json, path);
    const isContested = given.length > 1 && JSON.stringify(other) !== JSON.stringify(value);
    return {
      path: pathText(['spec', ...path]),
      value,
      at: given.at(-1)?.at ?? '',
      beats: given.slice(0, -1).filter((one) => JSON.stringify(one.value) !== JSON.stringify(value)),
      ...(isContested && other !== undefined ? { otherOrder: other } : {}),
      isSecret,
    };
  });
};
