/** Addresses and names of certificates, in one form each, so that they can be compared. */
import { addressOf, addressText } from '../kubelet/cidr.ts';

export interface Names {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

/** The usual spelling of an address; what is none as it is. */
export const canonicalIp = (text: string): string => {
  const address = addressOf(text);
  return address === undefined ? text : addressText(address);
};

/** The address in 4 or 16 bytes; `?` for another number of them. */
export const ipOfBytes = (bytes: Uint8Array): string => {
  if (bytes.length !== 4 && bytes.length !== 16) return '?';
  const bits = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n);
  return addressText({ family: bytes.length === 4 ? 'ipv4' : 'ipv6', bits });
};

/** What is wanted and not there. */
export const missingFrom = (has: Names, wants: Names): readonly string[] => {
  const names = new Set(has.dns.map((name) => name.toLowerCase()));
  const addresses = new Set(has.ips.map(canonicalIp));
  return [...wants.dns.filter((name) => !names.has(name.toLowerCase())), ...wants.ips.filter((ip) => !addresses.has(canonicalIp(ip)))];
};
