/** What a preview made up, in a few lines: a reader must be able to doubt the right thing. */
import type { Facts } from '../../core/facts.ts';
import type { Json } from '../../core/report.ts';
import { flowed, indented } from './lines.ts';
import type { Paint } from './paint.ts';
import { valueText } from './values.ts';

const GIB = 1024 ** 3;

const FAMILIES: readonly (readonly [string, string])[] = [
  [
    'host.files.',
    'taken as not in the image, so ours (units and templates that a real image brings are used as they are; --host-file gives one)',
  ],
  ['host.executables.', 'taken as in the image'],
  ['host.volumes.', 'taken as blank'],
  ['host.resolves.', 'taken as in DNS'],
];

const valueAt = (facts: Facts, path: string): string => {
  const [group = '', ...rest] = path.split('.');
  if (path === 'host.localDisks') return ` ${(facts.host.localDisks?.disks ?? []).map((disk) => disk.path).join(', ')}`;
  if (path === 'host.onlineMemory') return ` ${(facts.host.onlineMemory ?? 0) / GIB} GiB`;
  const value = (facts as unknown as Record<string, Record<string, Json> | undefined>)[group]?.[rest.join('.')];
  return value === undefined ? '' : ` ${valueText(value)}`;
};

/** Nothing for facts that all came from somewhere. */
export const assumptionLines = (facts: Facts, paint: Paint, width: number): string[] => {
  const assumed = Object.entries(facts.provenance ?? {}).filter(([, { origin }]) => origin === 'assumed');
  const isInFamily = (fact: string): boolean => FAMILIES.some(([prefix]) => fact.startsWith(prefix));
  const single = assumed
    .filter(([fact]) => !isInFamily(fact))
    .map(([fact, { at }]) => `${fact}${valueAt(facts, fact)}${at.startsWith('--') ? ` (${at})` : ''}`);
  const missing = (fact: string): boolean => facts.host.executables?.[fact.slice('host.executables.'.length)] === false;
  const families = FAMILIES.flatMap(([prefix, what]) => {
    const names = assumed.filter(([fact]) => fact.startsWith(prefix) && !missing(fact)).map(([fact]) => fact.slice(prefix.length));
    return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
  });
  const absent = assumed.filter(([fact]) => missing(fact)).map(([fact]) => fact.slice('host.executables.'.length));
  if (absent.length > 0) families.push(`taken as not in the image: ${absent.join(', ')}`);
  return [...indented(flowed(single, width - 2), 2, width, paint.dim), ...indented(families, 2, width, paint.dim)];
};
