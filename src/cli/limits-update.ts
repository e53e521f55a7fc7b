/** `max-pods --update`: a newer table of instance types, from EC2. */

import { resolve } from 'node:path';
import type { InstanceType } from '../core/kubelet/instance-types.ts';
import { limitsText } from '../core/kubelet/limits-file.ts';
import { timestampOf } from '../core/timestamp.ts';
import { writeAtomic } from '../node/filesystem.ts';
import type { Context } from './command.ts';
import { counted } from './present/lines.ts';
import { type Asked, askEc2, openForPerson, type TypeTable } from './type-limits.ts';

interface Update {
  /** `-`: standard output. */
  readonly path: string;
  /** What the news are told against. */
  readonly table: TypeTable;
  /** Types of the table that EC2 did not name stay, and so does what it does not say of the others. */
  readonly keeps: boolean;
  readonly regions: readonly string[];
}

const differs = (a: InstanceType, b: InstanceType): boolean => a.enis !== b.enis || a.ipv4PerEni !== b.ipv4PerEni;

const newsOf = (asked: Asked, { table, keeps }: Update, total: number): string => {
  const found = [...asked.types.values()].map(({ type }) => ({ type, before: table.typeOf(type.type) }));
  const added = found.filter(({ before }) => before === undefined).length;
  const changed = found.filter(({ type, before }) => before !== undefined && differs(type, before)).length;
  const kept = keeps ? `, ${total - found.length} kept` : '';
  return `${counted(total, 'type')}: ${found.length} of ${asked.regions.join(', ')}${kept}; ${added} new and ${changed} changed against ${table.source}`;
};

/** Writes nothing unless every page of every region was had. @throws NodeError */
export const writeTable = async (update: Update, context: Context): Promise<number> => {
  const { path, table, keeps } = update;
  const { world, close } = openForPerson(context);
  try {
    const asked = await askEc2(undefined, update.regions, world, context);
    const types = new Map<string, InstanceType>();
    if (keeps) for (const name of table.names()) types.set(name, { ...table.typeOf(name) } as InstanceType);
    for (const [name, { type }] of asked.types) types.set(name, { ...types.get(name), ...type });
    const date = timestampOf(context.now()).slice(0, 10);
    const others = keeps ? ', other types as before' : '';
    const text = limitsText(
      types.values(),
      `Instance limits of ${date}, by DescribeInstanceTypes in ${asked.regions.join(', ')}${others}. bootwright max-pods --update`,
    );
    if (path === '-') context.stdout.write(text);
    else writeAtomic('/', { path: resolve(context.cwd, path), text, mode: 0o644 });
    context.stderr.write(`${path === '-' ? '' : `${path}: `}${newsOf(asked, update, types.size)}\n`);
    return 0;
  } finally {
    await close();
  }
};
