/** The states of `bootwright csr` with their exit codes, as help and the README print them. */
import { CSR_STATES } from '../../core/csr/states.ts';
import { columns } from './lines.ts';

/** Exit code, state, meaning; in the order of the codes. */
export const stateRows = (): (readonly [string, string, string])[] =>
  Object.entries(CSR_STATES)
    .map(([state, { exit, text }]) => [String(exit), state, text] as const)
    .sort(([a], [b]) => Number(a) - Number(b));

export const stateText = (width: number): string => `${['States and exit codes:', ...columns(stateRows(), { width })].join('\n')}\n`;
