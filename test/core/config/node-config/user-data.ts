import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { stringify } from 'yaml';
import { diagnosticLine } from '../../../../src/cli/present/diagnostics.ts';
import { checkMaxPodsExpression } from '../../../../src/core/config/node-config/cel.ts';
import { dumpText } from '../../../../src/core/config/node-config/dump.ts';
import { mergedOf } from '../../../../src/core/config/node-config/merge.ts';
import { readDocuments, unpackedSources, wholeDiagnostics } from '../../../../src/core/config/node-config/read.ts';
import { documentsIn, type RawSource } from '../../../../src/core/config/node-config/user-data.ts';
import { gunzip } from '../../../../src/facts/sources.ts';
import { documentOf, specs } from './support/documents.ts';

const source = (bytes: Uint8Array): RawSource => ({ label: 'imds://user-data', origin: 'user-data', bytes, file: 'user-data.txt' });
const strict = { isStrict: true, isCompat: false, checkCel: checkMaxPodsExpression };

const YAML = 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: my-cluster\n';
const HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n';
const part = (type: string, body: string, more = ''): string => `--//\nContent-Type: ${type}\n${more}\n${body}\n`;
const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\n');

t.test('whatever it is wrapped in', async (t) => {
  const mime = `${HEAD}${part('text/x-shellscript', '#!/bin/sh')}${part('application/node.eks.aws', YAML)}--//--\n`;
  const inPart = (body: string, more = ''): string => `${HEAD}${part('Application/Node.EKS.aws; charset=us-ascii', body, more)}--//--\n`;
  const forms: Readonly<Record<string, string | Uint8Array>> = {
    plain: YAML,
    'with a byte order mark': `\uFEFF${YAML}`,
    'Windows line ends': YAML.replaceAll('\n', '\r\n'),
    base64: base64(YAML),
    gzip: gzipSync(YAML),
    'gzip in base64': base64(gzipSync(YAML)),
    MIME: mime,
    'MIME in gzip in base64': base64(gzipSync(mime)),
    'a part in base64, said': inPart(base64(YAML), 'Content-Transfer-Encoding: base64\n'),
    'a part in base64, not said': inPart(base64(YAML)),
    'a part in gzip in base64, not said': inPart(base64(gzipSync(YAML))),
    'a part in gzip in base64 twice': inPart(base64(base64(gzipSync(YAML))), 'Content-Transfer-Encoding: base64\n'),
    'a quoted-printable part': inPart(YAML.replaceAll(':', '=3A'), 'Content-Transfer-Encoding: quoted-printable\n'),
    'JSON in MIME': inPart('{"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": {"cluster": {"name": "my-cluster"}}}'),
  };
  for (const [name, form] of Object.entries(forms)) {
    const { documents, diagnostics } = readDocuments(unpackedSources([source(Buffer.from(form))], gunzip), strict);
    t.strictSame(diagnostics, [], name);
    t.strictSame(
      documents.map(({ spec }) => spec),
      [{ cluster: { name: 'my-cluster' } }],
      name,
    );
  }
});

t.test('what is broken in a part of somebody else’s is no reason not to join', async (t) => {
  for (const [encoding, code] of [
    ['base64', 'invalid-base64'],
    ['quoted-printable', 'invalid-quoted-printable'],
    ['x-gzip', 'unknown-transfer-encoding'],
  ] as const) {
    const broken = (type: string): string => part(type, 'echo a=b:c', `Content-Transfer-Encoding: ${encoding}\n`);
    const read = (type: string) =>
      documentsIn(source(Buffer.from(`${HEAD}${broken(type)}${part('application/node.eks.aws', YAML)}--//--\n`)), gunzip);
    const foreign = read('text/x-shellscript');
    t.strictSame(
      foreign.diagnostics.map((one) => [one.severity, one.code]),
      [['warning', code]],
    );
    t.equal(foreign.documents.length, 1);
    t.strictSame(
      read('application/node.eks.aws').diagnostics.map((one) => [one.severity, one.code]),
      [['error', code]],
    );
  }
});

t.test('parts merge in their order, and know their lines in the file', async (t) => {
  const text = `${HEAD}${part('application/node.eks.aws', YAML)}${part('text/x-shellscript', '#!/bin/sh')}${part('application/node.eks.aws', YAML.replace('my-cluster', 'other'))}--//--\n`;
  const { documents } = readDocuments(unpackedSources([source(Buffer.from(text))], gunzip), strict);
  t.strictSame(
    documents.map(({ raw }) => [raw.label, raw.file]),
    [
      ['imds://user-data part 1 (application/node.eks.aws)', { path: 'user-data.txt', line: 7 }],
      ['imds://user-data part 3 (application/node.eks.aws)', { path: 'user-data.txt', line: 20 }],
    ],
  );
  t.strictSame(mergedOf(documents).spec, { cluster: { name: 'other' } });
  t.strictSame(mergedOf(documents).placeOf(['cluster', 'name']), {
    origin: 'user-data',
    at: 'imds://user-data part 3 (application/node.eks.aws), line 5, column 5',
  });
  t.equal(text.split('\n')[20 + 5 - 2], '    name: other', 'line 5 of the part is that line of the file');
});

