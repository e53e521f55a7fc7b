/** The rules of the house that a machine can check: who may import whom, what only one place may do, and that core is pure. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { createContext, Script } from 'node:vm';
import { build } from 'esbuild';
import t from 'tap';
import { decide } from '../src/core/decide.ts';
import { needsOf } from '../src/core/needs.ts';
import { caseNames, factsOf, requestOf } from './core/support/case.ts';

const root = dirname(import.meta.dirname);

interface Import {
  readonly from: string;
  /** A path below src/ for our own files, else as written. */
  readonly what: string;
  readonly typeOnly: boolean;
}

interface Source {
  /** Below src/: `core/plan.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^;'"]*?\bfrom\s+'([^']+)'/gm;
const FOR_EFFECT = /^import\s+'([^']+)'/gm;
const CALL = /(typeof\s+)?\bimport\(\s*([^)]*?)\s*\)/g;

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

const importsOf = (path: string, text: string): readonly Import[] => {
  const found = (what: string, typeOnly: boolean): Import => ({
    from: path,
    what: what.startsWith('.') ? normalize(join(dirname(path), what)) : what,
    typeOnly,
  });
  return [
    ...[...text.matchAll(STATEMENT)].map(([, type, what = '']) => found(what, type !== undefined)),
    ...[...text.matchAll(FOR_EFFECT)].map(([, what = '']) => found(what, false)),
    ...[...text.matchAll(CALL)].map(([, type, what = '']) => found(what.replace(/^'|'$/g, ''), type !== undefined)),
  ];
};

const sources: readonly Source[] = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(root, 'src', path), 'utf8');
    return { path, text, imports: importsOf(path, withoutComments(text)) };
  });

const PURE = ['@humanwhocodes/momoa', '@marcbachmann/cel-js', '@noble/hashes', 'diff', 'toml', 'valibot', 'yaml'];
const isPure = (what: string): boolean => PURE.some((name) => what === name || what.startsWith(`${name}/`));
const isNode = (what: string): boolean => what.startsWith('node:');
const isAws = (what: string): boolean => /^@(aws-sdk|aws-crypto|smithy)\//.test(what);
const isIn =
  (...folders: readonly string[]) =>
  (what: string): boolean =>
    folders.some((folder) => what === folder || what.startsWith(`${folder}/`));

type Allows = (what: string, typeOnly: boolean) => boolean;

const readsTheWorld: Allows = (what) =>
  isIn('core', 'facts', 'sources', 'cluster')(what) || isNode(what) || isAws(what) || what === 'undici';
const speaksForAll: Allows = (what) =>
  isIn('core', 'facts', 'sources', 'cluster', 'node', 'checks', 'daemon', 'cli', 'log.ts')(what) || isNode(what) || isPure(what);

/** The import table. A new folder of src/ needs a row. */
const TABLE: Readonly<Record<string, Allows>> = {
  core: (what) => isIn('core')(what) || isPure(what),
  facts: readsTheWorld,
  sources: readsTheWorld,
  cluster: readsTheWorld,
  node: (what) => isIn('core', 'node')(what) || isNode(what),
  checks: (what, typeOnly) => isIn('core', 'checks')(what) || (typeOnly && isIn('facts', 'node', 'cluster')(what)),
  cli: speaksForAll,
  daemon: speaksForAll,
  page: (what) => isIn('core', 'page')(what),
  'log.ts': (what) => isIn('core')(what) || isNode(what) || what === 'winston',
  'main.ts': () => true,
};

t.test('who imports whom', async (t) => {
  t.ok(sources.length > 0, 'there are sources');
  for (const { path, imports } of sources) {
    const [folder = ''] = path.split('/');
    const allows = TABLE[folder];
    if (!allows) t.fail(`src/${folder} has no row in the import table of test/architecture.ts`);
    for (const { what, typeOnly } of imports) {
      if (!allows?.(what, typeOnly)) t.fail(`src/${path} may not import ${what}`);
      if (/[^\w@./:-]/.test(what)) t.fail(`src/${path} imports by a computed name (${what}): the executable has no files to look in`);
    }
  }
});

/** Text that only some files may hold. `where` says for which files the rule counts. */
const RULES: readonly { readonly pattern: RegExp; readonly where: (path: string) => boolean; readonly rule: string }[] = [
  {
    pattern: /\bprocess\.(exit\b|exitCode|argv|env)/,
    where: (path) => path !== 'main.ts',
    rule: 'only main.ts touches process.exit, argv and env',
  },
  { pattern: /^export\s+(default\b|\{[^}]*\bas default\b)/m, where: () => true, rule: 'no default exports' },
  { pattern: /^(export\s+)?(let|var)\s/m, where: () => true, rule: 'no mutable module state' },
  { pattern: /^(await|void)\s/m, where: () => true, rule: 'nothing happens on import' },
  {
    pattern: /\.toISOString\(\)/,
    where: (path) => path !== 'core/timestamp.ts',
    rule: 'timestampOf in place of toISOString, which loads the time zones of the world',
  },
  { pattern: /\beval\(|\bnew Function\(/, where: () => true, rule: 'no code from text' },
  { pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\./, where: isIn('core'), rule: 'core has no clock: facts.now is the time' },
  { pattern: /\bMath\.random\b|\bcrypto\./, where: isIn('core'), rule: 'core has no randomness' },
  {
    pattern: /\b(process|Buffer|console|require|setTimeout|setInterval|setImmediate|fetch)\b\s*[.(]/,
    where: isIn('core'),
    rule: 'core has no Node',
  },
];

t.test('what only one place may do', async (t) => {
  for (const { path, text } of sources) {
    const code = withoutComments(text);
    for (const { pattern, where, rule } of RULES) if (where(path) && pattern.test(code)) t.fail(`src/${path}: ${rule}`);
  }
  const importers = (name: string): string[] =>
    sources.filter(({ imports }) => imports.some(({ what }) => what === name)).map(({ path }) => path);
  t.strictSame(importers('winston'), ['log.ts'], 'winston has one importer');
});

t.test('names and sizes', async (t) => {
  const vague = /(^|-)(manager|helpers?|utils?|handler|processor|base|service)(-|\.)/;
  for (const { path, text } of sources) {
    const lines = text.split('\n').length - 1;
    if (lines > 300 && !path.startsWith('core/data/')) t.fail(`src/${path} has ${lines} lines: one idea per file, at most 300 lines`);
    if (vague.test(basename(path))) t.fail(`src/${path}: the name does not say what it is`);
  }
});

interface Core {
  readonly 'core/decide.ts': { readonly decide: typeof decide };
  readonly 'core/needs.ts': { readonly needsOf: typeof needsOf };
}

interface Decider {
  readonly decideFrom: typeof decide;
  readonly needsFrom: typeof needsOf;
}

/** All of core as one script, with what a browser would get of the libraries. */
const coreScript = async (): Promise<string> => {
  const paths = sources.map(({ path }) => path).filter(isIn('core'));
  const contents = paths.map((path, i) => `import * as m${i} from './src/${path}';`).join('\n');
  const names = paths.map((path, i) => `${JSON.stringify(path)}: m${i}`).join(', ');
  const { outputFiles } = await build({
    stdin: { contents: `${contents}\nglobalThis.core = { ${names} };`, resolveDir: root, sourcefile: 'core.ts' },
    bundle: true,
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'iife',
    target: 'es2024',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
};

t.test('core decides where there is no Node, no clock, no randomness and no code from text', async (t) => {
  const script = await coreScript();
  const context = createContext({ TextEncoder, TextDecoder, URL, atob }, { codeGeneration: { strings: false, wasm: false } });
  const forbidden = 'delete globalThis.console; Date.now = Math.random = () => { throw new Error("not in core"); };';
  new Script(forbidden).runInContext(context);
  t.doesNotThrow(() => new Script(script, { filename: 'core.js' }).runInContext(context));
  const inside: Core = context['core'];
  t.ok(Object.keys(inside).length > 10, 'all of it');

  const decided = ({ decideFrom, needsFrom }: Decider, name: string): string => {
    const { request } = requestOf(name);
    const facts = factsOf(name);
    if (request?.spec === undefined || needsFrom(request.spec, facts).length > 0) return 'nothing to decide';
    return JSON.stringify(decideFrom(request.spec, facts));
  };
  const there: Decider = { decideFrom: inside['core/decide.ts'].decide, needsFrom: inside['core/needs.ts'].needsOf };
  const here: Decider = { decideFrom: decide, needsFrom: needsOf };
  const outcomes = caseNames().map((name) => {
    const outcome = decided(there, name);
    if (outcome !== decided(here, name)) t.fail(`${name} is decided otherwise without Node`);
    return outcome;
  });
  t.ok(new Set(outcomes).size > 50, 'decisions of many kinds');
});
