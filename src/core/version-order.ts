/**
 * Order of versions, and of names with versions in them, as `sort --version-sort` has it (GNU coreutils manual, "Version sort
 * ordering"): runs of digits count as numbers, letters before other characters, `~` before everything, file extensions last.
 */

export const VERSION_OPERATORS = ['lt', 'lteq', 'eq', 'gteq', 'gt'] as const;
export type VersionOperator = (typeof VERSION_OPERATORS)[number];

type Bytes = Uint8Array;

const DOT = 46;
const TILDE = 126;
const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;
const isLetter = (byte: number): boolean => (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);

/** Where a character that is no digit stands: `~`, the end of the text, a digit, letters, all else. */
const rankOf = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte === TILDE) return -2;
  if (isDigit(byte)) return 0;
  return isLetter(byte) ? byte : byte + 256;
};

const isText = (byte: number | undefined): boolean => byte !== undefined && !isDigit(byte);

/** Two runs of digits from the given places: their order, and where they end. Zeros in front do not count. */
const comparedNumbers = (a: Bytes, b: Bytes, from: readonly [number, number]): { order: number; i: number; j: number } => {
  let [i, j] = from;
  while (a[i] === 48) i++;
  while (b[j] === 48) j++;
  let order = 0;
  for (; isDigit(a[i] ?? 0) && isDigit(b[j] ?? 0); i++, j++) if (order === 0) order = (a[i] ?? 0) - (b[j] ?? 0);
  if (isDigit(a[i] ?? 0)) order = 1;
  else if (isDigit(b[j] ?? 0)) order = -1;
  return { order, i, j };
};

/** Text and numbers in turn. */
const comparedParts = (a: Bytes, b: Bytes): number => {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    for (; isText(a[i]) || isText(b[j]); i++, j++) {
      const order = rankOf(a[i]) - rankOf(b[j]);
      if (order !== 0) return order;
    }
    const numbers = comparedNumbers(a, b, [i, j]);
    if (numbers.order !== 0) return numbers.order;
    ({ i, j } = numbers);
  }
  return 0;
};

const comparedBytes = (a: Bytes, b: Bytes): number => {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return a.length - b.length;
};

/** Without its file extensions: `.tar.gz`, not `.04`. */
const stemOf = (bytes: Bytes): Bytes => {
  let end = bytes.length;
  let at = end;
  while (at > 0) {
    const byte = bytes[at - 1] ?? 0;
    const before = bytes[at] ?? 0;
    at--;
    if (byte === DOT) {
      if (at + 1 === bytes.length || !(isLetter(before) || before === TILDE)) break;
      end = at;
    } else if (!(isLetter(byte) || isDigit(byte) || byte === TILDE)) break;
  }
  return bytes.subarray(0, end);
};

/** Names that come before all others: the empty one, `.`, `..`, then hidden ones. */
const classOf = (text: string): number => {
  const first = ['', '.', '..'].indexOf(text);
  if (first >= 0) return first;
  return text.startsWith('.') ? 3 : 4;
};

/** Negative: `a` comes first. 0 for equal texts only. */
export const compareVersions = (a: string, b: string): number => {
  const order = classOf(a) - classOf(b);
  if (order !== 0) return order;
  const [left, right] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  const [leftStem, rightStem] = [stemOf(left), stemOf(right)];
  return comparedParts(leftStem, rightStem) || comparedParts(left, right) || comparedBytes(left, right);
};

/** Is `a OP b` true? Equal means the same text, as for vercmp of amazon-eks-ami: 1.24 is not 1.24.0. */
export const versionsHold = (a: string, operator: VersionOperator, b: string): boolean => {
  const order = compareVersions(a, b);
  const holds = { lt: order < 0, lteq: order <= 0, eq: order === 0, gteq: order >= 0, gt: order > 0 };
  return holds[operator];
};
