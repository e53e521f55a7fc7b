/** Figures as Markdown, and their place in README.md. */
import { readFileSync, writeFileSync } from 'node:fs';

export const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Replaces the block of that name. Throws where README.md has none. */
export const writeBlock = (name: string, text: string): void => {
  const mark = new RegExp(`(<!-- generated: ${name} -->\\n)[\\s\\S]*?(<!-- end of generated -->)`);
  const readme = readFileSync('README.md', 'utf8');
  if (!mark.test(readme)) throw new Error(`README.md has no block for the figures of ${name}`);
  writeFileSync(
    'README.md',
    readme.replace(mark, (_, open, close) => `${open}${text}\n${close}`),
  );
};
