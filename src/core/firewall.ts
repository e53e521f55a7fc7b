/** iptables on dockerd nodes: the rules of the time before docker, which a unit of the EKS image restores after each start of docker. */
import type { Facts } from './facts.ts';
import { FIREWALL_RULES } from './paths.ts';
import { inputOf } from './provenance.ts';
import type { Decided } from './report.ts';

/** `saved`: by this run. `kept`: by an earlier run. `left`: a file that is not ours. `none`: nobody knows rules. */
type Firewall = 'saved' | 'kept' | 'left' | 'none';

export interface FirewallRules {
  readonly source: Decided<Firewall>;
  /** The file; undefined: not ours to write. */
  readonly text: string | undefined;
}

/** First line of a file of ours; iptables-restore skips it. */
const MARK = '# The rules before docker was started, saved once by bootwright.';

/**
 * bootstrap.sh saved anew in each run, with whatever kube-proxy and docker had added since. Here the file is made once: what another
 * program wrote there (iptables.service, an earlier bootstrap.sh) stays.
 */
export const firewallRulesOf = (facts: Facts): FirewallRules => {
  const file = facts.host.files?.[FIREWALL_RULES] ?? null;
  const rules = facts.host.firewallRules ?? null;
  const seen = inputOf(facts, `host.files.${FIREWALL_RULES}`, file === null ? null : `${file.length} characters`);
  const decided = (value: Firewall, reason: string): Decided<Firewall> => ({
    key: 'firewallRules',
    value,
    because: { rule: `firewall-rules.${value}`, text: reason, inputs: [seen] },
    changes: [`removing ${FIREWALL_RULES} before docker runs`],
  });
  if (file?.startsWith(`${MARK}\n`)) return { source: decided('kept', 'An earlier run saved them.'), text: file };
  if (file !== null) return { source: decided('left', 'The file that is there is not ours and stays.'), text: undefined };
  if (rules === null) return { source: decided('none', 'Nobody knows rules: this is an image, or there is no iptables.'), text: undefined };
  return { source: decided('saved', 'The rules of now, to be restored when docker has changed them.'), text: `${MARK}\n${rules}` };
};
