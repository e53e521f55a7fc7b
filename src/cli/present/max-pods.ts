/** Max pods as text and as JSON. */
import { type PodLimit, type PodWish, SMALL } from '../../core/kubelet/max-pods.ts';
import type { FoundType } from '../type-limits.ts';
import { columns, indented } from './lines.ts';

export interface PodRow extends FoundType {
  readonly limit: PodLimit;
}

const memoryOf = ({ kubeReserved: { memory } }: PodLimit): string | null => (memory === null ? null : `${memory.mebibytes}Mi`);
const cpuOf = ({ kubeReserved: { cpu } }: PodLimit): string | null => (cpu === null ? null : `${cpu.millicores}m`);

/** The row with the fewest pods: what a group of mixed types must take. undefined: a number that is not known may be smaller. */
const smallestOf = (rows: readonly PodRow[]): PodRow | undefined => {
  const possible = rows.filter(({ limit }) => limit.impossible === undefined);
  const floorOf = ({ limit }: PodRow): number => limit.maxPods ?? SMALL.pods;
  // Of equals one that is known.
  const [least] = possible.toSorted(
    (a, b) => floorOf(a) - floorOf(b) || Number(a.limit.maxPods === null) - Number(b.limit.maxPods === null),
  );
  return least?.limit.maxPods === null ? undefined : least;
};

const pods = (count: number): string => `${count} pod${count === 1 ? '' : 's'}`;

const headline = ({ type, limit }: PodRow): string => {
  if (limit.maxPods !== null) return `${type.type}: ${pods(limit.maxPods)}`;
  return `${type.type}: ${limit.impossible === undefined ? 'not known' : 'none'}`;
};

const oneText = (row: PodRow, width: number): string[] => {
  const { limit, source } = row;
  const { memory, cpu } = limit.kubeReserved;
  const reserved = [
    ...(memory === null ? [] : [`memory ${memory.text}`]),
    ...(cpu === null ? [] : [`cpu of ${row.type.vcpus} CPUs: ${cpu.text}`]),
  ];
  const texts = [
    limit.text,
    ...limit.notes.map((note) => `note: ${note}`),
    ...(reserved.length === 0 ? [] : [`kubeReserved: ${reserved.join('; ')}`]),
    `limits: ${source}`,
  ];
  return [headline(row), ...indented(texts, 2, width, (text) => text)];
};

const HEAD = ['TYPE', 'VCPUS', 'MAX PODS', 'ADDRESSES', 'MEMORY', 'CPU', 'HOW'] as const;

const cellsOf = ({ type, limit }: PodRow): readonly string[] => [
  type.type,
  String(type.vcpus ?? '?'),
  limit.maxPods === null ? (limit.impossible === undefined ? '?' : '-') : String(limit.maxPods),
  limit.allowed === null ? '-' : String(limit.allowed),
  memoryOf(limit) ?? '-',
  cpuOf(limit) ?? '-',
  [limit.text, ...limit.notes].join('; '),
];

/** `table of 2026-11-21; z9.large: DescribeInstanceTypes in us-west-2` */
const sourcesOf = (rows: readonly PodRow[]): string => {
  const by = new Map<string, string[]>();
  for (const { type, source } of rows) by.set(source, [...(by.get(source) ?? []), type.type]);
  const [first = '', ...others] = [...by].sort(([, a], [, b]) => b.length - a.length);
  return [first[0], ...others.map(([source, names]) => `${names.join(', ')}: ${source}`)].join('; ');
};

/** One type with its whole reckoning, or several as a table. MEMORY and CPU are kubeReserved's. */
export const podText = (rows: readonly PodRow[], width: number): string => {
  const [only] = rows;
  if (only !== undefined && rows.length === 1) return `${oneText(only, width).join('\n')}\n`;
  const least = smallestOf(rows);
  return `${[
    ...columns([HEAD, ...rows.map(cellsOf)], { indent: 0, width }),
    '',
    `fewest: ${least === undefined ? 'not known' : `${pods(least.limit.maxPods ?? 0)} (${least.type.type})`}`,
    ...indented([`limits: ${sourcesOf(rows)}`], 0, width, (text) => text),
  ].join('\n')}\n`;
};

/** docs/schema/max-pods.json */
export const podJson = (rows: readonly PodRow[], wish: PodWish): string => {
  const least = smallestOf(rows);
  const { cniVersion, maxEni, prefixesOnMetal: _, ...said } = wish;
  const document = {
    schemaVersion: 1,
    kind: 'max-pods',
    wish: { ...said, maxEni: maxEni ?? null, cniVersion: cniVersion?.join('.') ?? null },
    types: rows.map(({ type, source, limit }) => ({
      type: type.type,
      enis: type.enis,
      ipv4PerEni: type.ipv4PerEni,
      vcpus: type.vcpus ?? null,
      hypervisor: type.hypervisor ?? null,
      bareMetal: type.bareMetal ?? null,
      source,
      allowed: limit.allowed,
      maxPods: limit.maxPods,
      impossible: limit.impossible ?? null,
      text: limit.text,
      notes: limit.notes,
      kubeReserved: { memory: memoryOf(limit), cpu: cpuOf(limit) },
    })),
    fewest: least === undefined ? null : { type: least.type.type, maxPods: least.limit.maxPods },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
};
