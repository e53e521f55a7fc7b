/** A plan as a page for people: the first screen answers what, the rest why. */
import type { NodeConfigDocument } from '../../core/config/node-config/decode.ts';
import type { Action, Desired, Plan } from '../../core/desired.ts';
import type { Facts } from '../../core/facts.ts';
import type { Because, Decision, Origin } from '../../core/report.ts';
import type { NodeSpec } from '../../core/spec.ts';
import { assumptionLines } from './assumptions.ts';
import { diagnosticLine } from './diagnostics.ts';
import { counted, flowed, indented } from './lines.ts';
import type { Paint } from './paint.ts';
import { stepLines } from './steps.ts';
import { inputText, isFallback, valueText } from './values.ts';

export interface PlanView {
  readonly spec: NodeSpec;
  readonly facts: Facts;
  readonly desired: Desired;
  readonly plan: Plan;
  /** What the plan was compared with: `an empty machine`, `this machine`, `./image`. */
  readonly against: string;
  /** Of the machine or image that was looked at; absent: none was. */
  readonly root?: string;
  /** Those of a NodeConfig. */
  readonly documents?: readonly NodeConfigDocument[];
}

/** Actions that will be done here: an image's live steps are listed, not counted. */
export const doneHere = (plan: Plan): readonly Action[] => plan.actions.filter((action) => action.skipped === undefined);

/** What a reader wants to know first; all others stand under Why. */
const HEADLINES = [
  'clusterDNS',
  'nodeIp',
  'maxPods',
  'kubeReserved',
  'providerID',
  'hostnameOverride',
  'pauseImage',
  'clusterId',
  'apiServerAddresses',
  'nvidiaRuntime',
  'credentialPlugin',
  'kubeletExtraArgs',
  'localDisks',
  'volumes',
  'systemReserved',
  'reservedSystemCPUs',
  'gpuLabel',
  'hooks',
];

const headline = ({ spec, facts, desired }: PlanView, paint: Paint, width: number): string => {
  const { type, region } = facts.instance;
  const { kubeletVersion, containerdVersion } = facts.host;
  const machine = type === undefined ? '' : ` on ${type}${region === undefined ? '' : ` in ${region}`}`;
  const runtime = desired.decisions.find(({ key }) => key === 'containerRuntime')?.value;
  const versions = [
    kubeletVersion ? `kubelet ${kubeletVersion}` : '',
    runtime === 'dockerd' ? 'dockerd' : containerdVersion ? `containerd ${containerdVersion}` : '',
    spec.target,
  ];
  const [what, how] = [`${spec.cluster.name.value}${machine}`, versions.filter((text) => text !== '').join(', ')];
  return `${paint.bold(what)}${what.length + 2 + how.length <= width ? '' : '\n'}  ${paint.dim(how)}`;
};

/** A reader must not take made-up values for those of a node. */
const madeUpLines = ({ facts }: PlanView, paint: Paint, width: number): string[] => {
  const assumed = Object.entries(facts.provenance ?? {}).filter(([, { origin }]) => origin === 'assumed');
  if (assumed.length === 0) return [];
  const what = assumed.some(([fact]) => fact === 'cluster') ? 'Cluster and machine are' : 'Some facts are';
  return indented([`${what} made up (see Assumed). Real ones: --facts, --describe`], 0, width, paint.yellow);
};

/** The reason, and whether it stands on what was made up or guessed. */
const reasonText = ({ text, inputs }: Because): string => {
  const has = (origin: Origin): boolean => inputs.some((input) => input.origin === origin);
  return `${has('assumed') ? 'assumed: ' : ''}${has('fallback') ? 'a guess: ' : ''}${text}`;
};

const summary = (view: PlanView, paint: Paint): string => {
  const { plan, against } = view;
  const steps = doneHere(plan).length;
  const skipped = plan.actions.length - steps;
  const rest = skipped > 0 ? `; ${counted(skipped, 'step')} for a running system skipped` : '';
  if (steps === 0) return `${paint.green('Converged')}: nothing to do on ${against}${rest}.`;
  return `${counted(steps, 'step')} on ${against}${rest}: ${counted(plan.files.length, 'file')}, ${counted(unitsOf(view).length, 'unit')}.`;
};

/** A value, and its reason beside it where that fits, else below. */
const withReason = (
  head: string,
  shown: string,
  reason: string,
  { indent, width, paint }: { indent: number; width: number; paint: Paint },
): string[] =>
  head.length + 2 + reason.length <= width
    ? [`${shown}  ${paint.dim(reason)}`.trimEnd()]
    : [shown.trimEnd(), ...indented([reason], indent, width, paint.dim)];

