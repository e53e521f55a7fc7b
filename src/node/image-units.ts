/** Units of an image, where no systemd runs: whether they are enabled, and enabling them where there is no systemctl to ask. */
import { readlinkSync, symlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { NodeError } from '../core/errors.ts';
import { errnoOf, failureOf } from './failures.ts';
import { makeDirectory, namesIn, placeOf, readObserved, removeFile, syncParent } from './filesystem.ts';

const CONFIG_DIR = '/etc/systemd/system';
/** Where units lie, most important first (systemd.unit(5) "Unit File Load Path"); the generators' output only on a running system. */
const UNIT_DIRS = [
  CONFIG_DIR,
  '/run/systemd/system',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** Text of the unit file that counts, and its path; a mask is a link to /dev/null. undefined: there is none. */
const unitFileOf = (root: string, unit: string): { path: string; text: string } | 'masked' | undefined => {
  for (const directory of UNIT_DIRS) {
    const path = `${directory}/${unit}`;
    const target = linkOf(root, path);
    if (target === '/dev/null') return 'masked';
    const there = readObserved(root, target === undefined ? path : target.startsWith('/') ? target : `${directory}/${target}`);
    if (there.kind === 'file') return { path, text: there.text };
  }
  return undefined;
};

const linkOf = (root: string, path: string): string | undefined => {
  try {
    return readlinkSync(placeOf(root, path));
  } catch {
    return undefined;
  }
};

/** Does the root have this unit? Masked ones count: systemd says what is wrong with them. */
export const hasUnitFile = (root: string, unit: string): boolean => unitFileOf(root, unit) !== undefined;

/** A masked unit is a link to /dev/null, or an empty file, and starts in no way. */
export const isMasked = (root: string, unit: string): boolean => unitFileOf(root, unit) === 'masked';

/** Values of a key of [Install]; an empty assignment takes back those before it. */
const installValues = (text: string, key: string): string[] => {
  const values: string[] = [];
  let section = '';
  for (const line of text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())) {
    if (line.startsWith('[')) section = line;
    if (section !== '[Install]' || !line.startsWith(`${key}=`)) continue;
    const words = line
      .slice(key.length + 1)
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) values.length = 0;
    values.push(...words);
  }
  return values;
};

/** The links that enabling makes. */
const linksOf = (unit: string, text: string): string[] => [
  ...installValues(text, 'WantedBy').map((target) => `${CONFIG_DIR}/${target}.wants/${unit}`),
  ...installValues(text, 'RequiredBy').map((target) => `${CONFIG_DIR}/${target}.requires/${unit}`),
  ...installValues(text, 'Alias').map((alias) => `${CONFIG_DIR}/${alias}`),
];

/** Enabled as systemctl sees it: every link of [Install] is there, or there is no [Install]. */
export const isEnabledInImage = (root: string, unit: string): boolean => {
  const file = unitFileOf(root, unit);
  return (
    file !== undefined &&
    file !== 'masked' &&
    linksOf(unit, file.text).every((link) => namesIn(root, dirname(link)).includes(basename(link)))
  );
};

/** What `systemctl --root=DIR enable` does for plain units. @throws NodeError CONFIG for a unit that is missing or masked */
export const enableInImage = (root: string, units: readonly string[]): void => {
  for (const unit of units) {
    const file = unitFileOf(root, unit);
    if (file === undefined)
      throw new NodeError('CONFIG', `${unit} is not in the image`, { remedy: `Install it in ${root} first.`, path: unit });
    if (file === 'masked')
      throw new NodeError('CONFIG', `${unit} is masked`, { remedy: `Remove the link to /dev/null: systemctl unmask ${unit}.`, path: unit });
    for (const link of linksOf(unit, file.text)) makeLink(root, link, file.path);
  }
};

/** What `systemctl --root=DIR disable` does for plain units: the links of [Install] go. */
export const disableInImage = (root: string, units: readonly string[]): void => {
  for (const unit of units) {
    const file = unitFileOf(root, unit);
    if (file === undefined || file === 'masked') continue;
    for (const link of linksOf(unit, file.text)) if (linkOf(root, link) !== undefined) removeFile(root, link);
  }
};

const makeLink = (root: string, path: string, target: string): void => {
  makeDirectory(root, dirname(path), 0o755);
  try {
    symlinkSync(target, placeOf(root, path));
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return;
    throw failureOf('make the link', path, cause);
  }
  syncParent(root, path);
};
