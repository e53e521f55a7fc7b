/** The lines that bootstrap.sh wrote about its decisions, word for word where the event exists: people's scripts look for them. */
import type { Plan } from '../../core/desired.ts';
import type { Facts, Need } from '../../core/facts.ts';
import type { NodeSpec } from '../../core/spec.ts';
import type { ApplyResult } from '../../node/apply.ts';

type ActionResult = ApplyResult['actions'][number];

/** Before the world is asked. */
export const askingLines = (spec: NodeSpec, needs: readonly Need[]): string[] =>
  needs.some((need) => need.fact === 'cluster') && (spec.cluster.endpoint === undefined || spec.cluster.certificateAuthority === undefined)
    ? ['--b64-cluster-ca or --apiserver-endpoint is not defined, describing cluster...']
    : [];

const dnsLines = (plan: Plan): string[] => {
  const decision = plan.decisions.find((d) => d.key === 'clusterDNS');
  const address = Array.isArray(decision?.value) ? decision.value.join(',') : String(decision?.value ?? '');
  const input = decision?.because.inputs.find((i) => /service.*cidr/i.test(i.name));
  switch (decision?.because.rule) {
    case 'cluster-dns.service-cidr':
      // bootstrap.sh said nothing in an IPv6 cluster.
      return [
        `Detected SERVICE_${address.includes(':') ? 'IPV6' : 'IPV4'}_CIDR='${String(input?.value ?? '')}'. Will set DNS_CLUSTER_IP as '${address}'.`,
      ];
    case 'cluster-dns.vpc-guess':
      return [
        'No --service-ipv4-cidr set, will try to determine DNS_CLUSTER_IP by VPC IPV4 CIDR Blocks from IMDS.',
        `Detected ${address === '172.20.0.10' ? '' : 'no '}VPC CIDR (IPv4) in 10.0.0.0/8 range. Will set DNS_CLUSTER_IP as '${address}'.`,
      ];
    default:
      return [];
  }
};

const familyLines = (plan: Plan): string[] => {
  const family = plan.decisions.find((d) => d.key === 'ipFamily')?.value;
  return typeof family === 'string' ? [`Using IP family: ${family}`] : [];
};

/** After everything is decided, before anything is written. */
export const decidedLines = (spec: NodeSpec, facts: Facts, plan: Plan): string[] => [
  `Using kubelet version ${facts.host.kubeletVersion ?? '(none)'}`,
  `Using ${String(plan.decisions.find(({ key }) => key === 'containerRuntime')?.value ?? 'containerd')} as the container runtime`,
  ...(spec.kubelet.extraArgs?.value.includes('--reserved-cpus')
    ? ['--kubelet-extra-args includes --reserved-cpus, so kube/system-reserved cgroups will not be used.']
    : []),
  ...familyLines(plan),
  ...dnsLines(plan),
  ...(facts.instanceTypes?.[facts.instance.type ?? ''] === undefined
    ? []
    : [`No entry for type '${facts.instance.type}' in the table of instance types, its limits come from DescribeInstanceTypes.`]),
];

const DONE: Readonly<Record<ActionResult['kind'], string>> = {
  'make-directory': 'made',
  'write-file': 'wrote',
  'remove-file': 'removed',
  'reload-units': 'reloaded',
  'enable-unit': 'enabled',
  'disable-unit': 'disabled',
  'start-unit': 'started',
  'restart-unit': 'restarted',
  'stop-unit': 'stopped',
  'create-array': 'created',
  'make-file-system': 'formatted',
  'announce-device': 'announced',
  'copy-directory': 'copied to',
  'run-program': 'ran',
};

/** What an image's boot will do, one line for each reason: `skipped (…): reload systemd units, start kubelet.service`. */
export const skippedLines = (actions: readonly ActionResult[]): string[] => {
  const byReason = Map.groupBy(
    actions.filter(({ status }) => status === 'skipped'),
    ({ reason }) => reason ?? '',
  );
  const said = ({ kind, unit }: ActionResult): string => `${kind.split('-')[0]} ${unit ?? 'systemd units'}`;
  return [...byReason].map(([reason, skipped]) => `skipped (${reason}): ${skipped.map(said).join(', ')}`);
};

/** `wrote /etc/containerd/config.toml`, `restarted kubelet.service`. */
export const doneLine = ({ kind, path, unit, device, program }: ActionResult): string =>
  `${DONE[kind]} ${path ?? unit ?? device ?? program ?? 'systemd units'}`;
