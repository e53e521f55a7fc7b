import fc from 'fast-check';
import t from 'tap';
import { csrOf, identityOf, nodeOf } from '../../../src/core/csr/objects.ts';
import { makeRequest } from '../../fakes/pki.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const request = base64(makeRequest({ cn: 'system:node:n', organizations: ['system:nodes'], dns: ['n'], ips: ['10.0.0.1'] }));

t.test('a request as the API server has it', async (t) => {
  const object = {
    metadata: { name: 'csr-abcde', uid: 'u', creationTimestamp: '2026-11-21T12:00:00Z', resourceVersion: '7', generateName: 'csr-' },
    spec: {
      request,
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
      username: 'system:node:n',
      groups: ['system:nodes'],
      extra: { arn: ['arn:aws:sts::1:assumed-role/r/i-1'] },
    },
    status: {
      conditions: [{ type: 'Approved', status: 'True', reason: 'Auto', message: 'evil\u001b[2J', lastUpdateTime: '2026-11-21T12:00:01Z' }],
      certificate: base64('PEM'),
    },
  };
  t.same(csrOf(object), {
    csr: {
      name: 'csr-abcde',
      uid: 'u',
      createdAt: '2026-11-21T12:00:00Z',
      username: 'system:node:n',
      groups: ['system:nodes'],
      arn: 'arn:aws:sts::1:assumed-role/r/i-1',
      usages: ['digital signature', 'server auth'],
      cn: 'system:node:n',
      organizations: ['system:nodes'],
      dns: ['n'],
      ips: ['10.0.0.1'],
      others: [],
      conditions: [{ type: 'Approved', reason: 'Auto', message: 'evil [2J', at: '2026-11-21T12:00:01Z' }],
      isIssued: true,
    },
    signerName: 'kubernetes.io/kubelet-serving',
    resourceVersion: '7',
    certificate: 'PEM',
  });
  t.match(csrOf({ metadata: object.metadata, spec: { request: 'garbage' } }), { csr: { cn: '', isIssued: false, conditions: [] } });
});

t.test('a node, new and grown', async (t) => {
  const metadata = { name: 'n', creationTimestamp: '2026-11-21T12:00:00Z' };
  t.same(nodeOf({ metadata, spec: {} }), { name: 'n', addresses: [], taints: [], createdAt: metadata.creationTimestamp, ready: '' });
  const status = {
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    conditions: [{ type: 'Ready', status: 'False', message: 'no CNI' }],
  };
  t.match(nodeOf({ metadata, spec: { providerID: 'aws:///a/i-1', taints: [{ key: 'k', effect: 'NoSchedule' }] }, status }), {
    taints: ['k'],
    providerId: 'aws:///a/i-1',
    ready: 'False',
    readyMessage: 'no CNI',
  });
});

t.test('who we are', async (t) => {
  t.same(identityOf({ status: { userInfo: { username: 'system:node:n', groups: ['system:nodes'] } } }), {
    username: 'system:node:n',
    groups: ['system:nodes'],
  });
});

t.test('what is something else is not taken for one', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => [csrOf, nodeOf, identityOf].every((read) => read(value) === undefined)),
    { numRuns: 500 },
  );
});
