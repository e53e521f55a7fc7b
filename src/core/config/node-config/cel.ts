/**
 * `maxPodsExpression`: CEL with the variables of nodeadm and, beyond it, min() and max(). Loaded only where a document has one: the library
 * (no code from text, no dependencies) is 150 kB that no other boot needs.
 */
import { type TypeError as CelTypeError, Environment, type EvaluationError, type ParseError } from '@marcbachmann/cel-js';
import type { Finding } from './fields.ts';
import { fault } from './values.ts';

/** What an expression knows, of the default network card of the instance type. */
export interface MaxPodsVariables {
  readonly default_enis: number;
  readonly ips_per_eni: number;
  /** The standard value. */
  readonly max_pods: number;
}

export type MaxPodsResult = { readonly value: number; readonly finding?: never } | { readonly finding: Finding; readonly value?: never };

const LONGEST = 4096;
const MOST = 2 ** 31 - 1;
const LIMITS = { maxAstNodes: 2000, maxDepth: 64, maxListElements: 100, maxMapEntries: 100 };
/** Nested, they take time without end for a number that needs none of them; patterns too. */
const COSTLY = /\.\s*(?:map|filter|exists|exists_one|all|matches)\s*\(|\bmatches\s*\(/g;
const MOST_COSTLY = 2;

const environment = () => {
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  return new Environment({ limits: LIMITS })
    .registerVariable('default_enis', 'int')
    .registerVariable('ips_per_eni', 'int')
    .registerVariable('max_pods', 'int')
    .registerFunction('min(int, int): int', least)
    .registerFunction('max(int, int): int', most);
};

type Program = ReturnType<ReturnType<typeof environment>['parse']>;
type CelError = ParseError | EvaluationError | CelTypeError;

const wrong = (message: string, remedy: string): Finding => fault('invalid-cel', message, remedy);
const KNOWN = 'Use default_enis, ips_per_eni, max_pods, whole numbers, + - * / %, comparisons, ? :, min() and max().';

/** An error with its place in the expression. */
const findingOf = (error: unknown, expression: string): Finding => {
  if (error instanceof RangeError) return wrong('the expression is nested too deeply', 'Write a shorter one.');
  const { message, range } = error as Partial<CelError> & { readonly range?: { readonly start: number } };
  const reason = (message ?? String(error)).split('\n')[0]?.slice(0, 160) ?? '';
  const before = range === undefined ? undefined : expression.slice(0, range.start).split('\n');
  const at =
    before === undefined
      ? ''
      : ` (${before.length === 1 ? '' : `line ${before.length}, `}column ${(before.at(-1)?.length ?? 0) + 1} of the expression)`;
  return wrong(`not valid CEL: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}${at}`, KNOWN);
};

const compiled = (expression: string): { readonly program: Program } | { readonly finding: Finding } => {
  if (expression.length > LONGEST) return { finding: wrong(`the expression is longer than ${LONGEST} characters`, 'Write a shorter one.') };
  const costly = [...expression.matchAll(COSTLY)];
  if (costly.length > MOST_COSTLY || costly.some(([call]) => call.includes('matches')))
    return { finding: wrong('the expression uses more of lists and patterns than a number of pods can need', KNOWN) };
  try {
    const program = environment().parse(expression);
    const { valid, error } = program.check();
    return valid ? { program } : { finding: findingOf(error, expression) };
  } catch (error) {
    return { finding: findingOf(error, expression) };
  }
};

/** To int by CEL's rules: doubles are cut, texts are read, booleans are none. */
const intOf = (result: unknown): bigint | undefined => {
  if (typeof result === 'bigint') return result;
  if (typeof result === 'number') return Number.isFinite(result) ? BigInt(Math.trunc(result)) : undefined;
  if (typeof result === 'string') return /^[-+]?\d{1,19}$/.test(result) ? BigInt(result) : undefined;
  const unsigned = (result as { readonly value?: unknown } | null)?.value;
  return typeof unsigned === 'bigint' ? unsigned : undefined;
};

const evaluated = (program: Program, expression: string, variables: MaxPodsVariables): MaxPodsResult => {
  try {
    const result: unknown = program(Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, BigInt(value)])));
    const int = intOf(result);
    if (int === undefined) return { finding: wrong(`the expression gives no number (${typeof result})`, 'Let it give a whole number.') };
    if (int < 1n || int > BigInt(MOST))
      return { finding: wrong(`the expression gives ${int}, which is not from 1 to ${MOST}`, 'Bound it with min() and max().') };
    return { value: Number(int) };
  } catch (error) {
    return { finding: findingOf(error, expression) };
  }
};

/** The number of pods, 1 to 2^31-1, or why there is none. nodeadm then takes the standard value, with a warning. */
export const maxPodsOf = (expression: string, variables: MaxPodsVariables): MaxPodsResult => {
  const result = compiled(expression);
  return 'finding' in result ? result : evaluated(result.program, expression, variables);
};

/** Small, ordinary and large: t3.micro, m5.large, m5.24xlarge. */
const SAMPLES: readonly MaxPodsVariables[] = [
  { default_enis: 2, ips_per_eni: 2, max_pods: 4 },
  { default_enis: 3, ips_per_eni: 10, max_pods: 29 },
  { default_enis: 15, ips_per_eni: 50, max_pods: 737 },
];

/** What is wrong with an expression on every node; undefined: nothing. */
export const checkMaxPodsExpression = (expression: string): Finding | undefined => {
  const result = compiled(expression);
  if ('finding' in result) return result.finding;
  const findings = SAMPLES.map((variables) => evaluated(result.program, expression, variables).finding);
  return findings.includes(undefined) ? undefined : findings[1];
};
