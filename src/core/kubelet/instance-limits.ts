/** Network limits of EC2 instance types, from the table that comes with the program. */
import { INSTANCE_LIMITS } from '../data/instance-limits.ts';
import type { InstanceLimits } from '../facts.ts';

/** A value and the types that have it, as `family.size size … family.size …`. */
export type TypeTable = { readonly [value: string]: string };

/** Is `size` among the sizes of `family` in a group like `m5.large xlarge c5.large`? */
const hasType = (types: string, family: string, size: string): boolean => {
  const at = ` ${types}`.indexOf(` ${family}.`);
  if (at < 0) return false;
  for (const [index, word] of types.slice(at).split(' ').entries()) {
    const dot = word.indexOf('.');
    if (dot >= 0 && index > 0) return false; // the next family
    if (word.slice(dot + 1) === size) return true;
  }
  return false;
};

/** The value of a type (`m5.large`); undefined: not in the table. */
export const valueIn = (table: TypeTable, type: string): string | undefined => {
  const [family = '', size = '', ...rest] = type.split('.');
  if (family === '' || size === '' || rest.length > 0) return undefined;
  return Object.keys(table).find((value) => hasType(table[value] ?? '', family, size));
};

/** Limits of a type; undefined: not in the table, so DescribeInstanceTypes has to say. */
export const tabledLimitsOf = (type: string): InstanceLimits | undefined => {
  const value = valueIn(INSTANCE_LIMITS, type);
  if (value === undefined) return undefined;
  const [enis = 0, ipv4PerEni = 0] = value.split(',').map(Number);
  return { enis, ipv4PerEni };
};
