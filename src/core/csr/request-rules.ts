/** Rules about requests. On EKS a request that cannot be approved is not denied: it stays, so only its age and its contents tell. */

import { missingFrom } from './addresses.ts';
import type { AdviceCode } from './advice.ts';
import { ATTEMPTS, usableOf } from './certificate-rules.ts';
import type { Csr, Identity } from './observation.ts';
import { conditionOf, type Finding, isUndecided, NODES, type Situation } from './situation.ts';
import { secondsBetween, spanText } from './time.ts';

const PENDING = 120;
const STUCK = 15 * 60; // the kubelet gives a request up then and makes another (certificate_manager.go, certificateWaitTimeout)
const SIGNED_WITHIN = 60;

const ageOf = (csr: Csr, { serverNow }: Situation): number => secondsBetween(csr.createdAt, serverNow);

/** What follows a verdict: the kubelet's next try, and the certificate that is still good. */
const meanwhile = (situation: Situation, about: Csr): string => {
  const { newest } = situation;
  const next = newest !== undefined && newest !== about ? ` The kubelet asked again: ${newest.name}, ${statusOf(newest)}.` : '';
  const usable = usableOf(situation);
  return `${next}${usable ? ` Until ${usable.notAfter} the present certificate serves.` : ''}`;
};

/** `pending`, `approved`, `denied`, `failed`, `issued`. */
export const statusOf = (csr: Csr): 'pending' | 'approved' | 'denied' | 'failed' | 'issued' => {
  if (csr.isIssued) return 'issued';
  if (conditionOf(csr, 'Denied')) return 'denied';
  if (conditionOf(csr, 'Failed')) return 'failed';
  return conditionOf(csr, 'Approved') ? 'approved' : 'pending';
};

const said = ({ reason, message }: { readonly reason: string; readonly message: string }): string =>
  [reason, message].filter((part) => part !== '').join(': ') || 'without a reason';

export const denied = (situation: Situation): Finding | undefined => {
  const { decided } = situation;
  const condition = decided?.isIssued ? undefined : conditionOf(decided, 'Denied');
  if (decided === undefined || condition === undefined) return undefined;
  return {
    reason: 'denied',
    message: `${decided.name} was denied (${said(condition)}).${meanwhile(situation, decided)}`,
    since: condition.at ?? decided.createdAt,
    advice: ['see-who-denied'],
  };
};

/** The rules of the signer for kubelet-serving that a request breaks (Kubernetes docs, "Kubernetes signers"). */
const brokenRules = (csr: Csr): readonly string[] => {
  const usages = new Set(csr.usages);
  const known = ['digital signature', 'server auth', 'key encipherment'];
  return [
    ...(csr.organizations.length === 1 && csr.organizations[0] === NODES ? [] : [`organization must be ${NODES}`]),
    ...(csr.cn.startsWith('system:node:') ? [] : [`'${csr.cn}' is not system:node:NAME`]),
    ...(csr.dns.length + csr.ips.length > 0 ? [] : ['there is neither a DNS name nor an address']),
    ...csr.others.map((name) => `${name} is not allowed`),
    ...(usages.has('digital signature') && usages.has('server auth') ? [] : ['usages must be digital signature and server auth']),
    ...[...usages].filter((usage) => !known.includes(usage)).map((usage) => `usage '${usage}' is not allowed`),
  ];
};

export const failed = (situation: Situation): Finding | undefined => {
  const { decided } = situation;
  const condition = decided?.isIssued ? undefined : conditionOf(decided, 'Failed');
  if (decided === undefined || condition === undefined) return undefined;
  const broken = brokenRules(decided);
  const rules = broken.length > 0 ? ` It breaks: ${broken.join('; ')}.` : '';
  return {
    reason: condition.reason === 'SignerValidationFailure' ? 'signer-validation' : 'signer-failed',
    message: `The signer refused ${decided.name} (${said(condition)}).${rules}${meanwhile(situation, decided)}`,
    since: condition.at ?? decided.createdAt,
    advice: ['fix-request'],
  };
};

const approvedFor = (csr: Csr | undefined, { serverNow }: Situation): number | undefined => {
  const approved = csr === undefined || csr.isIssued ? undefined : conditionOf(csr, 'Approved');
  return approved === undefined || csr === undefined ? undefined : secondsBetween(approved.at ?? csr.createdAt, serverNow);
};

export const approvedNotIssued = (situation: Situation): Finding | undefined => {
  const { decided } = situation;
  const age = approvedFor(decided, situation);
  if (decided === undefined || age === undefined || age <= SIGNED_WITHIN) return undefined;
  return {
    reason: 'not-signed',
    message: `${decided.name} was approved ${spanText(age)} ago, and no certificate came.${meanwhile(situation, decided)}`,
    since: conditionOf(decided, 'Approved')?.at ?? decided.createdAt,
    advice: ['signer-down'],
  };
};

export const pending = (situation: Situation): Finding | undefined => {
  const { newest, attempts } = situation;
  if (newest === undefined) return undefined;
  const age = ageOf(newest, situation);
  const approved = approvedFor(newest, situation);
  if (approved !== undefined)
    return {
      reason: 'approved',
      message: `${newest.name} was approved ${spanText(approved)} ago; the certificate is being signed.`,
      since: newest.createdAt,
      advice: [],
    };
  if (!isUndecided(newest) || age > PENDING || attempts >= ATTEMPTS) return undefined;
  return {
    reason: 'pending',
    message: `${newest.name} was made ${spanText(age)} ago and waits for its approval.`,
    since: newest.createdAt,
    advice: ['wait-a-moment'],
  };
};

