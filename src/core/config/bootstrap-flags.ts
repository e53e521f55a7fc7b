/** The bootstrap.sh dialect: words of a command line and environment variables become a NodeSpec, with every mistake said at once. */
import { isKubeletFlag } from '../kubelet/extra-args.ts';
import { nearestOf } from '../nearest.ts';
import { type Diagnostic, errorAt, hasErrors, type Sourced, warningAt } from '../report.ts';
import type { AmazonLinux2Spec } from '../spec.ts';
import { conflictsOf, type Given, givenOf, specOf } from './bootstrap-flags-spec.ts';
import { type BootstrapFlag, FLAGS, type FlagName } from './bootstrap-flags-table.ts';
import { readClusterName, shown } from './bootstrap-flags-values.ts';

/** Under which name we were called: `bootstrap.sh`, whose habits stay, or our own, which is strict. */
export type DialectStyle = 'drop-in' | 'own';

export interface BootstrapRequest {
  readonly help: boolean;
  /** Absent when help was asked for, or when something is wrong. */
  readonly spec?: AmazonLinux2Spec;
  readonly run: {
    readonly root?: Sourced<string>;
    readonly verify?: Sourced<'none' | 'started' | 'joined'>;
    readonly json: boolean;
    /** Files of the user's own that the call names; known also when something else in it is wrong. */
    readonly tomlFiles: readonly string[];
  };
}

export interface DecodedBootstrap {
  readonly request?: BootstrapRequest;
  readonly diagnostics: Diagnostic[];
  /** `--flag='value'` in the order given, as bootstrap.sh logged them; the CA shortened, secrets masked. */
  readonly echo: string[];
}

/** Every flag, in the order of help. */
export const BOOTSTRAP_FLAGS: readonly BootstrapFlag[] = Object.values(FLAGS);

type Env = { readonly [name: string]: string | undefined };

/** What the command line holds before any value is looked at. */
interface Words {
  readonly help: boolean;
  readonly values: ReadonlyMap<FlagName, { readonly text: string; readonly at: string }>;
  readonly positionals: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly echo: readonly string[];
}

const nameOf = (word: string): FlagName | undefined =>
  (Object.keys(FLAGS) as FlagName[]).find((name) => (FLAGS[name] as BootstrapFlag).flag === word);

/** What the value of a flag is called; undefined: it takes none. */
const wordOf = (name: FlagName): string | undefined => (FLAGS[name] as BootstrapFlag).value;

/** Flags that people proposed to bootstrap.sh or know from elsewhere, and what to do instead. */
const INSTEAD: { readonly [flag: string]: string } = {
  '--max-pods': "Write --use-max-pods false --kubelet-extra-args '--max-pods=N'.",
  '--max-pods-value': "Write --use-max-pods false --kubelet-extra-args '--max-pods=N'.",
  '--cluster-name': 'Write the cluster name without a flag.',
  '--name': 'Write the cluster name without a flag.',
  '--region': 'Leave it out: a node is in the region that its instance metadata says.',
};

/** Words that an unknown flag may have been meant for, without dashes. */
const meantFlags = (): readonly string[] =>
  [...BOOTSTRAP_FLAGS.flatMap(({ flag }) => flag ?? []), '--help', ...Object.keys(INSTEAD)].map((flag) => flag.slice(2));

const unknownFlag = (word: string, style: DialectStyle): Diagnostic => {
  const toKubelet =
    isKubeletFlag(word) && !Object.hasOwn(INSTEAD, word)
      ? `It is a flag of the kubelet: write --kubelet-extra-args '${word}=…'.`
      : undefined;
  const near = `--${nearestOf(word.replace(/^-+/, ''), meantFlags()) ?? ''}`;
  const instead = Object.hasOwn(INSTEAD, near) ? INSTEAD[near] : undefined;
  const remedy = toKubelet ?? instead ?? (near === '--' ? 'Run it with --help to see all flags.' : `Did you mean ${near}?`);
  const was = style === 'drop-in' ? '; bootstrap.sh took such a word for the cluster name' : '';
  return errorAt('unknown-flag', shown(word).slice(1, -1), `there is no such flag${was}`, remedy);
};

const logged = (flag: BootstrapFlag, text: string): string => {
  if (flag.log === 'masked' && text !== '') return '***';
  return flag.log === 'short' && text.length > 24 ? `${text.slice(0, 16)}… (${text.length} characters)` : text;
};