t.test('a document written as YAML is the document', async () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const text = stringify({ apiVersion: 'node.eks.aws/v1alpha1', kind: 'NodeConfig', spec }, { version: '1.1' });
      const { documents } = readDocuments(unpackedSources([source(gzipSync(text))], gunzip), { ...strict, isStrict: false });
      return dumpText(mergedOf(documents)) === dumpText(mergedOf([documentOf(spec as never)]));
    }),
    { numRuns: 200 },
  );
});

t.test('any bytes give documents or problems, each on one line, in time', async (t) => {
  const pieces = fc.constantFrom(
    ...[
      YAML,
      HEAD,
      '--//\n',
      '--//--\n',
      'Content-Type: application/node.eks.aws\n\n',
      'spec:\n',
      '  kubelet:\n    config: ',
      '  bootwright:\n',
      '&a ',
      '*a',
      '[',
      '{',
      '? ',
      '- ',
      '<<: *a\n',
    ],
    ...[
      '!!binary x',
      '!!int "x"',
      '%YAML 1.2\n---\n',
      '---\n',
      '| \n',
      '> \n',
      '"',
      "'",
      '\t',
      '\0',
      '\u2028',
      '    maxPodsExpression: "',
      'max_pods ',
      '? 1 : ',
      '.map(x, ',
      'containerd: {config: "[',
      '__proto__: ',
      'constructor: ',
    ],
  );
  const text = fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 25 }).map((some) => Buffer.from(some.join('')));
  const wrap = fc.constantFrom<(bytes: Uint8Array) => Uint8Array>(
    (bytes) => bytes,
    gzipSync,
    (bytes) => Buffer.from(base64(bytes)),
    (bytes) => Buffer.from(base64(gzipSync(bytes))),
    (bytes) => gzipSync(bytes).subarray(0, 30),
  );
  const bytes = fc
    .tuple(
      fc.oneof(
        text,
        fc.uint8Array({ maxLength: 300 }),
        text.map((some) => Buffer.concat([Buffer.from(YAML), some])),
      ),
      wrap,
    )
    .map(([some, by]) => by(some));
  fc.assert(
    fc.property(bytes, (some) => {
      const read = readDocuments(unpackedSources([source(some)], gunzip), strict);
      const diagnostics = [...read.diagnostics, ...wholeDiagnostics(read, ['x'], strict)];
      if (read.documents.length > 0) dumpText(mergedOf(read.documents));
      return (
        (read.documents.length > 0 || diagnostics.length > 0) && diagnostics.every((one) => !/[\p{Cc}\p{Cf}]/u.test(diagnosticLine(one)))
      );
    }),
    { numRuns: 3000 },
  );
  const many = (piece: string, count: number): Buffer => Buffer.from(`${YAML}${piece.repeat(count)}`);
  const long: readonly Buffer[] = [
    ...['[', '{a: ', '- ', '&a ', '*a ', '? ', '---\n', '# c\n', 'k: 1\n', 'x'].map((piece) => many(piece, 16_000 / piece.length)),
    Buffer.from('{"a":'.repeat(5000)),
    Buffer.from(`${YAML}  kubelet:\n    maxPodsExpression: "${'('.repeat(15_000)}"\n`),
    Buffer.from(`${YAML}  kubelet:\n    maxPodsExpression: "${'!'.repeat(4_000)}true"\n`),
    Buffer.from(`${YAML}  containerd:\n    config: "${'a.'.repeat(5_000)}b = ${'['.repeat(5_000)}"\n`),
    Buffer.from(`${YAML}  kubelet:\n    flags: [${'"--a",'.repeat(3000)}]\n`),
  ];
  for (const some of long)
    t.doesNotThrow(() => readDocuments(unpackedSources([source(some)], gunzip), strict), some.subarray(90, 130).toString());
});

t.test('what comes out is bounded', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const parts = `${HEAD}${part('application/node.eks.aws', base64(gzipSync(Buffer.alloc(700 * 1024, '#')))).repeat(2)}--//--\n`;
  const codes = (bytes: Uint8Array): readonly string[] =>
    documentsIn(source(bytes), gunzip).diagnostics.map(({ code, path }) => `${code} ${path}`);
  t.strictSame(codes(bomb), ['too-large imds://user-data']);
  t.strictSame(codes(gzipSync(bomb)), ['not-utf8 imds://user-data'], 'gzip is taken off once');
  t.strictSame(codes(Buffer.from(parts)), ['too-large imds://user-data part 2 (application/node.eks.aws)'], 'all parts together');
});
