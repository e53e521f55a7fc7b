/**
 * What a unit's journal says about why it does not come up: known messages of kubelet, client-go, containerd and systemd with the likely
 * cause and what to do. The kubelet prints its real reason among many consequences, and the last one it knows counts.
 */
import { redacted } from './redact.ts';

export interface JournalCause {
  /** The check that looks at this more closely: `api-auth`, `dns`, `kubelet-config` … */
  readonly check: string;
  readonly cause: string;
  readonly remedy: string;
  /** The line that says so. */
  readonly line: string;
}

interface Row extends Omit<JournalCause, 'line'> {
  readonly pattern: RegExp;
  /** Also seen while everything is well; counts only where nothing else does. */
  readonly isWeak?: true;
}

const CONFIG = 'kubelet-config';

/** Within a line the first row that matches counts. Bounded repetitions only: journal lines come from anywhere. */
const ROWS: readonly Row[] = [
  {
    check: 'api-auth',
    pattern: /Unable to register node.{0,500}Unauthorized/,
    cause: 'the API server does not accept the identity of this node',
    remedy:
      'Give the instance role an access entry of type EC2_LINUX (or a mapRoles line in aws-auth, without path in the ARN); check the cluster name in the kubeconfig and the clock.',
  },
  {
    check: 'api-identity',
    pattern: /is not allowed to modify node/,
    cause: 'the kubelet registers under a name that is not the one of its identity',
    remedy: "Remove --hostname-override from the kubelet's extra arguments: the name must be the instance's private DNS name.",
  },
  {
    check: 'dhcp-domain',
    pattern: /node \\?"\\?" not found/,
    cause: 'the node has no name',
    remedy: "Give the VPC's DHCP option set a single domain-name, and enable DNS hostnames: the instance has no private DNS name.",
  },
  {
    check: 'token-build',
    pattern: /getting credentials: exec: .{0,500}(exit status|exit code|not found|no such file)/,
    cause: 'the credential plugin that the kubeconfig names fails or is not there',
    remedy: 'Run the command of users[0].user.exec in /var/lib/kubelet/kubeconfig by hand, as root.',
  },
  {
    check: 'imds-role',
    pattern: /No ?[Vv]alid ?[Cc]redential|NoCredentialProviders|failed to refresh cached credentials/,
    cause: 'the instance has no usable role',
    remedy: 'Attach an instance profile whose role trusts ec2.amazonaws.com; see whether IMDS answers (`bootwright facts`).',
  },
  {
    check: 'tls-endpoint',
    pattern: /x509: certificate signed by unknown authority|x509: certificate is not valid for any names/,
    cause: "the cluster's CA did not sign the endpoint's certificate",
    remedy:
      'CA and endpoint must be those of one cluster (leave both out and they are asked for); or a proxy that inspects TLS stands between.',
  },
  {
    check: 'clock',
    pattern: /x509: certificate has expired or is not yet valid/,
    cause: 'a certificate has expired, or the clock is wrong',
    remedy: 'Compare `date -u` with the true time; use chrony with 169.254.169.123.',
  },
  {
    check: 'containerd',
    pattern:
      /validate service connection|containerd\.sock.{0,200}(connection refused|no such file or directory)|unknown service runtime\.v1/,
    cause: 'the kubelet does not reach the container runtime',
    remedy: 'See `systemctl status containerd` and `journalctl -u containerd`; its CRI plugin must not be among disabled_plugins.',
  },
  {
    check: 'containerd-config',
    pattern: /failed to (?:load|unmarshal) TOML|Failure unmarshaling TOML|invalid plugin config/,
    cause: 'containerd does not accept its configuration',
    remedy:
      'Run `containerd config dump` and correct /etc/containerd/config.toml, its imports, or the file given by --containerd-config-file.',
  },
  {
    check: 'dns-endpoint',
    pattern: /no such host/,
    cause: "the name of the cluster's endpoint does not resolve",
    remedy:
      'Enable DNS support and DNS hostnames in the VPC, use AmazonProvidedDNS or a resolver that forwards to it; check the endpoint for a typing error.',
  },
  {
    check: 'tcp-endpoint',
    pattern: /dial tcp .{0,200}(i\/o timeout|no route to host|connection refused|network is unreachable)/,
    cause: "the cluster's endpoint does not answer",
    remedy:
      "Allow port 443 from the node to the cluster's security group (private endpoint), or give the subnet a way out and the node's address a place in publicAccessCidrs (public endpoint).",
  },
  {
    check: 'static-state',
    pattern: /differs from state checkpoint policy|could not restore state from checkpoint/,
    cause: 'the CPU or memory manager has a state file of another policy',
    remedy: 'Drain the node, remove /var/lib/kubelet/cpu_manager_state and memory_manager_state, then restart the kubelet.',
  },
  {
    check: CONFIG,
    pattern: /unknown flag: |failed to parse kubelet flag|unknown shorthand flag/,
    cause: 'this kubelet does not know one of its arguments',
    remedy: 'Take the argument out of --kubelet-extra-args, or spell it as this version does (`kubelet --help`).',
  },
  {
    check: CONFIG,
    pattern: /unrecognized feature gate|unknown feature gate|cannot set feature gate/i,
    cause: 'this kubelet does not know a feature gate, or does not let it be changed',
    remedy: 'Remove the gate from featureGates in /etc/kubernetes/kubelet/kubelet-config.json or from --feature-gates.',
  },
  {
    check: CONFIG,
    pattern: /Using lenient decoding as strict decoding failed/,
    cause: 'the kubelet does not know a key of its configuration file, and ignores it',
    remedy: 'Remove the key that the line names from /etc/kubernetes/kubelet/kubelet-config.json.',
    isWeak: true,
  },
  {
    check: CONFIG,
    pattern: /invalid configuration: |failed to load kubelet config file|failed to decode: /,
    cause: 'the kubelet does not accept its configuration file',
    remedy:
      'Correct the key that the line names in /etc/kubernetes/kubelet/kubelet-config.json; what is not known to this version must go.',
  },
  {
    check: 'memory',
    pattern: /running with swap on is not supported/,
    cause: 'swap is on',
    remedy: 'swapoff -a and remove it from /etc/fstab, or set failSwapOn to false.',
  },
  {
    check: 'cgroup-driver',
    pattern:
      /cgroup driver: .{0,100}is different from|cgroup v1 support is .{0,60}(disabled|removed)|configured to not run on a host using cgroup v1/,
    cause: 'the cgroups of this machine are not those that the kubelet expects',
    remedy:
      'Use the systemd cgroup driver in kubelet and containerd, with dockerd the one in exec-opts of its daemon.json, and cgroup v2 with recent kubelets.',
  },
  {
    check: 'sysctl',
    pattern: /invalid kernel flag: /,
    cause: 'protectKernelDefaults is on and a kernel setting is not the expected one',
    remedy: 'Set the value that the line names by sysctl, in /etc/sysctl.d.',
  },
  {
    check: CONFIG,
    pattern: /failed to validate kubelet configuration|unknown field/,
    cause: 'the kubelet does not accept its configuration file',
    remedy:
      'Correct the key that the line names in /etc/kubernetes/kubelet/kubelet-config.json; what is not known to this version must go.',
  },
  {
    check: 'port',
    pattern: /address already in use/,
    cause: 'another process listens on a port of the kubelet',
    remedy: "See `ss -ltnp 'sport = :10250 or sport = :10248'` and stop what should not be there.",
  },
  {
    check: 'disk',
    pattern: /no space left on device|disk quota exceeded/,
    cause: 'a file system is full',
    remedy: 'Free space: df -h and df -i of /, /var/lib/kubelet and /var/lib/containerd.',
  },
  {
    check: 'program',
    pattern: /Failed to locate executable |Failed at step EXEC |status=203\/EXEC/,
    cause: 'the program that the unit starts is not there or cannot be run',
    remedy: 'Install it at the path that ExecStart names, for this architecture, and executable.',
  },
  {
    check: 'node-registration',
    pattern: /Unable to register node with API server/,
    cause: 'the API server does not take the node',
    remedy: 'The end of the line says why.',
  },
  {
    check: CONFIG,
    pattern: /[Ff]ailed to run [Kk]ubelet|"command failed"/,
    cause: 'the kubelet gives up',
    remedy: 'The end of the line says why; correct the flag or key that it names.',
  },
  {
    check: 'cni-ready',
    pattern: /cni plugin not initialized|cni config uninitialized/,
    cause: 'no network plugin has been installed yet',
    remedy: 'That is the aws-node pod: it starts once the node is registered. If it does not, see its log.',
    isWeak: true,
  },
];

