import { type Diagnostic, errorAt } from '../../core/report.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { authoritiesIn, connectTo, kubeletConnection, laptopKubeconfigs, readKubeconfig } from '../csr/connection.ts';
import { followCsr, type Look } from '../csr/follow.ts';
import { observeCsr } from '../csr/observe.ts';
import { isElsewhere, SHORT_IMDS } from '../elsewhere.ts';
import { machineAt, rootNamed } from '../machine.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { csrDocument, csrLine, csrText, type NodeRow, sortedRows, tableText } from '../present/csr.ts';
import { isColoured, paintOf } from '../present/paint.ts';
import { jsonText } from '../present/plan-json.ts';
import { createProgress } from '../present/progress.ts';
import { openWorld, plainWatch } from '../world.ts';

const OPTIONS: readonly Option[] = [
  { name: 'wait', optionalValue: 'DURATION', text: 'until the certificate is there, or it is certain that none will come; at most 5m' },
  { name: 'watch', text: 'a line for every change, until it is interrupted' },
  { name: 'offline', text: 'by this machine alone: configuration, files and port, without the API server' },
  { name: 'all', text: 'every node of the cluster, with the kubeconfig of a laptop' },
  { name: 'node', value: 'NAME', text: 'one node’s story, with the kubeconfig of a laptop' },
  { name: 'kubeconfig', value: 'FILE', text: 'the kubelet’s (default), with --all and --node KUBECONFIG or ~/.kube/config' },
  { name: 'context', value: 'NAME', text: 'of the kubeconfig; default: the current one' },
  { name: 'root', value: 'DIR', text: 'look at this image instead of the machine; nothing runs there, and the API server is not asked' },
  { name: 'exit-zero', text: 'end with 0 whatever the state is, for cron' },
  { name: 'json', text: 'as JSON (docs/schema/csr.json); with --watch a document a line' },
];

const DEFAULT_WAIT_MS = 300_000;
const UNITS: { readonly [unit: string]: number } = { '': 1000, s: 1000, m: 60_000, h: 3_600_000 };

const waitMs = (options: Parsed): number | undefined => {
  const text = options.text('wait');
  if (text === undefined) return DEFAULT_WAIT_MS;
  const [, count, unit = ''] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS[unit] ?? 1000);
};

const conflicts = (options: Parsed, one: string, others: readonly string[]): readonly Diagnostic[] =>
  options.flag(one)
    ? others
        .filter((other) => options.flag(other))
        .map((other) => errorAt('option-conflict', `--${other}`, `does not go together with --${one}`, 'leave one of them out'))
    : [];

/** Throws Refused with everything that the command line has wrong. */
const check = (options: Parsed): void => {
  const mistakes = [
    ...conflicts(options, 'all', ['node', 'wait', 'watch', 'offline', 'root']),
    ...conflicts(options, 'node', ['offline', 'root', 'wait', 'watch']),
    ...conflicts(options, 'offline', ['kubeconfig', 'context']),
    ...conflicts(options, 'root', ['kubeconfig', 'context', 'watch', 'wait']),
    ...conflicts(options, 'wait', ['watch']),
    ...(waitMs(options) === undefined
      ? [errorAt('invalid-duration', '--wait', `'${options.text('wait')}' is no duration`, 'give one like 90s, 5m or 1h')]
      : []),
  ];
  if (mistakes.length > 0) throw new Refused(mistakes);
};

const widthOf = ({ stdout }: Context): number => Math.min(140, Math.max(60, stdout.columns));

const show = ({ seen, verdict }: Look | NodeRow, options: Parsed, context: Context): void => {
  const paint = paintOf(isColoured('auto', context.stdout, context.env));
  context.stdout.write(options.flag('json') ? jsonText(csrDocument(seen, verdict)) : csrText(seen, verdict, paint, widthOf(context)));
};

/** A laptop's view of the cluster. */
const clusterWide = async (options: Parsed, context: Context): Promise<number> => {
  const { rowOfNode, rowsOfCluster } = await import('../csr/cluster-wide.ts');
  const kubeconfig = readKubeconfig(laptopKubeconfigs(options.text('kubeconfig'), context), options.text('context'));
  const { world, close } = openWorld(context, '/', plainWatch(context), isElsewhere() ? SHORT_IMDS : {});
  const connection = connectTo(kubeconfig, world, context);
  const cluster = { api: connection.api, authorities: authoritiesIn(kubeconfig), context };
  try {
    const name = options.text('node');
    const rows = name === undefined ? sortedRows(await rowsOfCluster(cluster)) : [await rowOfNode(cluster, name)];
    const [first] = rows;
    if (name !== undefined && first !== undefined) show(first, options, context);
    else if (options.flag('json')) context.stdout.write(jsonText(rows.map(({ seen, verdict }) => csrDocument(seen, verdict))));
    else context.stdout.write(tableText(rows, paintOf(isColoured('auto', context.stdout, context.env)), widthOf(context)));
    return first?.verdict.exitCode ?? 0;
  } finally {
    await connection.close();
    await close();
  }
};

