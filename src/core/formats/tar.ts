/** A tar archive of text files, in the format that every tar reads (POSIX.1-1988, "ustar"). */

export interface TarFile {
  /** Relative, at most 100 bytes of ASCII. */
  readonly name: string;
  readonly text: string;
}

const BLOCK = 512;
const encoder = new TextEncoder();

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** Lengths: name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100, magic and version 8, owner 32, group 32. */
const headerOf = (name: string, size: number, seconds: number): Uint8Array => {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new Error(`no name for a tar archive: ${name}`);
  const head = name.padEnd(100, '\0') + octal(0o600, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(seconds, 12);
  const tail = `0${'\0'.repeat(100)}ustar\x0000`;
  // The checksum is that of the header with blanks in its place.
  const sum = encoder.encode(`${head}        ${tail}`).reduce((total, byte) => total + byte, 0);
  const block = new Uint8Array(BLOCK);
  block.set(encoder.encode(`${head}${sum.toString(8).padStart(6, '0')}\0 ${tail}`));
  return block;
};

/** The archive; `seconds` since 1970 is the time of all its files. */
export const tarOf = (files: readonly TarFile[], seconds: number): Uint8Array => {
  const parts = files.flatMap(({ name, text }) => {
    const body = encoder.encode(text);
    const padded = new Uint8Array(Math.ceil(body.length / BLOCK) * BLOCK);
    padded.set(body);
    return [headerOf(name, body.length, seconds), padded];
  });
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0) + 2 * BLOCK);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
