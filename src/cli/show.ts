/** The options by which `preview` and `plan` show a decision, and the showing. */

import { nearestOf } from '../core/nearest.ts';
import type { Decision, Diagnostic } from '../core/report.ts';
import { type Context, type Option, Refused } from './command.ts';
import type { KubeletView } from './kubelet-config.ts';
import type { Parsed } from './options.ts';
import { diagnosticLine } from './present/diagnostics.ts';
import { withoutSecrets } from './present/masked.ts';
import { colourWishOf, isColoured, type Paint, paintOf } from './present/paint.ts';
import { decisionLines, type PlanView, planText } from './present/plan-text.ts';

export const SHOW_OPTIONS: readonly Option[] = [
  { name: 'explain', value: 'KEY', text: 'only one value: how it was decided, from what, and what would change it' },
  { name: 'diff', text: 'only the changes, as a unified diff' },
  { name: 'kubelet-config', text: 'only the configuration that the kubelet makes of files and flags: who won each key, and whom it beat' },
  { name: 'show', value: 'PATH', text: 'only one file, as it will be (the end of its path is enough)' },
  { name: 'json', text: 'everything as JSON (docs/schema/plan.json)' },
  {
    name: 'color',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    text: 'auto (default: on a terminal, unless NO_COLOR is set), always, never',
  },
];

const refuse = (code: string, path: string, message: string, remedy: string): Refused =>
  new Refused([{ severity: 'error', code, path, message, remedy } satisfies Diagnostic]);

const paintFor = (options: Parsed, context: Context): Paint => {
  const wish = colourWishOf(options.text('color'));
  if (wish === undefined)
    throw refuse('invalid-choice', '--color', `'${options.text('color')}' is none of auto, always, never`, 'give one of them');
  return paintOf(isColoured(wish, context.stdout, context.env));
};

const kubeletView = async (view: PlanView): Promise<KubeletView | undefined> => (await import('./kubelet-config.ts')).kubeletViewOf(view);

const explained = async (view: PlanView, key: string, context: Context): Promise<Decision> => {
  const { explainedOf } = await import('./explain.ts');
  const kubelet = await kubeletView(view);
  tell(kubelet?.diagnostics ?? [], context);
  const decision = explainedOf(view, key, kubelet);
  if (decision) return decision;
  const keys = view.plan.decisions.map((d) => d.key);
  const near = nearestOf(key, keys);
  throw refuse(
    'unknown-key',
    '--explain',
    `nothing is decided under the name '${key}'`,
    `${near ? `did you mean ${near}? ` : ''}there are ${keys.join(', ')}, every key of the kubelet’s configuration and every flag of the kubelet`,
  );
};

const shownFile = ({ plan }: PlanView, path: string): string => {
  const found = plan.files.filter((file) => file.path === path || file.path.endsWith(`/${path.replace(/^\//, '')}`));
  const all = plan.files.map((file) => file.path).join(', ');
  if (found.length > 1)
    throw refuse('unknown-key', '--show', `'${path}' ends several paths`, `give more of one of ${found.map((f) => f.path).join(', ')}`);
  if (!found[0]) throw refuse('unknown-key', '--show', `no file '${path}' is written`, `there are ${all}`);
  return found[0].text;
};

/** Checks the options that need no decision, so that a typo is said before anything is asked. */
export const checkShowOptions = (options: Parsed, context: Context): void => {
  paintFor(options, context);
  const asked = ['explain', 'diff', 'show', 'kubelet-config', 'json'].filter((name) => options.flag(name));
  const isFine = asked.length < 2 || ['explain,json', 'kubelet-config,json'].includes(asked.join());
  if (isFine) return;
  const words = asked.map((name) => `--${name}`);
  throw refuse(
    'option-conflict',
    words[0] ?? '',
    `does not go together with ${words.slice(1).join(', ')}`,
    `choose one of ${words.join(', ')}`,
  );
};

/** Said beside an output that has no place for them. */
const tell = (warnings: readonly Diagnostic[], context: Context): void => {
  for (const warning of warnings) context.stderr.write(`warning: ${diagnosticLine(warning)}\n`);
};

const showKubeletConfig = async (view: PlanView, paint: Paint, width: number, context: Context): Promise<void> => {
  const kubelet = await kubeletView(view);
  if (kubelet === undefined)
    throw refuse(
      'unknown-key',
      '--kubelet-config',
      'the kubelet reads none of our files',
      'A flag --config of your own names another one.',
    );
  const { kubeletConfigText } = await import('./present/kubelet-config.ts');
  context.stdout.write(kubeletConfigText(kubelet, paint, width, view.root !== undefined));
};

/** Prints a plan as the options say. */
export const showPlan = async (given: PlanView, options: Parsed, context: Context): Promise<void> => {
  const view = withoutSecrets(given);
  const paint = paintFor(options, context);
  const width = Math.min(140, Math.max(60, context.stdout.columns));
  const key = options.text('explain');
  const path = options.text('show');
  const json = options.flag('json');
  if (key !== undefined || path !== undefined || options.flag('kubelet-config') || (options.flag('diff') && !json))
    tell(view.plan.warnings, context);
  if (key !== undefined) {
    const decision = await explained(view, key, context);
    const { jsonText, shownDecision } = await import('./present/plan-json.ts');
    context.stdout.write(
      json ? jsonText(shownDecision(decision)) : `${decisionLines(decision, paint, width, { whole: true }).join('\n')}\n`,
    );
  } else if (path !== undefined) {
    const { redacted } = await import('../core/redact.ts');
    context.stdout.write(redacted(shownFile(view, path)));
  } else if (options.flag('kubelet-config') && !json) {
    await showKubeletConfig(view, paint, width, context);
  } else if (json) {
    const { jsonText, planDocument } = await import('./present/plan-json.ts');
    const { kubeletConfigJson } = await import('./present/kubelet-config.ts');
    const kubelet = await kubeletView(view);
    const document = options.flag('kubelet-config') && kubelet ? kubeletConfigJson(kubelet) : planDocument(view, kubelet);
    context.stdout.write(jsonText(document));
  } else if (options.flag('diff')) {
    const { diffText } = await import('./present/diff-text.ts');
    context.stdout.write(diffText(view, paint));
  } else context.stdout.write(planText(view, paint, width));
};
