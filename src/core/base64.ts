/** Base64 (RFC 4648 §4) without Buffer, so that it runs anywhere that has the web's own functions. */

/**
 * The bytes of a base64 text; undefined when it is none. White space between characters is skipped, as `base64 -d` skips newlines;
 * the padding must be right and nothing may follow it.
 *
 * By the platform's decoder: with a loop of our own over a bundle of certificates, V8 starts its optimizing compiler, and a first boot
 * reads 2 MiB of that from a cold disk.
 */
export const bytesOfBase64 = (text: string): Uint8Array | undefined => {
  const compact = text.replace(/\s+/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  const binary = atob(compact);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
};

/** UTF-8 bytes as text; undefined when they are no UTF-8. */
export const textOfUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};
