import { CHECKS } from '../../checks/all.ts';
import { type CheckResult, rootCauseOf, runChecks, withDependencies } from '../../checks/check.ts';
import { NodeError, STATE_CODES } from '../../core/errors.ts';
import { JOIN_FORMS, type JoinForm, joinRightsText, roleArnOf } from '../../core/join-rights.ts';
import { eksTokenOf } from '../../core/kubelet/kubeconfig-file.ts';
import { nearestOf } from '../../core/nearest.ts';
import { type Diagnostic, errorAt } from '../../core/report.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { openProbes } from '../doctor/probes.ts';
import { machineAt, rootNamed } from '../machine.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { checkListText, doctorDocument, doctorJunit, doctorText } from '../present/doctor.ts';
import { counted } from '../present/lines.ts';
import { isColoured, paintOf } from '../present/paint.ts';
import { jsonText } from '../present/plan-json.ts';

/** A person at a console waits no longer. */
const TOTAL_MS = 60_000;
const IDS = CHECKS.map(({ id }) => id);

const OPTIONS: readonly Option[] = [
  { name: 'only', value: 'ID', multiple: true, choices: IDS, text: 'this check and those that it depends on; may be repeated' },
  { name: 'skip', value: 'ID', multiple: true, choices: IDS, text: 'all but this check; may be repeated' },
  { name: 'offline', text: 'by this machine alone: nothing is asked over the network' },
  { name: 'root', value: 'DIR', text: 'look at the files of this image; nothing runs there' },
  { name: 'list', text: 'the checks, and run none' },
  {
    name: 'print',
    value: 'FORM',
    choices: JOIN_FORMS,
    text: `what lets this node’s role join, to paste: ${JOIN_FORMS.join(', ')}; no check is run`,
  },
  {
    name: 'bundle',
    value: 'FILE',
    text: 'besides, what was found and looked at (files, journals) as a tar, secrets masked; - for standard output, and nothing else there',
  },
  { name: 'json', text: 'as JSON (docs/schema/doctor.json)' },
  { name: 'junit', text: 'as XML that CI systems read' },
];

const unknownIds = (options: Parsed, name: string): readonly Diagnostic[] =>
  options
    .texts(name)
    .filter((id) => !IDS.includes(id))
    .map((id) => {
      const near = nearestOf(id, IDS);
      return errorAt(
        'unknown-check',
        `--${name}`,
        `there is no check '${id}'`,
        near ? `did you mean ${near}?` : '`bootwright doctor --list` lists them',
      );
    });

const printForm = (options: Parsed): JoinForm | undefined => JOIN_FORMS.find((form) => form === options.text('print'));

/** Throws Refused with everything that the command line has wrong. */
const check = (options: Parsed): void => {
  const mistakes = [
    ...unknownIds(options, 'only'),
    ...unknownIds(options, 'skip'),
    ...(options.flag('print') && printForm(options) === undefined
      ? [errorAt('invalid-value', '--print', `'${options.text('print')}' is no form`, `give one of ${JOIN_FORMS.join(', ')}`)]
      : []),
    ...(options.flag('json') && options.flag('junit')
      ? [errorAt('option-conflict', '--junit', 'does not go together with --json', 'leave one of them out')]
      : []),
  ];
  if (mistakes.length > 0) throw new Refused(mistakes);
};

const chosen = (options: Parsed) => {
  const only = options.texts('only');
  return only.length === 0 ? CHECKS : withDependencies(CHECKS, only);
};

/** For the role and cluster of this node. @throws NodeError */
const printed = async (form: JoinForm, options: Parsed, context: Context): Promise<string> => {
  const machine = machineAt(rootNamed(options.text('root') ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context), context);
  const { probes, close } = openProbes(machine, context);
  try {
    const { user, path } = await probes.kubeconfig();
    const wish = user.exec && eksTokenOf(user.exec);
    if (wish === undefined)
      throw new NodeError('CONFIG', `${path} does not name an EKS cluster`, { remedy: 'Run it on a node that was bootstrapped.', path });
    const [arn, region, seen] = await Promise.all([
      probes.callerArn(context.signal),
      wish.region ?? probes.region(context.signal),
      probes.local(),
    ]);
    const roleArn = roleArnOf(arn);
    if (roleArn === undefined)
      throw new NodeError('CONFIG', `STS knows us as ${arn}, which is no role`, {
        remedy: 'Run it with the credentials of the instance profile.',
      });
    const byInstanceId = /^i-[0-9a-f]{8,17}$/.test(seen.nodeName);
    return joinRightsText(form, { clusterName: wish.clusterName, region, roleArn, system: 'linux', byInstanceId });
  } finally {
    await close();
  }
};

