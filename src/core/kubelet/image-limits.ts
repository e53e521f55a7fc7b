/** Max pods as the image's own table has them: bootstrap.sh read nothing else, and users and image builders edit it. */
import type { Facts } from '../facts.ts';
import { AMI_ENI_MAX_PODS } from '../paths.ts';
import { type Diagnostic, warningAt } from '../report.ts';
import { tabledLimitsOf } from './instance-limits.ts';

export interface ImageEntry {
  /** undefined: the entry is no number. */
  readonly pods: number | undefined;
  /** 1-based. */
  readonly line: number;
}

/** The entry of a type in eni-max-pods.txt (`# comment` or `m5.large 29`); the first counts. undefined: no such entry, or no such file. */
export const imageEntryOf = (facts: Facts, type: string): ImageEntry | undefined => {
  const lines = (facts.host.files?.[AMI_ENI_MAX_PODS] ?? '').split('\n');
  const index = lines.findIndex((line) => line.trim().split(/\s+/)[0] === type);
  if (index < 0) return undefined;
  const value = (lines[index] ?? '').trim().split(/\s+/)[1] ?? '';
  return { pods: /^[1-9]\d{0,4}$/.test(value) ? Number(value) : undefined, line: index + 1 };
};

/** What is wrong with the entry of a type. */
export const imageEntryWarnings = (facts: Facts, type: string): readonly Diagnostic[] => {
  const entry = imageEntryOf(facts, type);
  if (entry === undefined || entry.pods !== undefined) return [];
  const message = `the entry of ${type} is no number of pods, and is not used`;
  return [{ ...warningAt('invalid-max-pods', AMI_ENI_MAX_PODS, message, `Write '${type} N'.`), line: entry.line }];
};

/** Does anybody know the limits of this type, so that EC2 need not be asked? */
export const areLimitsKnown = (facts: Facts, type: string): boolean =>
  imageEntryOf(facts, type)?.pods !== undefined || tabledLimitsOf(type) !== undefined || Object.hasOwn(facts.instanceTypes ?? {}, type);
