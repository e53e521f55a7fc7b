import { NodeError } from '../../core/errors.ts';
import { needsHypervisor, type PodWish, podLimitOf } from '../../core/kubelet/max-pods.ts';
import { type Diagnostic, errorAt } from '../../core/report.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { hasOwnCredentials, isElsewhere, SHORT_IMDS } from '../elsewhere.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { POD_OPTIONS, podMistakes, podWishOf } from '../pod-options.ts';
import { BUILT_IN, regionAtHand } from '../type-limits.ts';
import { INSTANCE_TYPE_RULE, mistakesOf } from '../value-rules.ts';
import { openWorld, plainWatch } from '../world.ts';

const OPTIONS: readonly Option[] = [
  { name: 'instance-type', value: 'TYPE', text: 'the instance type' },
  { name: 'instance-type-from-imds', text: 'the type of this instance' },
  ...POD_OPTIONS,
];

/** Each option has a variable, INSTANCE_TYPE to SHOW_MAX_ALLOWED, that counts where the option is not given. */
const variableOf = (option: string): string => option.toUpperCase().replaceAll('-', '_');

const variableMistakes = (options: Parsed, env: Context['env']): readonly Diagnostic[] =>
  OPTIONS.filter(({ name, value }) => value === undefined && !options.flag(name))
    .map(({ name }) => [variableOf(name), env[variableOf(name)] || 'false'] as const)
    .filter(([, value]) => value !== 'true' && value !== 'false')
    .map(([name, value]) => errorAt('invalid-boolean', name, `'${value}' is neither true nor false`, 'write true or false, in lower case'));

/** The options with the variables behind them. */
const withVariables = (options: Parsed, env: Context['env']): Parsed => {
  const text: Parsed['text'] = (name) => options.text(name) ?? (env[variableOf(name)] || undefined);
  return {
    ...options,
    text,
    texts: (name) => [text(name) ?? ''],
    flag: (name) => options.flag(name) || env[variableOf(name)] === 'true',
  };
};

/** Throws Refused with everything that is wrong; a value of a variable is blamed on the variable. */
const check = (options: Parsed, given: Parsed, env: Context['env']): void => {
  const blamed = (mistake: Diagnostic): Diagnostic => {
    const name = mistake.path.slice(2);
    return given.text(name) === undefined ? { ...mistake, path: variableOf(name) } : mistake;
  };
  const missing = [
    ...(options.text('instance-type') === undefined && !options.flag('instance-type-from-imds')
      ? [errorAt('missing-value', '--instance-type', 'is missing', 'give --instance-type TYPE or --instance-type-from-imds')]
      : []),
    ...(options.text('cni-version') === undefined
      ? [errorAt('missing-value', '--cni-version', 'is missing', 'give --cni-version X.Y.Z, as in 1.18.1')]
      : []),
  ];
  const values = [...mistakesOf(options, [INSTANCE_TYPE_RULE]), ...podMistakes(options)].map(blamed);
  const mistakes = [...missing, ...values, ...variableMistakes(given, env)];
  if (mistakes.length > 0) throw new Refused(mistakes);
};

const NO_REGION = 'Set AWS_REGION; only an EC2 instance has a region of its own.';

/** From the table where that is enough, else from EC2, as the program of old always did. */
const podsOf = async (options: Parsed, wish: PodWish, context: Context): Promise<ReturnType<typeof podLimitOf>> => {
  const isOwn = options.flag('instance-type-from-imds');
  // Without it this may be a laptop, where nobody waits a minute for IMDS.
  const isShort = !isOwn && (hasOwnCredentials(context.env) || isElsewhere());
  const opened = openWorld(context, '/', plainWatch(context), isShort ? SHORT_IMDS : {});
  const start = { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} } as const;
  try {
    const { world } = opened;
    const { instance = {} } = options.flag('instance-type-from-imds')
      ? await world.resolve('instance.identity', start, context.signal)
      : {};
    const name = instance.type ?? options.text('instance-type') ?? '';
    const tabled = BUILT_IN.typeOf(name);
    const limit = tabled === undefined || needsHypervisor(tabled, wish) ? undefined : podLimitOf(tabled, wish);
    if (limit !== undefined && limit.maxPods !== null) return limit;
    const region = instance.region ?? (await regionAtHand(world, NO_REGION, context));
    const [type] = await world.describeTypes(region, [name], context.signal);
    const asked = type === undefined ? undefined : podLimitOf(type, wish);
    if (asked !== undefined && asked.maxPods !== null) return asked;
    if (asked !== undefined)
      throw new NodeError('PROTOCOL', `EC2 does not say how many vCPUs ${name} has`, {
        remedy: 'Give --show-max-allowed for the number without a bound.',
      });
    throw new Refused([
      errorAt(
        'unknown-instance-type',
        '--instance-type',
        `EC2 has no instance type '${name}' in ${region}`,
        'check its spelling and AWS_REGION',
      ),
    ]);
  } finally {
    await opened.close();
  }
};

export const maxPodsCalculatorCommand: Command = {
  name: 'max-pods-calculator.sh',
  summary: 'the number of pods for a kubelet, as max-pods-calculator.sh printed it',
  usage: [
    'max-pods-calculator.sh --instance-type TYPE --cni-version X.Y.Z [options]',
    'max-pods-calculator.sh --instance-type-from-imds --cni-version X.Y.Z [options]',
  ],
  description: [
    'Prints one number. `bootwright max-pods` shows the arithmetic, and takes several types at once.',
    'Variables count where an option is not given: INSTANCE_TYPE, INSTANCE_TYPE_FROM_IMDS, CNI_VERSION, CNI_CUSTOM_NETWORKING_ENABLED, CNI_PREFIX_DELEGATION_ENABLED, CNI_MAX_ENI, SHOW_MAX_ALLOWED.',
  ],
  options: OPTIONS,
  examples: [{ line: 'max-pods-calculator.sh --instance-type m5.large --cni-version 1.18.1 --cni-prefix-delegation-enabled', text: '110' }],
  helpExit: 1,
  async run(args, context) {
    const given = parsedOf(args, { command: 'max-pods', options: OPTIONS, positionals: Number.POSITIVE_INFINITY });
    const options = withVariables(given, context.env);
    check(options, given, context.env);
    const warn = (text: string): void => context.stderr.write(`warning: ${text}\n`);
    for (const word of given.positionals) warn(`'${word}' is not used: this program takes options only`);
    if (options.flag('instance-type-from-imds') && options.text('instance-type') !== undefined)
      warn('--instance-type is not used: --instance-type-from-imds beats it');
    const limit = await podsOf(options, { ...podWishOf(options), prefixesOnMetal: false }, context);
    for (const note of limit.notes) warn(note);
    context.stdout.write(`${limit.maxPods}\n`);
    return 0;
  },
};
