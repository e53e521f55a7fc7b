/** Which system a root holds, and what a line of the bootstrap.sh dialect means there. */
import type { Checked } from '../core/report.ts';
import type { AmazonLinux2Spec, NodeSpec, TargetName } from '../core/spec.ts';
import { readInput } from '../facts/files.ts';

const OS_RELEASE = '/etc/os-release';

/** os-release(5): values may stand in quotes. A system that does not say what it is has to be what bootstrap.sh was made for. */
export const systemOf = (root: string): TargetName => {
  const text = readInput(root, OS_RELEASE, false) ?? '';
  const fieldOf = (key: string): string | undefined => new RegExp(`^${key}=(["']?)([^"'\n]*)\\1$`, 'm').exec(text)?.[2];
  return fieldOf('ID') === 'amzn' && fieldOf('VERSION_ID')?.startsWith('2023') ? 'amazon-linux-2023' : 'amazon-linux-2';
};

/** `1.34` of `1.34.1`; undefined: nobody knows. */
export const minorOf = (version: string | null | undefined): string | undefined => /^\d+\.\d+/.exec(version ?? '')?.[0];

/** The same wish for a target. Errors: what cannot be done there. */
export const forTarget = async (spec: AmazonLinux2Spec, target: TargetName): Promise<Checked<NodeSpec>> => {
  if (target === 'amazon-linux-2') return { value: spec, diagnostics: [] };
  const { forAmazonLinux2023 } = await import('../core/targets/amazon-linux-2023-dialect.ts');
  return forAmazonLinux2023(spec);
};
