/** A table of instance types as CSV, as `bootwright max-pods --update` writes it and `--limits` reads it; data/instance-limits.csv is one. */
import { nearestOf } from '../nearest.ts';
import { type Checked, type Diagnostic, errorAt } from '../report.ts';
import { INSTANCE_TYPE, type InstanceType } from './instance-types.ts';

export interface LimitsFile {
  /** When the limits were collected, `YYYY-MM-DD`: the first date in a comment. */
  readonly date?: string;
  readonly types: ReadonlyMap<string, InstanceType>;
}

interface Column {
  readonly name: string;
  readonly key: keyof InstanceType;
  readonly isRequired?: true;
  readonly form: RegExp;
  readonly wanted: string;
  /** undefined: not known. */
  readonly read: (text: string) => InstanceType[keyof InstanceType];
  readonly unknown?: string;
}

const COUNT = { form: /^[1-9]\d{0,8}$/, wanted: 'a number from 1 on', read: Number } as const;
const text = (value: string): string => value;

const COLUMNS: readonly Column[] = [
  { name: 'instance_type', key: 'type', isRequired: true, form: INSTANCE_TYPE, wanted: 'an instance type', read: text },
  { name: 'max_enis', key: 'enis', isRequired: true, ...COUNT, form: /^[1-9]\d{0,3}$/ },
  { name: 'ipv4_per_eni', key: 'ipv4PerEni', isRequired: true, ...COUNT, form: /^[1-9]\d{0,3}$/ },
  { name: 'network_cards', key: 'networkCards', ...COUNT, form: /^[1-9]\d{0,3}$/ },
  {
    name: 'hypervisor',
    key: 'hypervisor',
    form: /^(?:nitro|xen|unknown)$/,
    wanted: 'nitro, xen or unknown',
    read: (value) => (value === 'unknown' ? undefined : value),
    unknown: 'unknown',
  },
  { name: 'bare_metal', key: 'bareMetal', form: /^(?:true|false)$/, wanted: 'true or false', read: (value) => value === 'true' },
  { name: 'vcpus', key: 'vcpus', ...COUNT, form: /^[1-9]\d{0,4}$/ },
  { name: 'memory_mib', key: 'memoryMib', ...COUNT },
  { name: 'arch', key: 'arch', form: /^(?:amd64|arm64)$/, wanted: 'amd64 or arm64', read: text },
  { name: 'accelerator', key: 'accelerator', form: /^[a-z0-9-]{1,30}$/, wanted: 'a word in lower case', read: text },
];

/** More would scroll away the first, and the first is often the cause of the others. */
const MOST = 50;

const NAMES = COLUMNS.map(({ name }) => name);

/** A line and its number in the file, from 1. */
interface Line {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Where a mistake is. */
type Blame = (line: number, code: string, message: string, remedy: string) => Diagnostic;

const headMistakes = ({ cells, line }: Line, blame: Blame): readonly Diagnostic[] => [
  ...cells
    .filter((name) => !NAMES.includes(name))
    .map((name) => {
      const near = nearestOf(name, NAMES);
      const remedy = near ? `did you mean ${near}?` : `the columns are ${NAMES.join(', ')}`;
      return blame(line, 'unknown-column', `there is no column '${name.slice(0, 60)}'`, remedy);
    }),
  ...cells
    .filter((name, i) => cells.indexOf(name) !== i)
    .map((name) => blame(line, 'repeated-column', `column ${name} is there twice`, 'leave one out')),
  ...COLUMNS.filter(({ name, isRequired }) => isRequired && !cells.includes(name)).map(({ name }) =>
    blame(
      line,
      'missing-column',
      `column ${name} is missing`,
      'the first line names the columns: make the file with `bootwright max-pods --update`',
    ),
  ),
];

/** One row; the mistakes are added to the list. */
const rowOf = (head: readonly string[], { cells, line }: Line, blame: Blame, mistakes: Diagnostic[]): InstanceType | undefined => {
  const before = mistakes.length;
  if (cells.length !== head.length) {
    mistakes.push(
      blame(line, 'invalid-row', `has ${cells.length} values for ${head.length} columns`, 'give each column one value, which may be empty'),
    );
    return undefined;
  }
  const entries = COLUMNS.flatMap(({ name, key, isRequired, form, wanted, read }) => {
    const at = head.indexOf(name);
    const cell = cells[at] ?? '';
    if (at < 0 || (cell === '' && !isRequired)) return [];
    if (!form.test(cell)) {
      mistakes.push(blame(line, 'invalid-value', `${name} '${cell.slice(0, 60)}' is not ${wanted}`, 'correct the value'));
      return [];
    }
    const value = read(cell);
    return value === undefined ? [] : [[key, value] as const];
  });
  return mistakes.length > before ? undefined : (Object.fromEntries(entries) as unknown as InstanceType);
};

/** The table in a text. All that is wrong is said at once, with its line; of very many mistakes the first 50. */
export const decodeLimits = (csv: string, path: string): Checked<LimitsFile> => {
  const blame: Blame = (line, code, message, remedy) => ({ ...errorAt(code, path, message, remedy), line });
  const all = csv.split('\n').map((text, i) => ({ text: text.trimEnd(), line: i + 1 }));
  const date = all.filter(({ text }) => text.startsWith('#')).flatMap(({ text }) => /\b\d{4}-\d\d-\d\d\b/.exec(text) ?? [])[0];
  const [head, ...rows] = all
    .filter(({ text }) => text !== '' && !text.startsWith('#'))
    .map(({ text, line }): Line => ({ cells: text.split(',').map((cell) => cell.trim()), line }));
  if (head === undefined || rows.length === 0) {
    const remedy = 'make the file with `bootwright max-pods --update`';
    return { diagnostics: [errorAt('empty-limits', path, 'holds no instance types', remedy)] };
  }
  const mistakes = [...headMistakes(head, blame)];
  const types = new Map<string, InstanceType>();
  const lines = new Map<string, number>();
  if (mistakes.length === 0) {
    for (const row of rows) {
      const type = rowOf(head.cells, row, blame, mistakes);
      if (type === undefined) continue;
      const first = lines.get(type.type);
      if (first !== undefined)
        mistakes.push(blame(row.line, 'repeated-type', `${type.type} stands in line ${first} already`, 'leave one of the two out'));
      lines.set(type.type, first ?? row.line);
      types.set(type.type, type);
    }
  }
  if (mistakes.length === 0) return { value: { ...(date ? { date } : {}), types }, diagnostics: [] };
  const more = mistakes.length - MOST;
  const rest = more > 0 ? [errorAt('more-mistakes', path, `${more} more mistakes`, 'is this a table of instance types?')] : [];
  return { diagnostics: [...mistakes.slice(0, MOST), ...rest] };
};

/** The table as text: sorted by type, so that the same types give the same bytes. `comment` names date and source, in one line. */
export const limitsText = (types: Iterable<InstanceType>, comment: string): string => {
  const rows = [...types]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((type) => COLUMNS.map(({ key, unknown = '' }) => String(type[key] ?? unknown)).join(','));
  return `${[`# ${comment}`, NAMES.join(','), ...rows].join('\n')}\n`;
};
