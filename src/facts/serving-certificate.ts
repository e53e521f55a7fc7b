/** A kubelet's serving certificate as it lies on disk, and as it is presented. Keys are looked at only to see that they fit. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { canonicalIp } from '../core/csr/addresses.ts';
import type { Certificate, Serving, StoredCertificate } from '../core/csr/observation.ts';
import { NodeError } from '../core/errors.ts';
import { timestampOf } from '../core/timestamp.ts';
import { fileInRoot, readRegular } from './files.ts';
import { sleep } from './wait.ts';

/** The kubelet takes its link away and renames the next one into its place (client-go, certificate_store.go): a reader may find none. */
const SWAPS = { tries: 5, pauseMs: 20 } as const;
const NAME = 'kubelet-server-current.pem';

const secondsOf = (date: Date): string => `${timestampOf(date).slice(0, 19)}Z`;

const namesIn = (certificate: X509Certificate, kind: string): readonly string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`${kind}:`))
    .map((name) => name.slice(kind.length + 1));

const isSignedBy = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.checkIssued(authority) && certificate.verify(authority.publicKey);

/** Does a chain lead to one of the authorities? Dates are not looked at. */
const leadsTo = (certificate: X509Certificate, between: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean => {
  let current = certificate;
  for (let depth = 0; depth <= between.length; depth++) {
    if (authorities.some((authority) => isSignedBy(current, authority))) return true;
    const next = between.find((one) => one !== current && isSignedBy(current, one));
    if (next === undefined) return false;
    current = next;
  }
  return false;
};

const onOneLine = (name: string): string => name.replace(/\n/g, ', ').replace(/\p{Cc}/gu, '?');

/** `authorities`: the cluster's; empty where they are not known. */
export const certificateSeen = (
  certificate: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): Certificate => ({
  subject: onOneLine(certificate.subject),
  cn: onOneLine(/^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? ''),
  issuer: onOneLine(certificate.issuer),
  serial: certificate.serialNumber,
  fingerprint256: certificate.fingerprint256,
  notBefore: secondsOf(certificate.validFromDate),
  notAfter: secondsOf(certificate.validToDate),
  dns: namesIn(certificate, 'DNS').map(onOneLine),
  ips: namesIn(certificate, 'IP Address').map(canonicalIp),
  ...(authorities.length === 0 ? {} : { isTrusted: leadsTo(certificate, between, authorities) }),
});

const BLOCKS = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ([A-Z ]{0,20}PRIVATE KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----/;

/** All certificates of a PEM text. @throws where one of them is none */
export const certificatesIn = (pem: string): readonly X509Certificate[] =>
  (pem.match(BLOCKS) ?? []).map((block) => new X509Certificate(block));

const keyFits = (certificate: X509Certificate, pem: string): boolean => {
  try {
    return certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    return false;
  }
};

/** What is wrong with the text of a pair, as the rest of a sentence; else the certificates, its own first. */
const readPair = (text: string): readonly [X509Certificate, ...X509Certificate[]] | string => {
  let certificates: readonly X509Certificate[];
  try {
    certificates = certificatesIn(text);
  } catch {
    return 'holds a certificate that cannot be read';
  }
  const [own, ...between] = certificates;
  if (own === undefined) return text.trim() === '' ? 'is empty' : 'holds no certificate';
  const key = KEY.exec(text)?.[0];
  if (key === undefined) return 'holds no private key';
  return keyFits(own, key) ? [own, ...between] : 'holds a private key of another certificate';
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** One look; undefined: there is nothing at all. */
const look = (root: string, dir: string, authorities: readonly X509Certificate[]): StoredCertificate | undefined => {
  const path = join(dir, NAME);
  const place = join(fileInRoot(root, dir), NAME);
  try {
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) return { kind: 'not-a-link', path, text: stat.isDirectory() ? 'a directory' : 'a file' };
    const target = resolve(dirname(path), readlinkSync(place));
    const file = fileInRoot(root, target);
    const bytes = readRegular(file, path);
    if (bytes === undefined) return { kind: 'damaged', path, text: `points to ${target}, which is not there` };
    const pair = readPair(bytes.toString('latin1'));
    if (typeof pair === 'string') return { kind: 'damaged', path, text: pair };
    const [own, ...between] = pair;
    const certificate = certificateSeen(own, between, authorities);
    return { kind: 'certificate', path, target, certificate, storedAt: secondsOf(lstatSync(file).mtime) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EINVAL') return undefined; // swapped between two of our calls
    if (error instanceof NodeError) return { kind: 'unreadable', path, text: error.message.slice(path.length + 1) };
    return { kind: 'unreadable', path, text: `cannot be read (${codeOf(error)})` };
  }
};

/** kubelet-server-current.pem of a directory. Never throws for what is there. */
export const readStored = async (
  root: string,
  dir: string,
  authorities: readonly X509Certificate[],
  signal?: AbortSignal,
): Promise<StoredCertificate> => {
  for (let attempt = 0; attempt < SWAPS.tries; attempt++) {
    const found = look(root, dir, authorities);
    if (found !== undefined && !(found.kind === 'damaged' && found.text.endsWith('not there'))) return found;
    await sleep(SWAPS.pauseMs, signal);
  }
  return look(root, dir, authorities) ?? { kind: 'missing', path: join(dir, NAME), text: 'is not there' };
};

export interface ProbeWish {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly authorities: readonly X509Certificate[];
  readonly signal?: AbortSignal | undefined;
}

const failureOf = (error: NodeJS.ErrnoException, where: string): Serving => {
  const { code = '', message } = error;
  if (/ALERT/.test(code) || /alert/i.test(message))
    return { kind: 'alert', text: `TLS alert: ${code.replace(/^ERR_SSL_/, '') || message}` };
  if (code === 'ECONNREFUSED') return { kind: 'refused', text: `${where} refuses connections` };
  return { kind: 'silent', text: `${where} does not speak TLS (${code || message})` };
};

/** Whatever a TLS server presents. Nothing is sent to it, and it is not trusted. */
export const probeServing = async ({ host, port, timeoutMs, authorities, signal }: ProbeWish): Promise<Serving> => {
  const where = `port ${port}`;
  if (port === 0) return { kind: 'refused', text: 'the kubelet’s port is off' };
  const { connect } = await import('node:tls');
  return new Promise((resolvePromise) => {
    const socket = connect({ host, port, rejectUnauthorized: false });
    const end = (serving: Serving): void => {
      clearTimeout(timer);
      socket.destroy();
      resolvePromise(serving);
    };
    const timer = setTimeout(() => end({ kind: 'silent', text: `${where} does not answer` }), timeoutMs);
    signal?.addEventListener('abort', () => end({ kind: 'silent', text: `${where} was not waited for` }), { once: true });
    socket.once('secureConnect', () => {
      const own = socket.getPeerX509Certificate();
      if (own === undefined) return end({ kind: 'silent', text: `${where} presents nothing` });
      const issuer = own.issuerCertificate;
      end({ kind: 'certificate', certificate: certificateSeen(own, issuer ? [issuer] : [], authorities) });
    });
    socket.once('error', (error) => end(failureOf(error, where)));
    socket.once('close', () => end({ kind: 'silent', text: `${where} ends the connection` }));
  });
};
