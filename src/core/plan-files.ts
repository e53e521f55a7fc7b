/** What has to happen to one file or directory, so that it is what it should be. */
import type {
  Action,
  DesiredDirectory,
  DesiredFile,
  JsonEntry,
  Manifest,
  ManifestFile,
  Observed,
  ObservedFile,
  Owned,
  PlannedFile,
} from './desired.ts';
import { digestOf } from './digest.ts';
import { jsonText, parsedJson } from './formats/json.ts';
import { mergedHosts } from './hosts.ts';
import { mergedJson } from './merge.ts';
import type { Because, Diagnostic, Json } from './report.ts';

export interface FileOutcome {
  readonly actions: readonly Action[];
  /** The file as it will be. */
  readonly file?: PlannedFile;
  /** Shared files: what is ours from now on. */
  readonly owned?: Owned;
  readonly diagnostics: readonly Diagnostic[];
}

const NOTHING: FileOutcome = { actions: [], diagnostics: [] };

const ABSENT: ObservedFile = { kind: 'absent' };
const observedAt = (observed: Observed, path: string): ObservedFile =>
  Object.hasOwn(observed.files, path) ? (observed.files[path] ?? ABSENT) : ABSENT;

const manifestFileAt = (manifest: Manifest | null, path: string): ManifestFile | undefined =>
  manifest?.files.find((file) => file.path === path);

const isAsWritten = (last: ManifestFile | undefined, text: string): boolean => last !== undefined && last.digest === digestOf(text);

const refused = (code: string, path: string, message: string, remedy: string): FileOutcome => ({
  actions: [],
  diagnostics: [{ severity: 'error', code, path, message, remedy }],
});

/** A directory of ours. (A link to one is observed as a directory, as /var/lib/kubelet on a data disk may be.) */
export const directoryOutcome = (wanted: DesiredDirectory, observed: Observed): FileOutcome => {
  const { path, mode, because } = wanted;
  const there = observedAt(observed, path);
  if (there.kind === 'absent') return { actions: [{ kind: 'make-directory', path, mode, because }], diagnostics: [] };
  if (there.kind === 'directory') return NOTHING;
  return refused('not-a-directory', path, `${there.kind === 'file' ? 'a file' : there.what} is where a directory must be`, 'Move it away.');
};

/** A file of Desired: written, merged or removed as its content says. */
export const fileOutcome = (wanted: DesiredFile, observed: Observed): FileOutcome => {
  const there = observedAt(observed, wanted.path);
  const { content } = wanted;
  if (content.kind === 'absent') return removalOutcome(wanted, content, there, observed.manifest);
  if (there.kind === 'directory') return refused('not-a-file', wanted.path, 'a directory is where a file must be', 'Move it away.');
  if (there.kind === 'other')
    return refused(
      'not-a-file',
      wanted.path,
      `${there.what} is where a regular file must be`,
      'Move it away, or put a regular file there.',
    );
  if (content.kind === 'text') return writeOutcome(wanted, content.text, there, observed, wanted.because, wanted.because);
  return content.kind === 'json' ? jsonOutcome(wanted, content, there, observed) : hostsOutcome(wanted, content, there, observed);
};

/** A mode that is already stricter is somebody's hardening and stays; one that allows more than ours is tightened. */
const modeOf = (there: ObservedFile, wanted: number): number =>
  there.kind === 'file' && (there.mode & 0o7777 & ~wanted) === 0 ? there.mode & 0o7777 : wanted;

const writeOutcome = (
  { path, mode: wantedMode }: DesiredFile,
  text: string,
  there: ObservedFile,
  observed: Observed,
  because: readonly Because[],
  changed: readonly Because[],
): FileOutcome => {
  const mode = modeOf(there, wantedMode);
  const before = there.kind === 'file' ? there.text : null;
  const reasons = before === text ? statusReasons(there, mode, observed.live) : changed;
  const isDone = before === text && reasons.length === 0;
  return {
    actions: isDone ? [] : [{ kind: 'write-file', path, mode, before, after: text, because: reasons }],
    file: { path, mode, text, because },
    diagnostics: [],
  };
};

