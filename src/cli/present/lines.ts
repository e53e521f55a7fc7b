/** Text in lines: wrapping, columns, indenting. Widths count characters; the program prints no wide ones. */

/** Breaks a sentence into lines of at most `width`; a word that is longer stands alone. */
export const wrapped = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
};

/** Rows as aligned columns. The last column wraps under itself; `styles` colours a cell after its width is known. */
export const columns = (
  rows: readonly (readonly string[])[],
  {
    indent = 2,
    gap = 2,
    width = 100,
    styles = [],
  }: { indent?: number; gap?: number; width?: number; styles?: readonly ((cell: string) => string)[] } = {},
): string[] => {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: Math.max(0, count - 1) }, (_, i) => Math.max(0, ...rows.map((row) => (row[i] ?? '').length)));
  const before = indent + widths.reduce((sum, w) => sum + w + gap, 0);
  const paint = (cell: string, i: number): string => styles[i]?.(cell) ?? cell;
  return rows.flatMap((row) => {
    const head = widths.map((w, i) => paint(row[i] ?? '', i) + ' '.repeat(w - (row[i] ?? '').length + gap)).join('');
    const tail = wrapped(row[count - 1] ?? '', Math.max(24, width - before));
    const first = `${' '.repeat(indent)}${head}${paint(tail[0] ?? '', count - 1)}`.trimEnd();
    return [first, ...tail.slice(1).map((line) => ' '.repeat(before) + paint(line, count - 1))];
  });
};

/** Texts wrapped and moved to the right. */
export const indented = (texts: readonly string[], indent: number, width: number, style: (text: string) => string): string[] =>
  texts.flatMap((text) => wrapped(text, Math.max(30, width - indent)).map((line) => ' '.repeat(indent) + style(line)));

/** Items one after the other with ` · ` between them, broken only between items where that is possible. */
export const flowed = (items: readonly string[], width: number): string[] => {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + item.length <= width) lines[lines.length - 1] = `${last} · ${item}`;
    else lines.push(item);
  }
  return lines;
};

/** `1 file`, `2 files`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
