/** Rules about the certificate itself. The kubelet's own behaviour is that of client-go's certificate manager (util/certificate). */

import { missingFrom, type Names } from './addresses.ts';
import type { Certificate, NodeSeen } from './observation.ts';
import { conditionOf, type Finding, HOUR, isUndecided, type Situation } from './situation.ts';
import { secondsBetween, spanText } from './time.ts';

/** The kubelet renews between 70 % and 90 % of the lifetime (certificate_manager.go, nextRotationDeadline). */
const ROTATES_FROM = 0.7;
const ROTATES_UNTIL = 0.9;
/** A signed certificate may take a moment from the approval on; the kubelet loads a new file at once. */
const MOMENT = 60;
const PENDING_AT_MOST = 15 * 60;
export const ATTEMPTS = 3;

const lifetimeOf = ({ notBefore, notAfter }: Certificate): number => secondsBetween(notBefore, notAfter);

/** Used part of the lifetime, 0 to 1 and beyond. */
export const usedShareOf = (certificate: Certificate, now: string): number => {
  const lifetime = lifetimeOf(certificate);
  return lifetime > 0 ? secondsBetween(certificate.notBefore, now) / lifetime : 1;
};

/** Between these moments the kubelet asks for the next one, in seconds from notBefore. */
export const rotationOf = (certificate: Certificate): readonly [number, number] => {
  const lifetime = lifetimeOf(certificate);
  return [lifetime * ROTATES_FROM, lifetime * ROTATES_UNTIL];
};

/** What a node's addresses ask of its certificate (pkg/kubelet/certificate/kubelet.go, addressesToHostnamesAndIPs). */
export const namesOf = ({ addresses }: NodeSeen): Names => {
  const of = (...types: readonly string[]) => [
    ...new Set(addresses.filter(({ type }) => types.includes(type)).map(({ address }) => address)),
  ];
  return { dns: of('Hostname', 'InternalDNS', 'ExternalDNS'), ips: of('InternalIP', 'ExternalIP') };
};

const isOpen = ({ newest, serverNow, attempts }: Situation): boolean => {
  if (newest === undefined || newest.isIssued || attempts >= ATTEMPTS) return false;
  if (isUndecided(newest)) return secondsBetween(newest.createdAt, serverNow) <= PENDING_AT_MOST;
  const approved = conditionOf(newest, 'Approved');
  return approved !== undefined && newest.conditions.length === 1 && secondsBetween(approved.at ?? newest.createdAt, serverNow) <= MOMENT;
};

/** A request after this certificate, not issued: the kubelet wants another. */
const wantsAnother = ({ newest }: Situation, { notBefore }: Certificate): boolean =>
  newest !== undefined && !newest.isIssued && secondsBetween(notBefore, newest.createdAt) > 0;

const underWay = (situation: Situation): Pick<Finding, 'mayPass'> & { readonly text: string } =>
  isOpen(situation) ? { mayPass: true, text: ` ${situation.newest?.name} asks for a new one.` } : { text: '' };

export const expired = (situation: Situation): Finding | undefined => {
  const { certificate, seen } = situation;
  const age = certificate === undefined ? 0 : secondsBetween(certificate.notAfter, seen.now);
  if (certificate === undefined || age <= 0) return undefined;
  const { text, ...more } = underWay(situation);
  return {
    reason: 'expired',
    message: `The certificate ended ${spanText(age)} ago (${certificate.notAfter}).${text}`,
    since: certificate.notAfter,
    advice: ['remove-certificate', 'set-the-clock'],
    ...more,
  };
};

export const stale = ({ seen: { stored, serving, now } }: Situation): Finding | undefined => {
  if (stored?.kind !== 'certificate' || serving === undefined) return undefined;
  const mayPass = secondsBetween(stored.storedAt, now) <= MOMENT;
  const base = { since: stored.storedAt, advice: ['restart-kubelet'], ...(mayPass ? { mayPass } : {}) } as const;
  if (serving.kind === 'alert')
    return {
      ...base,
      reason: 'not-loaded',
      message: `${stored.path} is there, and the kubelet presents no certificate (${serving.text}).`,
    };
  if (serving.kind !== 'certificate' || serving.certificate.fingerprint256 === stored.certificate.fingerprint256) return undefined;
  const { serial, notAfter } = serving.certificate;
  return {
    ...base,
    reason: 'other-certificate',
    message: `The kubelet presents the certificate with serial ${serial} until ${notAfter}; ${stored.path} holds another, ${stored.certificate.serial}.`,
  };
};

const invalidFile = (situation: Situation): Finding | undefined => {
  const { stored } = situation.seen;
  const { text, ...more } = underWay(situation);
  if (stored?.kind === 'not-a-link')
    return {
      reason: 'current-not-a-link',
      message: `${stored.path} is ${stored.text}, not the kubelet’s link: it cannot put a new certificate there.`,
      advice: ['free-the-link'],
    };
  if (stored?.kind !== 'damaged') return undefined;
  return { reason: 'damaged', message: `${stored.path} ${stored.text}.${text}`, advice: ['remove-certificate'], ...more };
};

