import { resolve } from 'node:path';
import { type Diagnostic, errorAt, hasErrors, warningAt } from '../../core/report.ts';
import { DAEMONS, type Phase } from '../../core/targets/amazon-linux-2023-phases.ts';
import { readKubeletVersionFile } from '../../facts/host.ts';
import { createLog } from '../../log.ts';
import { missingRights } from '../../node/rights.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { type InitRun, runInit } from '../init-run.ts';
import { printReport } from '../locked-run.ts';
import { machineAt, rootNamed } from '../machine.ts';
import { NODE_CONFIG_OPTIONS } from '../node-config.ts';
import { refusedReport } from '../node-run.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { minorOf } from '../system.ts';

const PHASES: readonly Phase[] = ['config', 'run'];
const VERIFY = ['none', 'started', 'joined'] as const;

const OPTIONS: readonly Option[] = [
  ...NODE_CONFIG_OPTIONS,
  {
    name: 'config-cache',
    value: 'FILE',
    text: 'what a run without `run` leaves here counts where no source has a document, and is not asked again',
  },
  {
    name: 'skip',
    short: 's',
    value: 'PHASE',
    multiple: true,
    choices: PHASES,
    text: 'config: the files; run: disks, containerd and the kubelet',
  },
  { name: 'daemon', value: 'NAME', multiple: true, choices: DAEMONS, text: 'only this one and its files; for tests' },
  {
    name: 'verify',
    value: 'LEVEL',
    choices: VERIFY,
    text: 'joined (default): wait until the node has joined; started (default as nodeadm): until the kubelet stays up; none',
  },
  { name: 'root', value: 'DIR', text: 'an image instead of this machine (BOOTWRIGHT_ROOT)' },
  { name: 'json', text: 'the report as JSON on standard output' },
  { name: 'development', short: 'd', text: 'taken for nodeadm’s sake: more is logged' },
];

export const initCommand: Command = {
  name: 'init',
  summary: 'make this machine a node by a NodeConfig; also runs as `nodeadm init`',
  usage: ['bootwright init [options] [SOURCE ...]', 'nodeadm init [options]'],
  description: [
    'Reads NodeConfig documents (default: the user data of this instance), decides, writes what differs, and starts containerd and the kubelet. `bootwright plan init` shows beforehand what it would do.',
    'A boot calls it twice: nodeadm-config before cloud-init (--skip run), nodeadm-run after it (--skip config). Where the documents have changed in between, the second call does both.',
  ],
  options: OPTIONS,
  examples: [
    { line: 'bootwright init', text: 'by the user data' },
    { line: 'bootwright init --config-source file:///etc/eks/nodeadm.d/', text: 'by the files in a directory' },
    { line: 'bootwright init --root /mnt/image --skip run node.yaml', text: 'prepare an image' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'init', options: OPTIONS, positionals: context.style === 'own' ? 100 : 0 });
    const log = createLog({
      format: 'plain',
      env: options.flag('development') ? { ...context.env, BOOTWRIGHT_DEBUG: '1' } : context.env,
      now: context.now,
    });
    const machine = machineAt(rootNamed(options.text('root') ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context), context);
    const command = `${context.calledAs} init`;
    const wrong = mistakesOf(options, machine, context);
    const run: InitRun = {
      sources: [...options.texts('config-source'), ...options.positionals],
      modes: { isStrict: options.flag('strict'), isCompat: options.flag('compat'), kubelet: minorOf(readKubeletVersionFile(machine.root)) },
      cache: options.text('config-cache'),
      phases: new Set(PHASES.filter((phase) => !options.texts('skip').includes(phase))),
      daemons: daemonsOf(options),
      verify: VERIFY.find((level) => level === options.text('verify')) ?? (context.style === 'own' ? 'joined' : 'started'),
      machine,
      command,
      log,
      context,
    };
    try {
      if (hasErrors(wrong)) throw new Refused(wrong);
      for (const warning of wrong) log.warn(diagnosticLine(warning));
      return await runInit(run, options.flag('json'));
    } catch (error) {
      if (error instanceof Refused && options.flag('json'))
        await printReport(refusedReport(error, { command, warnings: error.diagnostics, root: machine.root }, context), context);
      throw error;
    }
  },
};

/** `--daemon=""` names none, and so none is touched: nodeadm's own tests call it like that. */
const daemonsOf = (options: Parsed): InitRun['daemons'] =>
  options.texts('daemon').length === 0 ? undefined : new Set(options.texts('daemon'));

const mistakesOf = (options: Parsed, { root, live }: InitRun['machine'], { uid }: Context): readonly Diagnostic[] => {
  const missing = missingRights({ root: resolve(root), live, uid });
  const choices: readonly (readonly [string, readonly string[]])[] = [
    ['skip', PHASES],
    ['verify', VERIFY],
  ];
  return [
    ...(missing ? [errorAt('not-root', '', missing.message, missing.remedy ?? '')] : []),
    ...choices.flatMap(([name, words]) =>
      options
        .texts(name)
        .filter((word) => !words.includes(word))
        .map((word) => errorAt('invalid-choice', `--${name}`, `'${word}' is none of ${words.join(', ')}`, 'Give one of them.')),
    ),
    ...options
      .texts('daemon')
      .filter((word) => word !== '' && !DAEMONS.includes(word))
      .map((word) => warningAt('invalid-choice', '--daemon', `'${word}' is none of ${DAEMONS.join(', ')}`, 'Give one of them.')),
  ];
};
