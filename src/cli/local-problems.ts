/** What is wrong with the files that a bootstrap would read here: said together with whatever else it was refused for. */
import { NodeError } from '../core/errors.ts';
import { parsedToml } from '../core/formats/toml.ts';
import { KUBELET_CONFIG } from '../core/paths.ts';
import { jsonObjectOf } from '../core/plan-files.ts';
import { type Checked, type Diagnostic, errorAt } from '../core/report.ts';
import { readInput } from '../facts/files.ts';
import { Refused } from './command.ts';

interface Place {
  readonly root: string;
  /** TOML files that the user named. */
  readonly tomlFiles: readonly string[];
}

/** A file that cannot be an input, as one problem among others. */
const unreadable = ({ message, path = '', remedy = '' }: NodeError): Diagnostic =>
  errorAt('unreadable-file', path, message.startsWith(path) ? message.slice(path.length).trim() : message, remedy);

const problemsIn = (
  path: string,
  isUsersOwn: boolean,
  root: string,
  read: (text: string, path: string) => Checked<unknown>,
): readonly Diagnostic[] => {
  try {
    const text = readInput(root, path, isUsersOwn);
    return text === null ? [] : read(text, path).diagnostics.filter(({ severity }) => severity === 'error');
  } catch (error) {
    if (error instanceof NodeError && error.code === 'NO_INPUT') return [unreadable(error)];
    throw error;
  }
};

const sameAs = (a: Diagnostic) => (b: Diagnostic) => a.path === b.path && a.message === b.message;

/** What an error says of inputs; undefined: it is about something else. */
const knownOf = (error: unknown): readonly Diagnostic[] | undefined => {
  if (error instanceof Refused) return error.diagnostics;
  return error instanceof NodeError && error.code === 'NO_INPUT' && error.path !== undefined ? [unreadable(error)] : undefined;
};

/** The same error, with all else that can be seen from here to be wrong. Errors that are no refusal of an input stay as they are. */
export const withLocalProblems = (error: unknown, { root, tomlFiles }: Place): unknown => {
  const known = knownOf(error);
  if (known === undefined) return error;
  const found = [
    ...tomlFiles.flatMap((path) => problemsIn(path, true, root, parsedToml)),
    ...problemsIn(KUBELET_CONFIG, false, root, jsonObjectOf),
  ].filter((problem) => !known.some(sameAs(problem)));
  return found.length === 0 ? error : new Refused([...known, ...found]);
};