export const invalid = (situation: Situation): Finding | undefined => {
  const { certificate, seen, expectedUsername } = situation;
  const file = invalidFile(situation);
  if (file !== undefined || certificate === undefined) return file;
  const early = secondsBetween(seen.now, certificate.notBefore);
  if (early > 0)
    return {
      reason: 'not-yet-valid',
      message: `The certificate begins in ${spanText(early)} (${certificate.notBefore}): the clock of this machine is behind.`,
      advice: ['set-the-clock'],
    };
  if (certificate.cn === expectedUsername) return undefined;
  return {
    reason: 'other-name',
    message: `The certificate is for '${certificate.cn}'; this node is '${expectedUsername}'.`,
    advice: ['remove-certificate', 'fix-node-name'],
  };
};

/** What the API server says of a certificate that it does not accept; about names, or about the authority. */
const rejected = ({ seen: { serving } }: Situation, isAboutNames: boolean): Finding | undefined => {
  if (serving?.kind !== 'rejected' || /\bSANs\b|certificate is (?:not )?valid for/.test(serving.text) !== isAboutNames) return undefined;
  return { reason: 'rejected-by-api-server', message: `The API server says: ${serving.text}.`, advice: ['remove-certificate'] };
};

export const wrongAuthority = (situation: Situation): Finding | undefined => {
  const { certificate, seen } = situation;
  if (seen.serving?.kind === 'rejected') return rejected(situation, false);
  if (certificate?.isTrusted !== false) return undefined;
  const { text, ...more } = underWay(situation);
  const isSelfSigned = certificate.issuer === certificate.subject;
  return {
    reason: isSelfSigned ? 'self-signed' : 'other-authority',
    message: isSelfSigned
      ? `The kubelet signed its certificate itself, so no authority of the cluster knows it.${text}`
      : `The certificate was signed by '${certificate.issuer}', which is none of the cluster’s authorities.${text}`,
    advice: ['remove-certificate'],
    ...more,
  };
};

export const sanMissing = (situation: Situation): Finding | undefined => {
  const { certificate, seen } = situation;
  const node = seen.node?.ok ? seen.node.value : null;
  if (seen.serving?.kind === 'rejected') return rejected(situation, true);
  if (certificate === undefined || node === null) return undefined;
  const missing = missingFrom(certificate, namesOf(node));
  if (missing.length === 0) return undefined;
  const { text, ...more } = underWay(situation);
  return {
    reason: certificate.ips.length === 0 ? 'no-addresses' : 'names-missing',
    message: `The certificate lacks ${missing.join(', ')}, by which the API server may call the node (kubectl logs and exec then fail).${text}`,
    advice: ['restart-kubelet', 'do-not-approve'],
    ...more,
  };
};

const FAULTS = [expired, stale, invalid, wrongAuthority, sanMissing];

/** The certificate that the kubelet serves by without any fault; undefined: there is none. */
export const usableOf = (situation: Situation): Certificate | undefined => {
  const { serving } = situation.seen;
  const isServing = serving === undefined || serving.kind === 'certificate' || serving.kind === 'verified';
  return isServing && FAULTS.every((fault) => fault(situation) === undefined) ? situation.certificate : undefined;
};

/** Too far over the time of its renewal; an hour for the approval and for clocks. */
const isOverdue = (certificate: Certificate, now: string): boolean =>
  secondsBetween(certificate.notBefore, now) > lifetimeOf(certificate) * ROTATES_UNTIL + HOUR;

const untilText = (certificate: Certificate, now: string): string =>
  `until ${certificate.notAfter}, ${spanText(secondsBetween(now, certificate.notAfter))} from now`;

export const issued = (situation: Situation): Finding | undefined => {
  const { seen } = situation;
  const certificate = usableOf(situation);
  if (certificate === undefined) {
    // From a laptop: the API server itself could speak to the kubelet, and no file can be looked at.
    if (seen.serving?.kind !== 'verified' || seen.stored !== undefined || situation.certificate !== undefined) return undefined;
    return { reason: 'verified-by-api-server', message: 'The API server reaches the kubelet and accepts its certificate.', advice: [] };
  }
  if (isOverdue(certificate, seen.now) || wantsAnother(situation, certificate)) return undefined;
  const isServed = seen.serving?.kind === 'certificate';
  return {
    reason: isServed ? 'serving' : 'valid',
    message: `${isServed ? 'The kubelet serves by a certificate' : 'The certificate is'} valid ${untilText(certificate, seen.now)}.`,
    since: certificate.notBefore,
    advice: [],
  };
};

export const rotating = (situation: Situation): Finding | undefined => {
  const { seen, newest } = situation;
  const certificate = usableOf(situation);
  if (certificate === undefined || newest === undefined || !wantsAnother(situation, certificate) || !isOpen(situation)) return undefined;
  return {
    reason: 'rotating',
    message: `Valid ${untilText(certificate, seen.now)}; ${newest.name} asks for the next one.`,
    since: newest.createdAt,
    advice: [],
  };
};

export const rotationOverdue = (situation: Situation): Finding | undefined => {
  const { seen } = situation;
  const certificate = usableOf(situation);
  if (certificate === undefined || !isOverdue(certificate, seen.now) || wantsAnother(situation, certificate)) return undefined;
  const share = Math.floor(100 * usedShareOf(certificate, seen.now));
  const unseen = seen.requests?.ok ? '' : ' Whether a request waits could not be seen.';
  return {
    reason: 'rotation-overdue',
    message: `${share} % of the lifetime are over and the kubelet has asked for no new certificate, which it does by 90 %. It ends in ${spanText(secondsBetween(seen.now, certificate.notAfter))}.${unseen}`,
    advice: ['restart-kubelet'],
  };
};
