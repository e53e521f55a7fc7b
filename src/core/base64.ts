/** Base64 (RFC 4648 §4) without Buffer, so that it runs anywhere. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The six bits of a character of the alphabet; 0 for the padding. */
const sextetOf = (code: number): number => {
  if (code >= 97) return code - 71;
  if (code >= 65) return code - 65;
  if (code >= 48) return code === 61 ? 0 : code + 4;
  return code === 43 ? 62 : 63;
};

/**
 * The bytes of a base64 text; undefined when it is none. White space between characters is skipped, as `base64 -d` skips newlines;
 * the padding must be right and nothing may follow it.
 */
export const bytesOfBase64 = (text: string): Uint8Array | undefined => {
  const compact = text.replace(/\s+/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((compact.length / 4) * 3 - padding);
  const at = (index: number): number => sextetOf(compact.charCodeAt(index));
  // No inner loops: a bundle of certificates is long enough for V8 to start its compiler over them, which costs a boot 2 MiB of reads.
  for (let from = 0, to = 0; from < compact.length; from += 4, to += 3) {
    const bits = (at(from) << 18) | (at(from + 1) << 12) | (at(from + 2) << 6) | at(from + 3);
    bytes[to] = bits >> 16;
    bytes[to + 1] = bits >> 8; // writes past the end are dropped
    bytes[to + 2] = bits;
  }
  return bytes;
};

/** Text as base64 of its UTF-8 bytes, padded, on one line. */
export const base64OfText = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const have = Math.min(3, bytes.length - i);
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let k = 0; k < 4; k++) out += k <= have ? ALPHABET.charAt((bits >> (18 - 6 * k)) & 63) : '=';
  }
  return out;
};

/** UTF-8 bytes as text; undefined when they are no UTF-8. */
export const textOfUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};
