/** The one list of checks, in the order of causes: what stands before may be why what stands behind fails. */
import type { Check } from './check.ts';
import { ENDPOINT_CHECKS } from './endpoint.ts';
import { IDENTITY_CHECKS } from './identity.ts';
import { INSTANCE_CHECKS } from './instance.ts';
import { KUBELET_CHECKS } from './kubelet.ts';

export const CHECKS: readonly Check[] = [...INSTANCE_CHECKS, ...ENDPOINT_CHECKS, ...IDENTITY_CHECKS, ...KUBELET_CHECKS];
