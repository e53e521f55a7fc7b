/** Failures of the world. A user's mistake is a Diagnostic (report.ts); a bug is any other Error. */

/**
 * What kind of failure, and with which exit code our own commands end (sysexits.h). The drop-in names keep their
 * predecessors' codes. `bootwright help exit-codes` and the README print this table.
 */
export const ERROR_CODES = {
  USAGE: { exit: 64, text: 'the command line is wrong' },
  BAD_DATA: { exit: 65, text: 'a value or document that was given is wrong' },
  NO_INPUT: { exit: 66, text: 'an input file is missing or unreadable' },
  UNAVAILABLE: { exit: 69, text: 'IMDS or an AWS API did not give the answer in time' },
  INTERNAL: { exit: 70, text: 'a bug in bootwright' },
  OS: { exit: 71, text: 'the operating system refused (a process could not be run)' },
  CANNOT_CREATE: { exit: 73, text: 'a file could not be written (full, read-only)' },
  IO: { exit: 74, text: 'reading or writing failed' },
  TEMPORARY: { exit: 75, text: 'try again later (another run holds the lock)' },
  PROTOCOL: { exit: 76, text: 'an answer was not what its protocol says (HTML, truncated, too large)' },
  NO_PERMISSION: { exit: 77, text: 'a right is missing (root, IAM)' },
  CONFIG: { exit: 78, text: 'this node cannot do what was asked (no kubelet, unsupported option)' },
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** States that are no failure of ours, 10 to 63. */
export const STATE_CODES = {
  CHANGES_PENDING: { exit: 10, text: '`plan --exit-code`: the node is not what it should be' },
  KUBELET_NOT_STARTED: { exit: 40, text: '`--verify started`: everything was written, but the kubelet does not stay up' },
  NODE_NOT_JOINED: { exit: 41, text: '`--verify joined`: the kubelet runs, but the node has not joined; `bootwright csr` says more' },
  CHECK_FAILED: { exit: 42, text: '`doctor`: a check failed; the first one is what to mend first' },
} as const;

interface Detail {
  readonly remedy?: string;
  readonly path?: string;
  readonly cause?: unknown;
}

/** A failure an operator can act on: what broke, where, and what to do next. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, detail: Detail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.remedy = detail.remedy;
    this.path = detail.path;
  }
}

/** The nearest remedy, looking through every wrapped cause. */
export const remedyOf = (error: unknown): string | undefined => {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof NodeError && e.remedy !== undefined) return e.remedy;
  }
  return undefined;
};