/** What reading from left to right has found so far. */
class Reading implements Words {
  help = false;
  readonly values = new Map<FlagName, { readonly text: string; readonly at: string }>();
  readonly positionals: string[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly echo: string[] = [];

  /** A flag with its value; of several, the last one counts. */
  take(name: FlagName, at: string, text: string): void {
    const earlier = this.values.get(name);
    if (earlier !== undefined && earlier.text !== text) {
      this.diagnostics.push(
        warningAt('repeated-flag', at, 'is given more than once with different values; the last one counts', 'Give it once.'),
      );
    }
    this.values.set(name, { text, at });
    this.echo.push(`${at}='${logged(FLAGS[name], text)}'`);
  }

  /** A switch, which takes no value. */
  turnOn(name: FlagName, at: string, hasValue: boolean): void {
    if (hasValue) this.diagnostics.push(errorAt('unexpected-value', at, 'takes no value', `Write ${at} alone.`));
    else this.values.set(name, { text: 'true', at });
  }
}

/** Reads the words from left to right, as bash did: a flag takes the next word whatever it is, unless that is one of our flags itself. */
const wordsOf = (args: readonly string[], style: DialectStyle): Words => {
  const end = args.indexOf('--');
  const words = end < 0 ? args : args.slice(0, end);
  const read = new Reading();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const flag = equals < 0 ? word : word.slice(0, equals);
    const name = nameOf(flag);
    const next = words[i + 1];
    if (word === '--help' || word === '-h') read.help = true;
    else if (name === undefined && /^-./.test(word)) read.diagnostics.push(unknownFlag(flag, style));
    else if (name === undefined) read.positionals.push(word);
    else if (wordOf(name) === undefined) read.turnOn(name, flag, equals >= 0);
    else if (equals >= 0) read.take(name, flag, word.slice(equals + 1));
    else if (next === undefined || nameOf(next) !== undefined)
      read.diagnostics.push(errorAt('missing-value', flag, 'needs a value', `Write ${flag} ${wordOf(name)}.`));
    else read.take(name, flag, words[++i] ?? '');
  }
  if (end >= 0) read.positionals.push(...args.slice(end + 1));
  return read;
};

/** Flag, else variable; an empty one counts as not given. */
const givenTexts = (words: Words, env: Env): ReadonlyMap<FlagName, Sourced<string>> => {
  const texts = new Map<FlagName, Sourced<string>>();
  for (const name of Object.keys(FLAGS) as FlagName[]) {
    const { env: variable } = FLAGS[name] as BootstrapFlag;
    const word = words.values.get(name);
    const inherited = variable === undefined ? undefined : env[variable];
    if (word !== undefined && word.text !== '') texts.set(name, { value: word.text, origin: 'flag', at: word.at });
    else if (inherited !== undefined && inherited !== '' && variable !== undefined)
      texts.set(name, { value: inherited, origin: 'env', at: variable });
  }
  return texts;
};

const CLUSTER_NAME = '<cluster-name>';

interface Name {
  readonly name?: Sourced<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The first word that is no flag. Behind an unknown flag, words may be that flag's value: then only a missing name is said. */
const clusterNameOf = (words: Words, style: DialectStyle): Name => {
  const [first, ...more] = words.positionals;
  const isUnsure = words.diagnostics.some(({ code }) => code === 'unknown-flag');
  if (first === undefined || (first === '' && more.length === 0)) {
    const call = style === 'drop-in' ? 'bootstrap.sh' : 'bootwright bootstrap';
    return {
      diagnostics: [errorAt('no-cluster-name', CLUSTER_NAME, 'cluster name is not defined!', `Name the cluster: ${call} my-cluster`)],
    };
  }
  if (isUnsure) return { diagnostics: [] };
  const extra = more.map((word) => {
    const diagnostic = style === 'drop-in' ? warningAt : errorAt;
    return diagnostic(
      'extra-word',
      CLUSTER_NAME,
      `${shown(word)} is one word too many: the cluster is ${shown(first)}`,
      'Leave it out, or put a value with spaces in quotes.',
    );
  });
  const { value, fault } = readClusterName(first);
  if (fault !== undefined) return { diagnostics: [errorAt(fault.code, CLUSTER_NAME, fault.message, fault.remedy), ...extra] };
  return { name: { value, origin: 'flag', at: CLUSTER_NAME }, diagnostics: extra };
};

const runOf = (given: Given, words: Words): BootstrapRequest['run'] => ({
  ...(given.root ? { root: given.root } : {}),
  ...(given.verify ? { verify: given.verify } : {}),
  json: words.values.has('json'),
  tomlFiles: given.containerdConfigFile ? [given.containerdConfigFile.value] : [],
});

/**
 * Decodes a call. `args` without the program's name; `env` as it is: variables that are no flag's are not looked at. `request` is always there;
 * its `spec` exactly when no diagnostic is an error and help was not asked for.
 */
export const decodeBootstrap = (args: readonly string[], env: Env, style: DialectStyle): DecodedBootstrap => {
  const words = wordsOf(args, style);
  if (words.help) return { request: { help: true, run: runOf({}, words) }, diagnostics: [], echo: [] };
  const { given, diagnostics: wrong } = givenOf(givenTexts(words, env));
  const { name, diagnostics: aboutName } = clusterNameOf(words, style);
  const diagnostics = [...words.diagnostics, ...aboutName, ...wrong, ...conflictsOf(given, [...words.diagnostics, ...wrong])];
  const run = runOf(given, words);
  if (name === undefined || hasErrors(diagnostics)) return { request: { help: false, run }, diagnostics, echo: [...words.echo] };
  return { request: { help: false, spec: specOf(name, given, style), run }, diagnostics, echo: [...words.echo] };
};
