/** package-lock.json suits every machine: no host in it, and an entry for every platform's optional package, or `npm ci` refuses it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

interface Entry {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'));
const entries = Object.entries(lock.packages);

t.test('no host', async (t) => {
  t.strictSame(
    entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
    [],
  );
});

t.test('every package that is installed everywhere has its digest', async (t) => {
  const bare = entries.filter(
    ([path, { integrity, optional }]) => path !== '' && !optional && !integrity && !path.includes('/node_modules/'),
  );
  t.strictSame(
    bare.map(([path]) => path),
    [],
  );
});

/** Where Node would look for a package from a folder: there, then in each folder above. */
const isThere = (from: string, name: string): boolean => {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true;
    if (folder === '') return false;
  }
};

t.test('every platform', async (t) => {
  const missing = entries.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isThere(path, name)),
  );
  t.strictSame(missing, [], 'a registry mirror may lack them: then write their entries by hand, with version, os and cpu');
});
