/**
 * MIME messages (RFC 2045, 2046), as far as user data goes: multiparts, nested ones too, and the transfer encodings. Lenient where the
 * field is (bare boundary with slashes, doubled headers, a missing end, blank lines before the first header), and every part that cannot
 * be read says so by its number.
 */
import { bytesOfBase64 } from '../base64.ts';

export interface MimePart {
  /** From 1 on, in the order of the text, multiparts themselves not counted. 0: the message is no multipart. */
  readonly number: number;
  /** Lower case, without parameters: `application/node.eks.aws`; '' where the part names none. */
  readonly type: string;
  readonly body: Uint8Array;
  /** Line of the message where the body begins, 1-based; undefined where its lines are not the message's own (transfer encoding). */
  readonly line: number | undefined;
}

export interface MimeFault {
  /** Of the part; 0: the message itself. */
  readonly number: number;
  readonly type: string;
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface MimeMessage {
  readonly type: string;
  readonly parts: readonly MimePart[];
  readonly faults: readonly MimeFault[];
}

const MOST_PARTS = 200;
const DEEPEST = 8;

/** Bytes as a text of one character each. */
const latinOf = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
};

const bytesOf = (latin: string): Uint8Array => {
  const bytes = new Uint8Array(latin.length);
  for (let i = 0; i < latin.length; i++) bytes[i] = latin.charCodeAt(i);
  return bytes;
};

interface Entity {
  readonly headers: ReadonlyMap<string, string>;
  /** With their carriage returns: a part may be binary. */
  readonly lines: readonly string[];
  /** Index in the message's lines where the body begins. */
  readonly bodyAt: number;
}

const HEADER = /^([!-9;-~]{1,64})[ \t]*:[ \t]?(.*)$/;

/** Headers up to the first blank line, and where the body begins; undefined when there are none. `end` is exclusive. */
const entityOf = (lines: readonly string[], start: number, end: number): Entity | undefined => {
  const headers = new Map<string, string>();
  let last: string | undefined;
  for (let i = start; i < end; i++) {
    const line = (lines[i] ?? '').trimEnd();
    if (line === '') return { headers, lines, bodyAt: i + 1 };
    const match = HEADER.exec(line);
    if (/^[ \t]/.test(line) && last !== undefined) headers.set(last, `${headers.get(last)} ${line.trim()}`);
    else if (match === null) return undefined;
    else {
      last = (match[1] ?? '').toLowerCase();
      // eksctl writes a second Content-Type with the charset alone: the first counts.
      if (headers.has(last)) last = undefined;
      else headers.set(last, (match[2] ?? '').trim());
    }
  }
  return { headers, lines, bodyAt: end };
};

interface ContentType {
  readonly type: string;
  readonly boundary: string | undefined;
}

/** A Content-Type; undefined when it is none. */
const contentTypeOf = (header: string): ContentType | undefined => {
  const match = /^([a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100})[ \t]*(?:;|$)/i.exec(header);
  if (match === null) return undefined;
  const boundary = /;[ \t]*boundary[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"]{1,200}))/i.exec(header);
  return { type: (match[1] ?? '').toLowerCase(), boundary: boundary?.[1]?.replace(/\\(.)/g, '$1') ?? boundary?.[2] };
};

/** Is it a MIME message at all? Only what says its Content-Type in headers is; any other text is a document by itself. */
export const mimeMessageOf = (bytes: Uint8Array): MimeMessage | undefined => {
  const lines = latinOf(bytes).split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) return undefined;
  // Leading blanks before the first header are an indented here-document's, and not a folded line.
  lines[first] = (lines[first] ?? '').trimStart();
  const top = entityOf(lines, first, lines.length);
  const header = top?.headers.get('content-type');
  if (top === undefined || header === undefined) return undefined;
  const type = contentTypeOf(header);
  if (type === undefined && !top.headers.has('mime-version')) return undefined;
  const reading: Reading = { parts: [], faults: [], count: 0 };
  if (type === undefined) {
    reading.faults.push(
      fault(0, '', first + 1, 'invalid-content-type', notAType(header), 'Write Content-Type: multipart/mixed; boundary="…".'),
    );
    return { type: '', ...reading };
  }
  readEntity(top, lines.length, type, reading, 0);
  return { type: type.type, parts: reading.parts, faults: reading.faults };
};

interface Reading {
  readonly parts: MimePart[];
  readonly faults: MimeFault[];
  count: number;
}

const fault = (
  number: number,
  type: string,
  line: number,
  code: string,
  message: string,
  remedy: string,
  severity: MimeFault['severity'] = 'error',
): MimeFault => ({
  number,
  type,
  line,
  severity,
  code,
  message,
  remedy,
});

const notAType = (header: string): string => `Content-Type: ${header.slice(0, 60)} is no media type`;

