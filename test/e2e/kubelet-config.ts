/** The configuration that the real kubelet makes of files, drop-ins and flags is the one that `--kubelet-config` tells. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { flagLayersOf } from '../../src/core/kubelet/config-flags.ts';
import { type Layer, type MergedKey, mergedKubeletConfigOf } from '../../src/core/kubelet/merged-config.ts';
import type { Json } from '../../src/core/report.ts';
import { needs, RIG } from '../rig/parts.ts';
import { must, rigDirectory } from '../rig/shell.ts';

type Patch = { readonly [key: string]: Json };

const HEAD = { kind: 'KubeletConfiguration', apiVersion: 'kubelet.config.k8s.io/v1beta1' };
const BASE: Patch = {
  ...HEAD,
  address: '0.0.0.0',
  authentication: { webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } },
  cgroupDriver: 'systemd',
  clusterDNS: ['10.100.0.10'],
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' },
  featureGates: { RotateKubeletServerCertificate: true, KubeletSeparateDiskGC: true },
  hairpinMode: 'hairpin-veth',
  kubeReserved: { cpu: '70m', 'ephemeral-storage': '1Gi', memory: '574Mi' },
  logging: { verbosity: 2 },
  maxPods: 29,
  readOnlyPort: 0,
  serializeImagePulls: false,
  shutdownGracePeriod: '2m30s',
  tlsCipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
};

interface Case {
  /** By their paths below the directory. */
  readonly dropIns: { readonly [path: string]: Patch };
  readonly flags: readonly string[];
  /** Names of keys for which the kubelet's own default holds, with that. */
  readonly defaults?: { readonly [key: string]: Json };
}

const CASES: { readonly [name: string]: Case } = {
  'the file alone': { dropIns: {}, flags: [] },
  'drop-ins by name, directories among them': {
    dropIns: {
      '20-b.conf': { maxPods: 20, evictionHard: { 'memory.available': '20Mi' } },
      '10-a.conf': { maxPods: 10, podsPerCore: 1, clusterDNS: ['10.0.0.2', '10.0.0.3'] },
      '15/z.conf': { maxPods: 15, podsPerCore: 15 },
      '30.yaml': { maxPods: 30 },
    },
    flags: [],
  },
  'null and zero': {
    dropIns: {
      '10.conf': { hairpinMode: null, maxPods: 0, evictionHard: null, readOnlyPort: 0, authentication: { webhook: { cacheTTL: '0s' } } },
    },
    flags: [],
    defaults: { hairpinMode: 'promiscuous-bridge', maxPods: 110, 'authentication.webhook.cacheTTL': '2m0s' },
  },
  'flags over all': {
    dropIns: { '10.conf': { maxPods: 50, kubeReserved: { memory: '1Gi', pid: '100' } } },
    flags: [
      '--max-pods=20',
      '--max-pods=21',
      '--kube-reserved=cpu=100m',
      '--kube-reserved=memory=2Gi',
      '--eviction-hard=memory.available<1Gi',
      '--feature-gates=KubeletSeparateDiskGC=false,KubeletEnsureSecretPulledImages=false',
      '--cluster-dns=10.0.0.7,10.0.0.8',
      '--tls-cipher-suites=TLS_RSA_WITH_AES_256_GCM_SHA384',
      '--serialize-image-pulls',
      '--register-with-taints=a=b:NoSchedule,c:NoExecute',
      '--authentication-token-webhook-cache-ttl=1m0s',
      '--system-reserved-cgroup=/system',
      '--rotate-certificates=false',
    ],
  },
};

/** Names of the Go types where they are not those of the file. */
const GO_NAMES: { readonly [key: string]: string } = { resolvConf: 'ResolverConfig' };

const inGo = (config: Json, path: readonly string[]): Json | undefined => {
  let at: Json | undefined = config;
  for (const step of path) {
    const wanted = (GO_NAMES[step] ?? step).toLowerCase();
    const entries: [string, Json][] = typeof at === 'object' && at !== null ? Object.entries(at) : [];
    at = entries.find(([key]) => key.toLowerCase() === wanted)?.[1];
  }
  return at;
};

/** Taints have the names of the file in Go, too. */
const wantedOf = ({ path, value }: MergedKey, { defaults = {} }: Case): Json | undefined => value ?? defaults[path.join('.')];

for (const [name, one] of Object.entries(CASES)) {
  t.test(name, { timeout: 60_000 }, async (t) => {
    if (!needs(t, 'linux', 'root', 'kubelet')) return;
    const dir = t.testdir({ 'config.json': JSON.stringify(BASE), d: {} });
    const layers: Layer[] = [];
    for (const [path, patch] of Object.entries(one.dropIns)) {
      mkdirSync(dirname(join(dir, 'd', path)), { recursive: true });
      writeFileSync(join(dir, 'd', path), JSON.stringify({ ...HEAD, ...patch }));
      if (path.endsWith('.conf')) layers.push({ by: path, patch });
    }
    const dropIns = layers.sort((a, b) => (a.by < b.by ? -1 : 1));
    const said = await must(join(rigDirectory, 'kubelet-config.sh'), [join(dir, 'config.json'), join(dir, 'd'), ...one.flags], {
      env: { ...process.env, RIG },
    });
    const real = JSON.parse(said) as Json;
    const words = [...one.flags, '--container-runtime-endpoint=unix:///nonexistent.sock', '--v=5'].join(' ');
    const keys = mergedKubeletConfigOf({ file: { by: 'config.json', patch: BASE }, dropIns, flags: flagLayersOf(words) }, '1.36.3');
    t.ok(keys.length > 15);
    for (const key of keys) t.same(inGo(real, key.path), wantedOf(key, one), `${key.path.join('.')} by ${key.by}`);
  });
}
