import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { generatedDocs, root } from '../../build/docs/generate.ts';
import { schemasOf } from '../../build/docs/schemas.ts';
import { withSections } from '../../build/docs/sections.ts';
import { makeImage } from '../cli/support/image.ts';
import { makeJoining } from '../cli/support/joining.ts';
import { makeProgram } from '../cli/support/program.ts';
import { startFakes } from '../fakes/main.ts';

const program = await makeProgram(t.teardown);
const { run } = program;

t.test('README.md, docs/schema and docs/bootwright.1 are what the code says (npm run docs writes them)', async (t) => {
  for (const [path, text] of await generatedDocs()) t.equal(readFileSync(join(root, path), 'utf8'), text, path);
});

t.test('every file and folder that README.md names exists', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const named = [...readme.matchAll(/`((?:src|userdata|test|docs|build)\/[\w./-]*)`|\]\(([\w./-]+)\)/g)].map(
    ([, path, link]) => path ?? link ?? '',
  );
  t.ok(named.length > 20);
  for (const path of named) if (!path.startsWith('dist/')) t.ok(existsSync(join(root, path)), path);
});

t.test('a mark that nobody fills is a mistake', async (t) => {
  t.throws(() => withSections('<!-- generated: nothing -->\n<!-- end of generated -->', {}), {
    message: 'README.md asks for an unknown section: nothing',
  });
});

t.test('what the program prints as JSON is what the schemas say', async (t) => {
  const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  const matches = (name: string, text: string): void => {
    const validate = ajv.compile(schemasOf()[name] ?? false);
    t.ok(validate(JSON.parse(text)), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  };
  const dir = t.testdir({});
  const plan = await run([
    'preview',
    '--out',
    join(dir, 'a'),
    '--json',
    'bootstrap',
    'c',
    '--kubelet-extra-args',
    '--max-pods=5',
    '--b64-cluster-ca',
    '',
  ]);
  matches('plan', plan.stdout);
  matches('plan', (await run(['preview', '--json', '--against', join(dir, 'a'), 'bootstrap', 'c'])).stdout);
  matches('explain', (await run(['preview', '--json', '--explain', 'maxPods', 'bootstrap', 'c'])).stdout);
  matches('max-pods', (await run(['max-pods', 'm5.large', 'mac1.metal', 't2.medium', '--ip-family', 'ipv6', '--json'])).stdout);
  matches('max-pods', (await run(['max-pods', '--all', '--json'])).stdout);
  const joining = await makeJoining(t, program);
  joining.join();
  joining.ask();
  matches('csr', (await joining.csr(['--json'])).stdout);
  matches('csr', (await joining.csr(['--json', '--offline'])).stdout);
  matches('doctor', (await run(['doctor', '--json', '--offline'])).stdout);
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const image = makeImage(t);
  const env = { ...fakes.env, BOOTWRIGHT_ROOT: image };
  matches('facts', (await run(['facts', 'bootstrap', 'my-cluster'], { env })).stdout);
  matches('report', (await run(['bootstrap', 'my-cluster', '--json'], { env })).stdout);
  matches('report', readFileSync(join(image, 'run/bootwright/report.json'), 'utf8'));
  matches('report', (await run(['bootstrap', 'other', '--json'], { env })).stdout);
});