const readEntity = (entity: Entity, end: number, { type, boundary }: ContentType, reading: Reading, depth: number): void => {
  if (type.startsWith('multipart/')) {
    const line = entity.bodyAt;
    if (boundary === undefined)
      reading.faults.push(
        fault(0, type, line, 'no-boundary', `a ${type} has no boundary`, 'Write Content-Type: multipart/mixed; boundary="…".'),
      );
    else if (depth >= DEEPEST)
      reading.faults.push(
        fault(0, type, line, 'nested-too-deeply', `multiparts are nested more than ${DEEPEST} deep`, 'Write one multipart with all parts.'),
      );
    else readParts(entity, end, boundary, reading, depth);
    return;
  }
  readBody(entity, end, type, depth === 0 ? 0 : ++reading.count, reading);
};

/** The parts between delimiters; the line break before a delimiter belongs to it (RFC 2046 §5.1.1). */
const readParts = ({ lines, bodyAt }: Entity, end: number, boundary: string, reading: Reading, depth: number): void => {
  const delimiter = `--${boundary}`;
  let start: number | undefined;
  let isEnded = false;
  for (let i = bodyAt; i < end && !isEnded; i++) {
    const line = (lines[i] ?? '').trimEnd();
    isEnded = line === `${delimiter}--`;
    if (line !== delimiter && !isEnded) continue;
    if (start !== undefined) readPart(lines, start, i, reading, depth);
    start = i + 1;
  }
  if (start === undefined) {
    const message = `there is no part: no line is ${delimiter.slice(0, 80)}`;
    reading.faults.push(fault(0, '', bodyAt, 'no-parts', message, 'Begin each part with the boundary of the header behind two hyphens.'));
  } else if (!isEnded) {
    // Karpenter's own fixture ends so: with a delimiter and nothing behind it.
    const hasRest = lines.slice(start, end).some((line) => line.trim() !== '');
    if (hasRest) readPart(lines, start, end, reading, depth);
    const message = `the line ${delimiter.slice(0, 80)}-- at the end is missing: was it cut off?`;
    reading.faults.push(fault(0, '', end, 'no-end', message, 'Add the line: nodeadm refuses the text without it.', 'warning'));
  }
};

const readPart = (lines: readonly string[], start: number, end: number, reading: Reading, depth: number): void => {
  if (reading.count >= MOST_PARTS) {
    if (reading.faults.at(-1)?.code !== 'too-many-parts')
      reading.faults.push(fault(0, '', start, 'too-many-parts', `there are more than ${MOST_PARTS} parts`, 'Write less.'));
    return;
  }
  const entity = entityOf(lines, start, end);
  // A document right behind the headers looks like more of them.
  if (entity === undefined || entity.headers.has('apiversion')) {
    const message = 'its headers are not followed by a blank line';
    reading.faults.push(
      fault(++reading.count, '', start + 1, 'no-blank-line', message, 'Put a blank line between the headers and the content.'),
    );
    return;
  }
  const header = entity.headers.get('content-type');
  const type = header === undefined ? { type: '', boundary: undefined } : contentTypeOf(header);
  if (type === undefined)
    reading.faults.push(
      fault(
        ++reading.count,
        '',
        start + 1,
        'invalid-content-type',
        notAType(header ?? ''),
        'Write Content-Type: application/node.eks.aws.',
      ),
    );
  else readEntity(entity, end, type, reading, depth + 1);
};

const readBody = ({ headers, lines, bodyAt }: Entity, end: number, type: string, number: number, reading: Reading): void => {
  const text = lines.slice(bodyAt, end).join('\n').replace(/\r$/, '');
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase();
  const say = (code: string, message: string, remedy: string): void =>
    void reading.faults.push(fault(number, type, bodyAt + 1, code, message, remedy));
  const add = (body: Uint8Array, line: number | undefined): void => void reading.parts.push({ number, type, body, line });
  if (encoding === 'base64') {
    const bytes = bytesOfBase64(text);
    if (bytes === undefined)
      say('invalid-base64', 'its content is not base64, as its Content-Transfer-Encoding says', 'Encode it: base64 -w76 FILE.');
    else add(bytes, undefined);
  } else if (encoding === 'quoted-printable') {
    const bytes = quotedPrintableOf(text);
    if (typeof bytes === 'string') say('invalid-quoted-printable', `${bytes} is no quoted-printable`, 'Write a = as =3D.');
    else add(bytes, undefined);
  } else if (['', '7bit', '8bit', 'binary'].includes(encoding)) add(bytesOf(text), bodyAt + 1);
  else say('unknown-transfer-encoding', `nobody knows the Content-Transfer-Encoding ${encoding.slice(0, 40)}`, 'Use base64, or none.');
};

/** Bytes of a quoted-printable text (RFC 2045 §6.7), or what is wrong with it. */
const quotedPrintableOf = (text: string): Uint8Array | string => {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const joined = lines.join('\n').replace(/=\n/g, '').replace(/=$/, '');
  const wrong = /=(?![0-9A-Fa-f]{2}).{0,2}/.exec(joined);
  if (wrong !== null) return wrong[0];
  return bytesOf(joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
};
