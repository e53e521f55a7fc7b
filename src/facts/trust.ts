/** Whom we trust over TLS. Loaded on the first https request only: parsing some 150 certificates is not free. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { NodeError } from '../core/errors.ts';
import type { Env } from './wait.ts';

/**
 * Where distributions keep the bundle that administrators extend. Nodes behind an inspecting proxy and nodes of isolated
 * partitions are only reachable with what stands there: the runtime's own list never has their authorities.
 */
const SYSTEM_BUNDLES = [
  '/etc/pki/tls/certs/ca-bundle.crt', // Amazon Linux, RHEL
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // the same, should the link be missing
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu
];

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const blocksOf = (text: string): string[] => text.match(PEM_BLOCK) ?? [];

const readBundle = (path: string): string[] => {
  try {
    return blocksOf(readFileSync(path, 'latin1'));
  } catch {
    return []; // one distribution lacks the other's paths
  }
};

const extraAuthorities = (path: string): string[] => {
  const remedy = 'Point AWS_CA_BUNDLE at a readable PEM file with the certificate authorities to trust, or unset it.';
  let blocks: string[];
  try {
    blocks = blocksOf(readFileSync(path, 'latin1'));
  } catch (cause) {
    throw new NodeError('NO_INPUT', `AWS_CA_BUNDLE names ${path}, which cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      remedy,
      path,
      cause,
    });
  }
  try {
    if (blocks.length === 0) throw new Error('no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    throw new NodeError('BAD_DATA', `AWS_CA_BUNDLE names ${path}, which holds no valid PEM certificates`, { remedy, path, cause });
  }
  return blocks;
};

/**
 * Every authority we trust, each once: the system's, the runtime's (with NODE_EXTRA_CA_CERTS), AWS_CA_BUNDLE's.
 * @throws NodeError NO_INPUT or BAD_DATA when AWS_CA_BUNDLE is given and useless: going on without it would only fail later, as "TLS".
 */
export const trustedAuthorities = (env: Env, systemBundles: readonly string[] = SYSTEM_BUNDLES): string[] => {
  const given = env.AWS_CA_BUNDLE ? extraAuthorities(env.AWS_CA_BUNDLE) : [];
  const all = [...systemBundles.flatMap(readBundle), ...getCACertificates('bundled'), ...getCACertificates('extra'), ...given];
  // The lists mostly agree, but break lines at different columns. Each certificate parsed twice would cost a boot milliseconds.
  return [...new Map(all.map((pem) => [pem.replace(/\s+/g, ''), pem])).values()];
};

/** One context for all connections, so that the list is parsed once. */
export const trustedContext = (env: Env): SecureContext => createSecureContext({ ca: trustedAuthorities(env) });
