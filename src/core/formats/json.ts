/** JSON texts as jq writes them, and a strict reader that says where a text is wrong. */
import { type AnyNode, parse } from '@humanwhocodes/momoa';
import type { Checked, Diagnostic, Json } from '../report.ts';

/** The text of a value: one item a line, a final newline, as `jq` prints it. Key order is the value's own. */
export const jsonText = (value: Json, indent: number | string = 2): string => `${JSON.stringify(value, null, indent)}\n`;

interface Place {
  readonly line: number;
  readonly column: number;
}

/** JSON text to value. Duplicate keys are an error: which one counts differs between jq, Go and JavaScript. */
export const parsedJson = (text: string, path: string): Checked<Json> => {
  const found: Diagnostic[] = [];
  try {
    for (const problem of problemsIn(parse(text, { mode: 'json' }).body, text)) found.push({ severity: 'error', path, ...problem });
    if (found.length > 0) return { diagnostics: found };
    return { value: JSON.parse(text) as Json, diagnostics: [] };
  } catch (error) {
    return { diagnostics: [syntaxDiagnostic(error, text, path)] };
  }
};

type Problem = Pick<Diagnostic, 'code' | 'message' | 'remedy' | 'line' | 'column'>;

/** What JSON.parse takes in silence: keys that stand twice, and integers that a double cannot hold. */
function* problemsIn(root: AnyNode, text: string): Generator<Problem> {
  const open: AnyNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'Object') {
      const seen = new Set<string>();
      for (const member of node.members) {
        const key = member.name.type === 'String' ? member.name.value : member.name.name;
        if (seen.has(key)) yield duplicateKey(key, member.name.loc.start);
        seen.add(key);
        open.push(member.value);
      }
    } else if (node.type === 'Array') {
      for (const element of node.elements) open.push(element.value);
    } else if (node.type === 'Number' && !Number.isSafeInteger(node.value)) {
      const digits = text.slice(node.loc.start.offset, node.loc.end.offset);
      if (/^-?\d+$/.test(digits) && digits !== String(node.value)) yield tooLarge(digits, node.loc.start);
    }
  }
}

const duplicateKey = (key: string, { line, column }: Place): Problem => ({
  code: 'json-duplicate-key',
  line,
  column,
  message: `the key ${JSON.stringify(key)} stands here a second time`,
  remedy: 'Remove one of the two.',
});

const tooLarge = (digits: string, { line, column }: Place): Problem => ({
  code: 'json-number-too-large',
  line,
  column,
  message: `${digits.slice(0, 40)} is larger than 2^53 and would lose digits`,
  remedy: 'Write a smaller number, or a string where the field takes one.',
});

const syntaxDiagnostic = (error: unknown, text: string, path: string): Diagnostic => {
  const { line, column, offset } = error as Partial<Place> & { readonly offset?: unknown };
  return {
    severity: 'error',
    code: 'json-syntax',
    path,
    ...(typeof line === 'number' && typeof column === 'number' ? { line, column } : {}),
    message: `not valid JSON: ${reasonOf(error, text, typeof offset === 'number' ? offset : undefined)}`,
    remedy: `Correct it (\`jq . ${path}\` shows the place), or remove the file: then it is made anew.`,
  };
};

const reasonOf = (error: unknown, text: string, offset: number | undefined): string => {
  if (error instanceof RangeError) return 'it is nested too deeply';
  if (text.startsWith('\uFEFF')) return 'it starts with a byte order mark';
  if (text.includes('\0')) return 'it holds NUL bytes (a crash while it was written?)';
  if (offset === undefined) return 'a string holds a control character';
  return offset >= text.length ? 'it ends too early' : `${JSON.stringify(text.charAt(offset))} is not expected here`;
};
