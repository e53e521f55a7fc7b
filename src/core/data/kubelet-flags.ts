/** Made by build/kubelet-flags.ts from the sources of Kubernetes 1.21.14 to 1.36.3: do not edit. */

/** The kubelet's command-line flags by the first and the last version that has them. A boolean flag ends in `!`. */
export const KUBELET_FLAGS: { readonly [range: string]: string } = {
  '1.21-1.21': 'chaos-chance',
  '1.21-1.22': 'experimental-bootstrap-kubeconfig seccomp-profile-root',
  '1.21-1.23':
    'cni-bin-dir cni-cache-dir cni-conf-dir docker docker-endpoint docker-env-metadata-whitelist docker-only! docker-root docker-tls! docker-tls-ca docker-tls-cert docker-tls-key dynamic-config-dir experimental-check-node-capabilities-before-mount! experimental-dockershim-root-directory experimental-logging-sanitization! image-pull-progress-deadline network-plugin network-plugin-mtu non-masquerade-cidr really-crash-for-testing!',
  '1.21-1.24': 'experimental-kernel-memcg-notification!',
  '1.21-1.25':
    'add-dir-header! alsologtostderr! log-backtrace-at log-dir log-file log-file-max-size logtostderr! one-output! skip-headers! skip-log-headers! stderrthreshold',
  '1.21-1.26': 'container-runtime master-service-namespace',
  '1.21-1.29': 'azure-container-registry-config',
  '1.21-1.30': 'iptables-drop-bit iptables-masquerade-bit keep-terminated-pod-volumes!',
  '1.21-1.33': 'cloud-config register-schedulable!',
  '1.21-1.34': 'pod-infra-container-image',
  '1.21-1.36':
    'address allowed-unsafe-sysctls anonymous-auth! application-metrics-count-limit authentication-token-webhook! authentication-token-webhook-cache-ttl authorization-mode authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl boot-id-file bootstrap-kubeconfig cert-dir cgroup-driver cgroup-root cgroups-per-qos! client-ca-file cloud-provider cluster-dns cluster-domain config container-hints container-log-max-files container-log-max-size container-runtime-endpoint containerd containerd-namespace contention-profiling! cpu-cfs-quota! cpu-cfs-quota-period cpu-manager-policy cpu-manager-reconcile-period enable-controller-attach-detach! enable-debugging-handlers! enable-load-reader! enable-server! enforce-node-allocatable event-burst event-qps event-storage-age-limit event-storage-event-limit eviction-hard eviction-max-pod-grace-period eviction-minimum-reclaim eviction-pressure-transition-period eviction-soft eviction-soft-grace-period exit-on-lock-contention! experimental-allocatable-ignore-eviction! experimental-mounter-path fail-swap-on! feature-gates file-check-frequency global-housekeeping-interval hairpin-mode healthz-bind-address healthz-port help! hostname-override housekeeping-interval http-check-frequency image-credential-provider-bin-dir image-credential-provider-config image-gc-high-threshold image-gc-low-threshold image-service-endpoint kernel-memcg-notification! kube-api-burst kube-api-content-type kube-api-qps kube-reserved kube-reserved-cgroup kubeconfig kubelet-cgroups lock-file log-cadvisor-usage! log-flush-frequency logging-format machine-id-file make-iptables-util-chains! manifest-url manifest-url-header max-open-files max-pods maximum-dead-containers maximum-dead-containers-per-container memory-manager-policy minimum-container-ttl-duration minimum-image-ttl-duration node-ip node-labels node-status-max-images node-status-update-frequency oom-score-adj pod-cidr pod-manifest-path pod-max-pids pods-per-core port protect-kernel-defaults! provider-id qos-reserved read-only-port register-node! register-with-taints registry-burst registry-qps reserved-cpus reserved-memory resolv-conf root-dir rotate-certificates! rotate-server-certificates! runonce! runtime-cgroups runtime-request-timeout serialize-image-pulls! storage-driver-buffer-duration storage-driver-db storage-driver-host storage-driver-password storage-driver-secure! storage-driver-table storage-driver-user streaming-connection-idle-timeout sync-frequency system-cgroups system-reserved system-reserved-cgroup tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file topology-manager-policy topology-manager-scope v version! vmodule volume-plugin-dir volume-stats-agg-period',
  '1.22-1.36': 'cpu-manager-policy-options seccomp-default!',
  '1.23-1.36': 'log-json-info-buffer-size log-json-split-stream!',
  '1.25-1.36': 'local-storage-capacity-isolation!',
  '1.26-1.36': 'topology-manager-policy-options',
  '1.28-1.36': 'config-dir',
  '1.30-1.36': 'log-text-info-buffer-size log-text-split-stream!',
  '1.31-1.36': 'fail-cgroupv1!',
};
