import type { LintTarget } from '../../core/bottlerocket/finding.ts';
import type { LintProblem } from '../../core/bottlerocket/lint.ts';
import { lintSource } from '../../core/bottlerocket/user-data.ts';
import { variantOf } from '../../core/bottlerocket/variant.ts';
import { redacted } from '../../core/redact.ts';
import { type Diagnostic, errorAt, hasErrors } from '../../core/report.ts';
import { gunzip } from '../../facts/sources.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { exitCodeOfAll } from '../exit-codes.ts';
import { sourcesNamed } from '../node-config.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { jsonText } from '../present/plan-json.ts';

const OPTIONS: readonly Option[] = [
  { name: 'variant', value: 'NAME', text: 'of the image, as in aws-k8s-1.34 or aws-k8s-1.34-nvidia; settings must exist there' },
  { name: 'os-version', value: 'VERSION', text: 'of Bottlerocket, as in 1.57.0; settings must exist there' },
  { name: 'kubernetes-version', value: 'MINOR', text: 'where no variant says it, as in 1.34' },
  { name: 'json', text: 'as JSON' },
  { name: 'sarif', text: 'as SARIF 2.1.0' },
];

export const bottlerocketCommand: Command = {
  name: 'bottlerocket',
  summary: 'say before launch what is wrong with Bottlerocket user data',
  usage: ['bootwright bottlerocket lint [options] FILE|- ...'],
  description: [
    'One unknown setting, or one value of the wrong kind, and Bottlerocket rejects the whole document: nothing comes up, and only the console says why. Reads TOML, or gzip of it, as the node does.',
  ],
  options: OPTIONS,
  words: [['lint']],
  examples: [
    { line: 'bootwright bottlerocket lint user-data.toml', text: 'all that is wrong with it, with lines' },
    { line: 'bootwright bottlerocket lint --variant aws-k8s-1.34 --os-version 1.57.0 --sarif user-data.toml', text: 'for a code host' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'bottlerocket', options: OPTIONS, positionals: 100 });
    const [verb, ...names] = options.positionals;
    const { target, mistakes } = targetOf(options);
    const all = [...mistakes];
    if (verb !== 'lint')
      all.unshift(
        errorAt(
          'unknown-command',
          verb ?? 'bottlerocket',
          verb === undefined ? 'says not what to do' : 'is not lint',
          'Write bottlerocket lint FILE.',
        ),
      );
    else if (names.length === 0)
      all.push(errorAt('missing-value', 'bottlerocket lint', 'names no file', 'Give one, or - for standard input.'));
    if (all.length > 0) throw new Refused(all);
    return lint(names, target, options, context);
  },
};

const lint = async (names: readonly string[], target: LintTarget, options: Parsed, context: Context): Promise<number> => {
  const { sources, diagnostics: unread } = await sourcesNamed(names, context);
  const problems = sources.flatMap((source) => lintSource(source, target, gunzip));
  const diagnostics: readonly Diagnostic[] = [...unread, ...problems];
  if (options.flag('sarif')) {
    const { sarifText } = await import('../present/sarif.ts');
    const files = sources.map(({ label, file }) => [label, file === undefined ? undefined : { path: file, line: 1 }] as const);
    context.stdout.write(sarifText(diagnostics, new Map(files)));
  } else if (options.flag('json')) context.stdout.write(lintJson(names, diagnostics));
  else {
    context.stderr.write(diagnostics.map((one) => `${one.severity}: ${diagnosticLine(one)}\n`).join(''));
    context.stderr.write(`${verdictOf(diagnostics, problems)}\n`);
  }
  return hasErrors(diagnostics) ? exitCodeOfAll(diagnostics, context.style) : 0;
};

const verdictOf = (diagnostics: readonly Diagnostic[], problems: readonly LintProblem[]): string => {
  if (problems.some(({ effect }) => effect === 'boot-fails')) return 'a node would not boot: Bottlerocket rejects the whole document';
  if (problems.some(({ effect }) => effect === 'kubelet-fails')) return 'a node would boot and not join: the kubelet fails';
  return hasErrors(diagnostics) ? 'not all could be read' : 'a node boots with it';
};

const lintJson = (sources: readonly string[], diagnostics: readonly Diagnostic[]): string =>
  jsonText({
    schemaVersion: 1,
    kind: 'bottlerocket-lint',
    ok: !hasErrors(diagnostics),
    sources,
    diagnostics: diagnostics.map((one) => ({ ...one, message: redacted(one.message), remedy: redacted(one.remedy) })),
  });

const MINOR = /^v?(\d+\.\d+)(?:\.\d+)?$/;

/** What the options say of the node, and what is wrong with them. */
const targetOf = (options: Parsed): { readonly target: LintTarget; readonly mistakes: readonly Diagnostic[] } => {
  const [variant, os, minor] = [options.text('variant'), options.text('os-version'), options.text('kubernetes-version')];
  const mistakes: Diagnostic[] = [];
  const known = variant === undefined ? {} : variantOf(variant);
  if (known === undefined)
    mistakes.push(
      errorAt(
        'invalid-value',
        '--variant',
        `${variant} is no variant with Kubernetes`,
        'Write one like aws-k8s-1.34, aws-k8s-1.34-nvidia or aws-k8s-1.34-fips.',
      ),
    );
  for (const [name, value] of [
    ['--os-version', os],
    ['--kubernetes-version', minor],
  ] as const)
    if (value !== undefined && !MINOR.test(value))
      mistakes.push(errorAt('invalid-value', name, `${value} is no version`, 'Write one like 1.34.'));
  const kubernetes = minor?.replace(MINOR, '$1');
  if (known?.kubernetes !== undefined && kubernetes !== undefined && known.kubernetes !== kubernetes)
    mistakes.push(
      errorAt('option-conflict', '--kubernetes-version', `${variant} has Kubernetes ${known.kubernetes}`, 'Leave one of the two away.'),
    );
  return { target: { ...known, os: os?.replace(/^v/, ''), kubernetes: known?.kubernetes ?? kubernetes }, mistakes };
};
