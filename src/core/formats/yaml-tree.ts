/**
 * YAML texts as trees, read as Kubernetes reads them (sigs.k8s.io/yaml over go-yaml v2): YAML 1.1, so that `yes`, `on` and `0644` are
 * what they are there, but no dates, no times of day, no binary; keys that are numbers or booleans become text; merge keys (`<<`) count;
 * only the first document.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type Tags,
} from 'yaml';
import { duplicateKey, isExact, tooLarge } from './json-tree.ts';
import { DEEPEST, type Mark, MOST_NODES, type Tree, type TreeFault, type TreeReading } from './tree.ts';

const NOT_IN_KUBERNETES = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));

/** The tags of YAML 1.1 without what go-yaml v2 leaves as text. */
const tagsOf = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === 'string' || !(NOT_IN_KUBERNETES.has(tag.tag) || ('format' in tag && tag.format === 'TIME')));

interface Reading {
  readonly text: string;
  readonly lines: LineCounter;
  readonly faults: TreeFault[];
  readonly anchors: Map<string, Node>;
  left: number;
}

class Stop extends Error {
  readonly fault: TreeFault;

  constructor(code: string, at: Mark, message: string, remedy: string) {
    super(message);
    this.fault = { code, at, message, remedy };
  }
}

/** YAML text to tree: of the first document; that there are more is a fault too. */
export const yamlTree = (text: string): TreeReading => {
  const lines = new LineCounter();
  const reading: Reading = { text, lines, faults: [], anchors: new Map(), left: MOST_NODES };
  try {
    // The library compares every key with every other one: the map in treeOf does not.
    const options = { version: '1.1', uniqueKeys: false, prettyErrors: false, lineCounter: lines, customTags: tagsOf } as const;
    const documents = parseAllDocuments(text, options);
    const [first, second] = 'empty' in documents ? [] : documents;
    const [error] = first?.errors ?? [];
    if (error !== undefined) return { faults: [syntaxFault(error.code, error.message, markOf(reading, error.pos[0]))] };
    if (first === undefined || first.contents === null)
      return { tree: { kind: 'scalar', at: { line: 1, column: 1 }, value: null }, faults: [] };
    for (const { pos } of first.warnings) reading.faults.push(unknownTag(text.slice(...pos), markOf(reading, pos[0])));
    if (second !== undefined) reading.faults.push(secondDocument(markOf(reading, second.range[0])));
    return { tree: treeOf(first.contents, markOf(reading, startOf(first)), reading, 0), faults: reading.faults };
  } catch (error) {
    if (error instanceof Stop) return { faults: [...reading.faults, error.fault] };
    if (error instanceof RangeError)
      return { faults: [{ code: 'nested-too-deeply', message: 'it is nested too deeply', remedy: 'Write it flatter.' }] };
    throw error;
  }
};

const startOf = ({ contents }: Document.Parsed): number => contents?.range[0] ?? 0;

const markOf = ({ lines, text }: Reading, offset: number): Mark => {
  const { line, col } = lines.linePos(Math.min(Math.max(0, offset), text.length));
  return { line: Math.max(1, line), column: Math.max(1, col) };
};

const treeOf = (node: Node | null, at: Mark, reading: Reading, depth: number): Tree => {
  if (depth > DEEPEST) throw new Stop('nested-too-deeply', at, `it is nested more than ${DEEPEST} levels deep`, 'Write it flatter.');
  if (reading.left-- <= 0)
    throw new Stop('too-many-values', at, `it has more than ${MOST_NODES} values, aliases counted each time`, 'Write less.');
  if (node === null) return { kind: 'scalar', at, value: null };
  if (isAlias(node)) return treeOf(targetOf(node, reading), at, reading, depth + 1);
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, node);
  if (isMap(node)) return { kind: 'object', at, entries: entriesOf(node.items as readonly Pair<Node, Node | null>[], reading, depth) };
  if (isSeq(node)) {
    const items = (node.items as readonly (Node | null)[]).map((item) =>
      treeOf(item, item?.range ? markOf(reading, item.range[0]) : at, reading, depth + 1),
    );
    return { kind: 'array', at, items };
  }
  return { kind: 'scalar', at, value: scalarOf(node as Scalar, at, reading) };
};

/** What an alias stands for. Only what was anchored before it: an alias of something around itself never ends, and is stopped by depth. */
const targetOf = (alias: Alias, reading: Reading): Node => {
  const target = reading.anchors.get(alias.source);
  if (target !== undefined) return target;
  const at = markOf(reading, alias.range?.[0] ?? 0);
  throw new Stop(
    'yaml-syntax',
    at,
    `not valid YAML: nothing before it is anchored as &${alias.source.slice(0, 80)}`,
    'Quote a text that begins with *.',
  );
};

