/** One document: from text to values, and all that is wrong with it, each with its place. */
import { jsonTree } from '../../formats/json-tree.ts';
import { parsedToml } from '../../formats/toml.ts';
import { jsonOf, kindOf, type Mark, markAt, type Tree, type TreeFault } from '../../formats/tree.ts';
import { yamlTree } from '../../formats/yaml-tree.ts';
import { nearestOf } from '../../nearest.ts';
import type { Diagnostic, Json, Origin } from '../../report.ts';
import { shown } from '../bootstrap-flags-values.ts';
import type { NodeConfigSpec } from './document.ts';
import type { AnyField, Finding, Findings, Path, TextCheck } from './fields.ts';
import { DOCUMENT } from './schema.ts';
import { checkWord, fatal, fault } from './values.ts';

/** A document before it is read. */
export interface RawDocument {
  /** As a person would look it up: `imds://user-data part 2 (application/node.eks.aws)`. */
  readonly label: string;
  readonly origin: Origin;
  readonly text: string;
  /** The file it is in, and the line of that file where it begins; for tools that open files. */
  readonly file?: { readonly path: string; readonly line: number };
}

export interface NodeConfigDocument {
  readonly raw: RawDocument;
  /** Below `spec`. What counts as not given (empty texts and lists, null) is not in it. */
  readonly spec: NodeConfigSpec;
  /** The place of what stands at a path below `spec`, or of the nearest thing above. */
  readonly markOf: (path: Path) => Mark;
}

export interface DecodeOptions {
  /** What nodeadm takes in silence is an error, and not a warning. */
  readonly isStrict: boolean;
  /** Minor version of the kubelet, `1.34`; undefined: fields of any minor are right. */
  readonly kubelet?: string | undefined;
  /** Says what is wrong with a CEL expression; undefined: not looked at. Loaded by who needs it. */
  readonly checkCel?: TextCheck | undefined;
}

export interface Decoded {
  /** Absent: it cannot be read at all. It may be there beside errors. */
  readonly document?: NodeConfigDocument;
  readonly diagnostics: readonly Diagnostic[];
}

/** `spec.cluster.cidr`, `spec.kubelet.flags[2]`, `spec.instance.environment."a b"`. */
export const pathText = (path: Path): string =>
  path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[A-Za-z0-9_/-]+$/.test(step) ? step : JSON.stringify(step.slice(0, 80)).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
      return index === 0 ? name : `.${name}`;
    })
    .join('');

/** Words of a user's text in a message: without what would break its line, or hide in it. */
export const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');

const MOST_PROBLEMS = 100;

interface Decoder {
  readonly options: DecodeOptions;
  readonly findings: Findings;
}

