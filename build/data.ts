/**
 * node build/data.ts [YYYY-MM-DD]: data/instance-limits.csv → src/core/data/instance-limits.ts.
 * The date is when the csv was made; without it the date of the present table stays. `--check` only says whether the table is up to date.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const CSV = 'data/instance-limits.csv';
const TABLE = 'src/core/data/instance-limits.ts';

/** Rows of the csv, which has neither quotes nor commas inside values. */
const rowsOf = (csv: string): readonly Readonly<Record<string, string>>[] => {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [names[index] ?? '', value])));
};

/** Types by `enis,ips`, each as `family.size size family.size …`: sizes follow the family they belong to. */
const groupsOf = (csv: string): ReadonlyMap<string, string> => {
  const groups = new Map<string, Map<string, string[]>>();
  for (const { instance_type: type = '', max_enis: enis, ipv4_per_eni: ips } of rowsOf(csv)) {
    if (!/^[a-z0-9-]+\.[a-z0-9-]+$/.test(type) || !(Number(enis) > 0) || !(Number(ips) > 0))
      throw new Error(`${CSV}: strange row for '${type}'`);
    const [family = '', size = ''] = type.split('.');
    const families = groups.get(`${enis},${ips}`) ?? new Map<string, string[]>();
    groups.set(`${enis},${ips}`, families.set(family, [...(families.get(family) ?? []), size]));
  }
  const sorted = [...groups].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return new Map(
    sorted.map(([limits, families]) => [limits, [...families].map(([family, sizes]) => `${family}.${sizes.join(' ')}`).join(' ')]),
  );
};

/** The table's module, before formatting. */
export const tableOf = (csv: string, date: string): string => `\
/** Made by build/data.ts from ${CSV}: do not edit. */

/** When the limits were collected. */
export const INSTANCE_LIMITS_DATE = '${date}';

/**
 * \`ENIs,IPv4 addresses per ENI\` (default network card) and the types that have them: \`family.size size …\`. One string per pair, so
 * that start-up pays for nothing but the bytes; looked up in src/core/kubelet/instance-limits.ts.
 */
export const INSTANCE_LIMITS: { readonly [limits: string]: string } = {
${[...groupsOf(csv)].map(([limits, types]) => `  '${limits}':\n    '${types}',`).join('\n')}
};
`;

const main = (args: readonly string[]): void => {
  const root = resolve(import.meta.dirname, '..');
  const present = readFileSync(resolve(root, TABLE), { encoding: 'utf8', flag: 'a+' });
  const date = args.find((arg) => /^\d{4}-\d\d-\d\d$/.test(arg)) ?? /DATE = '(.*)'/.exec(present)?.[1];
  if (date === undefined) throw new Error('say when the csv was made: node build/data.ts YYYY-MM-DD');
  const biome = resolve(root, 'node_modules/.bin/biome');
  const format = ['format', `--stdin-file-path=${TABLE}`];
  const table = execFileSync(biome, format, {
    cwd: root,
    input: tableOf(readFileSync(resolve(root, CSV), 'utf8'), date),
    encoding: 'utf8',
  });
  if (table === present) return;
  if (args.includes('--check')) throw new Error(`${TABLE} is not what ${CSV} gives: run node build/data.ts`);
  writeFileSync(resolve(root, TABLE), table);
};

if (import.meta.main) main(process.argv.slice(2));
