/**
 * What a kubelet asks for: the subject and names of a PKCS#10 request (RFC 2986). node:crypto reads certificates, not requests; the outline
 * is small enough to be read with the same reader as certificates. The signature is not checked: the API server and the signer do that.
 */
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import { type DerNode, hasTags, INTEGER, nodesOf, OBJECT_ID, OCTET_STRING, SEQUENCE, SET } from '../formats/der.ts';
import { ipOfBytes } from './addresses.ts';

export interface CertificateRequest {
  /** '' where there is none. */
  readonly cn: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[];
  /** In canonical form. */
  readonly ips: readonly string[];
  /** Names of other kinds, which the signer refuses: `email:…`, `uri:…`, `other`. */
  readonly others: readonly string[];
}

/** The contents of object identifiers. */
const COMMON_NAME = '55 4 3'; // 2.5.4.3
const ORGANIZATION = '55 4 a'; // 2.5.4.10
const EXTENSION_REQUEST = '2a 86 48 86 f7 d 1 9 e'; // 1.2.840.113549.1.9.14
const SUBJECT_ALT_NAME = '55 1d 11'; // 2.5.29.17
const ATTRIBUTES = 0xa0;

const hexOf = (bytes: Uint8Array): string => [...bytes.subarray(0, 32)].map((byte) => byte.toString(16)).join(' ');

/** Control characters would move the cursor of a terminal; a name has none. */
const nameOf = (bytes: Uint8Array): string => (textOfUtf8(bytes) ?? '?').replace(/\p{Cc}/gu, '?').slice(0, 512);

const childrenOf = (node: DerNode | undefined, tag: number): readonly DerNode[] => (node?.tag === tag ? (nodesOf(node.body) ?? []) : []);

/** The values of one type in a Name: a sequence of sets of type and text. */
const valuesIn = (subject: DerNode | undefined, type: string): readonly string[] =>
  childrenOf(subject, SEQUENCE)
    .flatMap((set) => childrenOf(set, SET))
    .flatMap((attribute) => {
      const [id, value] = childrenOf(attribute, SEQUENCE);
      return id?.tag === OBJECT_ID && hexOf(id.body) === type && value !== undefined ? [nameOf(value.body)] : [];
    });

const generalNamesIn = (attributes: DerNode | undefined): readonly DerNode[] =>
  childrenOf(attributes, ATTRIBUTES)
    .map((attribute) => childrenOf(attribute, SEQUENCE))
    .filter(([id]) => id?.tag === OBJECT_ID && hexOf(id.body) === EXTENSION_REQUEST)
    .flatMap(([, values]) => childrenOf(values, SET))
    .flatMap((extensions) => childrenOf(extensions, SEQUENCE))
    .map((extension) => childrenOf(extension, SEQUENCE))
    .filter(([id]) => id?.tag === OBJECT_ID && hexOf(id.body) === SUBJECT_ALT_NAME)
    .flatMap((parts) => {
      const value = parts.at(-1); // before it stands `critical`, where it is
      return value?.tag === OCTET_STRING ? childrenOf(nodesOf(value.body)?.[0], SEQUENCE) : [];
    });

/** Context tags of GeneralName (RFC 5280 §4.2.1.6). */
const [EMAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87];

const otherName = ({ tag, body }: DerNode): string => {
  if (tag === EMAIL) return `email:${nameOf(body)}`;
  return tag === URI ? `uri:${nameOf(body)}` : 'other';
};

/** A request in DER; undefined when it is none. */
export const requestOf = (der: Uint8Array): CertificateRequest | undefined => {
  const outer = nodesOf(der);
  if (outer?.length !== 1) return undefined;
  const [info] = childrenOf(outer[0], SEQUENCE);
  const fields = info?.tag === SEQUENCE ? nodesOf(info.body) : undefined;
  if (!hasTags(fields, [INTEGER, SEQUENCE, SEQUENCE])) return undefined;
  const names = generalNamesIn(fields[3]);
  return {
    cn: valuesIn(fields[1], COMMON_NAME)[0] ?? '',
    organizations: valuesIn(fields[1], ORGANIZATION),
    dns: names.filter(({ tag }) => tag === DNS).map(({ body }) => nameOf(body)),
    ips: names.filter(({ tag }) => tag === IP).map(({ body }) => ipOfBytes(body)),
    others: names.filter(({ tag }) => tag !== DNS && tag !== IP).map(otherName),
  };
};

const PEM = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----/;

/** A request as an API object carries it, in PEM; undefined when it is none. */
export const requestOfPem = (pem: string): CertificateRequest | undefined => {
  const der = bytesOfBase64(PEM.exec(pem)?.[1] ?? '');
  return der === undefined || der.length === 0 ? undefined : requestOf(der);
};
