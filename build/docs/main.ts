/** `npm run docs`: writes the generated parts of README.md, docs/schema and docs/bootwright.1 from the code. A test fails while they differ. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedDocs, root } from './generate.ts';

for (const [path, text] of await generatedDocs()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
