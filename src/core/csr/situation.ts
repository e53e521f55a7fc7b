/** An observation, sorted: which certificate counts, which requests are the node's own, and what was decided about them. */

import { timestampOf } from '../timestamp.ts';
import type { AdviceCode } from './advice.ts';
import type { Certificate, Csr, Observation } from './observation.ts';
import { secondsBetween } from './time.ts';

/** What a rule has found. */
export interface Finding {
  /** Stable id, finer than the state. */
  readonly reason: string;
  /** One or more sentences. */
  readonly message: string;
  readonly advice: readonly AdviceCode[];
  /** ISO 8601: when it began, where that is known. */
  readonly since?: string;
  /** Waiting may still change it, other than its state says. */
  readonly mayPass?: boolean;
}

export interface Situation {
  readonly seen: Observation;
  readonly expectedUsername: string;
  /** The API server's clock, by which requests are dated; ISO 8601. */
  readonly serverNow: string;
  /** What is on disk, else what is presented; where neither can be seen, what was issued last. */
  readonly certificate: Certificate | undefined;
  /** Newest first. By this node, for this node. */
  readonly own: readonly Csr[];
  /** Newest first. By another for this node, or by this node for another name: EKS approves neither. */
  readonly foreign: readonly Csr[];
  readonly newest: Csr | undefined;
  /** The newest of its own with a verdict. */
  readonly decided: Csr | undefined;
  /** Its own of the last hour that were not issued. */
  readonly attempts: number;
}

export const NODES = 'system:nodes';
export const HOUR = 3600;

export const conditionOf = (csr: Csr | undefined, type: string) => csr?.conditions.find((condition) => condition.type === type);

/** Neither approved nor refused. */
export const isUndecided = (csr: Csr): boolean => !csr.isIssued && csr.conditions.length === 0;

const byAge = (a: Csr, b: Csr): number => Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.name < b.name ? -1 : 1);

const shifted = (iso: string, seconds: number): string => {
  const ms = Date.parse(iso);
  if (seconds === 0 || Number.isNaN(ms)) return iso;
  const at = new Date(ms - seconds * 1000);
  return Number.isNaN(at.getTime()) ? iso : timestampOf(at);
};

const certificateOf = ({ stored, serving, issued }: Observation): Certificate | undefined => {
  if (stored?.kind === 'certificate') return stored.certificate;
  if (serving?.kind === 'certificate') return serving.certificate;
  return stored === undefined && (serving === undefined || serving.kind === 'verified') ? issued : undefined;
};

export const situationOf = (seen: Observation): Situation => {
  const expectedUsername = `system:node:${seen.nodeName}`;
  const serverNow = shifted(seen.now, seen.clockSkewSeconds ?? 0);
  const all = seen.requests?.ok ? [...seen.requests.value].sort(byAge) : [];
  const isOwn = ({ username, cn, groups }: Csr): boolean => username === expectedUsername && cn === username && groups.includes(NODES);
  const own = all.filter(isOwn);
  return {
    seen,
    expectedUsername,
    serverNow,
    certificate: certificateOf(seen),
    own,
    foreign: all.filter((csr) => !isOwn(csr)),
    newest: own[0],
    decided: own.find((csr) => !isUndecided(csr)),
    attempts: own.filter((csr) => !csr.isIssued && secondsBetween(csr.createdAt, serverNow) <= HOUR).length,
  };
};

/** The kubelet is certainly not there to serve. */
export const isKubeletDown = ({ seen: { unit, serving } }: Situation): boolean =>
  (unit !== undefined && unit.active !== 'active' && unit.active !== 'reloading') ||
  serving?.kind === 'refused' ||
  serving?.kind === 'silent';

/** How long the kubelet has been up, in seconds; undefined: not known. */
export const upFor = ({ seen: { unit, now } }: Situation): number | undefined =>
  unit?.active === 'active' && unit.since !== undefined ? secondsBetween(unit.since, now) : undefined;
