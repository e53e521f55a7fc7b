/** What a user would type to change something on Amazon Linux 2023, in the language that they spoke. */
import type { AmazonLinux2023Spec } from '../spec.ts';

const NODE_CONFIG = {
  endpoint: 'spec.cluster.apiServerEndpoint',
  certificateAuthority: 'spec.cluster.certificateAuthority',
  serviceCidr: 'spec.cluster.cidr',
  enableOutpost: 'spec.cluster.enableOutpost',
  clusterId: 'spec.cluster.id',
  instanceIdNodeName: 'spec.featureGates.InstanceIdNodeName',
  kubeletFlags: 'spec.kubelet.flags',
  kubeletConfig: 'spec.kubelet.config',
  localDisks: 'spec.instance.localStorage',
  maxPods: 'spec.kubelet.maxPodsExpression',
  containerdConfig: 'spec.containerd.config',
} as const;

type Words = { readonly [what in keyof typeof NODE_CONFIG]: string };

const BOOTSTRAP: Words = {
  endpoint: '--apiserver-endpoint together with --b64-cluster-ca',
  certificateAuthority: '--b64-cluster-ca together with --apiserver-endpoint',
  serviceCidr: '--service-ipv4-cidr, --service-ipv6-cidr or --dns-cluster-ip',
  enableOutpost: '--enable-local-outpost',
  clusterId: '--cluster-id',
  instanceIdNodeName: '--node-name instance-id',
  kubeletFlags: '--kubelet-extra-args',
  kubeletConfig: '--kubelet-extra-args',
  localDisks: '--local-disks (LOCAL_DISKS)',
  maxPods: "--kubelet-extra-args '--max-pods=N' with --use-max-pods false",
  containerdConfig: '--containerd-config-file',
};

export const wordsOf = ({ options }: AmazonLinux2023Spec): Words => (options.language === 'node-config' ? NODE_CONFIG : BOOTSTRAP);