const scalarOf = (node: Scalar, at: Mark, reading: Reading): null | boolean | number | string => {
  const { value, source = '' } = node;
  // go-yaml v2 takes 0o17 as octal, a lone point and what no double holds as text.
  if (typeof value === 'string' && node.type === 'PLAIN' && /^[-+]?0o[0-7]{1,17}$/.test(source)) return Number(source.replace('+', ''));
  if (typeof value === 'number') {
    if (source === '.' || (/\d/.test(source) && !Number.isFinite(value))) return source;
    if (!Number.isFinite(value)) throw new Stop('not-json', at, `${source} has no form in JSON`, 'Write a number.');
    if (!isExact(source, value)) reading.faults.push(tooLarge(source, at));
    return value;
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  return source;
};

const keyOf = (node: Node | null, at: Mark, reading: Reading): string => {
  const key = node !== null && isAlias(node) ? targetOf(node, reading) : node;
  if (key?.anchor !== undefined) reading.anchors.set(key.anchor, key);
  if (key === null) throw new Stop('not-json', at, 'a key is missing before the colon', 'Write one.');
  if (isScalar(key)) {
    const value = scalarOf(key, at, reading);
    if (value === null) throw new Stop('not-json', at, 'a key is null', 'Write "null", in quotes.');
    if (typeof value === 'boolean' && key.source !== String(value)) reading.faults.push(keyIsBoolean(key.source ?? '', value, at));
    return String(value);
  }
  throw new Stop('not-json', at, 'a key is a list or an object', 'Write a text as key.');
};

const isMerge = (node: Node | null): boolean => isScalar(node) && node.type === 'PLAIN' && node.source === '<<';

const entriesOf = (pairs: readonly Pair<Node, Node | null>[], reading: Reading, depth: number): ReadonlyMap<string, Tree> => {
  const entries = new Map<string, Tree>();
  const merged: Tree[] = [];
  for (const { key, value } of pairs) {
    const at = markOf(reading, key?.range?.[0] ?? 0);
    if (isMerge(key)) {
      merged.push(treeOf(value, at, reading, depth + 1));
      continue;
    }
    const name = keyOf(key, at, reading);
    if (entries.has(name)) reading.faults.push(duplicateKey(name, at));
    entries.set(name, treeOf(value, at, reading, depth + 1));
  }
  // What is written beside a merge key counts, then the first of several.
  for (const source of merged.flatMap((tree) => (tree.kind === 'array' ? tree.items : [tree]))) {
    if (source.kind !== 'object') throw new Stop('not-json', source.at, 'a merge key (<<) takes an object', 'Give it an alias of one.');
    for (const [name, tree] of source.entries) if (!entries.has(name)) entries.set(name, tree);
  }
  return entries;
};

const keyIsBoolean = (source: string, value: boolean, at: Mark): TreeFault => ({
  code: 'boolean-key',
  at,
  message: `YAML reads the key ${source} as ${value}`,
  remedy: `Write "${source}", in quotes.`,
});

const unknownTag = (tag: string, at: Mark): TreeFault => ({
  code: 'unknown-tag',
  at,
  message: `the tag ${tag.slice(0, 40)} is not used here: the value is taken as text`,
  remedy: 'Leave the tag out.',
});

const secondDocument = (at: Mark): TreeFault => ({
  code: 'second-document',
  at,
  message: 'a second document begins here; nodeadm reads only the first',
  remedy: 'Put it into a part or file of its own.',
});

const REASONS: { readonly [code: string]: string } = {
  TAB_AS_INDENT: 'a tab is used to indent',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping begins where a value stands already (a text with ": " needs quotes)',
  BAD_INDENT: 'it is indented wrongly',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines (is a ":" missing?)',
  MISSING_CHAR: 'something is missing',
  UNEXPECTED_TOKEN: 'something is not expected here',
};

const REMEDIES: { readonly [code: string]: string } = {
  TAB_AS_INDENT: 'Indent with spaces.',
  BAD_INDENT: 'Give the same indentation to all keys of one object.',
};

const syntaxFault = (code: string, message: string, at: Mark): TreeFault => {
  const detail = message.charAt(0).toLowerCase() + message.slice(1, 120);
  // A bracket that is not closed counts as badly indented there.
  const isDetailed = code === 'MISSING_CHAR' || code === 'UNEXPECTED_TOKEN' || detail.startsWith('flow ');
  return {
    code: 'yaml-syntax',
    at,
    message: `not valid YAML: ${isDetailed ? detail : (REASONS[code] ?? detail)}`,
    remedy: isDetailed ? 'Correct the text at this place.' : (REMEDIES[code] ?? 'Correct the text at this place.'),
  };
};
