/** User data in its envelopes: cloud-init and we read it beside each other on a node, and both must see the same NodeConfigs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { documentsIn } from '../../src/core/config/node-config/user-data.ts';
import { gunzip } from '../../src/facts/sources.ts';
import { needs, RIG } from '../rig/parts.ts';
import { rigDirectory, run } from '../rig/shell.ts';

const TYPE = 'application/node.eks.aws';
const SCRIPT = readFileSync(join(rigDirectory, 'cloud-init-parts.py'), 'utf8');

/** As cloud-init of the node image sees it. */
const theirs = async (userData: Uint8Array): Promise<readonly string[]> => {
  const args = [join(RIG, 'rootfs'), '/usr/bin/env', 'PYTHONDONTWRITEBYTECODE=1', '/usr/bin/python3', '-c', SCRIPT];
  const { code, stdout, stderr } = await run('chroot', args, { input: userData });
  if (code !== 0) throw new Error(stderr);
  const parts = JSON.parse(stdout) as readonly { readonly type: string; readonly text: string }[];
  return parts.filter(({ type }) => type === TYPE).map(({ text }) => Buffer.from(text, 'base64').toString('utf8'));
};

const ours = (bytes: Uint8Array): readonly string[] =>
  documentsIn({ label: 'user data', origin: 'user-data', bytes }, gunzip).documents.map(({ text }) => text);

/** The end of the last line belongs to the boundary, or not: readers differ, and YAML does not care. */
const trimmed = (texts: readonly string[]): readonly string[] => texts.map((text) => text.replaceAll('\r\n', '\n').replace(/\n+$/, ''));

const YAML = 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  cluster:\n    name: my-cluster\n';
/** Bytes over 127 arrive at cloud-init's handlers as they are only in an encoding. */
const STREET = `${YAML}# straße\n`;
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n');
const part = (body: string, headers: string, boundary = '//'): string => `--${boundary}\n${headers}\n\n${body}\n`;
const mime = (body: string, boundary = '"//"'): string =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=${boundary}\n\n${body}`;
const script = part('#!/bin/sh\necho', 'Content-Type: text/x-shellscript; charset="us-ascii"');
const document = part(YAML, `Content-Type: ${TYPE}`);
const END = '--//--\n';

const FORMS: Readonly<Record<string, string | Uint8Array>> = {
  'one part': mime(document + END),
  'two documents around a script': mime(document + script + part(YAML.replace('my', 'other'), `Content-Type: ${TYPE}`) + END),
  'a part in base64': mime(part(base64(STREET), `Content-Type: ${TYPE}\nContent-Transfer-Encoding: base64`) + END),
  'a part in quoted-printable': mime(
    part(STREET.replaceAll('=', '=3D').replace('ß', '=C3=9F'), `Content-Type: ${TYPE}\nContent-Transfer-Encoding: quoted-printable`) + END,
  ),
  'words and parameters as anybody writes them': mime(part(YAML, 'content-type: Application/Node.EKS.aws; charset="utf-8"') + END),
  'a folded header': mime(part(YAML, `Content-Type: ${TYPE};\n\tcharset="utf-8"\nContent-Disposition: attachment;\n filename="a"`) + END),
  'a boundary without quotes': mime(`${document.replaceAll('--//', '--BOUNDARY')}--BOUNDARY--\n`, 'BOUNDARY'),
  'text before the first part': mime(`This is a message in MIME.\n\n${document}${END}`),
  'no closing boundary': mime(document),
  'line ends of Windows': mime(script + document + END).replaceAll('\n', '\r\n'),
  'a multipart in a multipart': mime(
    part(mime(`${document.replaceAll('--//', '--in')}--in--\n`, '"in"'), 'X-Nothing: here').replace('X-Nothing: here\n\n', '') + END,
  ),
  compressed: gzipSync(mime(script + document + END)),
  'no document': mime(script + END),
};

t.test('the same documents, whatever they are wrapped in', async (t) => {
  if (!needs(t, 'linux', 'root', 'rootfs')) return;
  for (const [name, form] of Object.entries(FORMS)) {
    const bytes = Buffer.from(form);
    const seen = trimmed(await theirs(bytes));
    t.strictSame(trimmed(ours(bytes)), seen, name);
    t.equal(seen.length > 0, name !== 'no document', `${name}: cloud-init sees ${seen.length}`);
  }
});

t.test('the same documents in parts of any kind and order', async (t) => {
  if (!needs(t, 'linux', 'root', 'rootfs')) return;
  const bodies = fc.stringMatching(/^[a-zA-Z#:=" .{}\n-]{0,200}$/).map((text) => `kind: NodeConfig\n${text.replaceAll('--', '')}`);
  const wrapped = fc.tuple(bodies, fc.constantFrom('plain', 'base64', 'script')).map(([body, kind]) => {
    if (kind === 'script') return part(`#!/bin/sh\n${body}`, 'Content-Type: text/x-shellscript');
    if (kind === 'base64') return part(base64(body), `Content-Type: ${TYPE}\nContent-Transfer-Encoding: base64`);
    return part(body, `Content-Type: ${TYPE}`);
  });
  const property = fc.asyncProperty(fc.array(wrapped, { minLength: 1, maxLength: 5 }), async (parts) => {
    const bytes = Buffer.from(mime(parts.join('') + END));
    t.strictSame(trimmed(ours(bytes)), trimmed(await theirs(bytes)));
  });
  await fc.assert(property, { numRuns: 10 });
});
