/** The bootstrap.sh dialect on our command lines: decoded in one place for every command that takes it. */
import { type BootstrapRequest, type DialectStyle, decodeBootstrap } from '../core/config/bootstrap-flags.ts';
import { type Checked, type Diagnostic, errorAt, hasErrors } from '../core/report.ts';
import type { AmazonLinux2Spec, NodeSpec } from '../core/spec.ts';
import { type Context, type Option, Refused } from './command.ts';
import { COMMANDS } from './commands.ts';

export interface SpokenRequest {
  readonly spec: AmazonLinux2Spec;
  readonly run: BootstrapRequest['run'];
  readonly warnings: readonly Diagnostic[];
  /** Lines `--flag='value'`, as bootstrap.sh logged them. */
  readonly echo: readonly string[];
}

/** The value of a checked result; throws Refused with all of its diagnostics when there is none. */
export const demanded = <T>(checked: Checked<T>): T => {
  if (checked.value === undefined || hasErrors(checked.diagnostics)) throw new Refused(checked.diagnostics);
  return checked.value;
};

/**
 * Cuts off the word that names the dialect. `bootstrap.sh` as that word asks for the drop-in's defaults. Throws Refused for the name of
 * another command: `preview facts` is hardly about a cluster called facts.
 */
export const dialectOf = (rest: readonly string[]): { readonly args: readonly string[]; readonly style: DialectStyle } => {
  const word = rest[0]?.split('/').at(-1);
  if (word === 'bootstrap.sh') return { args: rest.slice(1), style: 'drop-in' };
  if (word === 'bootstrap') return { args: rest.slice(1), style: 'own' };
  if (COMMANDS.some(({ name }) => name === rest[0]))
    throw new Refused([
      errorAt(
        'reserved-word',
        rest[0] ?? '',
        'is a command of bootwright, not taken for a cluster name',
        `for a cluster of that name write: bootstrap ${rest[0]}`,
      ),
    ]);
  return { args: rest, style: 'own' };
};

/** A command of ours that takes a line of the dialect behind its own options. */
interface Host {
  readonly name: string;
  readonly options: readonly Option[];
  /** Where the command reads files of the node. Absent: of none. */
  readonly rootOf?: (run: BootstrapRequest['run']) => string;
}

/** TOML files that a call names. */
export const tomlFilesOf = ({ options }: NodeSpec): readonly string[] =>
  options.containerdConfigFile ? [options.containerdConfigFile.value] : [];

/** An error with all else that is wrong with the files under a root. Nothing of this is loaded unless something failed. */
export const alsoWrong = async (error: unknown, root: string, tomlFiles: readonly string[]): Promise<unknown> =>
  (await import('./local-problems.ts')).withLocalProblems(error, { root, tomlFiles });

/** Remedies for the line as it was typed: `bootwright preview … bootstrap CLUSTER`. */
const hosted = (diagnostics: readonly Diagnostic[], { name, options }: Host, style: DialectStyle): readonly Diagnostic[] => {
  const misplaced = options.filter((o) => diagnostics.some((d) => d.code === 'unknown-flag' && optionIn(d) === o.name));
  const isRest = (d: Diagnostic): boolean => d.code === 'extra-word' && misplaced.some((o) => o.value !== undefined);
  const word = style === 'drop-in' ? 'bootstrap.sh' : 'bootstrap';
  return diagnostics
    .filter((d) => !isRest(d))
    .map((d) => {
      if (d.code === 'no-cluster-name') return { ...d, remedy: `Name the cluster: bootwright ${name} ${word} my-cluster` };
      const option = d.code === 'unknown-flag' ? misplaced.find((o) => o.name === optionIn(d)) : undefined;
      if (option === undefined) return d;
      const message = `is an option of ${name}`;
      return {
        ...d,
        path: `--${option.name}`,
        code: 'misplaced-option',
        message,
        remedy: `Put it before the cluster and the word ${word}`,
      };
    });
};

const optionIn = ({ path }: Diagnostic): string => path.replace(/^--/, '').replace(/=.*$/s, '');

/** What a line of the dialect asks for; null: for help. Variables of the dialect count where `env` has them. Throws Refused. */
export const requestOf = async (
  args: readonly string[],
  env: Context['env'],
  style: DialectStyle,
  host: Host,
): Promise<SpokenRequest | null> => {
  const { request, diagnostics: found, echo } = decodeBootstrap(args, env, style);
  const diagnostics = hosted(found, host, style);
  if (request?.help) return null;
  if (hasErrors(diagnostics) || request?.spec === undefined) {
    const refused = new Refused(diagnostics);
    throw request && host.rootOf ? await alsoWrong(refused, host.rootOf(request.run), request.run.tomlFiles) : refused;
  }
  return { spec: request.spec, run: request.run, warnings: diagnostics, echo };
};

/** What `--help` among the words of the dialect asks for, in whichever command. */
export const helpOfBootstrap = async (context: Context): Promise<number> => {
  const { commandHelp } = await import('./present/help.ts');
  const { bootstrapCommand } = await import('./commands/bootstrap.ts');
  context.stdout.write(await commandHelp(bootstrapCommand, context.stdout.columns));
  return 0;
};
