/** Folders of expected files: compared, or rewritten on request. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';

type Files = { readonly [path: string]: string };

const isUpdate = process.env['UPDATE_GOLDEN'] === '1';
if (isUpdate && process.env['CI'] === 'true')
  throw new Error('UPDATE_GOLDEN=1 is not for CI: a golden file is changed by a person who has read it');

const goldenOf = (folder: string): Files => {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const place = join(entry.parentPath, entry.name);
      return [place.slice(folder.length + 1), readFileSync(place, 'utf8')];
    }),
  );
};

const rewrite = (folder: string, outcome: Files): void => {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, text] of Object.entries(outcome)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};

/** The outcome is what the folder holds, file by file. UPDATE_GOLDEN=1 makes it so. */
export const matchesGolden = (t: Test, outcome: Files, folder: string): void => {
  if (isUpdate) rewrite(folder, outcome);
  const golden = goldenOf(folder);
  t.same(Object.keys(outcome).sort(), Object.keys(golden).sort(), 'which files come out');
  for (const [path, text] of Object.entries(outcome)) t.equal(text, golden[path], path);
};