/** Why a file whose text is right is written all the same. Owners count on a live root only: an image's directory may be anybody's. */
const statusReasons = (there: ObservedFile, mode: number, live: boolean): readonly Because[] => {
  if (there.kind !== 'file') return [];
  const reasons: Because[] = [];
  if ((there.mode & 0o7777) !== mode) {
    reasons.push({ rule: 'file.mode', text: `Its mode ${octal(there.mode)} allows more than ${octal(mode)}.`, inputs: [] });
  }
  if (live && there.uid !== 0)
    reasons.push({ rule: 'file.owner', text: `It belongs to user ${there.uid}; what root runs by must belong to root.`, inputs: [] });
  return reasons;
};

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

const jsonOutcome = (
  wanted: DesiredFile,
  content: { readonly entries: readonly JsonEntry[]; readonly indent: number },
  there: ObservedFile,
  observed: Observed,
): FileOutcome => {
  const last = manifestFileAt(observed.manifest, wanted.path);
  // A text of ours becomes a shared file: nothing in it is anybody else's.
  const wasWhollyOurs = there.kind === 'file' && last?.entries === undefined && isAsWritten(last, there.text);
  const current: ReadObject =
    there.kind === 'file' && !wasWhollyOurs ? jsonObjectOf(there.text, wanted.path) : { value: null, diagnostics: [] };
  if (current.value === undefined) return { actions: [], diagnostics: current.diagnostics };
  const merged = mergedJson(current.value, content.entries, last?.entries, wanted.path);
  if (merged.obstacles.length > 0) {
    return { actions: [], diagnostics: unique(merged.obstacles.map(({ path, found }) => obstacleDiagnostic(wanted.path, path, found))) };
  }
  // What is right stays byte for byte, also when somebody formatted it in another way.
  const isRight = there.kind === 'file' && !wasWhollyOurs && current.diagnostics.length === 0 && merged.changed.length === 0;
  const text = isRight ? there.text : jsonText(merged.value, (there.kind === 'file' ? indentOf(there.text) : undefined) ?? content.indent);
  const because = unique([
    ...wanted.because,
    ...content.entries.filter((entry) => isInForce(entry, merged.owned)).map((entry) => entry.because),
    ...merged.kept,
  ]);
  const changed = unique([...wanted.because, ...merged.changed, ...merged.kept]);
  const outcome = writeOutcome(wanted, text, there, observed, because, changed);
  return { ...outcome, owned: { entries: merged.owned }, diagnostics: [...current.diagnostics, ...outcome.diagnostics] };
};

/** Entries that are about what the file holds in the end. */
const isInForce = ({ policy, path }: JsonEntry, owned: NonNullable<Owned['entries']>): boolean =>
  policy !== 'absent' && (policy !== 'seed' || owned.some((key) => key.path.join('\0') === path.join('\0')));

const hostsOutcome = (
  wanted: DesiredFile,
  { host, addresses }: { readonly host: string; readonly addresses: readonly string[] },
  there: ObservedFile,
  observed: Observed,
): FileOutcome => {
  const current = there.kind === 'file' ? there.text : '';
  const base = manifestFileAt(observed.manifest, wanted.path)?.lines ?? [];
  const { text, owned, kept } = mergedHosts(current, base, { host, addresses }, wanted.path);
  const because = unique([...wanted.because, ...kept]);
  const outcome = writeOutcome(wanted, text, there, observed, because, because);
  return { ...outcome, owned: { lines: owned } };
};

/** How the file is indented now; undefined: it stands on one line, or there is nothing in it. */
const indentOf = (text: string): string | undefined => /^[^\n"]{0,80}\n([ \t]{1,8})"/.exec(text)?.[1];

const obstacleDiagnostic = (file: string, path: readonly string[], found: Json): Diagnostic => ({
  severity: 'error',
  code: 'json-not-an-object',
  path: `${file}:${path.join('.')}`,
  message: `${JSON.stringify(found)} is where an object must be`,
  remedy: 'Correct the value, or remove the key.',
});

type JsonObject = { readonly [key: string]: Json };
type ReadObject = { readonly value?: JsonObject | null; readonly diagnostics: readonly Diagnostic[] };

/** A file that a crash, or bootstrap.sh with a full disk, has emptied counts as not there; anything else that is no JSON object is an error. */
export const jsonObjectOf = (text: string, path: string): ReadObject => {
  if (text.replaceAll('\0', '').trim() === '') {
    const message = 'the file is empty (a crash or a full disk in an earlier run?); it is made anew';
    return {
      value: null,
      diagnostics: [
        { severity: 'warning', code: 'json-empty', path, message, remedy: 'Nothing to do; settings of your own in it are lost.' },
      ],
    };
  }
  const { value, diagnostics } = parsedJson(text, path);
  if (value === undefined) return { diagnostics };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value: value as JsonObject, diagnostics };
  const message = `it holds ${Array.isArray(value) ? 'an array' : JSON.stringify(value)}, and must hold an object`;
  return {
    diagnostics: [
      { severity: 'error', code: 'json-not-an-object', path, message, remedy: 'Correct the file, or remove it: then it is made anew.' },
    ],
  };
};

