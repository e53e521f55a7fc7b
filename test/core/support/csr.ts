/** Observations of a node's serving certificate, from a healthy one on. */
import type { Certificate, Condition, Csr, NodeSeen, Observation, Serving, StoredCertificate } from '../../../src/core/csr/observation.ts';

export const NOW = '2026-11-21T12:00:00Z';
const NODE = 'ip-10-0-0-1.us-west-2.compute.internal';
export const USERNAME = `system:node:${NODE}`;

/** Seconds before (or, negative, after) NOW. */
export const ago = (seconds: number): string => new Date(Date.parse(NOW) - seconds * 1000).toISOString().replace('.000Z', 'Z');

const DAY = 86_400;

export const certificate = (changes: Partial<Certificate> = {}): Certificate => ({
  subject: `O=system:nodes, CN=${USERNAME}`,
  cn: USERNAME,
  issuer: 'CN=kubernetes',
  serial: '0A',
  fingerprint256: 'AA:BB',
  notBefore: ago(9 * DAY),
  notAfter: ago(-36 * DAY),
  dns: [NODE],
  ips: ['10.0.0.1'],
  isTrusted: true,
  ...changes,
});

const PATH = '/var/lib/kubelet/pki/kubelet-server-current.pem';

export const stored = (changes: Partial<Certificate> = {}): StoredCertificate => ({
  kind: 'certificate',
  path: PATH,
  target: '/var/lib/kubelet/pki/kubelet-server-2026-11-12-12-00-00.pem',
  certificate: certificate(changes),
  storedAt: ago(9 * DAY),
});

export const node = (changes: Partial<NodeSeen> = {}): NodeSeen => ({
  name: NODE,
  addresses: [
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalDNS', address: NODE },
    { type: 'Hostname', address: NODE },
  ],
  taints: [],
  providerId: 'aws:///us-west-2a/i-0123456789abcdef0',
  createdAt: ago(9 * DAY),
  ready: 'True',
  ...changes,
});

export const condition = (type: string, changes: Partial<Condition> = {}): Condition => ({ type, reason: '', message: '', ...changes });

export const csr = (age: number, changes: Partial<Csr> = {}): Csr => ({
  name: `csr-${age}`,
  uid: `uid-${age}`,
  createdAt: ago(age),
  username: USERNAME,
  groups: ['system:bootstrappers', 'system:nodes', 'system:authenticated'],
  usages: ['digital signature', 'server auth'],
  cn: USERNAME,
  organizations: ['system:nodes'],
  dns: [NODE],
  ips: ['10.0.0.1'],
  others: [],
  conditions: [],
  isIssued: false,
  ...changes,
});

export const MISSING: StoredCertificate = { kind: 'missing', path: PATH, text: 'is not there' };
export const ALERT: Serving = { kind: 'alert', text: 'TLS alert 80, internal error' };

/** Joined long ago: a valid certificate, and requests that were cleaned up. */
export const healthy = (changes: Partial<Observation> = {}): Observation => ({
  now: NOW,
  nodeName: NODE,
  config: { ok: true, value: { bootstraps: true, at: 'serverTLSBootstrap in config.json' } },
  unit: { active: 'active', since: ago(9 * DAY), hasFailed: false },
  stored: stored(),
  serving: { kind: 'certificate', certificate: certificate() },
  identity: { ok: true, value: { username: USERNAME, groups: ['system:bootstrappers', 'system:nodes'] } },
  node: { ok: true, value: node() },
  requests: { ok: true, value: [] },
  ...changes,
});

/** Just up: no certificate yet, and these requests. */
export const without = (requests: readonly Csr[], changes: Partial<Observation> = {}): Observation =>
  healthy({ stored: MISSING, serving: ALERT, requests: { ok: true, value: requests }, ...changes });
