/**
 * Certificates and requests with any names and dates, made on the spot: authorities, kubelets' serving certificates, PKCS#10 requests.
 * The DER is written here and read by OpenSSL (node:crypto) in every test that uses it.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

const concat = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = concat(...parts);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return concat(Buffer.from([tag, ...length]), body);
};
const sequence = (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => tlv(0x31, ...parts);
const integer = (bytes: Uint8Array) => tlv(0x02, bytes);
const bits = (bytes: Uint8Array) => tlv(0x03, Buffer.from([0]), bytes);
const octets = (...parts: readonly Uint8Array[]) => tlv(0x04, ...parts);
const utf8 = (text: string) => tlv(0x0c, Buffer.from(text));

const oid = (text: string): Buffer => {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const arc = (value: number): number[] => (value < 0x80 ? [value] : [...arc(value >> 7).map((byte) => byte | 0x80), value & 0x7f]);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(arc)]));
};

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/** `YYYYMMDDhhmmssZ`, as GeneralizedTime: DER wants UTCTime before 2050, and every reader takes this one. */
const time = (date: Date): Buffer => tlv(0x18, Buffer.from(`${date.toISOString().replace(/\.\d+|[-:T]/g, '')}`));

export interface Subject {
  readonly cn: string;
  readonly organizations?: readonly string[];
}

const nameOf = ({ cn, organizations = [] }: Subject): Buffer =>
  sequence(
    ...organizations.map((text) => set(sequence(oid('2.5.4.10'), utf8(text)))),
    ...(cn === '' ? [] : [set(sequence(oid('2.5.4.3'), utf8(cn)))]),
  );

export interface AltNames {
  readonly dns?: readonly string[];
  /** IPv4, or IPv6 with all eight groups. */
  readonly ips?: readonly string[];
  readonly uris?: readonly string[];
  readonly emails?: readonly string[];
}

const ipBytes = (ip: string): Buffer =>
  ip.includes(':')
    ? Buffer.from(
        ip
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      )
    : Buffer.from(ip.split('.').map(Number));

const altNames = ({ dns = [], ips = [], uris = [], emails = [] }: AltNames): readonly Buffer[] => {
  const names = [
    ...emails.map((text) => tlv(0x81, Buffer.from(text))),
    ...dns.map((text) => tlv(0x82, Buffer.from(text))),
    ...uris.map((text) => tlv(0x86, Buffer.from(text))),
    ...ips.map((ip) => tlv(0x87, ipBytes(ip))),
  ];
  return names.length === 0 ? [] : [sequence(oid('2.5.29.17'), octets(sequence(...names)))];
};

const pem = (label: string, der: Uint8Array): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};

const signed = (content: Buffer, key: KeyObject): Buffer => sequence(content, ECDSA_SHA256, bits(sign('sha256', content, key)));

const spki = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const keyPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

export interface Pair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

interface Life {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const LONG: Life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2099-12-31T23:59:59Z') };
const basicConstraints = (isAuthority: boolean) =>
  sequence(oid('2.5.29.19'), octets(sequence(...(isAuthority ? [tlv(0x01, Buffer.from([0xff]))] : []))));

const serial = (): Buffer => Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);

/** A certificate authority; two of one name are different authorities. */
export const makeAuthority = (cn = 'kubernetes'): Pair => {
  const key = newKey();
  const name = nameOf({ cn });
  const content = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(serial()),
    ECDSA_SHA256,
    name,
    sequence(time(LONG.notBefore), time(LONG.notAfter)),
    name,
    spki(key),
    tlv(0xa3, sequence(basicConstraints(true))),
  );
  return { cert: pem('CERTIFICATE', signed(content, key)), key: keyPem(key) };
};

export interface CertificateWish extends Subject, AltNames, Partial<Life> {
  /** Absent: signed by itself. */
  readonly by?: Pair;
}

/** A certificate for servers and clients, with its key. */
export const makeCertificate = ({ by, notBefore = LONG.notBefore, notAfter = LONG.notAfter, ...wish }: CertificateWish): Pair => {
  const key = newKey();
  const subject = nameOf(wish);
  const issuer = by === undefined ? subject : rawSubjectOf(by.cert);
  const content = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(serial()),
    ECDSA_SHA256,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki(key),
    tlv(0xa3, sequence(basicConstraints(false), ...altNames(wish))),
  );
  return { cert: pem('CERTIFICATE', signed(content, by === undefined ? key : createPrivateKey(by.key))), key: keyPem(key) };
};

/** Authorities here have a common name alone. */
const rawSubjectOf = (cert: string): Buffer => nameOf({ cn: /^CN=(.*)$/m.exec(new X509Certificate(cert).subject)?.[1] ?? '' });

/** A PKCS#10 request, in PEM. */
export const makeRequest = (wish: Subject & AltNames): string => {
  const key = newKey();
  const extensions = altNames(wish);
  const attributes = extensions.length === 0 ? tlv(0xa0) : tlv(0xa0, sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions))));
  return pem('CERTIFICATE REQUEST', signed(sequence(integer(Buffer.from([0])), nameOf(wish), spki(key), attributes), key));
};
