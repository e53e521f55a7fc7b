/** /etc/hosts as a file of many: a three-way merge of the lines for one host. */
import type { Because } from './report.ts';

export interface HostAddresses {
  readonly host: string;
  readonly addresses: readonly string[];
}

export interface MergedHosts {
  readonly text: string;
  /** Lines of the text that are ours. */
  readonly owned: readonly string[];
  /** What was found and counts instead. */
  readonly kept: readonly Because[];
}

/** Does a line give this host an address? Case does not count, a comment does not either. */
const isAbout = (line: string, host: string): boolean => {
  const [, ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
  return names.some((name) => name.toLowerCase() === host.toLowerCase());
};

/**
 * The text with our lines for the host, and no other line touched. `base`: lines that are ours by the last manifest; those that are no longer
 * wanted go, once each. `wanted` undefined: none are. A line of somebody else for the same host counts, and then ours are not needed.
 */
export const mergedHosts = (current: string, base: readonly string[], wanted: HostAddresses | undefined, file: string): MergedHosts => {
  const { ours, others } = split(current.split('\n'), base);
  const foreign = wanted === undefined ? [] : others.filter((line) => isAbout(line, wanted.host));
  const lines = wanted === undefined || foreign.length > 0 ? [] : wanted.addresses.map((address) => `${address} ${wanted.host}`);
  const isRight = lines.length === ours.length && lines.every((line) => ours.includes(line));
  const text = isRight ? current : withLines(others.join('\n'), lines);
  return { text, owned: isRight ? ours : lines, kept: foreign.length === 0 ? [] : [keptReason(foreign, file)] };
};

/** A line that stands twice is ours once: the other one somebody has added. */
const split = (
  lines: readonly string[],
  base: readonly string[],
): { readonly ours: readonly string[]; readonly others: readonly string[] } => {
  const left = [...base];
  const ours: string[] = [];
  const others: string[] = [];
  for (const line of lines) {
    const at = left.indexOf(line);
    if (at >= 0) ours.push(...left.splice(at, 1));
    else others.push(line);
  }
  return { ours, others };
};

const withLines = (text: string, lines: readonly string[]): string => {
  if (lines.length === 0) return text;
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}${lines.join('\n')}\n`;
};

const keptReason = (lines: readonly string[], file: string): Because => ({
  rule: 'merge.file-wins',
  text: `The file’s own ${lines.length === 1 ? 'line counts' : 'lines count'}: ${lines.map((line) => line.trim().replace(/\s+/g, ' ')).join('; ')}.`,
  inputs: lines.map((line) => ({ name: 'line', value: line, origin: 'host-file', at: file })),
});