/** JSON where the text begins with {, else YAML: as Kubernetes' codec tells them apart. */
export const decodeNodeConfig = (raw: RawDocument, options: DecodeOptions): Decoded => {
  const diagnostics: Diagnostic[] = [];
  const text = raw.text.replace(/^\uFEFF/, '');
  const reading = /^\s*\{/.test(text) ? jsonTree(text) : yamlTree(text);
  for (const wrong of reading.faults)
    diagnostics.push(diagnosticOf(raw, options, findingOf(wrong, reading.tree !== undefined), [], wrong.at));
  const { tree } = reading;
  if (tree === undefined) return { diagnostics };
  const say: Findings['say'] = (finding, path, at) => void diagnostics.push(diagnosticOf(raw, options, finding, path, at));
  const decoder: Decoder = { options, findings: { kubelet: options.kubelet, say } };
  const value = decoded(DOCUMENT, tree, [], decoder);
  const shortened =
    diagnostics.length > MOST_PROBLEMS
      ? [...diagnostics.slice(0, MOST_PROBLEMS), andMore(raw, diagnostics.slice(MOST_PROBLEMS))]
      : diagnostics;
  if (value === undefined) return { diagnostics: shortened };
  const { spec = {} } = value as { readonly spec?: NodeConfigSpec };
  const specTree = tree.kind === 'object' ? (tree.entries.get('spec') ?? tree) : tree;
  return { document: { raw, spec, markOf: (path) => markAt(specTree, path) }, diagnostics: shortened };
};

/** A doubled key, a lost digit or a second document does not keep nodeadm from reading on. */
const findingOf = ({ code, message, remedy }: TreeFault, isRead: boolean): Finding => (isRead ? fault : fatal)(code, message, remedy);

/** Values of our own fields nodeadm never took, so that nobody counts on its silence. A field that a newer bootwright has is left aside. */
const isOurs = ({ code }: Finding, path: Path): boolean => path[0] === 'spec' && path[1] === 'bootwright' && code !== 'unknown-field';

const diagnosticOf = (raw: RawDocument, { isStrict }: DecodeOptions, finding: Finding, path: Path, at: Mark | undefined): Diagnostic => ({
  severity: finding.weight === 'fatal' || (finding.weight === 'fault' && (isStrict || isOurs(finding, path))) ? 'error' : 'warning',
  code: finding.code,
  path: raw.label,
  ...(at === undefined ? {} : { line: at.line, column: at.column }),
  field: pathText(path),
  message: onOneLine(finding.message),
  remedy: finding.remedy,
});

const andMore = (raw: RawDocument, rest: readonly Diagnostic[]): Diagnostic => ({
  severity: rest.some(({ severity }) => severity === 'error') ? 'error' : 'warning',
  code: 'more-problems',
  path: raw.label,
  field: '',
  message: `${rest.length} more problems in this document`,
  remedy: 'Correct the first ones.',
});

/** The value of a tree; undefined where nothing is given, or nothing of the right kind. */
const decoded = (field: AnyField, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind === 'scalar' && tree.value === null && field !== DOCUMENT) return undefined;
  const isLooked = 'check' in field && field.kind !== 'text' && (field.kind !== 'free' || tree.kind === 'object');
  if (isLooked) field.check?.(tree, path, decoder.findings);
  switch (field.kind) {
    case 'object':
      return objectOf(field, tree, path, decoder);
    case 'map':
      return mapOf(field, tree, path, decoder);
    case 'list':
      return listOf(field, tree, path, decoder);
    case 'free':
      return tree.kind === 'object' ? jsonOf(tree) : refuse(tree, 'an object', path, decoder);
    case 'toml':
      return tomlOf(tree, path, decoder);
    case 'text':
      return textOf(field, tree, path, decoder);
    case 'bool':
      return tree.kind === 'scalar' && typeof tree.value === 'boolean' ? tree.value : refuse(tree, 'true or false', path, decoder);
    case 'count':
      return countOf(field, tree, path, decoder);
  }
};

type Of<Kind extends AnyField['kind']> = Extract<AnyField, { readonly kind: Kind }>;

/** The wrong kind of value: nodeadm's codec refuses it as well. Below `bootwright` nobody else looks. */
const refuse = (tree: Tree, wanted: string, path: Path, { findings }: Decoder): undefined => {
  const isTextWanted = wanted === 'text' && tree.kind === 'scalar';
  const remedy = isTextWanted ? 'Put it in quotes.' : `Write ${wanted}.`;
  findings.say(fatal('invalid-type', `should be ${wanted}, not ${kindOf(tree)}`, remedy), path, tree.at);
};

const objectOf = (field: Of<'object'>, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind !== 'object') return field === DOCUMENT ? undefined : refuse(tree, 'an object', path, decoder);
  const values: [string, Json][] = [];
  for (const [name, child] of tree.entries) {
    const known = Object.hasOwn(field.fields, name) ? field.fields[name] : undefined;
    if (known === undefined) decoder.findings.say(unknownField(name, Object.keys(field.fields)), [...path, name], child.at);
    const value = known && decoded(known, child, [...path, name], decoder);
    if (value !== undefined) values.push([name, value]);
  }
  for (const name of field.required ?? []) if (!isGiven(tree, name)) sayMissing(name, tree, path, decoder);
  return Object.fromEntries(values);
};

const isGiven = (tree: Tree, name: string): boolean => {
  const child = tree.kind === 'object' ? tree.entries.get(name) : undefined;
  return child !== undefined && !(child.kind === 'scalar' && child.value === null);
};

