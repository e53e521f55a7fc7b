import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { extraArgsTextOf } from '../../../src/core/targets/amazon-linux-2-rules.ts';
import { factsOf, observedOf, PLAIN, requestOf, resultOf } from '../support/case.ts';

t.test('decisions say until when the certificate authority is valid, and do not hold its text', async (t) => {
  const base64 = factsOf(PLAIN).cluster?.certificateAuthority ?? '';
  const { desired } = resultOf(PLAIN, observedOf(PLAIN));
  const decision = desired?.decisions.find(({ key }) => key === 'certificateAuthority');
  const until = new Date(new X509Certificate(Buffer.from(base64, 'base64')).validTo).toISOString().slice(0, 10);
  const expected = `a certificate, valid until ${until}`;
  t.equal(decision?.value, expected, 'as OpenSSL reads it');
  t.equal(decision?.because.inputs[0]?.value, expected);
  t.notOk(JSON.stringify(desired?.decisions).includes(base64));
});

const NO_OUTPOST = { key: 'clusterId', value: null, because: { rule: 'cluster-id.none', text: '.', inputs: [] }, changes: [] };

t.test('extra arguments that no unit can carry, whatever language they came in', async (t) => {
  const spec = requestOf(PLAIN).request?.spec;
  if (spec === undefined) throw new Error('no spec');
  for (const value of ['--v=4\n--x', 'a\rb', 'a\uffffb', '\0']) {
    const kubelet = { ...spec.kubelet, extraArgs: { value, origin: 'user-data', at: 'spec.kubelet.flags' } } as const;
    t.same(extraArgsTextOf({ ...spec, kubelet }, NO_OUTPOST), {
      diagnostics: [
        {
          severity: 'error',
          code: 'control-character',
          path: 'spec.kubelet.flags',
          message: 'the extra arguments hold a line break or another character that a systemd unit cannot carry',
          remedy: 'Write them on one line, with spaces.',
        },
      ],
    });
  }
});

t.test('every decision has a key of its own, a reason, and is plain JSON', async (t) => {
  for (const name of ['kubelet-1.24', PLAIN, 'kubelet-1.36', 'ami-templates']) {
    const decisions = resultOf(name, observedOf(name)).desired?.decisions ?? [];
    const keys = decisions.map(({ key }) => key);
    t.same(keys, [...new Set(keys)], `${name}: no key twice`);
    t.same(JSON.parse(JSON.stringify(decisions)), decisions);
    for (const { because } of decisions) t.match(because, { rule: /^[a-z-]+\.[a-z0-9-]+$/, text: /\S/ });
  }
});
