/**
 * npm run build            dist/bootwright.cjs for Node >= 22, and on linux-x64 the executable dist/bootwright-linux-x64
 * npm run build -- bundle  only the first
 * npm run build -- hello   dist/hello-linux-x64: the floor of this runtime, for bench/
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildFacts } from './build-facts.mjs';
import { refuseOtherNode, writeExecutable, writeProgram } from './executable.mjs';
import { bundleOf, modulesOf } from './scripts.mjs';
import { withWarmUps } from './warm-up.mjs';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
const platform = `${process.platform}-${process.arch}`;
const entry = join(root, 'src/main.ts');

const tell = (file) => process.stdout.write(`${relative(process.cwd(), file)}  ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);

const writeBundle = async (define) => {
  const outfile = join(dist, 'bootwright.cjs');
  await bundleOf({ entry: join(import.meta.dirname, 'bundle-entry.cjs'), outfile, banner: '#!/usr/bin/env node', define });
  chmodSync(outfile, 0o755);
  writePackage(outfile);
  tell(outfile);
};

/** dist/npm: what `npx bootwright` is to fetch, the bundle without the 450 MB that made it. Published from there, never from the root. */
const writePackage = (bundle) => {
  const folder = join(dist, 'npm');
  const { name, version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  mkdirSync(folder, { recursive: true });
  copyFileSync(bundle, join(folder, 'bootwright.cjs'));
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md'])
    if (existsSync(join(root, file))) copyFileSync(join(root, file), join(folder, file));
  const manifest = { name, version, description, license, bin: { bootwright: 'bootwright.cjs' }, engines: { node: '>=22' } };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
};

/** Each target has a scratch folder of its own, removed at the end: two builds at once do not meet. */
const withWork = async (name, use) => {
  const work = join(dist, `.work-${name}-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    await use(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

const writeProgramTo = async (define) => {
  refuseOtherNode(root);
  const out = join(dist, `bootwright-${platform}`);
  const modules = await modulesOf({ entry, define });
  await withWork('program', (work) => withWarmUps((warmUps) => writeProgram({ modules, warmUps, work, out })));
  tell(out);
};

const writeHello = async () => {
  refuseOtherNode(root);
  const out = join(dist, `hello-${platform}`);
  const main = join(import.meta.dirname, 'hello/hello.cjs');
  await withWork('hello', (work) => writeExecutable({ main, assets: {}, work, out }));
  tell(out);
};

const TARGETS = {
  all: async () => {
    const define = buildFacts(root);
    await writeBundle(define);
    if (platform === 'linux-x64') await writeProgramTo(define);
    else
      process.stdout.write(
        `no executable: it is for linux-x64 and this is ${platform}; \`node dist/bootwright.cjs\` is the same program\n`,
      );
  },
  bundle: () => writeBundle(buildFacts(root)),
  hello: writeHello,
};

const [target = 'all'] = process.argv.slice(2);
if (!Object.hasOwn(TARGETS, target)) throw new Error(`no target '${target}'; there are: ${Object.keys(TARGETS).join(', ')}`);
mkdirSync(dist, { recursive: true });
await TARGETS[target]();
