/** The one list of checks, in the order of causes: what stands before may be why what stands behind fails. */
import type { Check } from './check.ts';
import { CLUSTER_CHECKS } from './cluster.ts';
import { CONFIGURATION_CHECKS, NETWORK_PLUGIN_CHECKS } from './configuration.ts';
import { ENDPOINT_CHECKS, KUBECONFIG_CHECKS } from './endpoint.ts';
import { IDENTITY_CHECKS } from './identity.ts';
import { INSTANCE_CHECKS } from './instance.ts';
import { KUBELET_CHECKS, NODE_CHECKS } from './kubelet.ts';
import { MACHINE_CHECKS } from './machine.ts';

export const CHECKS: readonly Check[] = [
  ...INSTANCE_CHECKS,
  ...MACHINE_CHECKS,
  ...KUBECONFIG_CHECKS,
  ...CLUSTER_CHECKS,
  ...ENDPOINT_CHECKS,
  ...IDENTITY_CHECKS,
  ...CONFIGURATION_CHECKS,
  ...KUBELET_CHECKS,
  ...NETWORK_PLUGIN_CHECKS,
  ...NODE_CHECKS,
];
