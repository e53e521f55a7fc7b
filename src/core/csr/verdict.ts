/** What is true of a node's serving certificate: one state, by the first rule that holds. The order decides where several would. */
import { type Advice, adviceOf } from './advice.ts';
import { expired, invalid, issued, rotating, rotationOverdue, sanMissing, stale, wrongAuthority } from './certificate-rules.ts';
import {
  kubeletDown,
  nodeNotRegistered,
  notApplicable,
  notRequested,
  starting,
  unknown,
  unknownExit,
  waitingForAddresses,
} from './node-rules.ts';
import type { Observation } from './observation.ts';
import { approvedNotIssued, denied, failed, identityMismatch, pending, pendingSlow, stuckPending } from './request-rules.ts';
import { type Finding, type Situation, situationOf } from './situation.ts';
import { CSR_STATES, type CsrSeverity, type CsrState } from './states.ts';

export interface Verdict {
  readonly state: CsrState;
  readonly severity: CsrSeverity;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly since?: string;
  readonly remediation: readonly Advice[];
  /** Waiting does not change it. */
  readonly isSettled: boolean;
}

const RULES: Readonly<Record<CsrState, (situation: Situation) => Finding | undefined>> = {
  NotApplicable: notApplicable,
  Issued: issued,
  Rotating: rotating,
  RotationOverdue: rotationOverdue,
  Expired: expired,
  ServingStaleCert: stale,
  InvalidCert: invalid,
  WrongCA: wrongAuthority,
  SanMissing: sanMissing,
  Denied: denied,
  Failed: failed,
  ApprovedNotIssued: approvedNotIssued,
  Pending: pending,
  PendingSlow: pendingSlow,
  StuckPending: stuckPending,
  IdentityMismatch: identityMismatch,
  WaitingForAddresses: waitingForAddresses,
  NodeNotRegistered: nodeNotRegistered,
  Starting: starting,
  NotRequested: notRequested,
  KubeletDown: kubeletDown,
  Unknown: unknown,
};

const firstOf = (situation: Situation): readonly [CsrState, Finding] => {
  for (const state of Object.keys(RULES) as CsrState[]) {
    const finding = RULES[state](situation);
    if (finding !== undefined) return [state, finding];
  }
  return ['Unknown', unknown(situation)];
};

/** Total: every observation has exactly one state. */
export const verdictOf = (seen: Observation): Verdict => {
  const situation = situationOf(seen);
  const [state, finding] = firstOf(situation);
  const { severity, exit } = CSR_STATES[state];
  return {
    state,
    severity,
    exitCode: state === 'Unknown' ? unknownExit(situation) : exit,
    reason: finding.reason,
    message: finding.message,
    ...(finding.since === undefined ? {} : { since: finding.since }),
    remediation: finding.advice.map(adviceOf),
    isSettled: finding.mayPass !== true && severity !== 'waiting',
  };
};
