/** JSON texts as trees. */
import { type AnyNode, parse } from '@humanwhocodes/momoa';
import { DEEPEST, type Mark, MOST_NODES, type Tree, type TreeFault, type TreeReading } from './tree.ts';

/** A fault that ends the reading. */
class Stop extends Error {
  readonly fault: TreeFault;

  constructor(fault: TreeFault) {
    super(fault.message);
    this.fault = fault;
  }
}

const stopAt = (code: string, at: Mark, message: string, remedy: string): Stop => new Stop({ code, at, message, remedy });

/** JSON text to tree. Keys that stand twice and integers that a double cannot hold are faults. */
export const jsonTree = (text: string): TreeReading => {
  const faults: TreeFault[] = [];
  try {
    const { body } = parse(text, { mode: 'json' });
    const tree = treeOf(body, body.loc.start, { text, faults, left: MOST_NODES }, 0);
    // The tree's parser takes line breaks in strings.
    JSON.parse(text);
    return { tree, faults };
  } catch (error) {
    return { faults: [...faults, error instanceof Stop ? error.fault : syntaxFault(error, text)] };
  }
};

interface Reading {
  readonly text: string;
  readonly faults: TreeFault[];
  left: number;
}

const treeOf = (node: AnyNode, place: Mark, reading: Reading, depth: number): Tree => {
  const at = { line: place.line, column: place.column };
  if (depth > DEEPEST) throw stopAt('nested-too-deeply', at, `it is nested more than ${DEEPEST} levels deep`, 'Write it flatter.');
  if (reading.left-- <= 0) throw stopAt('too-many-values', at, `it has more than ${MOST_NODES} values`, 'Write less.');
  if (node.type === 'Object') {
    const entries = new Map<string, Tree>();
    for (const { name, value } of node.members) {
      const key = name.type === 'String' ? name.value : name.name;
      if (entries.has(key)) reading.faults.push(duplicateKey(key, name.loc.start));
      entries.set(key, treeOf(value, name.loc.start, reading, depth + 1));
    }
    return { kind: 'object', at, entries };
  }
  if (node.type === 'Array')
    return { kind: 'array', at, items: node.elements.map(({ value }) => treeOf(value, value.loc.start, reading, depth + 1)) };
  if (node.type === 'Number') {
    const digits = reading.text.slice(node.loc.start.offset, node.loc.end.offset);
    if (!isExact(digits, node.value)) reading.faults.push(tooLarge(digits, at));
    return { kind: 'scalar', at, value: node.value };
  }
  return { kind: 'scalar', at, value: node.type === 'String' || node.type === 'Boolean' ? node.value : null };
};

/** Is an integer's text still itself as a double? */
export const isExact = (digits: string, value: number): boolean => Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(digits);

export const duplicateKey = (key: string, { line, column }: Mark): TreeFault => ({
  code: 'duplicate-key',
  at: { line, column },
  message: `the key ${JSON.stringify(key.slice(0, 80))} stands here a second time`,
  remedy: 'Remove one of the two.',
});

export const tooLarge = (digits: string, at: Mark): TreeFault => ({
  code: 'number-too-large',
  at,
  message: `${digits.slice(0, 40)} is larger than 2^53 and would lose digits`,
  remedy: 'Write a smaller number, or a string where the field takes one.',
});

/** Where a text ends. */
const endOf = (text: string): Mark => {
  const lines = text.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
};

const syntaxFault = (error: unknown, text: string): TreeFault => {
  const { line, column, offset, message } = error as { line?: unknown; column?: unknown; offset?: unknown; message?: unknown };
  const at = typeof line === 'number' && typeof column === 'number' ? { line, column } : undefined;
  const found = typeof offset === 'number' ? text.charAt(offset) : '';
  const fault = (reason: string, place: Mark | undefined): TreeFault => ({
    code: 'json-syntax',
    ...(place === undefined ? {} : { at: place }),
    message: `not valid JSON: ${reason}`,
    remedy: 'What begins with { is read as JSON; correct it there.',
  });
  if (error instanceof RangeError) return fault('it is nested too deeply', undefined);
  if (at === undefined) return fault('a string holds a control character', undefined);
  // The parser then names the place where it began.
  if (found === '' || /^Unexpected end /.test(String(message))) return fault('it ends too early', endOf(text));
  return fault(`${JSON.stringify(found)} is not expected here`, at);
};
