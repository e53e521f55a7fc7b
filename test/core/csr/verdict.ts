import fc from 'fast-check';
import t from 'tap';
import type { Certificate, Csr, Failure, Observation } from '../../../src/core/csr/observation.ts';
import { CSR_STATES, type CsrState } from '../../../src/core/csr/states.ts';
import { verdictOf } from '../../../src/core/csr/verdict.ts';
import { ALERT, ago, certificate, condition, csr, healthy, MISSING, NOW, node, stored, USERNAME, without } from '../support/csr.ts';

const DAY = 86_400;
const failed = (kind: string, code: Failure['code']): { ok: false; failure: Failure } => ({
  ok: false,
  failure: { kind, code, text: `the API server said ${kind}` },
});
const noAnswer = (kind: string, code: Failure['code']) => ({
  identity: failed(kind, code),
  node: failed(kind, code),
  requests: failed(kind, code),
});
const answered = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
const REFUSED = { kind: 'refused', text: 'port 10250 refuses connections' } as const;
const LAPTOP = { stored: undefined, serving: undefined, unit: undefined, config: undefined, identity: undefined } as const;
const laptop = (changes: Partial<Observation>): Observation => {
  const all = { ...healthy(changes) };
  for (const key of Object.keys(LAPTOP) as (keyof typeof LAPTOP)[]) if (!(key in changes)) delete (all as Partial<Observation>)[key];
  return all;
};
/** Asked for at NOW, answered at 65 % … of a lifetime of 40 days. */
const used = (share: number): Partial<Certificate> => ({ notBefore: ago(share * 40 * DAY), notAfter: ago((share - 1) * 40 * DAY) });
const serves = (changes: Partial<Certificate>): Partial<Observation> => ({
  stored: stored(changes),
  serving: { kind: 'certificate', certificate: certificate(changes) },
});
const deny = { conditions: [condition('Approved'), condition('Denied', { reason: 'KubectlDeny', message: 'no', at: ago(5) })].slice(1) };

type Row = readonly [what: string, seen: Observation, state: CsrState, reason: string, message: RegExp];

