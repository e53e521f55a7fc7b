/** Names of variants: `aws-k8s-1.34`, `aws-k8s-1.34-nvidia-fips`, `metal-k8s-1.29`. */
import type { LintTarget } from './finding.ts';

const FORM = /^(?:aws|metal|vmware)-k8s-(\d\.\d{2})(-nvidia)?(?:-fips)?$/;

/** What a variant says of a node; undefined: it is none with Kubernetes. */
export const variantOf = (name: string): LintTarget | undefined => {
  const [, kubernetes, nvidia] = FORM.exec(name) ?? [];
  return kubernetes === undefined ? undefined : { kubernetes, hasNvidia: nvidia !== undefined };
};
