/**
 * From the bytes of a source to the NodeConfig documents in it: base64, gzip, MIME, and inside of a part base64 and gzip again, as nodeadm
 * unpacks user data. What it skips in silence is said here.
 */
import { bytesOfBase64, textOfUtf8 } from '../../base64.ts';
import { type MimeFault, type MimePart, mimeMessageOf } from '../../formats/mime.ts';
import { nearestOf } from '../../nearest.ts';
import type { Diagnostic, Origin } from '../../report.ts';
import { onOneLine, type RawDocument } from './decode.ts';
import { API_VERSION, MEDIA_TYPE } from './schema.ts';

/** More than any node's configuration, and little enough for a small instance. */
const MOST_DECODED_BYTES = 1024 * 1024;

export interface RawSource {
  /** What a person calls it: `imds://user-data`, `/etc/eks/nodeadm.d/10.yaml`. */
  readonly label: string;
  readonly origin: Origin;
  readonly bytes: Uint8Array;
  /** Path of the file, where it is one. */
  readonly file?: string;
}

/** Unpacks gzip; at most so many bytes come out. */
export type Gunzip = (bytes: Uint8Array, most: number) => { readonly bytes: Uint8Array } | { readonly wrong: 'too-large' | 'broken' };

export interface Unpacked {
  readonly documents: readonly RawDocument[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Place {
  readonly label: string;
  readonly line?: number | undefined;
}

interface Unpacking {
  readonly source: RawSource;
  readonly gunzip: Gunzip;
  readonly diagnostics: Diagnostic[];
  /** Bytes that may still come out. */
  left: number;
}

const say = (
  { diagnostics }: Unpacking,
  { label, line }: Place,
  severity: Diagnostic['severity'],
  code: string,
  message: string,
  remedy: string,
): void =>
  void diagnostics.push({
    severity,
    code,
    path: label,
    field: '',
    ...(line === undefined ? {} : { line }),
    message: onOneLine(message),
    remedy,
  });

/** All documents of one source, in order. */
export const documentsIn = (source: RawSource, gunzip: Gunzip): Unpacked => {
  const unpacking: Unpacking = { source, gunzip, diagnostics: [], left: MOST_DECODED_BYTES };
  const place = { label: source.label };
  const bytes = unwrapped(source.bytes, place, unpacking);
  const documents = bytes === undefined ? [] : documentsOf(bytes, bytes === source.bytes, unpacking);
  return { documents, diagnostics: unpacking.diagnostics };
};

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** base64, if it is that; then gzip. */
const unwrapped = (bytes: Uint8Array, place: Place, unpacking: Unpacking): Uint8Array | undefined => {
  const plain = unbased(bytes);
  const unzipped = isGzip(plain) ? unpacking.gunzip(plain, unpacking.left) : { bytes: plain };
  if ('bytes' in unzipped && unzipped.bytes.length <= unpacking.left) {
    // Only what grows counts against the whole: parts are as long as they look.
    if (unzipped.bytes !== plain) unpacking.left -= unzipped.bytes.length;
    return unzipped.bytes;
  }
  if ('wrong' in unzipped && unzipped.wrong === 'broken')
    say(unpacking, place, 'error', 'broken-gzip', 'this is gzip that cannot be unpacked (cut off?)', 'Compress it again: gzip -9 FILE.');
  else sayTooLarge(place, unpacking);
  return undefined;
};

const sayTooLarge = (place: Place, unpacking: Unpacking): void =>
  say(unpacking, place, 'error', 'too-large', 'more than 1 MiB comes out of it', 'Give less: no configuration is that long.');

/** The bytes behind base64; the same bytes where it is none. A document is never base64: it has colons or braces. */
const unbased = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length === 0 || bytes.length > 2 * MOST_DECODED_BYTES || bytes.some((byte) => byte >= 0x80 || byte === 0x3a)) return bytes;
  return bytesOfBase64(new TextDecoder().decode(bytes)) ?? bytes;
};

const documentsOf = (bytes: Uint8Array, isPlain: boolean, unpacking: Unpacking): readonly RawDocument[] => {
  const { label } = unpacking.source;
  const message = mimeMessageOf(bytes);
  if (message === undefined) return plainDocument(bytes, isPlain, unpacking);
  for (const wrong of message.faults) sayMime(wrong, isPlain, unpacking);
  const documents = message.parts.flatMap((part) => partDocument(part, isPlain, unpacking));
  if (documents.length === 0 && !unpacking.diagnostics.some(({ severity }) => severity === 'error'))
    sayNone({ label }, `no part of it is ${MEDIA_TYPE}`, unpacking);
  return documents;
};

