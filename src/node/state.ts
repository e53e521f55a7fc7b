/**
 * What bootwright remembers: the manifest (what it wrote last), the intent of a run that is under way, and copies of the last generations.
 * The intent is on the disk before the first change and goes after the last, so a run that was cut off is known, and what it wrote counts
 * as ours.
 */
import { dirname } from 'node:path';
import type { Manifest, ManifestFile, Plan } from '../core/desired.ts';
import { digestOf } from '../core/digest.ts';
import { GENERATIONS_DIR, INTENT, MANIFEST, STATE_DIR } from '../core/paths.ts';
import {
  makeDirectory,
  moveFile,
  namesIn,
  readObserved,
  removeFile,
  removeTree,
  syncParent,
  writeAtomic,
  writeFresh,
} from './filesystem.ts';

export interface Intent {
  readonly schemaVersion: 1;
  /** The boot in which it ran; null in an image. Units of another boot have long been started anew. */
  readonly bootId: string | null;
  readonly startedAt: string;
  /** Units that were to be restarted. */
  readonly restarts: readonly string[];
  /** systemd was to read its unit files anew. */
  readonly reload: boolean;
  /** The manifest that the run would have left. */
  readonly manifest: Manifest;
  /** What was ours when it began, where that is not the manifest on the disk: a run before it was cut off too. */
  readonly base?: Manifest;
}

export interface State {
  readonly manifest: Manifest | null;
  readonly intent: Intent | null;
  /** Records that cannot be read; the next apply moves them aside. */
  readonly garbage: readonly { readonly path: string; readonly why: string }[];
}

const GENERATIONS_KEPT = 5;

