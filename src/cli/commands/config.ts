import { resolve } from 'node:path';
import { dumpText, explained } from '../../core/config/node-config/dump.ts';
import { KNOWN_MINORS } from '../../core/config/node-config/kubelet-config.ts';
import { mergedOf } from '../../core/config/node-config/merge.ts';
import { noNodeConfig, type ReadDocuments, wholeDiagnostics } from '../../core/config/node-config/read.ts';
import { redacted } from '../../core/redact.ts';
import { type Diagnostic, hasErrors } from '../../core/report.ts';
import { makeDirectory, writeAtomic } from '../../node/filesystem.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { orCached } from '../config-cache.ts';
import { exitCodeOfAll } from '../exit-codes.ts';
import { documentsNamed, type NamedSources, NODE_CONFIG_OPTIONS, sourcesNamed } from '../node-config.ts';
import { type Parsed, parsedOf } from '../options.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { counted } from '../present/lines.ts';
import { jsonText } from '../present/plan-json.ts';

const OPTIONS: readonly Option[] = [
  ...NODE_CONFIG_OPTIONS,
  { name: 'kubernetes-version', value: 'MINOR', text: 'check: of the node, as in 1.34; kubelet fields, gates and flags must exist there' },
  { name: 'json', text: 'check, dump --explain: as JSON' },
  { name: 'sarif', text: 'check: as SARIF 2.1.0' },
  { name: 'explain', text: 'dump: each value with its place, and what it beat' },
  { name: 'config-cache', value: 'FILE', text: 'dump: what `init` saved; it counts where no source has a document' },
  { name: 'config-output', short: 'o', value: 'FILE', text: 'dump: write there instead of to standard output' },
  { name: 'development', short: 'd', text: 'taken for nodeadm’s sake, without effect' },
];

const mistake = (code: string, path: string, message: string, remedy: string): Refused =>
  new Refused([{ severity: 'error', code, path, message, remedy }]);

export const configCommand: Command = {
  name: 'config',
  summary: 'check a NodeConfig, or print it merged; also runs as `nodeadm config`',
  usage: ['bootwright config check [options] [SOURCE ...]', 'bootwright config dump [options] [SOURCE ...]'],
  description: [
    'Reads documents of apiVersion node.eks.aws/v1alpha1 in any form that user data has: plain, base64, gzip, MIME. Nothing is asked of AWS but the user data itself.',
  ],
  options: OPTIONS,
  words: [['check', 'dump']],
  examples: [
    { line: 'bootwright config check user-data.txt', text: 'all that is wrong with it, with lines' },
    { line: 'bootwright config check --kubernetes-version 1.34 --sarif node.yaml', text: 'for a code host' },
    { line: 'bootwright config dump --explain', text: 'on a node: who set what, and what it beat' },
  ],
  async run(args, context) {
    const options = parsedOf(args, { command: 'config', options: OPTIONS, positionals: context.style === 'own' ? 100 : 1 });
    const [verb, ...words] = options.positionals;
    if (verb !== 'check' && verb !== 'dump')
      throw mistake(
        'unknown-command',
        verb ?? 'config',
        verb === undefined ? 'says not what to do' : 'is neither check nor dump',
        'Write config check or config dump.',
      );
    const minor = options.text('kubernetes-version');
    if (minor !== undefined && !KNOWN_MINORS.includes(minor.replace(/^v?(\d+\.\d+)(?:\.\d+)?$/, '$1')))
      throw mistake(
        'invalid-value',
        '--kubernetes-version',
        `${minor} is none of ${KNOWN_MINORS.join(', ')}`,
        'Give the minor version of the node.',
      );
    const named = await sourcesNamed([...options.texts('config-source'), ...words], context);
    return verb === 'check' ? check(named, minor, options, context) : dump(named, options, context);
  },
};

/** The name nodeadm promises its leniency; ours is strict unless asked otherwise. */
const isStrict = (options: Parsed, context: Context): boolean =>
  options.flag('strict') || (context.style === 'own' && !options.flag('compat'));

