/**
 * TypeScript → modules for V8. The executable holds many modules instead of one bundle: esbuild splits at each `import()`, and a
 * module is read when it is first imported, with the code cache of its script. V8 deserializes a code cache as a whole (about 5 ms
 * and 7 MiB a megabyte), so what a command does not import costs it nothing.
 */
import { basename, dirname, join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { slimPlugins } from './slim.mjs';

/** Shorter names make a smaller code cache: 2 % of a boot. A stack trace shows them; dist/bootwright.cjs keeps the long ones. */
const SHORT = { minifyIdentifiers: true };

const SHARED = {
  bundle: true,
  platform: 'node',
  mainFields: ['module', 'main'], // the SDK's ES modules, so that unused exports fall away
  minifyWhitespace: true,
  minifySyntax: true,
  inject: [join(import.meta.dirname, 'monotonic.mjs')],
  charset: 'ascii', // the executable reads its scripts as latin1
  legalComments: 'none',
  logLevel: 'warning',
};

const DEFINED = {
  esbuildDetection: 'true', // undici's own switch for Node's copy of it: leaves out an experimental HTTP parser, 160 kB
  'performance.now': 'monotonicMs', // monotonic.mjs says why
};

/**
 * Sources that are imported at the top of a file, because core is pure and waits for nothing, but that a boot of Amazon Linux 2 does not
 * run. The executable reads each when something is first taken out of it (loader.cjs).
 */
const LATE = ['src/core/targets/amazon-linux-2023.ts', 'src/core/targets/amazon-linux-2023-needs.ts', 'src/core/journal-causes.ts'];

const lateNameOf = (file) => `late-${basename(file, '.ts')}`;

/** For esbuild they are entries of their own and nobody's import. */
const latePlugin = (root) => ({
  name: 'late',
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const file = relative(root, join(resolveDir, path));
      return kind === 'import-statement' && LATE.includes(file) ? { path: `./${lateNameOf(file)}.js`, external: true } : undefined;
    });
  },
});

/** A SEA has no loader to ask for a module: `import()` becomes a lazy `require`. */
const WITHOUT_IMPORT = { 'dynamic-import': false };

/** One file for `node outfile`. */
export const bundleOf = async ({ entry, outfile, define = {}, banner = '', root = dirname(import.meta.dirname) }) => {
  await build({
    ...SHARED,
    entryPoints: [entry],
    outfile,
    format: 'cjs',
    target: 'node22',
    supported: WITHOUT_IMPORT,
    plugins: slimPlugins(root),
    define: { ...DEFINED, ...define },
    banner: { js: banner },
  });
};

/**
 * The modules of the executable by name. Each is a function of (exports, require, module), as an expression; `require('./x.js')`
 * names another. `main.js` is the entry's, `late-….js` are those of LATE.
 */
export const modulesOf = async ({ entry, define = {}, root = dirname(import.meta.dirname) }) => {
  const target = 'node24';
  const { outputFiles } = await build({
    ...SHARED,
    ...SHORT,
    entryPoints: { main: entry, ...Object.fromEntries(LATE.map((file) => [lateNameOf(file), join(root, file)])) },
    outdir: 'scripts',
    write: false,
    format: 'esm',
    splitting: true,
    target,
    chunkNames: '[name]-[hash]',
    plugins: [latePlugin(root), ...slimPlugins(root)],
    define: { ...DEFINED, ...define },
  });
  const modules = await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const { code } = await transform(text, {
        format: 'cjs',
        target,
        supported: WITHOUT_IMPORT,
        minifyWhitespace: true,
        minifySyntax: true,
        ...SHORT,
        charset: 'ascii',
        banner: 'function (exports, require, module) {',
        footer: '}',
      });
      return [path.slice(path.lastIndexOf('/') + 1), code];
    }),
  );
  return new Map(modules.sort(([a], [b]) => (a < b ? -1 : 1)));
};
