/** Rules for a node without certificate and request: why is there none? */
import { ERROR_CODES } from '../errors.ts';
import { namesOf } from './certificate-rules.ts';
import type { Failure } from './observation.ts';
import { type Finding, isKubeletDown, type Situation, upFor } from './situation.ts';
import { secondsBetween, spanText } from './time.ts';

/** So long a kubelet may take from its start to its first request, and from the issue to the file. */
const SOON = 60;
const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';

export const notApplicable = ({ seen: { config } }: Situation): Finding | undefined => {
  if (config === undefined || !config.ok) return undefined;
  const { bootstraps, tlsCertFile, at } = config.value;
  if (tlsCertFile !== undefined)
    return { reason: 'given-certificate', message: `The kubelet serves by ${tlsCertFile}, which it was given (${at}).`, advice: [] };
  if (bootstraps) return undefined;
  return {
    reason: 'bootstrap-off',
    message: `serverTLSBootstrap is off (${at}): the kubelet signs its own certificate, and the API server does not verify it.`,
    advice: [],
  };
};

/** Nothing is on its way, and nothing is there. */
const hasNothing = ({ seen, certificate, newest }: Situation): boolean =>
  certificate === undefined && seen.serving?.kind !== 'verified' && (newest === undefined || newest.isIssued);

export const waitingForAddresses = (situation: Situation): Finding | undefined => {
  const { seen } = situation;
  const node = seen.node?.ok ? seen.node.value : null;
  if (node === null || !hasNothing(situation) || situation.newest !== undefined || isKubeletDown(situation)) return undefined;
  const isNew = node.taints.includes(UNINITIALIZED);
  if (namesOf(node).ips.length > 0 && !isNew) return undefined;
  const why = isNew ? `carries the taint ${UNINITIALIZED}` : 'has no address';
  return {
    reason: isNew ? 'uninitialized' : 'no-address',
    message: `The node ${why} since ${spanText(secondsBetween(node.createdAt, situation.serverNow))}; the kubelet asks once it has one. Its providerID is ${node.providerId ?? 'not set'}.`,
    since: node.createdAt,
    advice: ['check-cloud-controller'],
  };
};

export const nodeNotRegistered = (situation: Situation): Finding | undefined => {
  const { seen } = situation;
  if (seen.node?.ok !== true || seen.node.value !== null || isKubeletDown(situation)) return undefined;
  const { cause } = seen;
  return {
    reason: 'no-node',
    message: `The API server has no node '${seen.nodeName}'.${cause ? ` Likely cause: ${cause.cause}. ${cause.remedy}` : ''}`,
    advice: ['check-registration', 'fix-identity'],
  };
};

export const starting = (situation: Situation): Finding | undefined => {
  const { newest, seen } = situation;
  const isBlind = [seen.config, seen.identity, seen.node, seen.requests].some((answer) => answer?.ok === false);
  if (isBlind || !hasNothing(situation)) return undefined;
  if (newest !== undefined) {
    const age = secondsBetween(newest.conditions.at(-1)?.at ?? newest.createdAt, situation.serverNow);
    if (age > SOON || isKubeletDown(situation)) return undefined;
    return { reason: 'being-stored', message: `${newest.name} was issued; the kubelet is fetching the certificate.`, advice: [] };
  }
  const up = upFor(situation);
  if (up === undefined || up > SOON) return undefined;
  return {
    reason: 'just-started',
    message: `The kubelet was started ${spanText(up)} ago.`,
    ...(seen.unit?.since === undefined ? {} : { since: seen.unit.since }),
    advice: [],
  };
};

export const notRequested = (situation: Situation): Finding | undefined => {
  const { seen, newest } = situation;
  const { config, node, requests, unit, serving } = seen;
  const isUp = unit?.active === 'active' || serving?.kind === 'alert';
  if (!isUp || isKubeletDown(situation) || !hasNothing(situation)) return undefined;
  if (config?.ok === false || !requests?.ok || !node?.ok || node.value === null) return undefined;
  if (newest !== undefined)
    return {
      reason: 'not-stored',
      message: `${newest.name} was issued, and the kubelet has not stored the certificate.`,
      advice: ['check-kubelet', 'restart-kubelet'],
    };
  const up = upFor(situation);
  return {
    reason: 'not-requested',
    message: `The kubelet${up === undefined ? '' : ` has run for ${spanText(up)} and`} has neither a certificate nor a request.`,
    advice: ['check-kubelet', 'allow-selfnodeserver', 'restart-kubelet'],
  };
};

export const kubeletDown = (situation: Situation): Finding | undefined => {
  if (!isKubeletDown(situation)) return undefined;
  const { unit, serving, cause } = situation.seen;
  const isOff = unit !== undefined && unit.active !== 'active' && unit.active !== 'reloading';
  const seen = isOff ? `kubelet.service is ${unit.active || 'not there'}` : '';
  const port = serving?.kind === 'refused' || serving?.kind === 'silent' ? serving.text : '';
  return {
    reason: isOff ? 'unit-not-active' : serving?.kind === 'silent' ? 'port-silent' : 'port-refused',
    message: `${[seen, port].filter((text) => text !== '').join(', and ')}.${cause ? ` Likely cause: ${cause.cause}. ${cause.remedy}` : ''}`,
    advice: ['check-kubelet'],
    mayPass: unit?.hasFailed !== true,
  };
};

/** Why nothing could be concluded: the first source that did not answer. */
const failureOf = ({ seen }: Situation): Failure => {
  for (const answer of [seen.config, seen.identity, seen.requests, seen.node]) if (answer?.ok === false) return answer.failure;
  if (seen.stored?.kind === 'unreadable')
    return { kind: 'unreadable', code: 'NO_PERMISSION', text: `${seen.stored.path} ${seen.stored.text}` };
  return { kind: 'not-visible', code: 'UNAVAILABLE', text: 'what can be seen from here tells nothing' };
};

const ADVICE: Readonly<Record<string, Finding['advice']>> = {
  unauthorized: ['fix-identity', 'set-the-clock'],
  forbidden: ['fix-identity'],
  unreadable: ['run-as-root'],
  'not-visible': ['look-on-node'],
};

export const unknown = (situation: Situation): Finding => {
  const { kind, text, remedy } = failureOf(situation);
  // An address is no word.
  const said = /^[a-z]+[ ’]/.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
  return {
    reason: kind,
    message: `${said}.${remedy === undefined ? '' : ` ${remedy}`}`,
    advice: ADVICE[kind] ?? [],
    mayPass: kind !== 'not-visible' && kind !== 'unreadable',
  };
};

export const unknownExit = (situation: Situation): number => ERROR_CODES[failureOf(situation).code].exit;