/** A file that should not be there goes if it is ours, by the manifest or by its text. */
const removalOutcome = (
  wanted: DesiredFile,
  { ours, foreign }: { readonly ours: string; readonly foreign?: true },
  there: ObservedFile,
  manifest: Manifest | null,
): FileOutcome => {
  if (there.kind === 'absent') return NOTHING;
  const { path } = wanted;
  const isOurs =
    there.kind === 'file' && (isAsWritten(manifestFileAt(manifest, path), there.text) || new RegExp(`^(?:${ours})$`).test(there.text));
  if (isOurs) return { actions: removal(path, there.text, wanted.because), diagnostics: [] };
  return foreign ? NOTHING : { actions: [], diagnostics: [leftInPlace(path, 'it is not ours')] };
};

/** What the last manifest names and nobody wants any more: removed if it is still what we wrote. */
export const leftoverOutcome = (last: ManifestFile, observed: Observed): FileOutcome => {
  const there = observedAt(observed, last.path);
  if (there.kind !== 'file') return NOTHING;
  const because: readonly Because[] = [
    { rule: 'manifest.no-longer-wanted', text: 'An earlier run wrote it, and it is no longer wanted.', inputs: [] },
  ];
  if (last.entries !== undefined) return leftoverKeysOutcome(last.entries, last.path, there, observed, because);
  if (last.lines !== undefined) return leftoverLinesOutcome(last.lines, last.path, there, observed, because);
  if (isAsWritten(last, there.text)) return { actions: removal(last.path, there.text, because), diagnostics: [] };
  return { actions: [], diagnostics: [leftInPlace(last.path, 'it was changed after an earlier run wrote it')] };
};

const leftoverKeysOutcome = (
  entries: NonNullable<ManifestFile['entries']>,
  path: string,
  there: ObservedFile & { readonly kind: 'file' },
  observed: Observed,
  because: readonly Because[],
): FileOutcome => {
  const { value } = jsonObjectOf(there.text, path);
  if (value === undefined || value === null) return NOTHING;
  const merged = mergedJson(value, [], entries, path);
  if (merged.changed.length === 0) return NOTHING;
  if (Object.keys(merged.value).length === 0) return { actions: removal(path, there.text, because), diagnostics: [] };
  const { actions } = writeOutcome(
    { path, mode: there.mode, content: { kind: 'text', text: '' }, because },
    jsonText(merged.value),
    there,
    observed,
    because,
    because,
  );
  return { actions, diagnostics: [] };
};

const leftoverLinesOutcome = (
  lines: readonly string[],
  path: string,
  there: ObservedFile & { readonly kind: 'file' },
  observed: Observed,
  because: readonly Because[],
): FileOutcome => {
  const { text } = mergedHosts(there.text, lines, undefined, path);
  const file: DesiredFile = { path, mode: there.mode, content: { kind: 'text', text: '' }, because };
  return text === there.text ? NOTHING : { actions: writeOutcome(file, text, there, observed, because, because).actions, diagnostics: [] };
};

const UNIT_FILE = /^\/etc\/systemd\/system\/([^/]+\.(?:service|mount|socket|timer|target|path|slice))$/;

/** A unit is disabled before its file goes, or a dangling link stays behind in a .wants directory. */
const removal = (path: string, before: string, because: readonly Because[]): readonly Action[] => {
  const unit = UNIT_FILE.exec(path)?.[1];
  return [
    ...(unit === undefined ? [] : [{ kind: 'disable-unit' as const, unit, because }]),
    { kind: 'remove-file', path, before, because },
  ];
};

const leftInPlace = (path: string, why: string): Diagnostic => ({
  severity: 'warning',
  code: 'left-in-place',
  path,
  message: `this file is not wanted any more, but stays: ${why}`,
  remedy: 'Remove it if nobody needs it.',
});

const unique = <T>(items: readonly T[]): readonly T[] => {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = JSON.stringify(item);
    return !seen.has(key) && seen.add(key);
  });
};
