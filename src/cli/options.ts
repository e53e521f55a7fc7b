/** Reads a command's own options. All mistakes are found at once; none is fatal before the last is known. */
import { parseArgs } from 'node:util';
import { nearestOf } from '../core/nearest.ts';
import type { Diagnostic } from '../core/report.ts';
import { type Option, Refused } from './command.ts';

export interface Parsed {
  /** The last value of an option; undefined when it was not given. */
  readonly text: (name: string) => string | undefined;
  readonly texts: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
  readonly positionals: readonly string[];
}

interface Shape {
  readonly command: string;
  readonly options: readonly Option[];
  readonly positionals: number;
}

const OWN: readonly Option[] = [{ name: 'help', short: 'h', text: 'show this help' }];

/** As parseArgs tells of it. */
interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

const tokensOf = (args: readonly string[], options: readonly Option[]) =>
  parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      [...options, ...OWN].map((o) => [
        o.name,
        { type: o.value ? 'string' : 'boolean', multiple: true, ...(o.short ? { short: o.short } : {}) } as const,
      ]),
    ),
  }).tokens;

/** nodeadm, and so its users, write `-c=FILE` as well. */
const textOf = ({ rawName, value = '', inlineValue = false }: OptionToken): string =>
  inlineValue && !rawName.startsWith('--') ? value.replace(/^=/, '') : value;

const mistake = (code: string, path: string, message: string, remedy: string): Diagnostic => ({
  severity: 'error',
  code,
  path,
  message,
  remedy,
});

const remedyFor = (shape: Shape, word: string): string => {
  const near = nearestOf(
    word,
    shape.options.map((o) => o.name),
  );
  return near ? `did you mean --${near}?` : `\`bootwright help ${shape.command}\` lists them`;
};

/** The options and words of a command line. Throws Refused with every mistake; `--help` is the caller's to ask for first. */
export const parsedOf = (args: readonly string[], shape: Shape): Parsed => {
  const found = new Map<string, string[]>();
  const positionals: string[] = [];
  const mistakes: Diagnostic[] = [];
  for (const token of tokensOf(args, shape.options)) {
    if (token.kind === 'positional') {
      if (positionals.push(token.value) > shape.positionals)
        mistakes.push(
          mistake('unexpected-word', token.value, 'is one word too many', `\`bootwright help ${shape.command}\` shows the form`),
        );
    } else if (token.kind === 'option') {
      const option = [...shape.options, ...OWN].find((o) => o.name === token.name);
      const missing =
        option?.value && (token.value === undefined || (!token.inlineValue && token.value.startsWith('-') && token.value.length > 1));
      if (!option) mistakes.push(mistake('unknown-option', token.rawName, 'there is no such option', remedyFor(shape, token.name)));
      else if (missing) mistakes.push(mistake('missing-value', token.rawName, 'has no value', `write ${token.rawName} ${option.value}`));
      else if (!option.value && !option.optionalValue && token.value !== undefined)
        mistakes.push(mistake('unexpected-value', token.rawName, 'takes no value', `write ${token.rawName} alone`));
      else found.set(option.name, [...(found.get(option.name) ?? []), textOf(token)]);
    }
  }
  if (mistakes.length > 0) throw new Refused(mistakes);
  return {
    text: (name) => found.get(name)?.at(-1) || undefined,
    texts: (name) => found.get(name) ?? [],
    flag: (name) => found.has(name),
    positionals,
  };
};

/** Cuts a line at its first word: options before it are the command's own, what follows belongs to the dialect. */
export const splitAtWord = (args: readonly string[], options: readonly Option[]): { own: readonly string[]; rest: readonly string[] } => {
  const first = tokensOf(args, options).find((token) => token.kind === 'positional');
  const at = first?.index ?? args.length;
  return { own: args.slice(0, at), rest: args.slice(at) };
};

/** True when the line asks for help before any word that could mean something else. */
export const asksForHelp = (args: readonly string[], options: readonly Option[]): boolean =>
  tokensOf(args, options).some((token) => token.kind === 'option' && token.name === 'help');
