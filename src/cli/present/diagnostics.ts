/** Problems as lines: where, what, remedy. */
import { NodeError, remedyOf } from '../../core/errors.ts';
import { redacted } from '../../core/redact.ts';
import type { Diagnostic } from '../../core/report.ts';

/** Ends a clause as a sentence. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Where it is: `FILE:3:7`; of a field in a document the long form, as a part of user data is no file that an editor could open. */
const placeOf = ({ path, line, column, field }: Diagnostic): string => {
  if (field === undefined) return line === undefined ? path : `${path}:${line}${column === undefined ? '' : `:${column}`}`;
  const place = [path, ...(line === undefined ? [] : [`line ${line}`]), ...(column === undefined ? [] : [`column ${column}`])].join(', ');
  return field === '' ? place : `${place}: ${field}`;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** One problem on one line, secrets masked: `--dns-cluster-ip: '10.0.0' is not an IP address. Give one like 10.100.0.10.` */
export const diagnosticLine = (d: Diagnostic): string =>
  redacted(
    `${placeOf(d) === '' ? '' : `${placeOf(d)}: `}${sentence(d.message)}${d.remedy === '' ? '' : ` ${sentence(capital(d.remedy))}`}`,
  );

/** A failure of the world, with the nearest remedy in its chain of causes. Further lines of a message (a journal's) stand for themselves. */
export const nodeErrorLines = (error: NodeError): string[] => {
  const [first = '', ...more] = error.message.split('\n');
  const remedy = remedyOf(error);
  return [sentence(first), ...more, ...(remedy === undefined ? [] : [sentence(capital(remedy))])].map(redacted);
};

/** The same on one line. */
export const nodeErrorLine = (error: NodeError): string => nodeErrorLines(error).join(' ');

/** `caused by …` for each wrapped cause that is no NodeError, one line each. */
export const causesOf = (error: unknown): string[] => {
  const lines: string[] = [];
  for (let e = error instanceof Error ? error.cause : undefined; e instanceof Error && lines.length < 5; e = e.cause) {
    lines.push(redacted(`caused by ${e instanceof NodeError ? e.message : `${e.name}: ${e.message}`}`));
  }
  return lines;
};
