/** kubelet-config.json of a node that is made anew, against what bootstrap.sh leaves on the same machine: bytes and key order. */
import t from 'tap';
import { jsonText } from '../../../src/core/formats/json.ts';
import type { Json } from '../../../src/core/report.ts';
import { observedOf, resultOf } from '../support/case.ts';

const HEAD = {
  kind: 'KubeletConfiguration',
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  address: '0.0.0.0',
  authentication: {
    anonymous: { enabled: false },
    webhook: { cacheTTL: '2m0s', enabled: true },
    x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
  },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  clusterDomain: 'cluster.local',
  hairpinMode: 'hairpin-veth',
  readOnlyPort: 0,
  cgroupDriver: 'systemd',
  cgroupRoot: '/',
};
const MIDDLE = {
  protectKernelDefaults: true,
  serializeImagePulls: false,
  serverTLSBootstrap: true,
  tlsCipherSuites: [
    'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305',
    'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
    'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    'TLS_RSA_WITH_AES_256_GCM_SHA384',
    'TLS_RSA_WITH_AES_128_GCM_SHA256',
  ],
  clusterDNS: ['10.100.0.10'],
};
const CAPACITY = {
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' },
  kubeReserved: { cpu: '70m', 'ephemeral-storage': '1Gi', memory: '574Mi' },
  maxPods: 29,
};
const PROVIDER = { providerID: 'aws:///us-west-2a/i-0123456789abcdef0' };
const CGROUPS = { systemReservedCgroup: '/system', kubeReservedCgroup: '/runtime' };
const QPS = { kubeAPIQPS: 10, kubeAPIBurst: 20 };
const GATES = { featureGates: { RotateKubeletServerCertificate: true } };
const CGROUP_V1 = { failCgroupV1: false };
const OLD_GATES = { featureGates: { RotateKubeletServerCertificate: true, KubeletCredentialProviders: true } };

const DOCKER = { ...HEAD, cgroupDriver: 'cgroupfs' };

const ROWS: { readonly [minor: string]: Json } = {
  '1.21': { ...DOCKER, ...OLD_GATES, ...MIDDLE, ...CAPACITY },
  '1.22': { ...DOCKER, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY },
  '1.23': { ...DOCKER, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY },
  '1.21-containerd': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...CAPACITY, ...CGROUPS },
  '1.22-containerd': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY, ...CGROUPS },
  '1.23-containerd': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY, ...CGROUPS },
  '1.24': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY, ...CGROUPS },
  '1.25': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY, ...CGROUPS },
  '1.26': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...QPS, ...CAPACITY, ...PROVIDER, ...CGROUPS },
  '1.27': { ...HEAD, ...OLD_GATES, ...MIDDLE, ...CAPACITY, ...PROVIDER, ...CGROUPS },
  '1.35': { ...HEAD, ...GATES, ...CGROUP_V1, ...MIDDLE, ...CAPACITY, ...PROVIDER, ...CGROUPS },
  '1.36': { ...HEAD, ...GATES, ...CGROUP_V1, ...MIDDLE, ...CAPACITY, ...PROVIDER, ...CGROUPS },
};
const REST: Json = { ...HEAD, ...GATES, ...MIDDLE, ...CAPACITY, ...PROVIDER, ...CGROUPS };

const minors = Array.from({ length: 36 - 21 + 1 }, (_, index) => `1.${index + 21}`);
for (const row of [...minors, '1.21-containerd', '1.22-containerd', '1.23-containerd']) {
  t.test(`kubelet ${row}`, async (t) => {
    const name = `kubelet-${row}`;
    const { plan } = resultOf(name, observedOf(name));
    const text = plan?.files.find(({ path }) => path === '/etc/kubernetes/kubelet/kubelet-config.json')?.text;
    t.equal(text, jsonText(ROWS[row] ?? REST));
  });
}