/** Longer lines are cut before anything looks at them. */
const LONGEST = 2000;
const shortened = (line: string): string => (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line);

const rowOf = (line: string): Row | undefined => ROWS.find(({ pattern }) => pattern.test(line));

/** The likely cause by the journal's lines, oldest first: the last line that says one. Secrets in the line are masked. */
export const journalCauseOf = (lines: readonly string[]): JournalCause | undefined => {
  const found = lines.map(shortened).flatMap((line) => {
    const row = rowOf(line);
    return row === undefined ? [] : [{ row, line }];
  });
  const { row, line } = found.findLast(({ row }) => !row.isWeak) ?? found.at(-1) ?? {};
  if (row === undefined || line === undefined) return undefined;
  return { check: row.check, cause: row.cause, remedy: row.remedy, line: redacted(line) };
};

/** klog's header (`E1121 08:43:11.123456    1234 server.go:293]`) and Go's date: what makes two equal messages differ. */
const STAMP = /^(?:[IWEF]\d{4} [\d:.]{8,20} +\d+ [\w./-]+:\d+\] |time="[^"]{1,60}" )/;
const TROUBLE = /^[EF]\d{4} |level=(?:error|fatal)|\b(?:[Ee]rror|[Ff]ailed|[Ff]atal|panic)\b/;

/** The lines a person should read, oldest first: those that speak of trouble, each message once (its last time); without any, the end. */
export const decisiveLines = (lines: readonly string[], most = 5): string[] => {
  const full = lines.map(shortened).filter((line) => line.trim() !== '');
  const trouble = full.filter((line) => rowOf(line) !== undefined || TROUBLE.test(line));
  const byMessage = new Map<string, string>();
  for (const line of trouble.length > 0 ? trouble : full) {
    const message = line.replace(STAMP, '');
    byMessage.delete(message);
    byMessage.set(message, line);
  }
  return [...byMessage.values()].slice(-most).map(redacted);
};
