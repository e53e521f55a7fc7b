/** Diagnostics of decisions beside those of the document itself, in one form. */
import type { Diagnostic } from '../../report.ts';

/** As placeOf says it. */
const PLACE = /^(.{1,4096}), line (\d{1,9}), column (\d{1,9})$/s;

const placed = (diagnostic: Diagnostic): Diagnostic => {
  const [, path, line, column] = PLACE.exec(diagnostic.path) ?? [];
  return path === undefined ? diagnostic : { ...diagnostic, path, line: Number(line), column: Number(column) };
};

const isAt = (a: Diagnostic, b: Diagnostic): boolean =>
  a.code === b.code && a.path === b.path && a.line === b.line && a.column === b.column;

/**
 * All of them: lines and columns as numbers, and nothing twice. What the document's own checks take for a warning and a decision cannot do
 * without is said as the error that it is.
 */
export const allDiagnostics = (said: readonly Diagnostic[], found: readonly Diagnostic[]): readonly Diagnostic[] => {
  const here = found.map(placed);
  const isWeaker = (one: Diagnostic): boolean =>
    one.severity === 'warning' && here.some((other) => other.severity === 'error' && isAt(one, other));
  const isSaid = (one: Diagnostic): boolean =>
    said.some((before) => before.severity === one.severity && before.message === one.message && isAt(before, one));
  return [...said.filter((one) => !isWeaker(one)), ...here.filter((one) => !isSaid(one))];
};
