/**
 * node build/data.ts [YYYY-MM-DD]: data/instance-limits.csv → src/core/data/instance-limits.ts, src/core/data/instance-details.ts.
 * The csv is what `bootwright max-pods --limits data/instance-limits.csv --update data/instance-limits.csv --region …` writes. The date
 * is when it was made: given here, else as a comment in it says, else that of the present table stays. `--check` only says whether the
 * tables are up to date.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { INSTANCE_LIMITS_DATE } from '../src/core/data/instance-limits.ts';
import type { InstanceType } from '../src/core/kubelet/instance-types.ts';
import { decodeLimits } from '../src/core/kubelet/limits-file.ts';

const CSV = 'data/instance-limits.csv';
const LIMITS = 'src/core/data/instance-limits.ts';
const DETAILS = 'src/core/data/instance-details.ts';

/** Types by a value of theirs, each as `family.size size family.size …`: sizes follow the family they belong to. */
const groupsOf = (types: Iterable<InstanceType>, read: (type: InstanceType) => string): string => {
  const groups = new Map<string, Map<string, string[]>>();
  for (const one of types) {
    const [family = '', size = ''] = one.type.split('.');
    const families = groups.get(read(one)) ?? new Map<string, string[]>();
    groups.set(read(one), families.set(family, [...(families.get(family) ?? []), size]));
  }
  const listed = (families: Map<string, string[]>): string =>
    [...families].map(([family, sizes]) => `${family}.${sizes.join(' ')}`).join(' ');
  return [...groups]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([value, families]) => `  '${value}':\n    '${listed(families)}',`)
    .join('\n');
};

const MADE = `/** Made by build/data.ts from ${CSV}: do not edit. */\n`;

/** The modules by their paths, before formatting. */
const modulesOf = (types: readonly InstanceType[], date: string): Readonly<Record<string, string>> => ({
  [LIMITS]: `${MADE}
/** When the limits were collected. */
export const INSTANCE_LIMITS_DATE = '${date}';

/**
 * \`ENIs,IPv4 addresses per ENI\` (default network card) and the types that have them: \`family.size size …\`. One string per pair, so
 * that start-up pays for nothing but the bytes; looked up in src/core/kubelet/instance-limits.ts.
 */
export const INSTANCE_LIMITS: { readonly [limits: string]: string } = {
${groupsOf(types, ({ enis, ipv4PerEni }) => `${enis},${ipv4PerEni}`)}
};
`,
  [DETAILS]: `${MADE}
/**
 * \`vCPUs,hypervisor,bare metal,architecture\` and the types that have them, as in instance-limits.ts and of the same date; what is not known
 * is empty. No boot reads it.
 */
export const INSTANCE_DETAILS: { readonly [details: string]: string } = {
${groupsOf(types, ({ vcpus, hypervisor, bareMetal, arch }) => [vcpus, hypervisor, bareMetal, arch].map((value) => value ?? '').join(','))}
};
`,
});

const main = (args: readonly string[]): void => {
  const root = resolve(import.meta.dirname, '..');
  const { value: csv, diagnostics } = decodeLimits(readFileSync(resolve(root, CSV), 'utf8'), CSV);
  if (csv === undefined) throw new Error(diagnostics.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n'));
  const date = args.find((arg) => /^\d{4}-\d\d-\d\d$/.test(arg)) ?? csv.date ?? INSTANCE_LIMITS_DATE;
  for (const [path, text] of Object.entries(modulesOf([...csv.types.values()], date))) {
    const module = execFileSync(resolve(root, 'node_modules/.bin/biome'), ['format', `--stdin-file-path=${path}`], {
      cwd: root,
      input: text,
      encoding: 'utf8',
    });
    if (module === readFileSync(resolve(root, path), { encoding: 'utf8', flag: 'a+' })) continue;
    if (args.includes('--check')) throw new Error(`${path} is not what ${CSV} gives: run node build/data.ts`);
    writeFileSync(resolve(root, path), module);
  }
};

if (import.meta.main) main(process.argv.slice(2));
