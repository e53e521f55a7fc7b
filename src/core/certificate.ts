/**
 * Certificates of a PEM bundle, as far as a node must know them: is each one a certificate, and until when is it valid?
 *
 * @peculiar/x509 brings a reflection polyfill that changes a global; @peculiar/asn1-x509 takes 2.3 ms of a boot, a tenth of what a bare
 * executable takes, for two dates. The outline of a certificate (RFC 5280 §4.1) is one page of DER. Signatures are not checked: the
 * kubelet does that.
 */
import { bytesOfBase64 } from './base64.ts';
import { BIT_STRING, type DerNode, hasTags, INTEGER, nodesOf, SEQUENCE } from './formats/der.ts';

export interface Certificate {
  /** ISO 8601 in UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** What is wrong with a bundle, as the rest of a sentence that begins with its place. */
export interface PemFault {
  readonly code: 'not-pem' | 'private-key' | 'not-a-certificate';
  readonly message: string;
}

const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const VERSION = 0xa0;

/** `YYMMDDhhmmssZ` (1950 to 2049) or `YYYYMMDDhhmmssZ` as ISO 8601. */
const timeOf = ({ tag, body }: DerNode): string | undefined => {
  const text = String.fromCharCode(...body.subarray(0, 32));
  const full = tag === UTC_TIME ? `${text < '50' ? '20' : '19'}${text}` : tag === GENERALIZED_TIME ? text : '';
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  return Number.isNaN(Date.parse(iso)) ? undefined : iso;
};

/** One certificate in DER; undefined when it is none. */
export const certificateOf = (der: Uint8Array): Certificate | undefined => {
  const outer = nodesOf(der);
  if (outer?.length !== 1 || outer[0]?.tag !== SEQUENCE) return undefined;
  const parts = nodesOf(outer[0].body);
  if (parts?.length !== 3 || !hasTags(parts, [SEQUENCE, SEQUENCE, BIT_STRING])) return undefined;
  const all = nodesOf(parts[0]?.body ?? new Uint8Array());
  // The version stands first where it is not 1: serial, algorithm, issuer, validity, subject and key follow.
  const fields = all?.[0]?.tag === VERSION ? all.slice(1) : all;
  if (!hasTags(fields, [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE])) return undefined;
  const [from, to] = nodesOf(fields[3]?.body ?? new Uint8Array()) ?? [];
  const notBefore = from && timeOf(from);
  const notAfter = to && timeOf(to);
  const key = nodesOf(fields[5]?.body ?? new Uint8Array());
  return notBefore && notAfter && hasTags(key, [SEQUENCE, BIT_STRING]) ? { notBefore, notAfter } : undefined;
};

/** All certificates of a PEM text, or the first thing that is wrong with it. */
export const certificatesOf = (pem: string): readonly Certificate[] | PemFault => {
  const certificates: Certificate[] = [];
  const blocks = pem.split('-----BEGIN ').slice(1);
  if (blocks.length === 0) return { code: 'not-pem', message: 'holds no PEM block (-----BEGIN CERTIFICATE-----)' };
  for (const [index, block] of blocks.entries()) {
    const which = blocks.length === 1 ? '' : ` (block ${index + 1} of ${blocks.length})`;
    const label = block.slice(0, Math.max(0, block.indexOf('-----')));
    if (label.endsWith('PRIVATE KEY'))
      return { code: 'private-key', message: `holds a private key${which}, which does not belong on a node` };
    const end = block.indexOf(`-----END ${label}-----`);
    const der = end < 0 ? undefined : bytesOfBase64(block.slice(label.length + 5, end));
    const certificate = label === 'CERTIFICATE' && der ? certificateOf(der) : undefined;
    if (certificate === undefined) return { code: 'not-a-certificate', message: `holds something that is not a certificate${which}` };
    certificates.push(certificate);
  }
  return certificates;
};
