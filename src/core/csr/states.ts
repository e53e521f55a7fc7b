/** The states of a node's serving certificate, with the exit codes of `bootwright csr`, in the order in which they are looked for. */

/** `waiting`: it passes by itself, or so it seems. */
export type CsrSeverity = 'ok' | 'waiting' | 'error' | 'unknown';

interface StateRow {
  readonly exit: number;
  readonly severity: CsrSeverity;
  readonly text: string;
}

export const CSR_STATES = {
  NotApplicable: { exit: 0, severity: 'ok', text: 'the kubelet asks for no serving certificate' },
  Issued: { exit: 0, severity: 'ok', text: 'the kubelet serves by a valid certificate' },
  Rotating: { exit: 0, severity: 'ok', text: 'valid, and the next one is asked for' },
  RotationOverdue: { exit: 20, severity: 'error', text: 'near its end, and no new one is asked for' },
  Expired: { exit: 21, severity: 'error', text: 'the certificate has expired' },
  ServingStaleCert: { exit: 22, severity: 'error', text: 'the kubelet serves by another certificate than the one on disk' },
  InvalidCert: { exit: 23, severity: 'error', text: 'the certificate on disk cannot be used' },
  WrongCA: { exit: 24, severity: 'error', text: 'the certificate is not of this cluster’s authority' },
  SanMissing: { exit: 25, severity: 'error', text: 'the certificate lacks a name or address of the node' },
  Denied: { exit: 30, severity: 'error', text: 'the request was denied' },
  Failed: { exit: 31, severity: 'error', text: 'the signer refused the request' },
  ApprovedNotIssued: { exit: 32, severity: 'error', text: 'approved, and not signed for over a minute' },
  Pending: { exit: 10, severity: 'waiting', text: 'asked for less than two minutes ago' },
  PendingSlow: { exit: 11, severity: 'waiting', text: 'asked for over two minutes ago' },
  StuckPending: { exit: 33, severity: 'error', text: 'asked for over 15 minutes ago, or again and again' },
  IdentityMismatch: { exit: 34, severity: 'error', text: 'the request and the identity of the node do not fit' },
  WaitingForAddresses: { exit: 12, severity: 'waiting', text: 'the node has no addresses to ask with yet' },
  NodeNotRegistered: { exit: 13, severity: 'waiting', text: 'the API server does not know the node' },
  Starting: { exit: 14, severity: 'waiting', text: 'the kubelet has just started' },
  NotRequested: { exit: 35, severity: 'error', text: 'the kubelet runs and has asked for nothing' },
  KubeletDown: { exit: 36, severity: 'error', text: 'the kubelet does not run' },
  Unknown: { exit: 69, severity: 'unknown', text: 'not enough can be seen; the exit code says why: 69, 76, 77 or 78' },
} as const satisfies Readonly<Record<string, StateRow>>;

export type CsrState = keyof typeof CSR_STATES;
