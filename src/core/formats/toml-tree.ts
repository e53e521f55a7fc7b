/** TOML texts as trees. */
import parser from 'toml/lib/parser.js';
import { tooLarge } from './json-tree.ts';
import { parsedToml } from './toml.ts';
import { DEEPEST, type Mark, MOST_NODES, type Tree, type TreeFault, type TreeReading } from './tree.ts';

/** What the grammar of `toml` makes of a text: statements with their places, before they become one object. */
interface Placed {
  readonly offset: number;
}
interface TomlEntry extends Placed {
  readonly key: readonly string[];
  readonly value: TomlNode;
}
type TomlNode = Placed &
  (
    | { readonly type: 'Array'; readonly value: readonly TomlNode[] }
    | { readonly type: 'InlineTable'; readonly value: readonly TomlEntry[] }
    | { readonly type: 'Integer'; readonly value: bigint }
    | { readonly type: 'Float'; readonly value: number }
    | { readonly type: 'Boolean'; readonly value: boolean }
    | { readonly type: 'String'; readonly value: string }
    | { readonly type: 'Date' | 'LocalDateTime' | 'LocalDate' | 'LocalTime'; readonly value: unknown }
  );
type TomlStatement =
  | ({ readonly type: 'Assign' } & TomlEntry)
  | ({ readonly type: 'ObjectPath' | 'ArrayPath'; readonly value: readonly string[] } & Placed);

/** A tree while it grows: headers and dotted keys come back to tables that are there. */
interface GrowingTable {
  readonly kind: 'object';
  readonly at: Mark;
  readonly entries: Map<string, Growing>;
}
interface GrowingList {
  readonly kind: 'array';
  readonly at: Mark;
  readonly items: Growing[];
}
type Growing = GrowingTable | GrowingList | Extract<Tree, { readonly kind: 'scalar' }>;

interface Reading {
  readonly text: string;
  readonly markOf: (offset: number) => Mark;
  readonly faults: TreeFault[];
}

/** TOML text to tree. Keys and tables that stand twice are faults of the syntax. */
export const tomlTree = (text: string): TreeReading => {
  const [wrong] = parsedToml(text, '', { bigint: true }).diagnostics;
  if (wrong !== undefined) {
    const { code, message, line, column } = wrong;
    const place = line === undefined || column === undefined ? {} : { at: { line, column } };
    return { faults: [{ code, ...place, message, remedy: 'Correct the text there: all of it counts, or nothing.' }] };
  }
  const reading: Reading = { text, markOf: marksOf(text), faults: [] };
  const root = tableAt({ line: 1, column: 1 });
  let context = root;
  for (const statement of parser.parse(text) as readonly TomlStatement[]) {
    const at = reading.markOf(statement.offset);
    if (statement.type === 'Assign') put(context, statement, reading);
    else context = statement.type === 'ObjectPath' ? below(root, statement.value, at) : newItem(root, statement.value, at);
  }
  const large = sizeFault(root);
  return large === undefined ? { tree: root, faults: reading.faults } : { faults: [large] };
};

const tableAt = (at: Mark): GrowingTable => ({ kind: 'object', at, entries: new Map() });

/** Offset to line and column. */
const marksOf = (text: string): ((offset: number) => Mark) => {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
};

/** The table at a path, made where it is not there; of a list of tables the last one. */
const below = (table: GrowingTable, path: readonly string[], at: Mark): GrowingTable =>
  path.reduce((here, key) => {
    const there = here.entries.get(key);
    const table = there?.kind === 'array' ? there.items.at(-1) : there;
    if (table?.kind === 'object') return table;
    const made = tableAt(at);
    here.entries.set(key, made);
    return made;
  }, table);

const newItem = (root: GrowingTable, path: readonly string[], at: Mark): GrowingTable => {
  const parent = below(root, path.slice(0, -1), at);
  const name = path.at(-1) ?? '';
  const there = parent.entries.get(name);
  const item = tableAt(at);
  if (there?.kind === 'array') there.items.push(item);
  else parent.entries.set(name, { kind: 'array', at, items: [item] });
  return item;
};

const put = (table: GrowingTable, { key, value, offset }: TomlEntry, reading: Reading): void => {
  const at = reading.markOf(offset);
  below(table, key.slice(0, -1), at).entries.set(key.at(-1) ?? '', nodeOf(value, at, reading));
};

const nodeOf = (node: TomlNode, at: Mark, reading: Reading): Growing => {
  switch (node.type) {
    case 'Array':
      return { kind: 'array', at, items: node.value.map((item) => nodeOf(item, reading.markOf(item.offset), reading)) };
    case 'InlineTable': {
      const table = tableAt(at);
      sayBroken(node.offset, node.value, reading);
      for (const entry of node.value) put(table, entry, reading);
      return table;
    }
    case 'Integer':
      if (!Number.isSafeInteger(Number(node.value))) reading.faults.push(tooLarge(String(node.value), at));
      return { kind: 'scalar', at, value: Number(node.value) };
    case 'Float':
      return { kind: 'scalar', at, value: node.value, form: 'float' };
    case 'Boolean':
    case 'String':
      return { kind: 'scalar', at, value: node.value };
    default:
      return { kind: 'scalar', at, value: String(node.value), form: 'date' };
  }
};

/** TOML 1.1 lets the first key of an inline table stand on a line of its own; the readers of 1.0, which are most, do not. */
const sayBroken = (offset: number, [first]: readonly TomlEntry[], { markOf, faults }: Reading): void => {
  const at = markOf(offset);
  if (first === undefined || markOf(first.offset).line === at.line) return;
  faults.push({
    code: 'toml-syntax',
    at,
    message: 'not valid TOML: a table in braces goes over several lines',
    remedy: 'Write it on one line, or as a table with a header.',
  });
};

const sizeFault = (root: Growing): TreeFault | undefined => {
  let left = MOST_NODES;
  const visit = (node: Growing, depth: number): TreeFault | undefined => {
    if (depth > DEEPEST)
      return {
        code: 'nested-too-deeply',
        at: node.at,
        message: `it is nested more than ${DEEPEST} levels deep`,
        remedy: 'Write it flatter.',
      };
    if (left-- <= 0)
      return { code: 'too-many-values', at: node.at, message: `it has more than ${MOST_NODES} values`, remedy: 'Write less.' };
    const children = node.kind === 'object' ? node.entries.values() : node.kind === 'array' ? node.items : [];
    for (const child of children) {
      const fault = visit(child, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  return visit(root, 0);
};
