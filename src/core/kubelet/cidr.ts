/** IP addresses and CIDR blocks: parse, print, compare. Strict: what Go's net package refuses, this refuses too. */
import type { IpFamily } from '../spec.ts';

export interface Address {
  readonly family: IpFamily;
  readonly bits: bigint;
}

export interface Cidr {
  readonly family: IpFamily;
  readonly prefix: number;
  /** The address as written, host bits included. */
  readonly address: Address;
  /** First address of the block. */
  readonly network: Address;
}

/** Length of an address in bits. */
export const widthOf = (family: IpFamily): number => (family === 'ipv4' ? 32 : 128);

/** Dotted quad as a number; undefined when it is none. Leading zeros are refused, as by Go since 1.17. */
const ipv4BitsOf = (text: string): bigint | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let bits = 0n;
  for (const octet of match.slice(1)) {
    if (Number(octet) > 255 || (octet.length > 1 && octet.startsWith('0'))) return undefined;
    bits = (bits << 8n) | BigInt(octet);
  }
  return bits;
};

/** `1:2:3` as groups of 16 bits; an IPv4 tail counts as two. */
const groupsOf = (text: string): readonly bigint[] | undefined => {
  if (text === '') return [];
  const words = text.split(':');
  const groups: bigint[] = [];
  for (const [index, word] of words.entries()) {
    const quad = index === words.length - 1 && word.includes('.') ? ipv4BitsOf(word) : undefined;
    if (quad !== undefined) groups.push(quad >> 16n, quad & 0xffffn);
    else if (/^[0-9a-f]{1,4}$/i.test(word)) groups.push(BigInt(`0x${word}`));
    else return undefined;
  }
  return groups;
};

const ipv6BitsOf = (text: string): bigint | undefined => {
  const halves = text.split('::');
  if (text.length > 45 || halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  // An IPv4 tail may only stand at the very end.
  if (head === undefined || tail === undefined || (halves.length === 2 && (halves[0] ?? '').includes('.'))) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...new Array<bigint>(missing).fill(0n), ...tail].reduce((bits, group) => (bits << 16n) | group, 0n);
};

/** An IPv4 or IPv6 address without zone; undefined when it is none. */
export const addressOf = (text: string): Address | undefined => {
  const ipv4 = ipv4BitsOf(text);
  if (ipv4 !== undefined) return { family: 'ipv4', bits: ipv4 };
  const ipv6 = text.includes(':') ? ipv6BitsOf(text) : undefined;
  return ipv6 === undefined ? undefined : { family: 'ipv6', bits: ipv6 };
};

const maskOf = (family: IpFamily, prefix: number): bigint => {
  const width = BigInt(widthOf(family));
  const all = (1n << width) - 1n;
  return all ^ (all >> BigInt(prefix));
};

/** `address/prefix`; host bits may be set (see `network`). undefined when it is no CIDR block. */
export const cidrOf = (text: string): Cidr | undefined => {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : addressOf(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = Number(length);
  const { family, bits } = address;
  if (prefix > widthOf(family)) return undefined;
  return { family, prefix, address, network: { family, bits: bits & maskOf(family, prefix) } };
};

/** Longest run of at least two zero groups: [start, length]. */
const longestZeros = (groups: readonly bigint[]): readonly [number, number] => {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (start + length < groups.length && groups[start + length] === 0n) length++;
    if (length > best[1]) best = [start, length];
  }
  return best[1] < 2 ? [0, 0] : best;
};

/** The one usual spelling of an address (IPv6: RFC 5952). */
export const addressText = ({ family, bits }: Address): string => {
  if (family === 'ipv4') return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn);
  const [start, length] = longestZeros(groups);
  const hex = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  return length === 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
};

/** `10.100.0.0/16`: the block by its network address. */
export const cidrText = ({ network, prefix }: Cidr): string => `${addressText(network)}/${prefix}`;

/** Is the address in the block? */
export const contains = (cidr: Cidr, { family, bits }: Address): boolean =>
  family === cidr.family && (bits & maskOf(family, cidr.prefix)) === cidr.network.bits;

/** Do two blocks share an address? Blocks of different families never do. */
export const overlap = (a: Cidr, b: Cidr): boolean => contains(a, b.network) || contains(b, a.network);

/** The address `offset` after the block's first; undefined when it lies outside the block. */
export const addressAt = (cidr: Cidr, offset: number): Address | undefined => {
  const address = { family: cidr.family, bits: cidr.network.bits + BigInt(offset) };
  return address.bits >= 0n && contains(cidr, address) ? address : undefined;
};
