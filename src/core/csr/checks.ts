/** What was looked at, one line each: the evidence under a verdict. */
import { missingFrom } from './addresses.ts';
import { namesOf, rotationOf, usedShareOf } from './certificate-rules.ts';
import type { Answer, Certificate, Observation } from './observation.ts';
import { NODES, type Situation, situationOf } from './situation.ts';
import { secondsBetween, spanText } from './time.ts';

export interface CsrCheck {
  readonly id: 'config' | 'kubelet' | 'certificate' | 'port' | 'identity' | 'node' | 'requests' | 'clock' | 'journal';
  readonly result: 'pass' | 'warn' | 'fail' | 'skip';
  readonly text: string;
}

type Row = Omit<CsrCheck, 'id'>;
const row = (result: CsrCheck['result'], text: string): Row => ({ result, text });

const answered = <T>(answer: Answer<T> | undefined, of: (value: T) => Row): Row => {
  if (answer === undefined) return row('skip', 'not asked');
  return answer.ok ? of(answer.value) : row('fail', answer.failure.text);
};

const config = ({ seen }: Situation): Row =>
  answered(seen.config, ({ bootstraps, tlsCertFile, at }) => {
    if (tlsCertFile !== undefined) return row('pass', `serves by ${tlsCertFile} (${at})`);
    return bootstraps ? row('pass', `asks the cluster for its certificate (${at})`) : row('warn', `signs its own certificate (${at})`);
  });

const kubelet = ({ seen: { unit, now } }: Situation): Row => {
  if (unit === undefined) return row('skip', 'not looked at');
  if (unit.active !== 'active')
    return row('fail', unit.active === '' ? 'there is no kubelet.service' : `kubelet.service is ${unit.active}`);
  return row('pass', `active${unit.since === undefined ? '' : ` for ${spanText(secondsBetween(unit.since, now))}`}`);
};

const lifeText = (certificate: Certificate, now: string): string => {
  const [from, until] = rotationOf(certificate);
  const used = Math.max(0, Math.floor(100 * usedShareOf(certificate, now)));
  return `${certificate.notBefore} to ${certificate.notAfter}, ${used} % used; renewed after ${spanText(from)} to ${spanText(until)}`;
};

const namesText = ({ dns, ips }: Certificate): string => [...dns, ...ips].join(', ') || 'no names';

const certificate = (situation: Situation): Row => {
  const { stored, now, node } = situation.seen;
  if (stored !== undefined && stored.kind !== 'certificate')
    return row(
      stored.kind === 'missing' || stored.kind === 'unreadable' ? 'warn' : 'fail',
      `${stored.path} ${stored.kind === 'not-a-link' ? `is ${stored.text}` : stored.text}`,
    );
  const found = situation.certificate;
  if (found === undefined) return row('skip', 'not looked at');
  const faults = [
    ...(found.cn === situation.expectedUsername ? [] : ['another name']),
    ...(found.isTrusted === false ? ['another authority'] : []),
    ...(secondsBetween(found.notAfter, now) > 0 ? ['expired'] : []),
    ...(node?.ok && node.value !== null ? missingFrom(found, namesOf(node.value)).map((name) => `without ${name}`) : []),
  ];
  const fault = faults.length === 0 ? '' : ` (${faults.join(', ')})`;
  const text = `CN=${found.cn}${fault}; ${namesText(found)}; by ${found.issuer}; ${lifeText(found, now)}`;
  return row(faults.length === 0 ? 'pass' : 'fail', text);
};

const port = ({ seen: { serving, stored } }: Situation): Row => {
  if (serving === undefined) return row('skip', 'not asked');
  if (serving.kind !== 'certificate') return row(serving.kind === 'verified' ? 'pass' : 'fail', serving.text);
  const { fingerprint256, cn } = serving.certificate;
  if (stored?.kind !== 'certificate') return row('pass', `presents a certificate for ${cn}`);
  return stored.certificate.fingerprint256 === fingerprint256
    ? row('pass', 'presents the certificate on disk')
    : row('fail', `presents another certificate, for ${cn}`);
};

const identity = ({ seen, expectedUsername }: Situation): Row =>
  answered(seen.identity, ({ username, groups, arn }) => {
    const text = `${username} (${groups.join(', ') || 'no groups'})${arn === undefined ? '' : ` as ${arn}`}`;
    return row(username === expectedUsername && groups.includes(NODES) ? 'pass' : 'fail', text);
  });

const node = ({ seen, serverNow }: Situation): Row =>
  answered(seen.node, (found) => {
    if (found === null) return row('fail', `${seen.nodeName} is not registered`);
    const ready = found.ready === 'True' ? 'Ready' : `not Ready${found.readyMessage ? `: ${found.readyMessage}` : ''}`;
    const addresses = found.addresses.map(({ address }) => address);
    const text = `${found.name}, registered ${spanText(secondsBetween(found.createdAt, serverNow))} ago; ${ready}; ${[...new Set(addresses)].join(', ') || 'no addresses'}`;
    return row(found.ready === 'True' && addresses.length > 0 ? 'pass' : 'warn', text);
  });

const requests = ({ seen, own, foreign, attempts }: Situation): Row =>
  answered(seen.requests, () => {
    const all = own.length + foreign.length;
    if (all === 0) return row('pass', 'none (those that were issued are cleaned up after an hour)');
    const text = `${own.length} of this node, ${attempts} in the last hour without a certificate${foreign.length > 0 ? `; ${foreign.length} that do not fit` : ''}`;
    return row(foreign.length > 0 || attempts > 1 ? 'warn' : 'pass', text);
  });

/** Tokens and certificates bear minutes, not seconds. */
const FAR = 300;
const NEAR = 30;

const clock = ({ seen: { clockSkewSeconds: skew } }: Situation): Row => {
  if (skew === undefined) return row('skip', 'not compared');
  const size = Math.abs(skew);
  if (size < NEAR) return row('pass', 'agrees with the API server’s');
  return row(size < FAR ? 'warn' : 'fail', `${spanText(skew)} ${skew > 0 ? 'ahead of' : 'behind'} the API server’s`);
};

const journal = ({ seen: { cause } }: Situation): Row =>
  cause === undefined ? row('pass', 'nothing known') : row('warn', `${cause.cause}: ${cause.line}`);

const CHECKS: Readonly<Record<CsrCheck['id'], (situation: Situation) => Row>> = {
  config,
  kubelet,
  certificate,
  port,
  identity,
  node,
  requests,
  clock,
  journal,
};

export const checksOf = (seen: Observation): readonly CsrCheck[] => {
  const situation = situationOf(seen);
  return (Object.keys(CHECKS) as CsrCheck['id'][]).map((id) => ({ id, ...CHECKS[id](situation) }));
};
