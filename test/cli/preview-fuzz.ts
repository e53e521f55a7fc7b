/** Any user data through the whole of `preview`: a page, or mistakes with their places; never anything else. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { type Context, Refused } from '../../src/cli/command.ts';
import { previewCommand } from '../../src/cli/commands/preview.ts';
import type { NodeConfigSpec } from '../../src/core/config/node-config/document.ts';
import { NodeError } from '../../src/core/errors.ts';
import { specs } from '../core/config/node-config/support/documents.ts';
import { exampleCluster } from '../fakes/example.ts';

const dir = t.testdir({});

interface Ended {
  readonly text: string;
  readonly error?: unknown;
}

const previewed = async (bytes: Uint8Array, ...args: readonly string[]): Promise<Ended> => {
  writeFileSync(join(dir, 'user-data'), bytes);
  let text = '';
  const write = (piece: string | Uint8Array): void => {
    text += String(piece);
  };
  const terminal = { write, isTty: false, columns: 100 };
  const context: Context = {
    calledAs: 'bootwright',
    style: 'own',
    env: {},
    stdout: terminal,
    stderr: terminal,
    signal: new AbortController().signal,
    now: () => new Date(0),
    random: () => 0.5,
    uid: 0,
    cwd: dir,
  };
  try {
    await previewCommand.run([...args, './user-data'], context);
    return { text };
  } catch (error) {
    return { text, error };
  }
};

/** Ended as it may end: with a page, or with mistakes that name the source. */
const isGood = ({ text, error }: Ended): boolean => {
  if (error === undefined) return text.length > 0 && !text.includes('undefined');
  if (error instanceof Refused)
    return error.diagnostics.some(({ severity }) => severity === 'error') && error.diagnostics.every(({ message }) => message !== '');
  if (error instanceof NodeError) return error.code !== 'INTERNAL';
  throw error;
};

const base64 = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString('base64'));
const mime = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\nContent-Type: application/node.eks.aws\n\n'),
    bytes,
    Buffer.from('\n--//--\n'),
  ]);
const wrap = fc.constantFrom<(bytes: Uint8Array) => Uint8Array>(
  (bytes) => bytes,
  gzipSync,
  base64,
  mime,
  (bytes) => base64(gzipSync(mime(bytes))),
);

const documentOf = (spec: NodeConfigSpec): Buffer =>
  Buffer.from(JSON.stringify({ apiVersion: 'node.eks.aws/v1alpha1', kind: 'NodeConfig', spec }));

t.test('any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), wrap, async (bytes, by) => isGood(await previewed(by(bytes)))),
    { numRuns: 300 },
  );
});

const { certificateAuthority } = exampleCluster();
const CLUSTER = { name: 'c', apiServerEndpoint: 'https://example.com', certificateAuthority, cidr: '10.100.0.0/16' };

t.test('any document, strictly and as nodeadm reads it', async (t) => {
  let pages = 0;
  await fc.assert(
    fc.asyncProperty(
      specs,
      fc.boolean(),
      wrap,
      fc.constantFrom('m5.large', 'p5.48xlarge', 'c7g.medium'),
      fc.constantFrom('1.28', '1.31', '1.34', '1.36'),
      fc.constantFrom([], ['--json'], ['--kubelet-config'], ['--explain', 'maxPods'], ['--diff']),
      async (spec, isWhole, by, type, version, how) => {
        const { instance: _instance, bootwright: _ours, containerd: _containerd, ...rest } = spec;
        const bytes = by(documentOf(isWhole ? { ...spec, cluster: CLUSTER } : { ...rest, cluster: CLUSTER }));
        const ended = await previewed(bytes, '--instance-type', type, '--kubernetes-version', version, ...how, 'init', '--compat');
        if (ended.error === undefined) pages++;
        return isGood(ended) && isGood(await previewed(bytes, '--instance-type', type, ...how));
      },
    ),
    { numRuns: 250 },
  );
  t.ok(pages > 40, `${pages} of them are nodes`);
  t.strictSame(readdirSync(dir), ['user-data'], 'and nothing is written');
});

t.test('bombs', async (t) => {
  const head = 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster: {name: c}\n  kubelet:\n    config:\n';
  const laughs = Array.from({ length: 30 }, (_, i) => `      k${i}: &k${i} [${i === 0 ? 'x, x' : `*k${i - 1}, *k${i - 1}`}]\n`).join('');
  const maps = Array.from({ length: 30 }, (_, i) => `      k${i}: &k${i} {${i === 0 ? 'a: x' : `a: *k${i - 1}, b: *k${i - 1}`}}\n`).join(
    '',
  );
  const merges = Array.from({ length: 200 }, (_, i) => `      k${i}: &k${i} {a${i}: 1${i === 0 ? '' : `, <<: *k${i - 1}`}}\n`).join('');
  for (const [name, text, code] of [
    ['aliases of lists', laughs, /too-many-values|nested-too-deeply/],
    ['aliases of maps', maps, /too-many-values|nested-too-deeply/],
    ['merge keys', merges, /./],
    ['depth', `      a: ${'['.repeat(7000)}\n`, /nested-too-deeply|yaml-syntax/],
  ] as const) {
    const { error } = await previewed(Buffer.from(head + text));
    t.ok(error instanceof Refused, name);
    if (error instanceof Refused)
      t.match(error.diagnostics.filter(({ severity }) => severity === 'error').map((one) => one.code)[0], code, name);
  }
  const { error } = await previewed(gzipSync(gzipSync(Buffer.alloc(100 * 1024 * 1024))));
  t.ok(error instanceof Refused);
  const mimeBomb = await previewed(mime(base64(gzipSync(Buffer.alloc(100 * 1024 * 1024)))));
  t.match(mimeBomb.error instanceof Refused && mimeBomb.error.diagnostics.map((one) => one.code), ['too-large']);
});
