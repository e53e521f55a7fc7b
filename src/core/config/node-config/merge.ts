/**
 * Documents into one, later over earlier, by the rules of nodeadm's internal/api/merge.go: what is not given never clears; flags are
 * added; other lists replace; kubelet.config and baseRuntimeSpec merge key by key, where empty values and null do replace; containerd's
 * TOML merges as tables. Unlike there, `enableOutpost: false` can undo `true`.
 */

import { mergedJsonObjects } from '../../formats/go-json.ts';
import { mergedTables, parsedToml } from '../../formats/toml.ts';
import { exactToml, tomlText } from '../../formats/toml-write.ts';
import type { Mark } from '../../formats/tree.ts';
import { isJsonObject, type Json } from '../../report.ts';
import type { NodeConfigDocument } from './decode.ts';
import type { MergedNodeConfig, NodeConfigSpec, Place } from './document.ts';
import type { AnyField, Path } from './fields.ts';
import { SPEC } from './schema.ts';

/** A text that is no TOML has been refused before; it stays as it is for who wants to see it. */
const tomlMerged = (earlier: string, later: string): string =>
  [earlier, later].some((text) => parsedToml(text, '').value === undefined)
    ? later
    : tomlText(mergedTables(exactToml(earlier), exactToml(later)));

/** Two values of a field. */
const merged = (field: AnyField, earlier: Json, later: Json): Json => {
  switch (field.kind) {
    case 'object':
    case 'map': {
      if (!isJsonObject(earlier) || !isJsonObject(later)) return later;
      const values = new Map(Object.entries(earlier));
      for (const [key, value] of Object.entries(later)) {
        const below = field.kind === 'map' ? field.value : field.fields[key];
        const before = values.get(key);
        values.set(key, before === undefined || below === undefined ? value : merged(below, before, value));
      }
      return Object.fromEntries(values);
    }
    case 'list':
      return field.appends === true && Array.isArray(earlier) && Array.isArray(later) ? [...earlier, ...later] : later;
    case 'free':
      return isJsonObject(earlier) && isJsonObject(later) ? mergedJsonObjects(earlier, later) : later;
    case 'toml':
      return tomlMerged(String(earlier), String(later));
    default:
      return later;
  }
};

/** Two specs. Associative, as long as no key is an object in one document and something else in another. */
export const mergedSpec = (earlier: NodeConfigSpec, later: NodeConfigSpec): NodeConfigSpec =>
  merged(SPEC, earlier as Json, later as Json) as NodeConfigSpec;

/** The value at a path; undefined where there is none. */
export const valueAt = (value: Json | undefined, path: Path): Json | undefined =>
  path.reduce<Json | undefined>((node, step) => {
    if (Array.isArray(node)) return typeof step === 'number' ? (node as readonly Json[])[step] : undefined;
    return isJsonObject(node) && Object.hasOwn(node, String(step)) ? node[String(step)] : undefined;
  }, value);

/** Where a document says what stands at a path. */
export const placeIn = (document: NodeConfigDocument, path: Path): Place => {
  const { line, column } = document.markOf(path);
  return { origin: document.raw.origin, at: `${document.raw.label}, line ${line}, column ${column}` };
};

interface Setting {
  readonly document: NodeConfigDocument;
  /** Within that document: an appended list counts from 0 in each. */
  readonly path: Path;
}

/** Is this the list whose documents are added up? */
const isAppended = (path: Path): boolean => {
  let field: AnyField | undefined = SPEC;
  for (const step of path) field = field?.kind === 'object' ? field.fields[String(step)] : field?.kind === 'map' ? field.value : undefined;
  return field?.kind === 'list' && field.appends === true;
};

/** The documents that give what stands at a path, in their order: the last one wins. */
export const settingsOf = (documents: readonly NodeConfigDocument[], path: Path): readonly Setting[] => {
  const at = path.findIndex((step, index) => typeof step === 'number' && isAppended(path.slice(0, index)));
  if (at < 0) return documents.filter(({ spec }) => valueAt(spec as Json, path) !== undefined).map((document) => ({ document, path }));
  let index = Number(path[at]);
  for (const document of documents) {
    const list = valueAt(document.spec as Json, path.slice(0, at));
    const length = Array.isArray(list) ? list.length : 0;
    if (index < length) return [{ document, path: [...path.slice(0, at), index, ...path.slice(at + 1)] }];
    index -= length;
  }
  return [];
};

/** A merged document that also knows its values' lines as numbers. */
export interface LocatedNodeConfig extends MergedNodeConfig {
  /** The document that gives what stands at a path, or what stands nearest above, and where. */
  readonly locate: (path: Path) => { readonly label: string; readonly mark: Mark };
}

/** All documents of all sources in one; there is at least one. */
export const mergedOf = (documents: readonly NodeConfigDocument[]): LocatedNodeConfig => {
  const settingOf = (path: Path): Setting => {
    for (let length = path.length; length > 0; length--) {
      const setting = settingsOf(documents, path.slice(0, length)).at(-1);
      if (setting !== undefined) return setting;
    }
    const document = documents.at(-1);
    if (document === undefined) throw new Error('nothing to merge');
    return { document, path: [] };
  };
  return {
    spec: documents.map(({ spec }) => spec).reduce(mergedSpec, {}),
    placeOf: (path) => {
      const setting = settingOf(path);
      return placeIn(setting.document, setting.path);
    },
    locate: (path) => {
      const setting = settingOf(path);
      return { label: setting.document.raw.label, mark: setting.document.markOf(setting.path) };
    },
  };
};
