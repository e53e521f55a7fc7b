/** Paths inside an image: links lead where the image's own kernel would take them, never out of it. */

/** As many links as Linux follows before it calls them a loop (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Where a path of the image lies on this machine: an absolute link starts again at the image's root, and `..` ends there. The last
 * component is followed too. `linkAt` tells the target of a symbolic link, undefined for anything else, null for nothing: what would be
 * below it is not asked about.
 * undefined: the links go in a circle.
 */
export const pathInRoot = (root: string, path: string, linkAt: (path: string) => string | undefined | null): string | undefined => {
  const pending = path.split('/').reverse();
  const done: string[] = [];
  const here = (name: string): string => [root === '/' ? '' : root, ...done, name].join('/');
  let links = 0;
  let isAbsent = false;
  while (pending.length > 0) {
    const name = pending.pop() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      isAbsent = false;
      continue;
    }
    const target: string | undefined | null = isAbsent ? null : linkAt(here(name));
    isAbsent = target === null;
    if (target === undefined || target === null) {
      done.push(name);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (target.startsWith('/')) done.length = 0;
    pending.push(...target.split('/').reverse());
  }
  return done.length === 0 ? root : [root === '/' ? '' : root, ...done].join('/');
};
