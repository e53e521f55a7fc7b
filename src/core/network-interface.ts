/**
 * Who configures a network interface, systemd-networkd or the VPC CNI, and what networkd is told (amazon-eks-ami nodeadm/internal/udev,
 * nodeadm/internal/system). Interfaces that are there before the node starts are networkd's; those that come later belong to the CNI,
 * whose routes networkd would flush.
 */

export type InterfaceManager = 'io.systemd.Network' | 'cni';

/** What IMDS says of an interface. */
export interface InterfaceFacts {
  /** Lower case. */
  readonly mac: string;
  readonly isPrimary: boolean;
  readonly networkCard: number;
  readonly deviceIndex: number;
  readonly localIpv4s: readonly string[];
}

const DECISIONS = '/etc/eks/nodeadm/udev-net-manager';

/** An instance's decisions: a file for each interface. An image that was made from a node has another instance's, which do not count. */
export const decisionsDirectory = (instanceId: string): string => `${DECISIONS}/${instanceId}`;
export const networkFilePath = (name: string): string => `/run/systemd/network/70-eks-${name}.network`;

/** Takes the image's own match of EC2's interfaces out of use. */
export const EC2_DISABLED = {
  path: '/run/systemd/network/80-ec2.network.d/10-eks-disable.conf',
  text: '[Match]\nName=none\n',
};

/** What the kernel allows as a name, less what would be no file name (dev_valid_name, 15 bytes). */
export const isInterfaceName = (text: string): boolean => /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}$/.test(text);

const METRIC = { base: 512, card: 100 };
const TABLE = { base: 10_000, card: 100 };
const RULE_PRIORITY = 32_765;

const section = (name: string, ...lines: readonly string[]): string => `[${name}]\n${lines.join('\n')}\n`;

/** The .network file of an interface that is networkd's. Secondary ones answer from their own table, so that replies leave where requests came in. */
export const networkFileText = ({ mac, isPrimary, networkCard, deviceIndex, localIpv4s }: InterfaceFacts): string => {
  const metric = METRIC.base + METRIC.card * networkCard + deviceIndex;
  const table = TABLE.base + TABLE.card * networkCard + deviceIndex;
  const [address] = localIpv4s;
  const own = isPrimary
    ? []
    : [
        section('Route', `Table=${table}`, 'Gateway=_ipv6ra'),
        section('Route', `Table=${table}`, 'Gateway=_dhcp4'),
        ...(address === undefined ? [] : [section('RoutingPolicyRule', `From=${address}`, `Table=${table}`, `Priority=${RULE_PRIORITY}`)]),
      ];
  return [
    section('Match', `PermanentMACAddress=${mac}`),
    section('Link', 'MTUBytes=9001'),
    section('Network', 'DHCP=yes', 'IPv6DuplicateAddressDetection=0', 'LLMNR=no', 'DNSDefaultRoute=yes'),
    section('DHCPv4', 'UseHostname=no', 'UseDNS=yes', 'UseNTP=yes', 'UseDomains=yes'),
    section('DHCPv6', 'UseHostname=no', 'UseDNS=yes', 'UseNTP=yes', 'WithoutRA=solicit'),
    section('DHCPv4', `RouteMetric=${metric}`, 'UseRoutes=true', 'UseGateway=true'),
    section('IPv6AcceptRA', `RouteMetric=${metric}`, 'UseGateway=true'),
    ...own,
  ].join('\n');
};

/** A link in `networkctl list --json`. */
export interface Link {
  readonly name: string;
  /** `configured`, `configuring`, `unmanaged` … */
  readonly state: string;
}

/** The links of `networkctl list --json=pretty`; undefined: it is no such answer. */
export const linksOf = (text: string): readonly Link[] | undefined => {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list: unknown = typeof answer === 'object' && answer !== null && 'Interfaces' in answer ? answer.Interfaces : undefined;
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((link: { Name?: unknown; AdministrativeState?: unknown } | null) =>
    typeof link?.Name === 'string' ? [{ name: link.Name, state: String(link.AdministrativeState ?? '') }] : [],
  );
};

/** The state in a file of /run/systemd/netif/links, in which networkd leaves word of a link. Empty: it has none yet. */
export const stateIn = (text: string): string => /^ADMIN_STATE=(.*)$/m.exec(text)?.[1] ?? '';

/** What the network still lacks before a node may be set up, one clause each; none: it is as it should be. */
export const networkFaultsOf = (links: readonly Link[], managed: ReadonlySet<string>): readonly string[] => [
  ...[...managed].filter((name) => !links.some((link) => link.name === name)).map((name) => `${name} is not there`),
  ...links.flatMap(({ name, state }) => {
    const wanted = managed.has(name) ? 'configured' : 'unmanaged';
    return state === wanted ? [] : [`${name} is ${state || 'in no state'}, not ${wanted}`];
  }),
];
