/** From what went wrong to the number the process ends with. */
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import type { Diagnostic } from '../core/report.ts';
import type { Style } from './command.ts';

/** Diagnostics about the form of a command line. */
const USAGE = new Set([
  'unknown-flag',
  'unknown-option',
  'unknown-command',
  'unknown-check',
  'unknown-key',
  'missing-value',
  'unexpected-value',
  'unexpected-word',
  'misplaced-option',
  'option-conflict',
  'reserved-word',
  'extra-word',
  'no-cluster-name',
  'ip-family-conflict',
  'no-ipv6-cidr',
  'no-cluster-id',
]);
/** What this node, or this version of bootwright, cannot do. */
const CONFIG =
  /^(?:unsupported-|local-disks-|kubelet-too-|containerd-too-|unknown-(?:kubelet|containerd)-version$|unknown-architecture$|no-(?:kubelet|containerd|dockerd|nvidia-runtime|ipv6-address)$|cluster-|ipv6-only-subnet$)/;
const NO_INPUT = new Set(['no-containerd-config-file', 'file-missing', 'unreadable-file']);

const kindOf = ({ code, field }: Diagnostic): ErrorCode => {
  // What a document lacks is no fault of the command line.
  if (USAGE.has(code) && field === undefined) return 'USAGE';
  if (NO_INPUT.has(code)) return 'NO_INPUT';
  if (code === 'not-root') return 'NO_PERMISSION';
  if (code === 'not-a-file' || code === 'not-a-directory') return 'CANNOT_CREATE';
  return CONFIG.test(code) ? 'CONFIG' : 'BAD_DATA';
};

/** The worst of several kinds wins, in this order. */
const ORDER: readonly ErrorCode[] = ['USAGE', 'NO_PERMISSION', 'BAD_DATA', 'NO_INPUT', 'CANNOT_CREATE', 'CONFIG'];

/** Drop-in names end with 1 for every error, as their predecessors did; nodeadm with 2 for a wrong command line. */
export const exitCodeOf = (kind: ErrorCode, style: Style): number => {
  if (style === 'own') return ERROR_CODES[kind].exit;
  return style === 'nodeadm' && kind === 'USAGE' ? 2 : 1;
};

/** The exit code for a list of diagnostics. */
export const exitCodeOfAll = (diagnostics: readonly Diagnostic[], style: Style): number => {
  const kinds = diagnostics.filter((d) => d.severity === 'error').map(kindOf);
  return exitCodeOf(ORDER.find((kind) => kinds.includes(kind)) ?? 'BAD_DATA', style);
};
