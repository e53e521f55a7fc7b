/** What `npm run docs` writes and what a test compares: the generated parts of README.md, docs/schema and docs/bootwright.1. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { manPage } from './man.ts';
import { nodeConfigOutputs } from './node-config-shown.ts';
import { schemasOf } from './schemas.ts';
import { sectionsOf, withSections } from './sections.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const MACHINE = ['--instance-type', 'm5.large', '--region', 'us-west-2'];
const CALL = ['bootstrap', 'my-cluster', '--use-max-pods', 'false'];

const outputOf = (args: readonly string[], cwd?: string): string => {
  const script = `import { main } from ${JSON.stringify(new URL('../../src/main.ts', import.meta.url).href)}; await main({ argv: process.argv.slice(1), argv0: 'bootwright', env: {} });`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    encoding: 'utf8',
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (status !== 0) throw new Error(`bootwright ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
};

/** What README.md shows first: two command lines and their real output. */
const readmePreview = (): string => {
  const page = ['preview', ...MACHINE, ...CALL];
  const explain = ['preview', '--explain', 'kubeReserved', ...CALL];
  // The first screen says what; the page goes on with files, units, steps, and why.
  const lines = outputOf(page).split('\n');
  const shown = lines.slice(0, lines.indexOf('Files') - 1);
  return `$ bootwright ${page.join(' ')} | head -${shown.length}\n${shown.join('\n')}\n\n$ bootwright ${explain.join(' ')}\n${outputOf(explain)}`;
};

/** What README.md shows of `max-pods`. */
const readmeMaxPods = (): string => {
  const args = ['max-pods', 'm5.large', 'm5.8xlarge', 'c7i.32xlarge', '--cni-prefix-delegation-enabled'];
  return `$ bootwright ${args.join(' ')}\n${outputOf(args)}`;
};

/** Every generated file: path from the root → text. */
export const generatedDocs = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    [
      'README.md',
      withSections(
        readFileSync(`${root}/README.md`, 'utf8'),
        sectionsOf({ preview: readmePreview(), maxPods: readmeMaxPods(), nodeConfig: nodeConfigOutputs(outputOf) }),
      ),
    ],
    ['docs/bootwright.1', await manPage((JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }).version)],
    ...Object.entries(schemasOf()).map(([name, schema]) => [`docs/schema/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`] as const),
  ]);
