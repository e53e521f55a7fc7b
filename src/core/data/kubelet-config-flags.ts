/**
 * What the kubelet knows of its own configuration beside the fields: which flags say the same, and what holds where nobody says anything.
 * Read on 2026-11-21 from Kubernetes 1.36.3: AddKubeletConfigFlags in cmd/kubelet/app/options/options.go, SetDefaults_KubeletConfiguration
 * in pkg/kubelet/apis/config/v1beta1/defaults.go, AddFlags in component-base's logs/api/v1/options.go.
 */

/** Flag → path of the field, by the form of the flag's value. `map<`: pairs with a `<` between. */
export const KUBELET_CONFIG_FLAGS: { readonly [form: string]: string } = {
  bool: 'anonymous-auth=authentication.anonymous.enabled authentication-token-webhook=authentication.webhook.enabled cgroups-per-qos=cgroupsPerQOS contention-profiling=enableContentionProfiling cpu-cfs-quota=cpuCFSQuota enable-controller-attach-detach=enableControllerAttachDetach enable-debugging-handlers=enableDebuggingHandlers enable-server=enableServer fail-cgroupv1=failCgroupV1 fail-swap-on=failSwapOn kernel-memcg-notification=kernelMemcgNotification local-storage-capacity-isolation=localStorageCapacityIsolation make-iptables-util-chains=makeIPTablesUtilChains protect-kernel-defaults=protectKernelDefaults register-node=registerNode rotate-certificates=rotateCertificates rotate-server-certificates=serverTLSBootstrap runonce=runOnce serialize-image-pulls=serializeImagePulls',
  number:
    'container-log-max-files=containerLogMaxFiles event-burst=eventBurst event-qps=eventRecordQPS eviction-max-pod-grace-period=evictionMaxPodGracePeriod healthz-port=healthzPort image-gc-high-threshold=imageGCHighThresholdPercent image-gc-low-threshold=imageGCLowThresholdPercent iptables-drop-bit=iptablesDropBit iptables-masquerade-bit=iptablesMasqueradeBit kube-api-burst=kubeAPIBurst kube-api-qps=kubeAPIQPS max-open-files=maxOpenFiles max-pods=maxPods node-status-max-images=nodeStatusMaxImages oom-score-adj=oomScoreAdj pod-max-pids=podPidsLimit pods-per-core=podsPerCore port=port read-only-port=readOnlyPort registry-burst=registryBurst registry-qps=registryPullQPS v=logging.verbosity',
  text: 'address=address authentication-token-webhook-cache-ttl=authentication.webhook.cacheTTL authorization-mode=authorization.mode authorization-webhook-cache-authorized-ttl=authorization.webhook.cacheAuthorizedTTL authorization-webhook-cache-unauthorized-ttl=authorization.webhook.cacheUnauthorizedTTL cgroup-driver=cgroupDriver cgroup-root=cgroupRoot client-ca-file=authentication.x509.clientCAFile cluster-domain=clusterDomain container-log-max-size=containerLogMaxSize container-runtime-endpoint=containerRuntimeEndpoint cpu-cfs-quota-period=cpuCFSQuotaPeriod cpu-manager-policy=cpuManagerPolicy cpu-manager-reconcile-period=cpuManagerReconcilePeriod eviction-pressure-transition-period=evictionPressureTransitionPeriod file-check-frequency=fileCheckFrequency hairpin-mode=hairpinMode healthz-bind-address=healthzBindAddress http-check-frequency=httpCheckFrequency image-service-endpoint=imageServiceEndpoint kube-api-content-type=contentType kube-reserved-cgroup=kubeReservedCgroup kubelet-cgroups=kubeletCgroups log-flush-frequency=logging.flushFrequency logging-format=logging.format manifest-url=staticPodURL memory-manager-policy=memoryManagerPolicy minimum-image-ttl-duration=imageMinimumGCAge node-status-update-frequency=nodeStatusUpdateFrequency pod-cidr=podCIDR pod-manifest-path=staticPodPath provider-id=providerID reserved-cpus=reservedSystemCPUs resolv-conf=resolvConf runtime-request-timeout=runtimeRequestTimeout streaming-connection-idle-timeout=streamingConnectionIdleTimeout sync-frequency=syncFrequency system-cgroups=systemCgroups system-reserved-cgroup=systemReservedCgroup tls-cert-file=tlsCertFile tls-min-version=tlsMinVersion tls-private-key-file=tlsPrivateKeyFile topology-manager-policy=topologyManagerPolicy topology-manager-scope=topologyManagerScope volume-plugin-dir=volumePluginDir volume-stats-agg-period=volumeStatsAggPeriod',
  list: 'allowed-unsafe-sysctls=allowedUnsafeSysctls cluster-dns=clusterDNS enforce-node-allocatable=enforceNodeAllocatable tls-cipher-suites=tlsCipherSuites',
  'map=':
    'cpu-manager-policy-options=cpuManagerPolicyOptions eviction-minimum-reclaim=evictionMinimumReclaim eviction-soft-grace-period=evictionSoftGracePeriod kube-reserved=kubeReserved qos-reserved=qosReserved system-reserved=systemReserved topology-manager-policy-options=topologyManagerPolicyOptions',
  'map<': 'eviction-hard=evictionHard eviction-soft=evictionSoft',
  gates: 'feature-gates=featureGates',
  taints: 'register-with-taints=registerWithTaints',
  other: 'manifest-url-header=staticPodURLHeader reserved-memory=reservedMemory vmodule=logging.vmodule',
};