const whatIsWaitedFor = ({ verdict }: Look): string => verdict.message.replace(/\.$/, '');

const here = async (options: Parsed, context: Context): Promise<number> => {
  const machine = machineAt(rootNamed(options.text('root') ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context), context);
  const watch = plainWatch(context);
  const { world, close } = openWorld(context, machine.root, watch, isElsewhere() ? SHORT_IMDS : {});
  const connection = kubeletConnection(world, context, { kubeconfig: options.text('kubeconfig'), context: options.text('context') });
  const isOffline = options.flag('offline');
  const look = () => observeCsr({ machine, context, source: connection.source, isOffline });
  const progress = createProgress({ terminal: context.stderr, say: watch.info });
  const isWaiting = options.flag('wait');
  const isWatching = options.flag('watch');
  const deadlineMs = isWatching ? Number.POSITIVE_INFINITY : isWaiting ? (waitMs(options) ?? 0) : 0;
  const tell = createTeller(options, context);
  try {
    const last = await followCsr({
      look,
      api: () => (isOffline ? undefined : connection.api()),
      deadlineMs,
      isEnd: ({ verdict }) => !isWatching && (!isWaiting || verdict.isSettled),
      onLook: (one, elapsedMs) => {
        if (isWatching) tell(one);
        else if (isWaiting) progress.note({ wait: 'csr', text: whatIsWaitedFor(one), elapsedMs, deadlineMs });
      },
      random: context.random,
      signal: context.signal,
    });
    progress.stop();
    show(last, options, context);
    return last.verdict.exitCode;
  } finally {
    progress.stop();
    await connection.close();
    await close();
  }
};

/** A line for each change. */
const createTeller = (options: Parsed, context: Context): ((look: Look) => void) => {
  const paint = paintOf(isColoured('auto', context.stdout, context.env));
  let before = '';
  return ({ seen, verdict }) => {
    const key = `${verdict.state} ${verdict.reason} ${verdict.since ?? ''}`;
    if (key === before) return;
    before = key;
    const line = options.flag('json') ? JSON.stringify(csrDocument(seen, verdict)) : `${seen.now.slice(0, 19)}Z ${csrLine(verdict, paint)}`;
    context.stdout.write(`${line}\n`);
  };
};

export const csrCommand: Command = {
  name: 'csr',
  summary: 'say what is true of the kubelet’s serving certificate: asked for, approved, issued, served, renewed',
  usage: [
    'bootwright csr [--wait[=DURATION] | --watch] [--offline] [--json]',
    'bootwright csr --all | --node NAME [--kubeconfig FILE] [--json]',
  ],
  description: [
    'Looks at the kubelet’s effective configuration, its certificate on disk, what it presents on its port, its Node, its requests (CertificateSigningRequests), who the API server takes it for, and its journal; says one state, why, and what to do. It reports: nothing is ever approved or changed.',
    'A certificate is there and no request: that is how a healthy node looks, as requests are cleaned up after an hour. A request that EKS cannot approve is not denied; it stays, and the kubelet makes another every 15 minutes.',
  ],
  options: OPTIONS,
  more: async () => (await import('../present/csr-states.ts')).stateText(100),
  examples: [
    { line: 'bootwright csr', text: 'on a node' },
    { line: 'bootwright csr --wait=10m && echo joined', text: 'in a script, after the bootstrap' },
    { line: 'bootwright csr --all', text: 'on a laptop: every node of the cluster, the worst first' },
    { line: 'bootwright csr --node ip-10-0-0-1.ec2.internal --json', text: 'on a laptop: one node' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'csr', options: OPTIONS, positionals: 0 });
    check(options);
    const isLaptop = options.flag('all') || options.flag('node');
    const exit = await (isLaptop ? clusterWide(options, context) : here(options, context));
    return options.flag('exit-zero') ? 0 : exit;
  },
};
