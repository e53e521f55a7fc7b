/** The tables of `bootwright help TOPIC`; the README prints the same data. */
import { DEVIATIONS, type Deviation } from '../../core/deviations.ts';
import { ERROR_CODES, STATE_CODES } from '../../core/errors.ts';
import { GATES } from '../../core/kubelet/versions.ts';
import { NODEADM_DEVIATIONS } from '../../core/nodeadm-deviations.ts';
import { ENVIRONMENT } from '../environment.ts';
import { stateRows } from './csr-states.ts';
import { columns, wrapped } from './lines.ts';

/** Exit codes as rows: number, meaning. */
export const exitCodeRows = (): (readonly [string, string])[] => [
  ['0', 'done, or nothing to do'],
  ...Object.values(STATE_CODES).map(({ exit, text }) => [String(exit), text] as const),
  ...Object.values(ERROR_CODES).map(({ exit, text }) => [String(exit), text] as const),
  ['130, 143', 'ended by SIGINT, SIGTERM; the next run finishes'],
];

const EXIT_CODE_NOTE =
  'Exit codes of our own commands; vercmp ends with 1 for false, and the states of csr are below. Under the names of other programs (bootstrap.sh, aws-iam-authenticator …) every error is 1, and where IMDS refuses, imds ends with the HTTP status modulo 256.';

export const exitCodeText = async (width: number): Promise<string> =>
  `${[...wrapped(EXIT_CODE_NOTE, width), '', ...columns(exitCodeRows(), { width }), '', 'bootwright csr', ...columns(stateRows(), { width })].join('\n')}\n`;

/** `1.26 and newer`, `before 1.27`, `1.22 to 1.26`. */
export const gateRange = ({ from, before }: { readonly from?: string; readonly before?: string }): string => {
  if (from !== undefined && before !== undefined) return `${from} up to, not including, ${before}`;
  if (from !== undefined) return `${from} and newer`;
  return before === undefined ? 'all' : `before ${before}`;
};

export const gateText = async (width: number): Promise<string> =>
  `${[
    'What depends on the version of the kubelet.',
    '',
    ...columns(
      GATES.map((gate) => [gate.id, gateRange(gate), gate.effect]),
      { width },
    ),
  ].join('\n')}\n`;

const deviationLines = (deviations: readonly Deviation[], width: number): readonly string[] =>
  deviations.flatMap(({ id, was, now, reason }) => [
    '',
    id,
    ...[`was: ${was}`, `now: ${now}`, `why: ${reason}`].flatMap((text) =>
      wrapped(text, width - 7).map((line, i) => (i === 0 ? `  ${line}` : `       ${line}`)),
    ),
  ]);

export const deviationText = async (width: number): Promise<string> =>
  `${[
    'Where bootwright differs from bootstrap.sh on purpose.',
    ...deviationLines(DEVIATIONS, width),
    '',
    'Where bootwright differs from nodeadm on purpose.',
    ...deviationLines(NODEADM_DEVIATIONS, width),
  ].join('\n')}\n`;

export const environmentText = async (width: number): Promise<string> =>
  `${['Environment variables besides those of the flags (`bootwright help bootstrap`).', '', ...columns(ENVIRONMENT, { width })].join('\n')}\n`;