type Tree = { readonly [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** A path that a manifest may name. Somebody else may have written it: nothing relative, no way up. */
const isPath = (value: unknown): value is string =>
  typeof value === 'string' && /^(?:\/[^/]+)+$/.test(value) && !/\/\.\.?(?:\/|$)/.test(value) && !value.includes('\0');

const isEntries = (value: unknown): boolean =>
  value === undefined ||
  (Array.isArray(value) && value.every((entry) => isTree(entry) && isTexts(entry['path']) && entry['value'] !== undefined));

const isManifestFile = (value: unknown): boolean =>
  isTree(value) &&
  isPath(value['path']) &&
  typeof value['digest'] === 'string' &&
  isEntries(value['entries']) &&
  (value['lines'] === undefined || isTexts(value['lines']));

const isManifest = (value: unknown): value is Manifest =>
  isTree(value) &&
  value['schemaVersion'] === 1 &&
  Number.isSafeInteger(value['generation']) &&
  Array.isArray(value['files']) &&
  value['files'].every(isManifestFile);

const isIntent = (value: unknown): value is Intent =>
  isTree(value) &&
  value['schemaVersion'] === 1 &&
  (value['bootId'] === null || typeof value['bootId'] === 'string') &&
  isTexts(value['restarts']) &&
  isManifest(value['manifest']) &&
  (value['base'] === undefined || isManifest(value['base']));

type Read<T> = { readonly value: T | null; readonly why?: string };

const readRecord = <T>(root: string, path: string, isRecord: (value: unknown) => value is T): Read<T> => {
  const there = readObserved(root, path);
  if (there.kind === 'absent') return { value: null };
  if (there.kind !== 'file') return { value: null, why: there.kind === 'other' ? `it is ${there.what}` : 'it is a directory' };
  try {
    const value: unknown = JSON.parse(there.text);
    return isRecord(value) ? { value } : { value: null, why: 'it is not in a form that this version knows' };
  } catch {
    return { value: null, why: 'it is no JSON' };
  }
};

/** All records as they are on the disk. Reads only. */
export const readState = (root: string): State => {
  const manifest = readRecord(root, MANIFEST, isManifest);
  const intent = readRecord(root, INTENT, isIntent);
  const garbage = [
    { path: MANIFEST, why: manifest.why },
    { path: INTENT, why: intent.why },
  ].flatMap(({ path, why }) => (why === undefined ? [] : [{ path, why }]));
  return { manifest: manifest.value, intent: intent.value, garbage };
};

export const garbageWarning = ({ path, why }: State['garbage'][number]): string =>
  `${path} cannot be used, ${why}: what earlier runs wrote is taken for the user's own where it is not what is wanted now`;

/**
 * What we wrote last, a run that was cut off included: each of its files is either still the old one or already the new one, as its digest
 * tells. Where somebody edited it since, the keys of both are ours.
 */
export const lastManifestOf = (root: string, { manifest, intent }: State): Manifest | null => {
  if (intent === null) return manifest;
  const base = intent.base ?? manifest;
  const merged = new Map((base?.files ?? []).map((file) => [file.path, file]));
  for (const file of intent.manifest.files) merged.set(file.path, writtenOf(root, merged.get(file.path), file));
  return { schemaVersion: 1, generation: base?.generation ?? 0, files: [...merged.values()] };
};

const writtenOf = (root: string, before: ManifestFile | undefined, after: ManifestFile): ManifestFile => {
  const there = readObserved(root, after.path);
  const digest = there.kind === 'file' ? digestOf(there.text) : undefined;
  if (before === undefined || digest === after.digest) return after;
  if (digest === before.digest) return before;
  if (before.lines !== undefined && after.lines !== undefined) return { ...after, lines: [...new Set([...after.lines, ...before.lines])] };
  if (before.entries === undefined || after.entries === undefined) return after;
  const names = new Set(after.entries.map(({ path }) => JSON.stringify(path)));
  return { ...after, entries: [...after.entries, ...before.entries.filter(({ path }) => !names.has(JSON.stringify(path)))] };
};

const jsonOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The manifest that a plan leaves behind. */
export const manifestAfter = (plan: Plan, generation: number): Manifest => ({
  schemaVersion: 1,
  generation,
  files: plan.files.flatMap(({ path, text, unrecorded }) => {
    if (unrecorded) return [];
    const owned = Object.hasOwn(plan.owned, path) ? plan.owned[path] : undefined;
    return [{ path, digest: digestOf(text), ...owned }];
  }),
});

/** Do they say the same of every file? The number of the generation does not count. */
export const sameFiles = (a: Manifest | null, b: Manifest): boolean => a !== null && JSON.stringify(a.files) === JSON.stringify(b.files);

const generationsIn = (root: string): number[] =>
  namesIn(root, GENERATIONS_DIR)
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

/** A number that no finished run has used, also where the manifest was lost. */
export const nextGeneration = (root: string, { manifest }: State): number =>
  1 + (manifest ? manifest.generation : (generationsIn(root).at(-1) ?? 0));

export const makeStateDirectories = (root: string): void => {
  makeDirectory(root, STATE_DIR, 0o755);
  makeDirectory(root, GENERATIONS_DIR, 0o700); // texts of files that may be secret
};

/** Directories in which a killed run may leave temp files of its records. */
export const STATE_DIRS = [STATE_DIR, GENERATIONS_DIR] as const;

export const writeIntent = (root: string, intent: Intent): void => writeAtomic(root, { path: INTENT, text: jsonOf(intent), mode: 0o600 });

/** The last step of a run. */
export const removeIntent = (root: string): void => removeFile(root, INTENT);

export const writeManifest = (root: string, manifest: Manifest): void =>
  writeAtomic(root, { path: MANIFEST, text: jsonOf(manifest), mode: 0o644 });

/** Keeps what nobody can read for a person to look at; the last one wins. */
export const moveAside = (root: string, path: string): void => {
  removeTree(root, `${path}.unreadable`);
  moveFile(root, path, `${path}.unreadable`);
};

const stagedAt = ({ generation }: Manifest): string => `${GENERATIONS_DIR}/.${generation}.bootwright-000000000000.tmp`;

/**
 * A copy of every file, as `generations/N/files/etc/…` beside `generations/N/manifest.json`, under a temp name: a generation with a number
 * is complete. It is made before anything is changed, so that a disk too full for it leaves the node as it was.
 */
export const stageGeneration = (root: string, plan: Plan, manifest: Manifest): void => {
  const staged = stagedAt(manifest);
  removeTree(root, staged);
  makeDirectory(root, staged, 0o700);
  for (const { path, text } of plan.files) {
    const copy = `${staged}/files${path}`;
    makeDirectory(root, dirname(copy), 0o700);
    writeFresh(root, { path: copy, text, mode: 0o600 });
  }
  writeFresh(root, { path: `${staged}/manifest.json`, text: jsonOf(manifest), mode: 0o600 });
};

/** The staged generation gets its number, and the oldest go. */
export const keepGeneration = (root: string, manifest: Manifest): void => {
  const place = `${GENERATIONS_DIR}/${manifest.generation}`;
  removeTree(root, place); // of a run that was cut off here
  moveFile(root, stagedAt(manifest), place);
  pruneGenerations(root);
};

const pruneGenerations = (root: string): void => {
  const old = generationsIn(root).slice(0, -GENERATIONS_KEPT);
  for (const number of old) removeTree(root, `${GENERATIONS_DIR}/${number}`);
  if (old.length > 0) syncParent(root, `${GENERATIONS_DIR}/${old[0]}`);
};
