/** Signature Version 4 by the SDK's signer, with Node's own SHA-256: loading it costs no more than a JavaScript one, and TLS needs it anyway. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentials } from './aws.ts';

type Bytes = string | ArrayBuffer | ArrayBufferView;

const viewOf = (data: Bytes): string | Uint8Array => {
  if (typeof data === 'string' || data instanceof Uint8Array) return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};

/** The shape of a checksum that the signer asks for: a hash, or an HMAC when given a secret. */
class Sha256 {
  #hash: Hash | Hmac;
  readonly #secret: Bytes | undefined;

  constructor(secret?: Bytes) {
    this.#secret = secret;
    this.#hash = this.#fresh();
  }

  #fresh(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', viewOf(this.#secret));
  }

  update(data: Bytes): void {
    this.#hash.update(viewOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#fresh();
  }
}

export const signerOf = (service: string, region: string, credentials: AwsCredentials): SignatureV4 => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  // No expiration: the signer would compare it with this machine's clock, which may be the one that is wrong.
  return new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    sha256: Sha256,
    applyChecksum: true,
  });
};
