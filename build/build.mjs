/**
 * npm run build            dist/bootwright.cjs for Node >= 22, and on linux-x64 the executable dist/bootwright-linux-x64
 * npm run build -- bundle  only the first
 * npm run build -- hello   dist/hello-linux-x64: the floor of this runtime, for bench/
 * npm run build:all        the bundle, both executables and dist/SHA256SUMS: the same sources give the same bytes
 * npm run build -- x64     only that one of them; or arm64, on linux-x64 with qemu
 * A second word is a directory to use instead of dist.
 */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildFacts } from './build-facts.mjs';
import { writeExecutable, writeProgram } from './executable.mjs';
import { ARCHITECTURES, runtimeFor } from './runtime.mjs';
import { bundleOf, modulesOf } from './scripts.mjs';
import { withWarmUps } from './warm-up.mjs';

const root = dirname(import.meta.dirname);
const [target = 'own', dist = join(root, 'dist')] = process.argv.slice(2);
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

/** @param {boolean} settled takes twice as long, for bytes that do not depend on how busy this machine is */
const writeProgramFor = async (arch, define, settled) => {
  const out = join(dist, `bootwright-linux-${arch}`);
  await withWork(arch, async (work) => {
    const runtime = runtimeFor({ root, arch, work });
    const modules = await modulesOf({ entry, define });
    await withWarmUps((warmUps) => writeProgram({ runtime, modules, warmUps, settled, work, out }));
  });
  tell(out);
};

/** What `sha256sum --check SHA256SUMS` reads. */
const writeSums = () => {
  const names = ['bootwright.cjs', ...ARCHITECTURES.map((arch) => `bootwright-linux-${arch}`)];
  const sumOf = (name) =>
    createHash('sha256')
      .update(readFileSync(join(dist, name)))
      .digest('hex');
  const out = join(dist, 'SHA256SUMS');
  writeFileSync(out, names.map((name) => `${sumOf(name)}  ${name}\n`).join(''));
  tell(out);
};

const writeHello = async () => {
  const out = join(dist, `hello-${platform}`);
  await withWork('hello', async (work) => {
    const runtime = runtimeFor({ root, arch: process.arch, work });
    copyFileSync(join(import.meta.dirname, 'hello/hello.cjs'), join(work, 'hello.cjs'));
    await writeExecutable({ runtime, main: 'hello.cjs', assets: {}, work, out });
  });
  tell(out);
};

const TARGETS = {
  own: async () => {
    const define = buildFacts(root);
    await writeBundle(define);
    if (platform === 'linux-x64') await writeProgramFor('x64', define, false);
    else
      process.stdout.write(
        `no executable: it is built on linux-x64 and this is ${platform}; \`node dist/bootwright.cjs\` is the same program\n`,
      );
  },
  bundle: () => writeBundle(buildFacts(root)),
  x64: () => writeProgramFor('x64', buildFacts(root), true),
  arm64: () => writeProgramFor('arm64', buildFacts(root), true),
  all: async () => {
    const define = buildFacts(root);
    await writeBundle(define);
    for (const arch of ARCHITECTURES) await writeProgramFor(arch, define, true);
    writeSums();
  },
  hello: writeHello,
};

if (!Object.hasOwn(TARGETS, target)) throw new Error(`no target '${target}'; there are: ${Object.keys(TARGETS).join(', ')}`);
mkdirSync(dist, { recursive: true });
await TARGETS[target]();