const check = async (named: NamedSources, minor: string | undefined, options: Parsed, context: Context): Promise<number> => {
  const modes = { isStrict: isStrict(options, context), isCompat: options.flag('compat') };
  const kubelet = minor?.replace(/^v/, '');
  const read = await documentsNamed(named, { ...modes, kubelet });
  const diagnostics = [...read.diagnostics, ...wholeDiagnostics(read, named.names, modes)];
  if (options.flag('sarif')) {
    const { sarifText } = await import('../present/sarif.ts');
    context.stdout.write(sarifText(diagnostics, filesOf(read, named)));
  } else if (options.flag('json')) context.stdout.write(checkJson(read, diagnostics));
  else sayAll(read, diagnostics, context);
  return hasErrors(diagnostics) ? exitCodeOfAll(diagnostics, context.style) : 0;
};

const filesOf = ({ documents }: ReadDocuments, { sources }: NamedSources) =>
  new Map([
    ...sources.map(({ label, file }) => [label, file === undefined ? undefined : { path: file, line: 1 }] as const),
    ...documents.map(({ raw }) => [raw.label, raw.file] as const),
  ]);

const checkJson = ({ documents }: ReadDocuments, diagnostics: readonly Diagnostic[]): string =>
  jsonText({
    schemaVersion: 1,
    kind: 'config-check',
    ok: !hasErrors(diagnostics),
    documents: documents.map(({ raw }) => raw.label),
    diagnostics: diagnostics.map((one) => ({ ...one, message: redacted(one.message), remedy: redacted(one.remedy) })),
  });

const sayAll = ({ documents }: ReadDocuments, diagnostics: readonly Diagnostic[], context: Context): void => {
  const lines = diagnostics.map((one) => `${one.severity}: ${diagnosticLine(one)}\n`);
  context.stderr.write(lines.join(''));
  if (hasErrors(diagnostics)) return;
  const from = documents.map(({ raw }) => raw.label).join(', ');
  context.stderr.write(`the NodeConfig is good: ${counted(documents.length, 'document')} (${from})\n`);
};

const dump = async (named: NamedSources, options: Parsed, context: Context): Promise<number> => {
  const modes = { isStrict: options.flag('strict'), isCompat: options.flag('compat') };
  const fresh = await documentsNamed(named, modes);
  const cache = options.text('config-cache');
  const read = fresh.documents.length === 0 && cache !== undefined ? await orCached(fresh, cache, context) : fresh;
  const isEmpty = read.documents.length === 0 && !hasErrors(read.diagnostics);
  const diagnostics = isEmpty ? [...read.diagnostics, noNodeConfig(named.names)] : read.diagnostics;
  context.stderr.write(diagnostics.map((one) => `${one.severity}: ${diagnosticLine(one)}\n`).join(''));
  if (hasErrors(diagnostics)) return exitCodeOfAll(diagnostics, context.style);
  await put(await dumped(read, named, options), options.text('config-output'), context);
  return 0;
};

const dumped = async ({ documents }: ReadDocuments, { names, sources }: NamedSources, options: Parsed): Promise<string> => {
  if (!options.flag('explain')) return dumpText(mergedOf(documents));
  const { explainedJson, explainedText } = await import('../present/explained.ts');
  const values = explained(documents);
  const isOnNode = names.some((name) => /^imds:/i.test(name)) && sources.some(({ label }) => label.startsWith('imds:'));
  return options.flag('json') ? explainedJson(values) : explainedText(values, isOnNode);
};

const put = async (text: string, output: string | undefined, context: Context): Promise<void> => {
  if (output === undefined) {
    context.stdout.write(text);
    return;
  }
  const path = resolve(context.cwd, output);
  makeDirectory('/', resolve(path, '..'), 0o755);
  writeAtomic('/', { path, text, mode: 0o644 });
};