const decidedLines = ({ plan }: PlanView, paint: Paint, width: number): string[] => {
  const shown = HEADLINES.map((key) => plan.decisions.find((d) => d.key === key)).filter(
    (d): d is Decision => d !== undefined && d.value !== null,
  );
  const all = plan.decisions.filter((d) => shown.includes(d) || isFallback(d) || d.key === 'maxPods');
  const indent = 4 + Math.max(0, ...all.map((d) => d.key.length));
  return all.flatMap((d) => {
    const key = `  ${d.key.padEnd(indent - 2)}`;
    const value = valueText(d.value);
    const text = reasonText(d.because);
    return withReason(`${key}${value}`, `${paint.cyan(key)}${paint.bold(value)}`, text, { indent, width, paint });
  });
};

const firstReason = ([because]: readonly Because[]): string => (because === undefined ? '' : reasonText(because));

const mark = (plan: Plan, path: string, paint: Paint): string => {
  const action = plan.actions.find((a) => a.kind === 'write-file' && a.path === path);
  if (action?.kind !== 'write-file') return paint.dim('=');
  return action.before === null ? paint.green('+') : paint.yellow('~');
};

const fileLines = ({ plan }: PlanView, paint: Paint, width: number): string[] => {
  const removed = plan.actions.flatMap((a) =>
    a.kind === 'remove-file' ? [{ path: a.path, because: a.because, sign: paint.red('-') }] : [],
  );
  const written = plan.files.map(({ path, because }) => ({ path, because, sign: mark(plan, path, paint) }));
  return [...written, ...removed].flatMap(({ path, because, sign }) =>
    withReason(`  + ${path}`, `  ${sign} ${path}`, firstReason(because), { indent: 6, width, paint }),
  );
};

/** What runs afterwards because of this plan; a unit that is only restarted if it runs anyway is the system's own. */
const unitsOf = ({ desired }: PlanView): Desired['units'] => desired.units.filter(({ onlyIfActive }) => onlyIfActive === undefined);

/** Others are started at boot by something else. */
const isEnabled = ({ startedAtBootBy }: Desired['units'][number]): boolean => startedAtBootBy === undefined;

const unitLines = (view: PlanView, paint: Paint, width: number): string[] => {
  const units = unitsOf(view);
  const longest = Math.max(0, ...units.map((unit) => unit.name.length));
  return units.flatMap((unit) => {
    const name = `  ${unit.name.padEnd(longest)}`;
    const boot = unit.startedAtBootBy?.endsWith('.service') ? ` At boot ${unit.startedAtBootBy} starts it.` : '';
    return withReason(name, name, `${firstReason(unit.because)}${boot}`, { indent: 6, width, paint });
  });
};

/** A heading and its lines; nothing for no lines. */
const section = (title: string, lines: readonly string[], paint: Paint): string[] =>
  lines.length === 0 ? [] : ['', paint.bold(title), ...lines];

/** One decision with its rule and inputs; with `changes` the whole answer to `--explain KEY`. */
export const decisionLines = (
  { key, value, because, changes }: Decision,
  paint: Paint,
  width: number,
  { whole }: { whole: boolean },
): string[] => {
  const inputs = because.inputs.map(inputText);
  const more = whole
    ? [
        ...indented(
          inputs.map((input) => `from ${input}`),
          4,
          width,
          (text) => text,
        ),
        ...indented(
          changes.map((c) => `to change it: ${c}`),
          4,
          width,
          paint.dim,
        ),
      ]
    : indented(flowed(inputs, width - 4), 4, width, paint.dim);
  return [
    `  ${paint.cyan(key)} = ${paint.bold(valueText(value))}`,
    ...indented([because.text], 4, width, (text) => text),
    ...more,
    ...(whole ? [`    ${paint.dim(`rule ${because.rule}`)}`] : []),
  ];
};

/** The page. `width` is the terminal's. */
export const planText = (view: PlanView, paint: Paint, width: number): string => {
  const { plan, facts } = view;
  const why = plan.decisions.flatMap((d) => decisionLines(d, paint, width, { whole: false }));
  return `${[
    headline(view, paint, width),
    ...madeUpLines(view, paint, width),
    summary(view, paint),
    ...section('Warnings', indented(plan.warnings.map(diagnosticLine), 2, width, paint.yellow), paint),
    ...section('Decided', decidedLines(view, paint, width), paint),
    ...section('Files', fileLines(view, paint, width), paint),
    ...section(unitsOf(view).some(isEnabled) ? 'Units, enabled and running' : 'Units, running', unitLines(view, paint, width), paint),
    ...section('Steps', stepLines(plan.actions, paint, width), paint),
    ...section('Why', why, paint),
    ...section('Assumed (real ones: --facts FILE, --describe)', assumptionLines(facts, paint, width), paint),
  ].join('\n')}\n`;
};