/** Addresses in a request that EC2 does not have for the instance, as far as they are known. */
const unverifiable = (csr: Csr, { seen: { instanceIps } }: Situation): readonly string[] =>
  instanceIps === undefined ? [] : missingFrom({ dns: csr.dns, ips: instanceIps }, csr);

const whyNever = (
  csr: Csr,
  situation: Situation,
): { readonly reason: string; readonly text: string; readonly advice: readonly AdviceCode[] } => {
  const broken = brokenRules(csr);
  if (broken.length > 0) return { reason: 'breaks-rules', text: ` It can never be signed: ${broken.join('; ')}.`, advice: ['fix-request'] };
  const strange = unverifiable(csr, situation);
  if (strange.length > 0)
    return {
      reason: 'san-unverifiable',
      text: ` EKS will not approve it: EC2 does not know ${strange.join(', ')} of this instance.`,
      advice: ['drop-unverifiable-sans'],
    };
  return { reason: 'not-approved', text: '', advice: [] };
};

export const pendingSlow = (situation: Situation): Finding | undefined => {
  const { newest, attempts } = situation;
  if (newest === undefined || !isUndecided(newest) || attempts >= ATTEMPTS) return undefined;
  const age = ageOf(newest, situation);
  if (age <= PENDING || age > STUCK) return undefined;
  const { reason, text, advice } = whyNever(newest, situation);
  return {
    reason,
    message: `${newest.name} has waited ${spanText(age)} for its approval; normally that takes seconds.${text}${meanwhile(situation, newest)}`,
    since: newest.createdAt,
    advice: [...advice, 'reused-address', 'do-not-approve'],
  };
};

export const stuckPending = (situation: Situation): Finding | undefined => {
  const { newest, attempts, own } = situation;
  if (newest === undefined || !isUndecided(newest)) return undefined;
  const { reason, text, advice } = whyNever(newest, situation);
  const waiting = own.filter(isUndecided).at(-1) ?? newest;
  const again = attempts >= ATTEMPTS ? ` The kubelet asked ${attempts} times in the last hour.` : '';
  return {
    reason,
    message: `No request of this node is approved: ${waiting.name} has waited ${spanText(ageOf(waiting, situation))}.${again}${text}${meanwhile(situation, waiting)}`,
    since: waiting.createdAt,
    advice: [...advice, 'fix-identity', 'drop-unverifiable-sans', 'reused-address', 'do-not-approve'].filter(
      (code, index, all): code is AdviceCode => all.indexOf(code) === index,
    ),
  };
};

const lacksNodes = ({ groups }: Identity): boolean => !groups.includes(NODES);

const ofIdentity = ({ seen, expectedUsername }: Situation): Finding | undefined => {
  const identity = seen.identity?.ok ? seen.identity.value : undefined;
  if (identity === undefined) return undefined;
  const { username, groups } = identity;
  const who = `The API server knows this node as '${username}' in ${groups.join(', ') || 'no group'}`;
  if (!username.startsWith('system:node:'))
    return { reason: 'not-a-node', message: `${who}; a node is 'system:node:NAME'.`, advice: ['fix-identity'] };
  if (username !== expectedUsername)
    return {
      reason: 'node-name-mismatch',
      message: `${who}, and the kubelet calls itself '${seen.nodeName}'.`,
      advice: ['fix-node-name', 'fix-identity'],
    };
  return lacksNodes(identity)
    ? { reason: 'no-nodes-group', message: `${who}, not in ${NODES}.`, advice: ['fix-identity', 'allow-selfnodeserver'] }
    : undefined;
};

const ofRequest = (csr: Csr, { expectedUsername }: Situation): Finding => {
  const base = { since: csr.createdAt } as const;
  if (csr.username !== expectedUsername)
    return {
      ...base,
      reason: 'other-username',
      message: `${csr.name} asks for '${csr.cn}' and was made by '${csr.username}': EKS approves only a node’s own request.`,
      advice: ['fix-identity'],
    };
  if (lacksNodes(csr))
    return {
      ...base,
      reason: 'no-nodes-group',
      message: `${csr.name} was made by '${csr.username}' in ${csr.groups.join(', ') || 'no group'}, not in ${NODES}.`,
      advice: ['fix-identity', 'allow-selfnodeserver'],
    };
  return {
    ...base,
    reason: 'node-name-mismatch',
    message: `${csr.name} was made by '${csr.username}' and asks for '${csr.cn}': the kubelet goes by another name than its identity.`,
    advice: ['fix-node-name'],
  };
};

export const identityMismatch = (situation: Situation): Finding | undefined => {
  const { foreign, newest } = situation;
  const identity = ofIdentity(situation);
  if (identity !== undefined) return identity;
  const [other] = foreign;
  if (other === undefined || other.isIssued) return undefined;
  return newest !== undefined && secondsBetween(newest.createdAt, other.createdAt) <= 0 ? undefined : ofRequest(other, situation);
};
