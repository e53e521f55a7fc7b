/** NVIDIA's runtime put into a containerd configuration, whoever wrote it, as `nvidia-ctk runtime configure --set-as-default` does. */
import { keyText, PLACES, versionOf } from './containerd-lint.ts';
import { parsedToml, type TomlTable, tomlString, tomlValueAt } from './formats/toml.ts';
import { type Checked, errorAt, warningAt } from './report.ts';

/**
 * The text with the runtime `nvidia` as the default one. A runtime of that name in the text stays as it is, and so does a default other than
 * runc (with a warning): somebody chose it. `binary`: the runtime's path; `path`: what the text is called. The text must be valid TOML of a
 * version that there is. Errors: tables written in a form that leaves no place for it.
 */
export const withNvidiaRuntime = (text: string, binary: string, path: string): Checked<string> => {
  const table = parsedToml(text, path).value;
  const place = PLACES.find(({ version }) => table !== undefined && version === versionOf(table))?.runtime;
  if (table === undefined || place === undefined) throw new Error(`${path} has not been checked`);
  const usual = defaultIn(table, place);
  const withDefault = usual === 'runc' ? withDefaultRuntime(text, place) : text;
  const result = hasRuntime(table, place) ? withDefault : appended(withDefault, runtimeTables(place, binary));
  const read = parsedToml(result, path).value;
  if (read === undefined || !hasRuntime(read, place) || (usual === 'runc' && defaultIn(read, place) !== 'nvidia'))
    return noPlace(path, place);
  if (usual === 'runc' || usual === 'nvidia') return { value: result, diagnostics: [] };
  const message = `default_runtime_name is ${JSON.stringify(usual)} on a GPU node: only pods that ask for the runtime nvidia get it`;
  return { value: result, diagnostics: [warningAt('containerd-other-default-runtime', path, message, 'Write "nvidia", or leave it out.')] };
};

const noPlace = (path: string, place: readonly string[]): Checked<never> => {
  const message =
    'this is a GPU node, and the way in which the tables of runtimes are written here leaves no place to add the one of NVIDIA';
  const remedy = `Write default_runtime_name under [${keyText(place)}], or add [${keyText([...place, 'runtimes', 'nvidia'])}] to the file.`;
  return { diagnostics: [errorAt('containerd-no-place', path, message, remedy)] };
};

const defaultIn = (table: TomlTable, place: readonly string[]): unknown => tomlValueAt(table, [...place, 'default_runtime_name']) ?? 'runc';
const hasRuntime = (table: TomlTable, place: readonly string[]): boolean =>
  tomlValueAt(table, [...place, 'runtimes', 'nvidia']) !== undefined;

const appended = (text: string, tables: string): string => (text.trim() === '' ? tables : `${text.trimEnd()}\n\n${tables}`);

const runtimeTables = (place: readonly string[], binary: string): string => `[${keyText([...place, 'runtimes', 'nvidia'])}]
runtime_type = "io.containerd.runc.v2"

[${keyText([...place, 'runtimes', 'nvidia', 'options'])}]
BinaryName = ${tomlString(binary)}
SystemdCgroup = true
`;

const KEY = /\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(\.|$)/y;

/** The keys of a header's inside: `plugins."io.containerd.grpc.v1.cri".containerd`. */
const keysOf = (header: string): readonly string[] => {
  const keys: string[] = [];
  KEY.lastIndex = 0;
  for (let match = KEY.exec(header); match !== null; match = KEY.exec(header)) {
    keys.push(match[1] ?? match[2] ?? match[3] ?? '');
    if (match[4] === '') break;
  }
  return keys;
};

const VALUE = /^(\s*["']?default_runtime_name["']?\s*=\s*)(?:"[^"]*"|'[^']*')/;
const ASSIGNMENT = 'default_runtime_name = "nvidia"';

/** Replaced where it stands, else as the first line of its table, else in a table of its own at the end. What that breaks is seen afterwards. */
const withDefaultRuntime = (text: string, place: readonly string[]): string => {
  const lines = text.split('\n');
  const header = lines.findIndex((line) => isHeaderOf(line, place));
  if (header < 0) return appended(text, `[${keyText(place)}]\n${ASSIGNMENT}\n`);
  const rest = lines.slice(header + 1);
  const next = rest.findIndex((line) => /^\s*\[/.test(line));
  const body = next < 0 ? rest : rest.slice(0, next);
  const known = body.findIndex((line) => VALUE.test(line));
  const replaced = known < 0 ? [ASSIGNMENT, ...body] : body.map((line, i) => (i === known ? line.replace(VALUE, '$1"nvidia"') : line));
  return [...lines.slice(0, header + 1), ...replaced, ...rest.slice(body.length)].join('\n');
};

const isHeaderOf = (line: string, place: readonly string[]): boolean => {
  const inside = /^\s*\[([^[\]]+)\]\s*(?:#.*)?\r?$/.exec(line)?.[1];
  const keys = inside === undefined ? [] : keysOf(inside);
  return keys.length === place.length && keys.every((key, i) => key === place[i]);
};
