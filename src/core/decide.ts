/** The one decision: from what is wanted and what is known to what the node should be. */
import type { Desired } from './desired.ts';
import type { Facts } from './facts.ts';
import { needsOf } from './needs.ts';
import type { Checked } from './report.ts';
import type { NodeSpec } from './spec.ts';
import { amazonLinux2 } from './targets/amazon-linux-2.ts';
import { amazonLinux2023 } from './targets/amazon-linux-2023.ts';

/**
 * Decides everything. `diagnostics` are all of them, errors and warnings; the warnings stand in the value, too.
 * @throws Error when a fact is missing that needsOf would have named: a bug of the caller.
 */
export const decide = (spec: NodeSpec, facts: Facts): Checked<Desired> => {
  const missing = needsOf(spec, facts);
  if (missing.length > 0) throw new Error(`decided before all facts were known: ${missing.map(({ fact }) => fact).join(', ')}`);
  return spec.target === 'amazon-linux-2' ? amazonLinux2.render(spec, facts) : amazonLinux2023.render(spec, facts);
};