/** Lines of a document count from the part's first, so that one of the whole says so. */
const sayMime = ({ number, type, line, code, message, remedy, ...fault }: MimeFault, isPlain: boolean, unpacking: Unpacking): void => {
  const { label } = unpacking.source;
  // The content of a script or a cloud-config is cloud-init's to read; nodeadm never looks at it.
  const severity = number > 0 && type !== '' && type !== MEDIA_TYPE ? 'warning' : fault.severity;
  if (number === 0) say(unpacking, { label, line: isPlain ? line : undefined }, severity, code, message, remedy);
  else
    say(
      unpacking,
      { label: partLabel(label, number, type) },
      severity,
      code,
      `${message}${isPlain ? ` (line ${line} of the whole)` : ''}`,
      remedy,
    );
};

const sayNone = (place: Place, why: string, unpacking: Unpacking): void =>
  say(
    unpacking,
    place,
    'warning',
    'no-node-config',
    `there is no NodeConfig in it: ${why}`,
    `Give a document, or a MIME part of type ${MEDIA_TYPE}.`,
  );

const partLabel = (label: string, number: number, type: string): string => `${label} part ${number}${type === '' ? '' : ` (${type})`}`;

const partDocument = (part: MimePart, isPlain: boolean, unpacking: Unpacking): readonly RawDocument[] => {
  const { source } = unpacking;
  const label = part.number === 0 ? source.label : partLabel(source.label, part.number, part.type);
  if (part.type !== MEDIA_TYPE) {
    const near = nearestOf(part.type, [MEDIA_TYPE]);
    const isOurs = looksLikeNodeConfig(part.body);
    if (near !== undefined || isOurs) {
      const what = part.type === '' ? 'names no type' : `is ${part.type}`;
      say(
        unpacking,
        { label },
        'warning',
        'skipped-part',
        `it ${isOurs ? 'looks like a NodeConfig, but ' : ''}${what}, and is skipped`,
        `Write Content-Type: ${MEDIA_TYPE}.`,
      );
    }
    return [];
  }
  const body = unwrapped(part.body, { label }, unpacking);
  if (body === undefined) return [];
  const text = textIn(body, { label }, unpacking);
  if (text === undefined) return [];
  const line = isPlain && body === part.body ? part.line : undefined;
  return [{ label, origin: source.origin, text, ...fileOf(source, line) }];
};

const fileOf = ({ file }: RawSource, line: number | undefined) => (file === undefined ? {} : { file: { path: file, line: line ?? 1 } });

const looksLikeNodeConfig = (body: Uint8Array): boolean => {
  const start = textOfUtf8(body.subarray(0, 4096)) ?? '';
  return start.includes(API_VERSION.split('/')[0] ?? '') && /^\s*"?kind"?\s*:\s*"?NodeConfig/m.test(start.slice(0, 4096));
};

const textIn = (bytes: Uint8Array, place: Place, unpacking: Unpacking): string | undefined => {
  const text = textOfUtf8(bytes);
  if (text === undefined) say(unpacking, place, 'error', 'not-utf8', 'it is not UTF-8 text', 'Save it as UTF-8.');
  return text;
};

/** What user data may be besides, by how it begins; cloud-init reads those. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^#!/, 'it is a script'],
  [/^#cloud-config/, 'it is a cloud-config'],
  [/^#cloud-boothook/, 'it is a cloud-boothook'],
  [/^#include/, 'it is a list of addresses to include'],
  [/^#part-handler/, 'it is a part handler'],
  [/^## template:/, 'it is a template'],
  [/^<(?:powershell|script)>/i, 'it is for Windows'],
  [/^\s*\[settings/, 'it is for Bottlerocket'],
];

const plainDocument = (bytes: Uint8Array, isPlain: boolean, unpacking: Unpacking): readonly RawDocument[] => {
  const { source } = unpacking;
  const place = { label: source.label };
  const text = textIn(bytes, place, unpacking);
  if (text === undefined) return [];
  const other = text.trim() === '' ? 'it is empty' : OTHERS.find(([form]) => form.test(text))?.[1];
  if (other === undefined) return [{ label: source.label, origin: source.origin, text, ...fileOf(source, isPlain ? 1 : undefined) }];
  sayNone(place, other, unpacking);
  return [];
};
