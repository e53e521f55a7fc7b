/** Single values and origins as people read them. */
import { redacted } from '../../core/redact.ts';
import type { Decision, Input, Json, Origin } from '../../core/report.ts';

const ORIGIN_WORDS: Readonly<Record<Origin, string>> = {
  flag: 'flag',
  env: 'environment',
  'user-data': 'user data',
  imds: 'IMDS',
  'describe-cluster': 'DescribeCluster',
  'describe-instances': 'DescribeInstances',
  'describe-instance-types': 'DescribeInstanceTypes',
  'host-file': 'file',
  host: 'host',
  rule: 'rule',
  default: 'default',
  assumed: 'assumed',
  fallback: 'fallback',
};

/** Longest value shown in a line; certificates and templates are longer. */
const SHOWN = 96;

const shortened = (text: string): string => (text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 24)}… (${text.length} characters)`);

/** A JSON value on one line, without the quotes that a word does not need. */
export const valueText = (value: Json): string => {
  if (value === null) return '(none)';
  if (typeof value === 'string') return value === '' ? '(empty)' : shortened(redacted(value.replace(/\s*\n\s*/g, ' ⏎ ')));
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : shortened(value.map(valueText).join(', '));
  return shortened(
    Object.entries(value)
      .map(([key, item]: [string, Json]) => `${key}=${valueText(item)}`)
      .join(' '),
  );
};

/** `flag --region`, `IMDS latest/meta-data/mac`, `default`. */
const originText = (origin: Origin, at: string, name: string): string =>
  at === '' || at === origin || (origin === 'flag' && at === name) ? ORIGIN_WORDS[origin] : `${ORIGIN_WORDS[origin]} ${at}`;

/** One input on one line: `host.cpus 2 (host nproc)`. */
export const inputText = ({ name, value, origin, at, secret }: Input): string =>
  `${name} ${secret ? '***' : valueText(value)} (${originText(origin, at, name)})`;

/** True where a value stands in for one that nobody could tell. */
export const isFallback = (d: Decision): boolean => d.because.inputs.some((input) => input.origin === 'fallback');
