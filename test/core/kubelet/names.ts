import t from 'tap';
import { hostnameOverrideOf, nodeNameWarnings, providerIdOf } from '../../../src/core/kubelet/names.ts';
import { decidedOf, factsWith, linesOf, specWith } from '../support/plain.ts';

const BY_ID = ['--node-name', 'instance-id'];

t.test('provider id', async (t) => {
  t.equal(decidedOf(providerIdOf(specWith(), factsWith())).value, 'aws:///us-west-2a/i-0123456789abcdef0');
  t.throws(() => providerIdOf(specWith(), factsWith({ instance: { id: undefined } })), { message: 'instance.id is not known yet' });
});

t.test('node name', async (t) => {
  t.equal(decidedOf(hostnameOverrideOf(specWith(), factsWith())).value, 'ip-192-168-1-10.us-west-2.compute.internal');
  t.equal(decidedOf(hostnameOverrideOf(specWith(BY_ID), factsWith())).value, 'i-0123456789abcdef0');
  const custom = factsWith({ instance: { privateDnsName: 'ip-192-168-1-10.Corp.Example' } });
  t.equal(decidedOf(hostnameOverrideOf(specWith(), custom)).value, 'ip-192-168-1-10.Corp.Example', 'the kubelet itself lower-cases it');
});

t.test('a name that no node can have', async (t) => {
  const checked = hostnameOverrideOf(specWith(), factsWith({ instance: { privateDnsName: 'ip-1_2.example' } }));
  t.equal(checked.value, undefined);
  t.same(linesOf(checked.diagnostics), [
    "error invalid-node-name instance.privateDnsName: 'ip-1_2.example' is no DNS name, so the node could not register under it",
  ]);
});

t.test('old kubelets take no other name', async (t) => {
  const warnings = nodeNameWarnings(specWith(BY_ID), factsWith({ host: { kubeletVersion: '1.25.16' } }));
  t.same(linesOf(warnings), [
    "warning node-name-ignored --node-name: kubelet 1.25.16 names its node by EC2's private DNS name, whatever is asked for",
  ]);
  t.same(nodeNameWarnings(specWith(BY_ID), factsWith()), []);
});