const sayMissing = (name: string, { at }: Tree, path: Path, { findings }: Decoder): void => {
  const weight = path.length === 0 ? fatal : fault;
  const known = DOCUMENT.kind === 'object' && path.length === 0 ? DOCUMENT.fields[name] : undefined;
  const example = known?.kind === 'text' ? `${name}: ${known.words?.[0]}` : name;
  findings.say(weight('missing-field', `has no ${name}`, `Write ${example}.`), path, at);
};

const unknownField = (name: string, known: readonly string[]): Finding => {
  const near = nearestOf(name, known);
  const remedy = near === undefined ? `Here stand ${known.join(', ')}.` : `Did you mean ${near}?`;
  return fault('unknown-field', 'there is no such field', remedy);
};

const mapOf = (field: Of<'map'>, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind !== 'object') return refuse(tree, 'an object', path, decoder);
  const values: [string, Json][] = [];
  for (const [key, child] of tree.entries) {
    const here = [...path, key];
    const wrong = field.checkKey?.(key);
    if (wrong !== undefined) decoder.findings.say(wrong, here, child.at);
    const value = decoded(field.value, child, here, decoder);
    if (value !== undefined) values.push([key, value]);
  }
  return Object.fromEntries(values);
};

const listOf = (field: Of<'list'>, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind !== 'array') return refuse(tree, 'a list', path, decoder);
  const values = tree.items.flatMap((item, index) => {
    const here = [...path, index];
    if (item.kind === 'scalar' && item.value === null) return refuse(item, 'a value', here, decoder) ?? [];
    // An item keeps its place in the list, so that an empty text stays.
    const value = decoded(field.item, item, here, decoder) ?? (item.kind === 'scalar' && item.value === '' ? '' : undefined);
    return value === undefined ? [] : [value];
  });
  return values.length === 0 ? undefined : values;
};

const textOf = (field: Of<'text'>, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  const isNumber = field.takesNumbers === true && tree.kind === 'scalar' && typeof tree.value === 'number';
  if (tree.kind !== 'scalar' || !(typeof tree.value === 'string' || isNumber)) return refuse(tree, 'text', path, decoder);
  // Line breaks in base64 are no part of it.
  const value = field.form === 'base64' ? String(tree.value).replace(/\s+/g, '') : String(tree.value);
  if (value === '' && field.keepsEmpty !== true) return undefined;
  const wrong = field.words === undefined ? field.check?.(value) : wrongWord(field, field.words, value);
  const cel = field.form === 'CEL' ? decoder.options.checkCel?.(value) : undefined;
  for (const finding of [wrong, cel]) if (finding !== undefined) decoder.findings.say(finding, path, tree.at);
  return value;
};

const wrongWord = ({ ignoresCase, weight }: Of<'text'>, words: readonly string[], value: string): Finding | undefined => {
  if (ignoresCase === true && words.some((word) => word.toLowerCase() === value.toLowerCase())) return undefined;
  return checkWord(words, weight)(value);
};

const countOf = ({ min, max }: Of<'count'>, tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'number') return refuse(tree, 'a number', path, decoder);
  if (Number.isInteger(tree.value) && tree.value >= min && tree.value <= max) return tree.value;
  const message = `${shown(String(tree.value))} is not a whole number from ${min} to ${max}`;
  decoder.findings.say(fault('invalid-number', message, 'Write one of those.'), path, tree.at);
  return undefined;
};

/** The place that TOML knows is that in its own text. */
const tomlOf = (tree: Tree, path: Path, decoder: Decoder): Json | undefined => {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string') return refuse(tree, 'text', path, decoder);
  if (tree.value.trim() === '') return undefined;
  const [wrong] = parsedToml(tree.value, '').diagnostics;
  if (wrong !== undefined) {
    const where =
      wrong.line === undefined ? '' : ` (line ${wrong.line}${wrong.column === undefined ? '' : `, column ${wrong.column}`} of this text)`;
    decoder.findings.say(fatal('toml-syntax', `${wrong.message}${where}`, 'Correct it there.'), path, tree.at);
  }
  return tree.value;
};