/**
 * Fields whose zero (0, an empty text) is the same as no value: the kubelet then takes its default.
 */
export const ZERO_IS_UNSET =
  'address authentication.webhook.cacheTTL authorization.mode authorization.webhook.cacheAuthorizedTTL authorization.webhook.cacheUnauthorizedTTL cgroupDriver configMapAndSecretChangeDetectionStrategy containerLogMaxSize containerRuntimeEndpoint contentType cpuManagerPolicy cpuManagerReconcilePeriod eventBurst evictionPressureTransitionPeriod fileCheckFrequency hairpinMode healthzBindAddress httpCheckFrequency imageMinimumGCAge kubeAPIBurst maxOpenFiles maxPods memoryManagerPolicy nodeLeaseDurationSeconds nodeStatusReportFrequency nodeStatusUpdateFrequency port registryBurst runtimeRequestTimeout streamingConnectionIdleTimeout syncFrequency topologyManagerPolicy topologyManagerScope volumePluginDir volumeStatsAggPeriod';

/** Defaults of kubelet 1.28, which there beat what a file before the drop-in says: those that are neither false nor 0. */
export const KUBELET_1_28_DEFAULTS: { readonly [path: string]: string | number | boolean | readonly string[] } = {
  address: '0.0.0.0',
  'authentication.webhook.cacheTTL': '2m0s',
  'authentication.webhook.enabled': true,
  'authorization.mode': 'Webhook',
  'authorization.webhook.cacheAuthorizedTTL': '5m0s',
  'authorization.webhook.cacheUnauthorizedTTL': '30s',
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: true,
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  containerLogMaxFiles: 5,
  containerLogMaxSize: '10Mi',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  contentType: 'application/vnd.kubernetes.protobuf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  enableControllerAttachDetach: true,
  enableDebuggingHandlers: true,
  enableServer: true,
  enforceNodeAllocatable: ['pods'],
  eventBurst: 100,
  eventRecordQPS: 50,
  evictionPressureTransitionPeriod: '5m0s',
  failSwapOn: true,
  hairpinMode: 'promiscuous-bridge',
  healthzBindAddress: '127.0.0.1',
  healthzPort: 10248,
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  imageMinimumGCAge: '2m0s',
  kubeAPIBurst: 100,
  kubeAPIQPS: 50,
  localStorageCapacityIsolation: true,
  makeIPTablesUtilChains: true,
  maxOpenFiles: 1_000_000,
  maxPods: 110,
  memoryManagerPolicy: 'None',
  memoryThrottlingFactor: 0.9,
  nodeLeaseDurationSeconds: 40,
  nodeStatusMaxImages: 50,
  nodeStatusReportFrequency: '5m0s',
  nodeStatusUpdateFrequency: '10s',
  oomScoreAdj: -999,
  podPidsLimit: -1,
  port: 10250,
  registerNode: true,
  registryBurst: 10,
  registryPullQPS: 5,
  resolvConf: '/etc/resolv.conf',
  runtimeRequestTimeout: '2m0s',
  serializeImagePulls: true,
  streamingConnectionIdleTimeout: '4h0m0s',
  syncFrequency: '1m0s',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  volumeStatsAggPeriod: '1m0s',
};
