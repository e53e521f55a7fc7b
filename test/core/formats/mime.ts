import fc from 'fast-check';
import t from 'tap';
import { type MimeMessage, mimeMessageOf } from '../../../src/core/formats/mime.ts';

const read = (text: string): MimeMessage | undefined => mimeMessageOf(Buffer.from(text));
const said = (message: MimeMessage | undefined): readonly string[] =>
  (message?.parts ?? []).map(
    ({ number, type, body, line }) => `${number} ${type} ${line}: ${JSON.stringify(Buffer.from(body).toString())}`,
  );
const wrong = (message: MimeMessage | undefined): readonly string[] =>
  (message?.faults ?? []).map(
    ({ number, type, line, severity, code, message }) => `${severity} ${code} ${number} ${type} ${line}: ${message}`,
  );

const HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n';

t.test('parts', async (t) => {
  const two = read(
    `${HEAD}--//\nContent-Type: application/node.eks.aws\n\na: 1\n\n--//\nContent-Type: text/x-shellscript; charset="us-ascii"\n\n#!/bin/sh\n--//--\n`,
  );
  t.strictSame(said(two), ['1 application/node.eks.aws 7: "a: 1\\n"', '2 text/x-shellscript 12: "#!/bin/sh"']);
  t.strictSame(wrong(two), []);
  t.equal(two?.type, 'multipart/mixed');
});

t.test('as the field writes them', async (t) => {
  const forms: Readonly<Record<string, string>> = {
    'carriage returns': `${HEAD}--//\nContent-Type: x/y\n\na: 1\n--//--\n`.replaceAll('\n', '\r\n'),
    'a bare boundary': `${HEAD.replaceAll('"', '')}--//\nContent-Type: x/y\n\na: 1\n--//--\n`,
    'the type first, in other letters':
      'content-type: MULTIPART/MIXED; charset=x; BOUNDARY="//"\nMIME-Version: 1.0\n\n--//\ncontent-TYPE: X/Y\n\na: 1\n--//--',
    'folded headers':
      'MIME-Version: 1.0\nContent-Type: multipart/mixed;\n boundary="//"\n\n--//\nContent-Type: x/y;\n\tcharset=utf-8\n\na: 1\n--//--\n',
    'blanks before the first header': `\n   ${HEAD}--//\nContent-Type: x/y\n\na: 1\n--//--\n`,
    'a second Content-Type': `${HEAD}--//\nContent-Type: x/y\nContent-Type: charset="us-ascii"\n\na: 1\n--//--\n`,
    'a preamble and an epilogue': `${HEAD}This is MIME.\n--//\nContent-Type: x/y\n\na: 1\n--//--\nmore\n--//\nContent-Type: x/y\n\nnot read\n`,
    'quoted-printable': `${HEAD}--//\nContent-Type: x/y\nContent-Transfer-Encoding: Quoted-Printable\n\na=3A =\n1  \n--//--\n`,
    base64: `${HEAD}--//\nContent-Type: x/y\nContent-Transfer-Encoding: base64\n\nYTog\nMQ==\n--//--\n`,
    'a nested multipart': `${HEAD}--//\nContent-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: x/y\n\na: 1\n--in--\n--//--\n`,
    'nothing but the type': 'Content-Type: x/y\n\na: 1',
  };
  for (const [name, text] of Object.entries(forms)) {
    const message = read(text);
    t.strictSame(
      message?.parts.map(({ type, body }) => [type, Buffer.from(body).toString()]),
      [['x/y', 'a: 1']],
      name,
    );
    t.strictSame(wrong(message), [], name);
  }
});

t.test('without an end', async (t) => {
  const end = 'the line --//-- at the end is missing: was it cut off?';
  const karpenter = read(`${HEAD}--//\nContent-Type: x/y\n\na: 1\n--//\n`);
  t.strictSame(said(karpenter), ['1 x/y 7: "a: 1"']);
  t.strictSame(wrong(karpenter), [`warning no-end 0  9: ${end}`]);
  t.strictSame(said(read(`${HEAD}--//\nContent-Type: x/y\n\na: 1\n`)), ['1 x/y 7: "a: 1\\n"']);
});