/** Runs the checks, and writes the bundle that is asked for. @throws NodeError where that cannot be written */
const examine = async (options: Parsed, context: Context): Promise<readonly CheckResult[]> => {
  const machine = machineAt(rootNamed(options.text('root') ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context), context);
  const { probes, close } = openProbes(machine, context);
  const network = options.flag('offline') ? [] : (['network'] as const);
  const run = {
    probes,
    reaches: machine.live ? (['files', 'machine', ...network] as const) : (['files'] as const),
    skipped: options.texts('skip'),
    totalMs: TOTAL_MS,
    signal: context.signal,
    clock: () => performance.now(),
  };
  try {
    const results = await runChecks(chosen(options), run);
    const file = options.text('bundle');
    if (file !== undefined) {
      const { writeBundle } = await import('../doctor/bundle.ts');
      const said = [
        { name: 'doctor.txt', text: doctorText(results, paintOf(false), 100) },
        { name: 'doctor.json', text: jsonText(doctorDocument(results, timestampOf(context.now()))) },
      ];
      const names = await writeBundle({ file, said, isLive: machine.live }, probes, context);
      if (file !== '-')
        context.stderr.write(`${file}: ${counted(names.length, 'file')}, secrets masked; look through it before you send it\n`);
    }
    return results;
  } finally {
    await close();
  }
};

const shown = (results: readonly CheckResult[], options: Parsed, context: Context): string => {
  if (options.text('bundle') === '-') return '';
  if (options.flag('json')) return jsonText(doctorDocument(results, timestampOf(context.now())));
  if (options.flag('junit')) return doctorJunit(results);
  return doctorText(results, paintOf(isColoured('auto', context.stdout, context.env)), widthOf(context));
};

const widthOf = ({ stdout }: Context): number => Math.min(140, Math.max(60, stdout.columns));

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'say why this machine is no node yet: every step of joining checked, the first cause named, and what to do',
  usage: [
    'bootwright doctor [--only ID] [--skip ID] [--offline] [--json | --junit] [--bundle FILE]',
    'bootwright doctor --print FORM',
    'bootwright doctor --list',
  ],
  description: [
    'Looks at every step of the way into the cluster: clock, metadata service, role, STS, the API server’s name, port, certificate and answer, who it takes this node for, containerd, the kubelet with its journal, the node and its certificate. Steps that do not depend on each other are looked at side by side, in at most a minute; what depends on a failure is left out, and the first failure stands at the top.',
    'It reads and changes nothing but the file that --bundle names. Without root it sees less: what it may not read is said. It ends with 0 when nothing failed, also with notes, and with 42 otherwise.',
  ],
  options: OPTIONS,
  more: async () => `Checks:\n${checkListText(CHECKS, 100).replace(/^(?=.)/gm, '  ')}`,
  examples: [
    { line: 'bootwright doctor', text: 'on a node that did not join, as root' },
    { line: 'bootwright doctor --only api-auth', text: 'one question, and what must be true for it' },
    { line: 'bootwright doctor --bundle evidence.tar', text: 'for somebody who cannot log in' },
    { line: 'bootwright doctor --print terraform', text: 'the access entry that the role of this node needs' },
    { line: 'bootwright doctor --junit > doctor.xml', text: 'in the pipeline of an image' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'doctor', options: OPTIONS, positionals: 0 });
    check(options);
    if (options.flag('list')) {
      context.stdout.write(checkListText(CHECKS, widthOf(context)));
      return 0;
    }
    const form = printForm(options);
    if (form !== undefined) {
      context.stdout.write(await printed(form, options, context));
      return 0;
    }
    const results = await examine(options, context);
    context.stdout.write(shown(results, options, context));
    return rootCauseOf(results) === undefined ? 0 : STATE_CODES.CHECK_FAILED.exit;
  },
};
