/**
 * settings.kubernetes of the variants with Kubernetes: bottlerocket-settings-sdk (settings-extensions/kubernetes), its changelog, and the
 * releases of bottlerocket and bottlerocket-core-kit for the versions.
 */
import * as rule from './kubernetes-rules.ts';
import { base64, domain, flag, hostname, i32, i64, identifier, ip, nonNegative, singleLine, text, u8, u32, url } from './rules.ts';
import { either, type Fields, leaf, list, type Meta, map, type Setting, table } from './setting.ts';

const EVICTION = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available'];
const eviction = (value: typeof text, meta: Meta): Setting => table(Object.fromEntries(EVICTION.map((key) => [key, leaf(value)])), meta);

const RESERVED: Fields = {
  cpu: leaf(rule.quantity),
  memory: leaf(rule.quantity),
  'ephemeral-storage': leaf(rule.quantity),
  pid: leaf(rule.quantity, { since: '1.50' }),
};

const HUGE_PAGES = ['since core-kit 13.0 nothing is made of reserved huge pages', 'Remove it; memory is what can be reserved.'] as const;

const NODE: Fields = {
  'cluster-name': leaf(rule.clusterName),
  'cluster-certificate': leaf(base64),
  'api-server': leaf(url),
  'node-labels': map(rule.labelKey, rule.labelValue),
  'node-taints': map(rule.taintKey, either(rule.taintValue, rule.taintValue, '1.6')),
  'static-pods': map(identifier, table({ enabled: leaf(flag), manifest: leaf(base64) })),
  'static-pods-enabled': leaf(flag, { since: '1.46' }),
  'authentication-mode': leaf(rule.authMode),
  'bootstrap-token': leaf(rule.bootstrapToken, { isSecret: true }),
  'standalone-mode': leaf(flag),
  'server-tls-bootstrap': leaf(flag, { since: '1.1' }),
  'server-certificate': leaf(base64),
  'server-key': leaf(base64, { isSecret: true }),
  'cloud-provider': leaf(rule.providerWords, { since: '1.1' }),
  'cluster-domain': leaf(domain),
  'cluster-dns-ip': either(ip, ip, '1.8'),
  'node-ip': leaf(ip),
  'max-pods': leaf(u32),
  'provider-id': leaf(url, { since: '1.8' }),
  'hostname-override': leaf(hostname, { since: '1.13' }),
  'hostname-override-source': leaf(rule.hostnameSource, { since: '1.21' }),
  'credential-providers': map(
    identifier,
    table(
      {
        enabled: leaf(flag),
        'image-patterns': list(singleLine),
        'cache-duration': leaf(rule.duration),
        environment: map(text, text, { since: '1.14' }),
      },
      { required: ['enabled', 'image-patterns'] },
    ),
  ),
  'pod-infra-container-image': leaf(singleLine, {
    ignored: ['since Bottlerocket 1.21 the pause image is part of the system', 'Remove it.'],
  }),
  'container-runtime-endpoint': leaf(text, { after: '1.58' }),
  'fail-cgroup-v1': leaf(flag, { gone: 'it was in the model for two months only, until January 2026' }),
};

const RESOURCES: Fields = {
  'eviction-hard': eviction(rule.threshold, {}),
  'eviction-soft': eviction(rule.threshold, { since: '1.14' }),
  'eviction-soft-grace-period': eviction(rule.duration, { since: '1.14' }),
  'eviction-max-pod-grace-period': leaf(nonNegative, { since: '1.14' }),
  'kube-reserved': table(RESERVED),
  'system-reserved': table(RESERVED, { since: '1.1' }),
  'reserved-cpus': leaf(rule.cpuSet, { since: '1.21' }),
  'cpu-cfs-quota-enforced': leaf(flag, { since: '1.14' }),
  'cpu-manager-policy': leaf(rule.cpuManagerPolicy, { since: '1.1' }),
  'cpu-manager-reconcile-period': leaf(rule.duration, { since: '1.1' }),
  'cpu-manager-policy-options': list(rule.cpuPolicyOption, { since: '1.14' }),
  'topology-manager-scope': leaf(rule.topologyScope, { since: '1.2' }),
  'topology-manager-policy': leaf(rule.topologyPolicy, { since: '1.2' }),
  'topology-manager-policy-options': table(
    { 'prefer-closest-numa-nodes': leaf(flag), 'max-allowable-numa-nodes': leaf(rule.numaNodes) },
    { after: '1.57' },
  ),
  'memory-manager-policy': leaf(rule.memoryManagerPolicy),
  'memory-manager-reserved-memory': map(
    identifier,
    table(
      {
        enabled: leaf(flag),
        memory: leaf(rule.quantity),
        'hugepages-2Mi': leaf(rule.quantity, { ignored: HUGE_PAGES }),
        'hugepages-1Gi': leaf(rule.quantity, { ignored: HUGE_PAGES }),
      },
      { required: ['enabled'] },
    ),
  ),
  'memory-swap-behavior': leaf(rule.swapBehavior, { after: '1.39', kubernetes: '1.30' }),
  'memory-reservation-policy': leaf(rule.reservationPolicy, { after: '1.58' }),
  'memory-throttling-factor': leaf(rule.throttlingFactor, { after: '1.58' }),
  'pod-pids-limit': leaf(i64, { since: '1.8' }),
  'single-process-oom-kill': leaf(flag, { since: '1.39', kubernetes: '1.32' }),
  'ids-per-pod': leaf(rule.idsPerPod, { since: '1.51', kubernetes: '1.33' }),
};

const BEHAVIOUR: Fields = {
  'allowed-unsafe-sysctls': list(singleLine),
  'registry-qps': leaf(i32, { since: '1.1' }),
  'registry-burst': leaf(i32, { since: '1.1' }),
  'event-qps': leaf(i32, { since: '1.1' }),
  'event-burst': leaf(i32, { since: '1.1' }),
  'kube-api-qps': leaf(i32, { since: '1.1' }),
  'kube-api-burst': leaf(i32, { since: '1.1' }),
  'container-log-max-size': leaf(rule.quantity, { since: '1.1' }),
  'container-log-max-files': leaf(i32, { since: '1.1' }),
  'container-log-max-workers': leaf(i32, { since: '1.39', kubernetes: '1.30' }),
  'container-log-monitor-interval': leaf(rule.duration, { since: '1.39', kubernetes: '1.30' }),
  'image-gc-high-threshold-percent': leaf(rule.integerPercent, { since: '1.9' }),
  'image-gc-low-threshold-percent': leaf(rule.integerPercent, { since: '1.9' }),
  'image-minimum-gc-age': leaf(rule.duration, { since: '1.51' }),
  'image-maximum-gc-age': leaf(rule.duration, { since: '1.51' }),
  'max-parallel-image-pulls': leaf(i32, { since: '1.51' }),
  'seccomp-default': leaf(flag, { since: '1.15' }),
  'shutdown-grace-period': leaf(rule.duration, { since: '1.14' }),
  'shutdown-grace-period-for-critical-pods': leaf(rule.duration, { since: '1.14' }),
  'device-ownership-from-security-context': leaf(flag, { since: '1.30' }),
  'log-level': leaf(u8, { since: '1.10' }),
};

export const KUBERNETES = table({ ...NODE, ...RESOURCES, ...BEHAVIOUR });
