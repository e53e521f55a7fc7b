/** Every name that a decision has on some target, for completion of `--explain`. */
export const DECIDED_KEYS: readonly string[] =
  'apiServerAddresses bpffs certificateAuthority cgroupDriver cloudProvider clusterDNS clusterId clusterName containerRuntime containerdConfig containerdRuntime credentialPlugin dockerConfig endpoint eniMaxPods evictionHard featureGates firewallRules firewallUnit gpuLabel hooks hostnameOverride imageCredentialProvider imageCredentialProviders ipFamily kubeReserved kubeletArgs kubeletExtraArgs kubeletFlags kubeletUnit kubeletVersion localDisks maxPods nodeIp nvidiaRuntime pauseImage providerID region reservedCgroups reservedSystemCPUs sandboxImageCommand sandboxImageUnit shutdownGracePeriod snapshotter systemReserved volumes'.split(
    ' ',
  );
