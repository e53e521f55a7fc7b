import { decodeLimits } from '../../core/kubelet/limits-file.ts';
import { type PodWish, podLimitOf, wishMistakes } from '../../core/kubelet/max-pods.ts';
import { nearestOf } from '../../core/nearest.ts';
import { type Diagnostic, errorAt } from '../../core/report.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { demanded } from '../dialect.ts';
import { readNamed } from '../files.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { POD_OPTIONS, podMistakes, podWishOf } from '../pod-options.ts';
import { type PodRow, podJson, podText } from '../present/max-pods.ts';
import { withThisInstance } from '../this-instance.ts';
import { BUILT_IN, findTypes, type TypeTable, tableOfFile } from '../type-limits.ts';
import { INSTANCE_TYPE_RULE, mistakesOf, REGION_RULE, valueMistakes } from '../value-rules.ts';

/** Names of targets and their short forms. */
const TARGETS = ['amazon-linux-2', 'al2', 'amazon-linux-2023', 'al2023', 'bottlerocket', 'ubuntu', 'windows'];
const FAMILIES = ['ipv4', 'ipv6'];

const OPTIONS: readonly Option[] = [
  { name: 'all', text: 'every type of the table' },
  { name: 'instance-type-from-imds', text: 'the type of this instance' },
  ...POD_OPTIONS,
  { name: 'ip-family', value: 'FAMILY', choices: FAMILIES, text: 'of the cluster: ipv4 (default) or ipv6' },
  { name: 'target', value: 'TARGET', choices: TARGETS, text: 'what runs on the node; only windows counts otherwise (amazon-linux-2)' },
  { name: 'describe', text: 'ask EC2 (DescribeInstanceTypes) with the credentials of this machine, not the table' },
  {
    name: 'region',
    value: 'REGION',
    multiple: true,
    text: 'where EC2 is asked, may be repeated (AWS_REGION, the profile’s, this instance’s)',
  },
  { name: 'limits', value: 'FILE', text: 'a table that --update wrote, instead of the built-in one; - for standard input' },
  { name: 'update', value: 'FILE', text: 'write a newer table of all types of the regions; - for standard output' },
  { name: 'json', text: 'as JSON (docs/schema/max-pods.json)' },
];

const choiceMistakes = (options: Parsed, name: string, choices: readonly string[]): readonly Diagnostic[] => {
  const value = options.text(name);
  if (value === undefined || choices.includes(value)) return [];
  const near = nearestOf(value, choices);
  const remedy = near === undefined ? `give one of ${choices.join(', ')}` : `did you mean ${near}?`;
  return [errorAt('invalid-choice', `--${name}`, `'${value}' is none of ${choices.join(', ')}`, remedy)];
};

/** Exactly one of: types, --all, --instance-type-from-imds, --update. */
const questionMistakes = (options: Parsed): readonly Diagnostic[] => {
  const ways = ['all', 'instance-type-from-imds', 'update'].filter((name) => options.flag(name)).map((name) => `--${name}`);
  const asked = [...(options.positionals.length > 0 ? ['instance types'] : []), ...ways];
  if (asked.length === 1) return [];
  if (asked.length > 1)
    return [
      errorAt(
        'option-conflict',
        ways[0] ?? '',
        `does not go together with ${asked.filter((way) => way !== ways[0]).join(', ')}`,
        'choose one of them',
      ),
    ];
  return [errorAt('missing-value', 'TYPE', 'no instance type is named', 'name some, as in `bootwright max-pods m5.large`, or give --all')];
};

const tableMistakes = (options: Parsed): readonly Diagnostic[] =>
  options.flag('limits') && options.flag('describe') && !options.flag('update')
    ? [errorAt('option-conflict', '--limits', 'is not read with --describe, which asks EC2 in any case', 'leave one of them out')]
    : [];

/** What says how to reckon or print has no meaning while a table is written. */
const updateMistakes = (options: Parsed): readonly Diagnostic[] => {
  if (!options.flag('update')) return [];
  const missing = options.text('update') === undefined ? [errorAt('missing-value', '--update', 'has no value', 'write --update FILE')] : [];
  const others = OPTIONS.filter(
    ({ name }) => !['update', 'limits', 'region', 'all', 'instance-type-from-imds'].includes(name) && options.flag(name),
  );
  return [...missing, ...others.map(({ name }) => errorAt('option-conflict', `--${name}`, 'has no meaning with --update', 'leave it out'))];
};

