/** Bottlerocket user data, before a node boots with it: all that is wrong, each with its place and what would come of it. */
import { onOneLine, pathText } from '../config/node-config/decode.ts';
import { tomlTree } from '../formats/toml-tree.ts';
import type { Mark, Tree } from '../formats/tree.ts';
import { compareMinors } from '../kubelet/versions.ts';
import { nearestOf } from '../nearest.ts';
import type { Diagnostic } from '../report.ts';
import { advice, type Effect, type Finding, ignored, type LintTarget, refused } from './finding.ts';
import { wrongType } from './rules.ts';
import type { Fields, Meta, Setting, Shape } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { type Say, sayWhole } from './whole.ts';

export interface LintProblem extends Diagnostic {
  readonly effect: Effect;
}

interface Walk {
  readonly target: LintTarget;
  readonly say: (finding: Finding, path: Path, at: Mark) => void;
}
type Path = readonly (string | number)[];

const MOST_PROBLEMS = 100;

const problemAt = (label: string, { effect, code, message, remedy }: Finding, path: Path, at?: Mark): LintProblem => ({
  severity: effect === 'boot-fails' || effect === 'kubelet-fails' ? 'error' : 'warning',
  effect,
  code,
  path: label,
  ...(at === undefined ? {} : { line: at.line, column: at.column }),
  field: pathText(path),
  message: onOneLine(message),
  remedy,
});

/** Of one text. */
export const lintBottlerocket = (label: string, text: string, target: LintTarget): readonly LintProblem[] => {
  const { tree, faults } = tomlTree(text);
  const problems = faults.map(({ code, message, remedy, at }) => problemAt(label, refused(code, message, remedy), [], at));
  if (tree?.kind !== 'object') return problems;
  const say: Walk['say'] = (finding, path, at) => void problems.push(problemAt(label, finding, path, at));
  const settings = tree.entries.get('settings');
  if (settings === undefined)
    say(refused('no-settings', 'there is no table settings', 'Write [settings.kubernetes] above the settings.'), [], tree.at);
  for (const [name, child] of tree.entries)
    if (name !== 'settings')
      say(
        ignored('ignored-table', 'Bottlerocket reads settings alone and drops this', `Did you mean settings.${name}? Else remove it.`),
        [name],
        child.at,
      );
  if (settings !== undefined) {
    walk(SETTINGS, settings, ['settings'], { target, say });
    const broken = new Set(problems.map(({ field }) => field));
    // What is wrong alone is not said again of the whole.
    const sayNew: Say = (finding, path, at) => {
      if (!broken.has(pathText(path))) say(finding, path, at);
    };
    sayWhole(tree, sayNew);
  }
  return inOrder(problems, label);
};

const inOrder = (problems: readonly LintProblem[], label: string): readonly LintProblem[] => {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  const rest = sorted.slice(MOST_PROBLEMS);
  if (rest.length === 0) return sorted;
  const effect = rest.some(({ severity }) => severity === 'error') ? 'boot-fails' : 'none';
  const finding = {
    effect,
    code: 'more-problems',
    message: `${rest.length} more problems in this document`,
    remedy: 'Correct the first ones.',
  } as const;
  return [...sorted.slice(0, MOST_PROBLEMS), problemAt(label, finding, [])];
};

const walk = (setting: Setting, tree: Tree, path: Path, on: Walk): void => {
  for (const finding of availability(setting, on.target)) on.say(finding, path, tree.at);
  if (setting.gone !== undefined) return;
  if (setting.isSecret === true && tree.kind === 'scalar' && tree.value !== '') on.say(IN_PLAIN_SIGHT, path, tree.at);
  sayShape(setting, tree, path, setting.isSecret === true ? withoutValues(on) : on);
};

/** What is wrong with a secret is said without it. */
const withoutValues = (on: Walk): Walk => ({
  ...on,
  say: (finding, path, at) => on.say({ ...finding, message: finding.message.replace(/^'.*' is /s, 'this is ') }, path, at),
});

const sayShape = (shape: Shape, tree: Tree, path: Path, on: Walk): void => {
  const refuse = (wanted: string): void => on.say(wrongType(tree, wanted), path, tree.at);
  if (shape.kind === 'table') {
    if (tree.kind === 'object') sayTable(shape, tree, path, on);
    else refuse('a table');
  } else if (shape.kind === 'map') {
    if (tree.kind === 'object') for (const [key, child] of tree.entries) sayEntry(shape, key, child, [...path, key], on);
    else refuse('a table');
  } else if (shape.kind === 'list') {
    if (tree.kind === 'array') for (const [index, item] of tree.items.entries()) walk(shape.item, item, [...path, index], on);
    else refuse('a list');
  } else if (shape.kind === 'either') {
    if (tree.kind === 'array' && isBefore(on.target.os, shape.listSince))
      on.say(refused('not-in-version', `lists came with Bottlerocket ${shape.listSince}`, 'Write one value.'), path, tree.at);
    sayShape(tree.kind === 'array' ? shape.list : shape.other, tree, path, on);
  } else {
    const finding = shape.rule(tree, on.target);
    if (finding !== undefined) on.say(finding, path, tree.at);
    if (holdsSecret(tree, path)) on.say(IN_PLAIN_SIGHT, path, tree.at);
  }
};

