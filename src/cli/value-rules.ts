/** What the value of an option must look like. */
import { REGION_PATTERN } from '../core/data/partitions.ts';
import { type Diagnostic, errorAt } from '../core/report.ts';
import type { Parsed } from './options.ts';

export interface ValueRule {
  /** Of the option, without dashes. */
  readonly name: string;
  readonly pattern: RegExp;
  /** What a wrong value is not. */
  readonly wanted: string;
  readonly like: string;
}

export const INSTANCE_TYPE_RULE: ValueRule = {
  name: 'instance-type',
  pattern: /^[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}$/,
  wanted: 'an instance type',
  like: 'm5.large',
};
export const REGION_RULE: ValueRule = {
  name: 'region',
  pattern: REGION_PATTERN,
  wanted: 'a region',
  like: 'us-west-2',
};

/** What is wrong with one value; `path` says where it stood. Empty means not given. */
export const valueMistakes = (
  { name, pattern, wanted, like }: ValueRule,
  values: readonly string[],
  path = `--${name}`,
): readonly Diagnostic[] =>
  values
    .filter((value) => value !== '' && !pattern.test(value))
    .map((value) => errorAt(`invalid-${name}`, path, `'${value}' is not ${wanted}`, `give it as in ${like}`));

/** What is wrong with the values of options. */
export const mistakesOf = (options: Parsed, rules: readonly ValueRule[]): readonly Diagnostic[] =>
  rules.flatMap((rule) => valueMistakes(rule, options.texts(rule.name)));
