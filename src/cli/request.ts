/** What `preview`, `plan` and `facts` are asked about: a line of the bootstrap.sh dialect, or NodeConfig documents. */
import type { NodeConfigDocument } from '../core/config/node-config/decode.ts';
import { type Diagnostic, errorAt, hasErrors, warningAt, warningsIn } from '../core/report.ts';
import type { NodeSpec, TargetName } from '../core/spec.ts';
import { type Context, type Option, Refused } from './command.ts';
import { demanded, dialectOf, helpOfBootstrap, requestOf } from './dialect.ts';
import { type Parsed, parsedOf } from './options.ts';
import { diagnosticLine } from './present/diagnostics.ts';

export interface Wanted {
  readonly spec: NodeSpec;
  readonly warnings: readonly Diagnostic[];
  /** As the line itself says; undefined: it does not. */
  readonly root: string | undefined;
  readonly json: boolean;
  /** TOML files that it names. */
  readonly tomlFiles: readonly string[];
  /** Absent: a line of the dialect. */
  readonly documents?: readonly NodeConfigDocument[];
}

/** A command of ours that takes such words behind its own options. */
export interface Asker {
  readonly name: string;
  readonly options: readonly Option[];
  /** Where the command reads files of the node. Absent: of none. */
  readonly rootOf?: (said: string | undefined) => string;
  /** Under which root, if any, a line of the dialect looks for its system; undefined: bootstrap.sh's own. */
  readonly targetOf: (said: string | undefined) => TargetName | undefined;
  /** It shows what `init` would do here, and not what the units of a boot do. */
  readonly isHere?: boolean;
  /** Minor version of the kubelet, for the checks of a NodeConfig; undefined: any. */
  readonly kubeletOf?: () => Promise<string | undefined>;
}

/** Cluster names have no such characters, and a directory of this name would be written as one. */
const isSource = (word: string): boolean => word === '-' || /[./:]/.test(word);

/** `nodeadm init …`, `init …`, or sources alone. undefined: a line of the dialect. */
const nodeConfigWords = (rest: readonly string[]): readonly string[] | undefined => {
  const [first = '', second] = rest;
  if (first === 'nodeadm' && second === 'init') return rest.slice(2);
  if (first === 'init') return rest.slice(1);
  return isSource(first) && !/(?:^|\/)bootstrap\.sh$/.test(first) ? rest : undefined;
};

/** What the words mean; null: they asked for help, which was given. Throws Refused. */
export const wantedOf = async (rest: readonly string[], asker: Asker, context: Context): Promise<Wanted | null> => {
  const config = nodeConfigWords(rest);
  return config === undefined ? fromLine(rest, asker, context) : fromDocuments(config, asker, context);
};

const fromLine = async (rest: readonly string[], { name, options, rootOf, targetOf }: Asker, context: Context): Promise<Wanted | null> => {
  const { args, style } = dialectOf(rest);
  const host = {
    name,
    options,
    ...(rootOf ? { rootOf: (run: { readonly root?: { readonly value: string } }) => rootOf(run.root?.value) } : {}),
  };
  const request = await requestOf(args, context.env, style, host);
  if (request === null) {
    await helpOfBootstrap(context);
    return null;
  }
  const { run, warnings } = request;
  const root = run.root?.value;
  const { forTarget } = await import('./system.ts');
  const { value: spec, diagnostics } = await forTarget(request.spec, targetOf(root) ?? 'amazon-linux-2');
  return {
    spec: demanded({ ...(spec ? { value: spec } : {}), diagnostics: [...warnings, ...diagnostics] }),
    warnings: [...warnings, ...diagnostics],
    root,
    json: run.json,
    tomlFiles: run.tomlFiles,
  };
};

/** Options of `init` that are about a run: a whole line of a unit may be given here. */
const OF_A_RUN: readonly Option[] = [
  { name: 'config-cache', value: 'FILE', text: '' },
  { name: 'skip', short: 's', value: 'PHASE', multiple: true, text: '' },
  { name: 'daemon', value: 'NAME', multiple: true, text: '' },
  { name: 'verify', value: 'LEVEL', text: '' },
  { name: 'development', short: 'd', text: '' },
];

const wholeNodeNote = (options: Parsed): readonly Diagnostic[] =>
  ['skip', 'daemon']
    .filter((name) => options.flag(name))
    .map((name) => warningAt('whole-node', `--${name}`, 'is left aside: both halves of a boot are shown', 'Leave it out.'));

const fromDocuments = async (
  words: readonly string[],
  { name, targetOf, kubeletOf, isHere = false }: Asker,
  context: Context,
): Promise<Wanted> => {
  const { documentsNamed, NODE_CONFIG_OPTIONS, sourcesNamed } = await import('./node-config.ts');
  const { configuredOf, startedBySystemd } = await import('./configured.ts');
  const target = targetOf(undefined);
  if (target === 'amazon-linux-2')
    throw new Refused([
      errorAt('option-conflict', '--target', 'a NodeConfig is for Amazon Linux 2023', 'Give --target amazon-linux-2023.'),
    ]);
  const options = parsedOf(words, { command: name, options: [...NODE_CONFIG_OPTIONS, ...OF_A_RUN], positionals: 100 });
  const kubelet = await kubeletOf?.();
  // Whoever looks beforehand wants to hear of everything.
  const modes = { isStrict: !options.flag('compat'), isCompat: options.flag('compat'), kubelet };
  const named = await sourcesNamed([...options.texts('config-source'), ...options.positionals], context);
  const checked = await configuredOf(await documentsNamed(named, modes), named.names, modes, context.env);
  // What is refused is told by its errors alone, and why there is no document at all is a warning about the source.
  if (hasErrors(checked.diagnostics))
    for (const one of warningsIn(checked.diagnostics)) context.stderr.write(`warning: ${diagnosticLine(one)}\n`);
  const { spec, documents } = demanded(checked);
  return {
    spec: isHere ? startedBySystemd(spec) : spec,
    documents,
    warnings: [...wholeNodeNote(options), ...checked.diagnostics],
    root: undefined,
    json: false,
    tomlFiles: [],
  };
};
