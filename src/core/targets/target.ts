/** What a node family is to the rest of the program: one pure function from what is wanted and known to what the node should be. */
import type { Desired } from '../desired.ts';
import type { Facts } from '../facts.ts';
import type { Checked } from '../report.ts';
import type { NodeSpec } from '../spec.ts';

export interface Target<S extends NodeSpec> {
  readonly name: S['target'];
  /** All diagnostics of all rules at once; a value only when none is an error. Needs facts without gaps (needsOf is empty). */
  readonly render: (spec: S, facts: Facts) => Checked<Desired>;
}