const sayEntry = (shape: Extract<Shape, { kind: 'map' }>, key: string, child: Tree, path: Path, on: Walk): void => {
  const wrong = shape.key({ kind: 'scalar', at: child.at, value: key }, on.target);
  if (wrong !== undefined) on.say(wrong.code === 'invalid-value' ? { ...wrong, code: 'invalid-key' } : wrong, path, child.at);
  // `node-labels.a.b = "x"`: the dots of the name made tables of it.
  const isSplit = shape.value.kind !== 'table' && shape.value.kind !== 'map' && child.kind === 'object';
  if (isSplit) {
    const remedy = `Put the name with its dots in quotes: "${joined(key, child)}".`;
    on.say(refused('unquoted-key', 'should be a value, not a table', onOneLine(remedy)), path, child.at);
  } else walk(shape.value, child, path, on);
};

/** What the name was before its dots made tables of it. */
const joined = (key: string, tree: Tree): string => {
  const [first] = tree.kind === 'object' ? tree.entries : [];
  return first === undefined ? key : `${key}.${joined(...first)}`.slice(0, 100);
};

const sayTable = (
  { fields, required }: Extract<Shape, { kind: 'table' }>,
  tree: Extract<Tree, { kind: 'object' }>,
  path: Path,
  on: Walk,
): void => {
  for (const [name, child] of tree.entries) {
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known === undefined) on.say(unknown(name, fields, path), [...path, name], child.at);
    else walk(known, child, [...path, name], on);
  }
  for (const name of required)
    if (!tree.entries.has(name))
      on.say(
        refused('missing-setting', `has no ${name}, which it must have`, `Write ${name}, even where the default is right.`),
        path,
        tree.at,
      );
};

/** Tables of other variants, and what people look for in vain. */
const ELSEWHERE: { readonly [path: string]: readonly [message: string, remedy: string] } = {
  'settings.ecs': ['only the variants for ECS have it', 'Remove it.'],
  'settings.network.http-proxy': ['there is one proxy for all, https-proxy', 'Write https-proxy.'],
  'settings.kubernetes.feature-gates': ['there is no setting for feature gates', 'Remove it.'],
  'settings.kubernetes.pods-per-core': ['there is no setting for that', 'Write max-pods.'],
};

const unknown = (name: string, fields: Fields, path: Path): Finding => {
  const [message, remedy] = ELSEWHERE[pathText([...path, name])] ?? [];
  if (message !== undefined && remedy !== undefined) return refused('unknown-setting', message, remedy);
  const names = Object.keys(fields);
  const near = nearestOf(name, names) ?? nearestOf(kebab(name), names);
  const quoted = names.find((known) => known.startsWith(`${name}.`));
  const meant = near ?? (quoted === undefined ? undefined : `"${quoted}", in quotes`);
  const listed =
    names.length > 12 ? 'Remove it, or look it up in the settings reference of Bottlerocket.' : `Here stand ${names.join(', ')}.`;
  return refused('unknown-setting', 'there is no such setting', meant === undefined ? listed : `Did you mean ${meant}?`);
};

/** `maxPods`, `max_pods`: as other tools write it. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-');

const isBefore = (version: string | undefined, first: string | undefined): boolean =>
  version !== undefined && first !== undefined && compareMinors(version, first) < 0;
const isAtMost = (version: string | undefined, last: string | undefined): boolean =>
  version !== undefined && last !== undefined && compareMinors(version, last) <= 0;

/** Does the node have it? */
const availability = ({ since, after, kubernetes, isNvidia, ignored: nothing, gone }: Meta, target: LintTarget): readonly Finding[] => {
  const findings: Finding[] = [];
  if (gone !== undefined) findings.push(refused('not-in-version', gone, 'Remove it.'));
  if (isBefore(target.os, since))
    findings.push(refused('not-in-version', `it came with Bottlerocket ${since}`, 'Use a newer image, or remove it.'));
  if (isAtMost(target.os, after))
    findings.push(refused('not-in-version', `it came after Bottlerocket ${after}`, 'Use a newer image, or remove it.'));
  if (isNvidia === true && target.hasNvidia === false)
    findings.push(
      refused('not-in-variant', 'only the variants with NVIDIA’s drivers have it', 'Use a variant like aws-k8s-1.34-nvidia, or remove it.'),
    );
  if (isNvidia === true && target.hasNvidia === undefined)
    findings.push(
      advice(
        'needs-variant',
        'only the variants with NVIDIA’s drivers have it; others do not boot with it',
        'Say --variant to have that checked.',
      ),
    );
  if (isBefore(target.kubernetes, kubernetes))
    findings.push(
      ignored('ignored-by-kubernetes', `nothing is made of it before Kubernetes ${kubernetes}`, 'Remove it, or use a newer variant.'),
    );
  if (nothing !== undefined) findings.push(ignored('ignored-setting', ...nothing));
  return findings;
};

const IN_PLAIN_SIGHT = advice(
  'plain-secret',
  'this is a secret in plain sight: who may describe the instance, and what reaches its metadata, can read user data',
  'Give it to the node by its IAM role, or by a bootstrap container that fetches it.',
);

/** Passwords in URLs, variables with telling names. */
const holdsSecret = (tree: Tree, path: Path): boolean => {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string' || tree.value === '') return false;
  const [parent, name] = [String(path.at(-2)), String(path.at(-1))];
  if (parent === 'environment') return /secret|token|password/i.test(name);
  return name === 'https-proxy' && tree.value.includes('@');
};