const ROWS: readonly Row[] = [
  ['no request and a valid file: healthy', healthy(), 'Issued', 'serving', /valid until .*, 36 days from now/],
  ['offline', healthy({ node: undefined, requests: undefined, identity: undefined } as never), 'Issued', 'serving', /valid/],
  ['API server away, all else well', healthy({ requests: failed('unreachable', 'UNAVAILABLE') }), 'Issued', 'serving', /valid/],
  ['file for root alone', healthy({ stored: { kind: 'unreadable', path: '/p', text: 'x' } }), 'Issued', 'serving', /serves/],
  ['an image', healthy({ serving: undefined } as never), 'Issued', 'valid', /certificate is valid/],
  ['seen from a laptop', laptop({ issued: certificate(), requests: answered([csr(60, { isIssued: true })]) }), 'Issued', 'valid', /valid/],
  ['the API server could', laptop({ serving: { kind: 'verified', text: '' } }), 'Issued', 'verified-by-api-server', /accepts/],
  [
    'bootstrap off',
    healthy({ config: answered({ bootstraps: false, at: 'serverTLSBootstrap in config.json' }) }),
    'NotApplicable',
    'bootstrap-off',
    /is off/,
  ],
  [
    'given certificate',
    without([], { config: answered({ bootstraps: true, tlsCertFile: '/etc/tls.crt', at: '--tls-cert-file' }) }),
    'NotApplicable',
    'given-certificate',
    /\/etc\/tls\.crt/,
  ],
  ['rotating', healthy({ requests: answered([csr(30)]) }), 'Rotating', 'rotating', /csr-30 asks for the next one/],
  [
    'rotating, just approved',
    healthy({ requests: answered([csr(30, { conditions: [condition('Approved', { at: ago(2) })] })]) }),
    'Rotating',
    'rotating',
    /36 days/,
  ],
  [
    'a request from before this certificate',
    healthy({ ...serves({ notBefore: ago(10) }), requests: answered([csr(900)]) }),
    'Issued',
    'serving',
    /./,
  ],
  ['at 89 % of its life', healthy(serves(used(0.89))), 'Issued', 'serving', /./],
  ['at 95 %, nothing asked', healthy(serves(used(0.95))), 'RotationOverdue', 'rotation-overdue', /95 % of the lifetime/],
  ['at 95 %, asked', healthy({ ...serves(used(0.95)), requests: answered([csr(30)]) }), 'Rotating', 'rotating', /./],
  [
    'rotation stuck while the old one is good',
    healthy({ requests: answered([csr(4 * 3600)]) }),
    'StuckPending',
    'not-approved',
    /csr-14400 has waited 4 h.*present certificate serves/,
  ],
  ['rotation denied', healthy({ requests: answered([csr(30, deny)]) }), 'Denied', 'denied', /KubectlDeny: no.*present certificate serves/],
  ['expired', healthy(serves({ notAfter: ago(7200) })), 'Expired', 'expired', /ended 2 h ago/],
  [
    'expired, asked again',
    healthy({ ...serves({ notAfter: ago(7200) }), requests: answered([csr(3)]) }),
    'Expired',
    'expired',
    /csr-3 asks/,
  ],
  ['presents another', healthy({ stored: stored({ fingerprint256: 'CC' }) }), 'ServingStaleCert', 'other-certificate', /serial 0A/],
  ['presents none', healthy({ serving: ALERT }), 'ServingStaleCert', 'not-loaded', /alert 80/],
  [
    'damaged',
    healthy({ stored: { kind: 'damaged', path: '/p', text: 'holds no certificate' }, serving: ALERT }),
    'InvalidCert',
    'damaged',
    /holds no/,
  ],
  [
    'a plain file',
    healthy({ stored: { kind: 'not-a-link', path: '/p', text: 'a file' } }),
    'InvalidCert',
    'current-not-a-link',
    /cannot put/,
  ],
  ['clock behind', healthy(serves({ notBefore: ago(-1200) })), 'InvalidCert', 'not-yet-valid', /begins in 20 min/],
  ['of another node', healthy(serves({ cn: 'system:node:other' })), 'InvalidCert', 'other-name', /'system:node:other'/],
  ['other authority', healthy(serves({ isTrusted: false })), 'WrongCA', 'other-authority', /CN=kubernetes/],
  ['self-signed', healthy(serves({ isTrusted: false, subject: 'CN=n', issuer: 'CN=n' })), 'WrongCA', 'self-signed', /itself/],
  ['no addresses', healthy(serves({ ips: [] })), 'SanMissing', 'no-addresses', /lacks 10\.0\.0\.1/],
  ['a name missing', healthy(serves({ dns: [] })), 'SanMissing', 'names-missing', /lacks ip-10/],
  ['denied', without([csr(30, deny)]), 'Denied', 'denied', /csr-30 was denied \(KubectlDeny: no\)/],
  ['denied, asked again', without([csr(30, deny), csr(2)]), 'Denied', 'denied', /The kubelet asked again: csr-2, pending/],
  [
    'signer refuses',
    without([
      csr(30, {
        others: ['uri:spiffe://x'],
        conditions: [condition('Approved'), condition('Failed', { reason: 'SignerValidationFailure' })],
      }),
    ]),
    'Failed',
    'signer-validation',
    /It breaks: uri:spiffe:\/\/x is not allowed/,
  ],
  [
    'not signed',
    without([csr(300, { conditions: [condition('Approved', { at: ago(61) })] })]),
    'ApprovedNotIssued',
    'not-signed',
    /61 s ago/,
  ],
  ['just approved', without([csr(300, { conditions: [condition('Approved', { at: ago(60) })] })]), 'Pending', 'approved', /60 s ago/],
  ['pending', without([csr(120)]), 'Pending', 'pending', /csr-120 was made 2 min ago/],
  ['pending, clock 20 minutes ahead', without([csr(1210)], { clockSkewSeconds: 1200 }), 'Pending', 'pending', /10 s ago/],
  ['slow', without([csr(121)]), 'PendingSlow', 'not-approved', /waited 2 min/],
  ['stuck', without([csr(901)]), 'StuckPending', 'not-approved', /waited 15 min/],
  ['again and again', without([csr(10), csr(910), csr(1810)]), 'StuckPending', 'not-approved', /asked 3 times.*/],
  [
    'strange address',
    without([csr(3000)], { instanceIps: ['10.0.0.9'] }),
    'StuckPending',
    'san-unverifiable',
    /EC2 does not know 10\.0\.0\.1/,
  ],
  ['breaks the rules', without([csr(3000, { organizations: [] })]), 'StuckPending', 'breaks-rules', /organization must be system:nodes/],
  [
    'made by the role itself',
    without([csr(5, { username: 'arn:aws:sts::111122223333:assumed-role/r/i-1', groups: ['system:authenticated'] })]),
    'IdentityMismatch',
    'other-username',
    /made by 'arn:aws:sts/,
  ],
  [
    'without the group',
    without([csr(5, { groups: ['system:bootstrappers'] })]),
    'IdentityMismatch',
    'no-nodes-group',
    /not in system:nodes/,
  ],
  [
    'for another name',
    without([csr(5, { cn: 'system:node:other' })]),
    'IdentityMismatch',
    'node-name-mismatch',
    /asks for 'system:node:other'/,
  ],
  ['mended since', without([csr(500, { username: 'test' }), csr(5)]), 'Pending', 'pending', /csr-5/],
  [
    'known as somebody else',
    without([], { identity: answered({ username: 'arn:aws:iam::1:role/r', groups: [] }), node: failed('forbidden', 'NO_PERMISSION') }),
    'IdentityMismatch',
    'not-a-node',
    /in no group/,
  ],
  [
    'known by another name',
    without([], { identity: answered({ username: 'system:node:i-1', groups: ['system:nodes'] }) }),
    'IdentityMismatch',
    'node-name-mismatch',
    /calls itself/,
  ],
  [
    'known without group',
    without([], { identity: answered({ username: USERNAME, groups: [] }) }),
    'IdentityMismatch',
    'no-nodes-group',
    /./,
  ],
  [
    'no address',
    without([], { node: answered(node({ addresses: [] })) }),
    'WaitingForAddresses',
    'no-address',
    /has no address since 9 days/,
  ],
  [
    'not initialized',
    without([], { node: answered(node({ taints: ['node.cloudprovider.kubernetes.io/uninitialized'] })) }),
    'WaitingForAddresses',
    'uninitialized',
    /carries the taint/,
  ],
  ['not registered', without([], { node: answered(null) }), 'NodeNotRegistered', 'no-node', /has no node 'ip-10-/],
  ['just started', without([], { unit: { active: 'active', since: ago(10), hasFailed: false } }), 'Starting', 'just-started', /10 s ago/],
  ['just issued', without([csr(5, { isIssued: true })]), 'Starting', 'being-stored', /fetching/],
  ['nothing asked', without([]), 'NotRequested', 'not-requested', /has run for 9 days and has neither/],
  ['issued and not stored', without([csr(300, { isIssued: true })]), 'NotRequested', 'not-stored', /has not stored/],
  [
    'down',
    without([], { unit: { active: 'failed', hasFailed: true }, serving: REFUSED }),
    'KubeletDown',
    'unit-not-active',
    /is failed, and port 10250/,
  ],
  [
    'crashing',
    without([], { unit: { active: 'activating', hasFailed: false }, serving: REFUSED }),
    'KubeletDown',
    'unit-not-active',
    /activating/,
  ],
  ['down with a good certificate', healthy({ serving: REFUSED }), 'KubeletDown', 'port-refused', /refuses/],
  ['silent', healthy({ serving: { kind: 'silent', text: 'port 10250 does not answer' } }), 'KubeletDown', 'port-silent', /does not answer/],
  ['refused by the API server', without([], noAnswer('unauthorized', 'NO_PERMISSION')), 'Unknown', 'unauthorized', /unauthorized/],
  [
    'API server away',
    without([], { requests: failed('unreachable', 'UNAVAILABLE'), node: failed('unreachable', 'UNAVAILABLE') }),
    'Unknown',
    'unreachable',
    /unreachable/,
  ],
  ['offline, nothing there', { now: NOW, nodeName: 'n', stored: MISSING, serving: ALERT }, 'Unknown', 'not-visible', /tells nothing/],
  [
    'not for our eyes',
    { now: NOW, nodeName: 'n', stored: { kind: 'unreadable', path: '/p', text: 'x' } },
    'Unknown',
    'unreadable',
    /\/p x/,
  ],
  ['a laptop, requests cleaned up', laptop({}), 'Unknown', 'not-visible', /./],
];

t.test('every way it can be', async (t) => {
  for (const [what, seen, state, reason, message] of ROWS) {
    const verdict = verdictOf(seen);
    t.match(verdict, { state, reason, message, severity: CSR_STATES[state].severity }, what);
    if (state !== 'Unknown') t.equal(verdict.exitCode, CSR_STATES[state].exit, what);
    if (verdict.severity === 'error') t.not(verdict.remediation.length, 0, `${what}: advice`);
  }
  t.same([...new Set(ROWS.map(([, , state]) => state))].sort(), Object.keys(CSR_STATES).sort(), 'every state has an example');
});

t.test('exit codes of what cannot be known', async (t) => {
  const exitFor = (code: Failure['code']): number =>
    verdictOf(without([], { config: failed('x', code) as never, node: failed('x', code) })).exitCode;
  t.same((['UNAVAILABLE', 'PROTOCOL', 'NO_PERMISSION', 'CONFIG'] as const).map(exitFor), [69, 76, 77, 78]);
});

t.test('what is worth waiting for', async (t) => {
  const settles = (seen: Observation): boolean => verdictOf(seen).isSettled;
  for (const seen of [without([csr(5)]), without([csr(500)]), without([], { node: answered(null) }), healthy({ serving: REFUSED })])
    t.notOk(settles(seen), verdictOf(seen).state);
  t.notOk(settles(healthy({ ...serves({ notAfter: ago(7200) }), requests: answered([csr(3)]) })), 'expired, and asked again');
  t.notOk(settles(without([], noAnswer('unauthorized', 'NO_PERMISSION'))), 'an access entry takes a moment to count');
  for (const seen of [healthy(), without([csr(5, deny)]), without([csr(5000)]), healthy(serves({ isTrusted: false }))])
    t.ok(settles(seen), verdictOf(seen).state);
  t.ok(settles(without([], { unit: { active: 'failed', hasFailed: true }, serving: REFUSED })), 'systemd has given up');
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const moments = fc.integer({ min: -4000, max: 60 * DAY }).map(ago);
const names = fc.constantFrom('system:node:ip-10-0-0-1.us-west-2.compute.internal', 'system:node:other', 'arn:aws:iam::1:role/r', '');
const anyCertificate = fc
  .record({ notBefore: moments, notAfter: moments, cn: names, isTrusted: fc.boolean(), fingerprint256: fc.constantFrom('A', 'B') })
  .chain((changes) => fc.constantFrom([], ['10.0.0.1']).map((ips) => certificate({ ...changes, ips })));
const anyCsr = fc
  .record({
    age: fc.integer({ min: -100, max: 90_000 }),
    username: names,
    cn: names,
    groups: fc.constantFrom(['system:nodes'], []),
    isIssued: fc.boolean(),
    conditions: fc.subarray([condition('Approved', { at: ago(100) }), condition('Denied'), condition('Failed'), condition('Odd')]),
  })
  .map(({ age, ...changes }): Csr => csr(age, changes));
const anyAnswer = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof(
    value.map(answered),
    fc.constantFrom('UNAVAILABLE', 'NO_PERMISSION', 'PROTOCOL').map((code) => failed('x', code as Failure['code'])),
  );
const anyObservation = fc
  .record({
    config: maybe(anyAnswer(fc.record({ bootstraps: fc.boolean(), at: fc.constant('x') }))),
    unit: maybe(fc.record({ active: fc.constantFrom('active', 'activating', 'failed', ''), since: moments, hasFailed: fc.boolean() })),
    stored: maybe(
      fc.oneof(
        anyCertificate.map((one) => stored(one)),
        fc
          .constantFrom('missing', 'unreadable', 'damaged', 'not-a-link')
          .map((kind) => ({ kind: kind as 'missing', path: '/p', text: 'x' })),
      ),
    ),
    serving: maybe(
      fc.oneof(
        anyCertificate.map((one) => ({ kind: 'certificate' as const, certificate: one })),
        fc.constantFrom('alert', 'refused', 'silent', 'verified').map((kind) => ({ kind: kind as 'alert', text: 'x' })),
      ),
    ),
    identity: maybe(anyAnswer(fc.record({ username: names, groups: fc.constantFrom(['system:nodes'], []) }))),
    node: maybe(anyAnswer(fc.constantFrom(null, node(), node({ addresses: [] })))),
    requests: maybe(anyAnswer(fc.uniqueArray(anyCsr, { maxLength: 5, selector: ({ uid }) => uid }))),
    clockSkewSeconds: maybe(fc.integer({ min: -2000, max: 2000 })),
  })
  .map((parts): Observation => {
    const present = Object.entries(parts).filter(([, part]) => part !== undefined);
    return { now: NOW, nodeName: node().name, ...Object.fromEntries(present) };
  });

t.test('every combination gives one state, whatever the order of the requests, and says why', async () => {
  fc.assert(
    fc.property(anyObservation, (seen) => {
      const verdict = verdictOf(seen);
      const again = verdictOf(seen.requests?.ok ? { ...seen, requests: answered([...seen.requests.value].reverse()) } : seen);
      return (
        verdict.state in CSR_STATES &&
        /^\S.*\.$/s.test(verdict.message) &&
        verdict.reason !== '' &&
        (verdict.severity === 'ok') === (verdict.exitCode === 0) &&
        again.state === verdict.state
      );
    }),
    { numRuns: 5000 },
  );
});

t.test('it is called well only where nothing that was seen is wrong', async () => {
  fc.assert(
    fc.property(anyObservation, (seen) => {
      const { state } = verdictOf(seen);
      if (state !== 'Issued' && state !== 'Rotating') return true;
      const judged =
        seen.stored?.kind === 'certificate' ? seen.stored.certificate : seen.serving?.kind === 'certificate' && seen.serving.certificate;
      const isGood = !judged || (judged.cn === USERNAME && judged.isTrusted !== false && judged.notBefore <= NOW && judged.notAfter >= NOW);
      return isGood && seen.serving?.kind !== 'refused' && seen.serving?.kind !== 'silent' && seen.stored?.kind !== 'damaged';
    }),
    { numRuns: 5000 },
  );
});