t.test('binary', async (t) => {
  const bytes = Buffer.from([0x1f, 0x8b, 0x0d, 0x0a, 0xff, 0x00, 0x0d]);
  const message = mimeMessageOf(
    Buffer.concat([Buffer.from(`${HEAD}--//\r\nContent-Type: x/y\r\n\r\n`), bytes, Buffer.from('\r\n--//--\r\n')]),
  );
  t.strictSame(Buffer.from(message?.parts[0]?.body ?? []), bytes);
});

t.test('what is no message', async (t) => {
  for (const text of [
    '',
    '\n\n',
    'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n\nspec: {}\n',
    '#!/bin/sh\n\nContent-Type: x/y\n',
    '{"a": 1}',
    'Content-Type: nonsense\n\nx',
  ])
    t.equal(read(text), undefined, text);
});

t.test('faults name their part', async (t) => {
  const part = (text: string): string => `${HEAD}--//\nContent-Type: x/y\n\nok\n--//\n${text}\n--//--\n`;
  const at = (text: string): readonly string[] => wrong(read(text));
  t.strictSame(at(part('Content-Type: nonsense\n\nx')), ['error invalid-content-type 2  9: Content-Type: nonsense is no media type']);
  t.strictSame(at(part('Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nno base64!')), [
    'error invalid-base64 2 a/b 12: its content is not base64, as its Content-Transfer-Encoding says',
  ]);
  t.strictSame(at(part('Content-Type: a/b\nContent-Transfer-Encoding: quoted-printable\n\nx=yz')), [
    'error invalid-quoted-printable 2 a/b 12: =yz is no quoted-printable',
  ]);
  t.strictSame(at(part('Content-Type: a/b\nContent-Transfer-Encoding: x-uuencode\n\nx')), [
    'error unknown-transfer-encoding 2 a/b 12: nobody knows the Content-Transfer-Encoding x-uuencode',
  ]);
  t.strictSame(at(part('Content-Type: a/b\napiVersion: x\nspec:\n  a: 1\n')), [
    'error no-blank-line 2  9: its headers are not followed by a blank line',
  ]);
  t.match(at(part('Content-Type: a/b\n---\nspec: x\n')), ['error no-blank-line 2  9']);
  t.strictSame(at('MIME-Version: 1.0\nContent-Type: multipart/mixed\n\nx'), [
    'error no-boundary 0 multipart/mixed 3: a multipart/mixed has no boundary',
  ]);
  t.strictSame(at('MIME-Version: 1.0\nContent-Type: multipart\n\nx'), [
    'error invalid-content-type 0  1: Content-Type: multipart is no media type',
  ]);
  t.strictSame(at(`${HEAD}--other\n\nx\n`), ['error no-parts 0  3: there is no part: no line is --//']);
  const nested = Array.from({ length: 9 }, (_, i) => `--b${i}\nContent-Type: multipart/mixed; boundary=b${i + 1}\n\n`).join('');
  t.match(at(`Content-Type: multipart/mixed; boundary=b0\n\n${nested}`)[0], /^error nested-too-deeply/);
  t.match(at(`${HEAD}${'--//\n\nx\n'.repeat(300)}`)[0], /^error too-many-parts/);
});

t.test('any bytes', async (t) => {
  const pieces = fc.constantFrom(
    HEAD,
    '--//\n',
    '--//--\n',
    'Content-Type: x/y\n',
    'Content-Type: multipart/mixed; boundary=//\n',
    '\n',
    '\r\n',
    'Content-Transfer-Encoding: base64\n',
    '=\n',
    '=3',
    'YQ==',
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }).map((some) => Buffer.from(some.join(''))),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      const message = mimeMessageOf(some);
      return message === undefined || message.parts.every(({ body }) => body.length <= some.length);
    }),
    { numRuns: 1000 },
  );
  for (const long of [
    ' '.repeat(1e6),
    `${HEAD}${' '.repeat(1e6)}x`,
    `${HEAD}--//\nContent-Transfer-Encoding: quoted-printable\n\n${' '.repeat(5e5)}x`,
    `Content-Type: a/b${' '.repeat(1e6)}x\n\n`,
    `${HEAD}${'--//\n'.repeat(2e5)}`,
    `a:${';'.repeat(1e6)}`,
    `Content-Type: m/n${';  boundary'.repeat(1e5)}\n\n`,
  ])
    t.doesNotThrow(() => mimeMessageOf(Buffer.from(long)));
});
