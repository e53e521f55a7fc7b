/** Unified diffs of texts, as `diff -u` and `patch` know them. */
import { createTwoFilesPatch } from 'diff';

const NOTHING = '/dev/null';
const CONTEXT = 3;

/** The diff of a file's text; null: the file is not there. Empty when nothing differs. Paths stand as `a/…` and `b/…`, as git writes them. */
export const unifiedDiff = (path: string, before: string | null, after: string | null): string => {
  if (before === after) return '';
  const name = path.replace(/^\/+/, '');
  const patch = createTwoFilesPatch(
    before === null ? NOTHING : `a/${name}`,
    after === null ? NOTHING : `b/${name}`,
    before ?? '',
    after ?? '',
    undefined,
    undefined,
    {
      context: CONTEXT,
    },
  );
  // The library puts a rule of equals signs on top, which is not part of the format.
  return patch.replace(/^={10,}\n/, '');
};