const wishOf = (options: Parsed): PodWish => ({
  ...podWishOf(options),
  ipFamily: options.text('ip-family') === 'ipv6' ? 'ipv6' : 'ipv4',
  windows: options.text('target') === 'windows',
});

/** Throws Refused with everything that the command line has wrong. */
const check = (options: Parsed): void => {
  const values = [
    ...valueMistakes(INSTANCE_TYPE_RULE, options.positionals, 'TYPE'),
    ...podMistakes(options),
    ...mistakesOf(options, [REGION_RULE]),
    ...choiceMistakes(options, 'ip-family', FAMILIES),
    ...choiceMistakes(options, 'target', TARGETS),
  ];
  const mistakes = [
    ...questionMistakes(options),
    ...tableMistakes(options),
    ...updateMistakes(options),
    ...values,
    ...(values.length === 0 ? wishMistakes(wishOf(options)) : []),
  ];
  if (mistakes.length > 0) throw new Refused(mistakes);
};

const tableNamed = async (options: Parsed, context: Context): Promise<TypeTable> => {
  const name = options.text('limits');
  if (name === undefined) return BUILT_IN;
  return tableOfFile(name, demanded(decodeLimits(await readNamed(name, '--limits', context), `--limits ${name}`)));
};

const show = (rows: readonly PodRow[], wish: PodWish, options: Parsed, context: Context): void => {
  const width = Math.min(140, Math.max(60, context.stdout.columns));
  context.stdout.write(options.flag('json') ? podJson(rows, wish) : podText(rows, width));
};

/** Throws Refused where none of the types can be such a node. */
const checkPossible = (rows: readonly PodRow[]): void => {
  if (rows.some(({ limit }) => limit.impossible === undefined)) return;
  throw new Refused(
    rows.map(({ type, limit }) => errorAt('unsupported-instance-type', type.type, limit.impossible ?? '', 'choose another instance type')),
  );
};

export const maxPodsCommand: Command = {
  name: 'max-pods',
  summary: 'how many pods an instance type takes, with the arithmetic',
  usage: [
    'bootwright max-pods TYPE… [options]',
    'bootwright max-pods --all [options]',
    'bootwright max-pods --update FILE [--limits FILE] [--region REGION]…',
  ],
  description: [
    'ENIs × (IPv4 addresses per ENI − 1) + 2, bounded by 110 up to 30 vCPUs and by 250 above, as max-pods-calculator.sh advises; kubeReserved is for this number. bootstrap.sh and `bootwright bootstrap` write the number without the bound (--show-max-allowed). Where the table lacks the vCPUs of a type, the bound is not guessed.',
    'The limits come from a table in the program. A type that it lacks is asked of EC2 with the credentials of this machine. --update writes a newer table, --limits reads it; with both, types that the regions do not have are kept.',
    'Also runs under the name max-pods-calculator.sh, with the flags of that program.',
  ],
  options: OPTIONS,
  examples: [
    { line: 'bootwright max-pods m5.large', text: 'one type, with the reckoning' },
    {
      line: 'bootwright max-pods m5.large m5.8xlarge --cni-prefix-delegation-enabled',
      text: 'a group of mixed types, and the number that fits all',
    },
    { line: 'bootwright max-pods --all --json', text: 'every type' },
    {
      line: 'bootwright max-pods --update limits.csv --region us-east-1 --region eu-west-1',
      text: 'then: bootwright max-pods m99.large --limits limits.csv',
    },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'max-pods', options: OPTIONS, positionals: Number.POSITIVE_INFINITY });
    check(options);
    const table = await tableNamed(options, context);
    const regions = options.texts('region').filter((region) => region !== '');
    const update = options.text('update');
    if (update !== undefined) {
      const { writeTable } = await import('../limits-update.ts');
      return writeTable({ path: update, table, keeps: table !== BUILT_IN, regions }, context);
    }
    const own = options.flag('instance-type-from-imds') ? await withThisInstance(context, async ({ instance }) => instance) : undefined;
    const names = own ? [own.type] : options.flag('all') ? undefined : [...new Set(options.positionals)];
    const question = { names, table, regions: own && regions.length === 0 ? [own.region] : regions, describe: options.flag('describe') };
    const wish = wishOf(options);
    const rows = (await findTypes(question, context)).map((found): PodRow => ({ ...found, limit: podLimitOf(found.type, wish) }));
    checkPossible(rows);
    show(rows, wish, options, context);
    return 0;
  },
};
