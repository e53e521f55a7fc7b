import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { parse } from 'yaml';
import { nodeConfigSchema } from '../../../../build/docs/node-config.ts';
import { SYSTEM_RESERVED_PRESETS, secondsOf } from '../../../../src/core/config/node-config/bootwright-fields.ts';
import { readDocuments, unpackedSources, wholeDiagnostics } from '../../../../src/core/config/node-config/read.ts';
import { checkQuantity } from '../../../../src/core/config/node-config/values.ts';
import type { Diagnostic } from '../../../../src/core/report.ts';
import { CA } from '../../support/plain.ts';

/** Every field there is, each with a right value. */
const EVERYTHING = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
metadata: {name: any, labels: {a: b}}
spec:
  cluster:
    name: my-cluster
    apiServerEndpoint: https://EXAMPLE.gr7.us-west-2.eks.amazonaws.com
    certificateAuthority: ${CA}
    cidr: fd00:1234:5678::/108
    enableOutpost: true
    id: 11111111-2222-3333-4444-555555555555
  containerd:
    config: |
      version = 3
      [plugins.'io.containerd.cri.v1.images']
      discard_unpacked_layers = false
    baseRuntimeSpec: {process: {rlimits: [{type: RLIMIT_NOFILE, soft: 1, hard: 2}]}}
  instance:
    localStorage: {strategy: raid0, mountPath: /mnt/x, disabledMounts: [Containerd, PodLogs, SOCI]}
    environment:
      default: {HTTPS_PROXY: 'http://user:password@proxy:3128', EMPTY: ''}
      kubelet: {A: '"x"'}
      amazon-ssm-agent: {B: c}
    network: {nameservers: [10.0.0.2, '10.0.0.3:53', 'fd00:ec2::253', 'fe80::1%eth0'], domains: [corp.local, ~internal]}
    storage:
      volumes:
      - {device: /dev/xvdb, mountTargets: [/var/lib/containerd], fsType: ext4}
      - {device: /dev/disk/by-id/x, mountTargets: [/data]}
  kubelet:
    config:
      apiVersion: kubelet.config.k8s.io/v1beta1
      kind: KubeletConfiguration
      clusterDNS: [fd00::a]
      maxParallelImagePulls: null
      kubeReserved: {cpu: 100m, memory: 1.5Gi, ephemeral-storage: '1e9'}
      evictionHard: {memory.available: 5%, nodefs.available: 1Gi}
      evictionSoftGracePeriod: {memory.available: 1m30s}
      featureGates: {KubeletPSI: true, AllAlpha: false}
      registerWithTaints: [{key: example.com/a, value: b, effect: NoSchedule}]
      shutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 10}]
      logging: {verbosity: 2, flushFrequency: 5000000000, vmodule: [{filePattern: a, verbosity: 3}], options: {json: {infoBufferSize: '0'}}}
      memorySwap: {swapBehavior: LimitedSwap}
      reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]
      staticPodURLHeader: {A: [b, c]}
      tracing: {samplingRatePerMillion: 1}
    flags: [--node-labels=a=b, --register-with-taints, 'a=b:NoSchedule', -v=2, '--system-reserved=cpu=1 --v 3']
    maxPodsExpression: 'max_pods < 30 ? max_pods : 30'
  featureGates: {InstanceIdNodeName: true, FastImagePull: false}
  bootwright:
    describeCluster: false
    labels: {example.com/team: a, empty: '', node.kubernetes.io/x: b}
    taints: [{key: a, effect: NoExecute}, {key: b, value: c, effect: PreferNoSchedule}]
    maxPods: {mode: custom-networking-prefix-delegation, cap: 110, reserve: 2}
    systemReserved: {preset: standard, cpu: 1, memory: 100Mi, ephemeral-storage: 1Gi, pid: '1000'}
    reservedSystemCPUs: {percent: 5}
    proxy: {http: 'http://proxy:3128', https: 'http://user:password@proxy:3128/', noProxy: [.corp.local, 10.0.0.0/8, 'fd00::/8', '*']}
    sysctls: {vm.max_map_count: 262144, net.ipv4.ip_local_port_range: 1024 65535, net/core/somaxconn: '4096'}
    registryMirrors: {docker.io: ['https://mirror.local/v2', 'http://10.0.0.1:5000'], _default: ['https://all.local']}
    imageCredentialProviders:
    - name: my-provider
      apiVersion: credentialprovider.kubelet.k8s.io/v1
      matchImages: ['*.registry.local', registry.local:5000/team]
      defaultCacheDuration: 12h
      args: [get, '']
      env: {A: b}
    hooks: {pre: [{command: [/bin/sh, -c, 'echo a'], deadline: 90s}], post: [{command: [ls]}]}
`;

const diagnosticsOf = (text: string): readonly Diagnostic[] => {
  const modes = { isStrict: true, isCompat: false, kubelet: '1.34' };
  const source = { label: 'x', origin: 'host-file' as const, bytes: Buffer.from(text) };
  const read = readDocuments(
    unpackedSources([source], () => ({ wrong: 'broken' })),
    modes,
  );
  return [...read.diagnostics, ...wholeDiagnostics(read, ['x'], modes)];
};

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(nodeConfigSchema());

t.test('a document with every field is right, here and in an editor', async (t) => {
  t.strictSame(
    diagnosticsOf(EVERYTHING).filter(({ code }) => code !== 'doubled-max-pods' && code !== 'doubled-field'),
    [],
  );
  t.ok(validate(parse(EVERYTHING)), JSON.stringify(validate.errors?.slice(0, 3)));
});

t.test('an editor sees typos, too', async (t) => {
  for (const [was, typo] of [
    ['cidr:', 'cird:'],
    ['FastImagePull: false', 'FastImagePull: 0'],
    ['strategy: raid0', 'strategy: raid5'],
    ['maxParallelImagePulls', 'maxParalelImagePulls'],
    ['swapBehavior: LimitedSwap', 'swapBehavior: 1'],
    ['effect: NoExecute', 'effect: NoExecution'],
    ['v1alpha1', 'v1alpha'],
    ['mountTargets: [/data]', 'mountTarget: [/data]'],
  ] as const) {
    const text = EVERYTHING.replace(was, typo);
    t.not(text, EVERYTHING, typo);
    t.notOk(validate(parse(text)), typo);
    t.ok(
      diagnosticsOf(text).some(({ severity }) => severity === 'error'),
      typo,
    );
  }
});

t.test('presets and durations', async (t) => {
  for (const preset of Object.values(SYSTEM_RESERVED_PRESETS))
    for (const quantity of Object.values(preset ?? {})) t.equal(checkQuantity(quantity), undefined, quantity);
  t.equal(secondsOf('1h2m3s'), 3723);
  t.equal(secondsOf('1.5s'), 1.5);
  t.equal(secondsOf('500ms'), 0.5);
});
