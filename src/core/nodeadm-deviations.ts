/** Where we differ from nodeadm (amazon-eks-ami, July 2026) on purpose, with the reason; the README prints this table. */
import type { Deviation } from './deviations.ts';

export const NODEADM_DEVIATIONS: readonly Deviation[] = [
  {
    id: 'decided-first',
    was: 'validates after its EC2 calls and finds a bad CIDR, TOML or daemon when half of the files are written; files are written in place',
    now: 'everything is decided and checked before the first write; temporary file, fsync, rename; a run that was cut off is finished by the next',
    reason: 'a disk that was full left empty files, which a later run took for good',
  },
  {
    id: 'stale-outputs',
    was: 'drop-ins, environment files, SOCI’s files and lines in /etc/hosts of an earlier configuration stay',
    now: 'they go when nobody asks for them any more; files that are not ours stay',
    reason: 'a node runs with what nobody configures',
  },
  {
    id: 'restarts',
    was: 'containerd and the kubelet are restarted by each run',
    now: 'the same in `init --skip config`; a whole `init` restarts what reads a changed file',
    reason: 'running it again must be safe',
  },
  {
    id: 'flag-order',
    was: 'flags and variables of the kubelet stand in random order',
    now: 'in one order, the user’s flags last',
    reason: 'the same input gives the same bytes',
  },
  {
    id: 'ipv6-node-ip',
    was: 'all IPv6 addresses of the primary interface go into `--node-ip`, with line breaks',
    now: 'the first one; none is an error',
    reason: 'the kubelet refuses the rest, and a line break cuts off the flags behind it',
  },
  {
    id: 'cluster-dns',
    was: 'cuts text: `.10` behind the last dot of the CIDR, `a` before its slash',
    now: 'address 10 of the block by arithmetic; the same for every CIDR that EKS hands out; a warning where the block overlaps the VPC',
    reason: 'the pod or VPC network given as `cidr` breaks DNS in silence',
  },
  {
    id: 'certificate-authority',
    was: 'any base64, also of nothing',
    now: 'certificates that have not all expired',
    reason: 'the kubelet cannot tell which side is wrong',
  },
  {
    id: 'unknown-type',
    was: 'without DescribeInstanceTypes an unknown type has 110 pods, and `maxPodsExpression` is not evaluated',
    now: 'the same number with a warning; an expression that uses max_pods alone is evaluated',
    reason: 'it needs nothing that is unknown',
  },
  {
    id: 'reserved-cpus',
    was: '`reservedSystemCPUs` needs both reserved cgroups set to "" by the user, or the kubelet does not start',
    now: 'the cgroups are left out of config.json then',
    reason: 'amazon-eks-ami #1334, #2794',
  },
  {
    id: 'online-cpus',
    was: 'where sysfs cannot be read, nothing is reserved of the CPU',
    now: 'the CPUs that the process may use are counted',
    reason: 'a node without reserved CPU starves under load',
  },
  {
    id: 'token-program',
    was: 'the kubeconfig names `aws`, installed or not',
    now: 'without the AWS CLI in /usr/bin or /usr/local/bin it names `bootwright token`',
    reason: 'images without Python',
  },
  {
    id: 'credential-provider',
    was: 'without ecr-credential-provider the node does not join',
    now: 'a warning, and the kubelet is not told of it',
    reason: 'as on Amazon Linux 2; public images need none',
  },
  {
    id: 'containerd-format',
    was: 'looks for two words in the text to tell a configuration for containerd 2: `version = 3` with other plugins alone is merged over format 2, a comment decides',
    now: 'by what stands in the tables; `version = 3` is format 3',
    reason: 'the result was of no format',
  },
  {
    id: 'containerd-migrate',
    was: '`containerd config migrate` converts the file after it was written',
    now: 'it is asked beforehand and the plan shows the result; what it refuses is an error; where no containerd can be run the file stays in format 2, with a warning',
    reason: 'a preview shows what will be there; containerd 2 reads format 2 as well',
  },
  {
    id: 'soci-pause-image',
    was: 'nodeadm-run imports the pause image after it has started containerd',
    now: 'containerd.service does, by a line in the drop-in that it has for SOCI',
    reason: 'also when containerd starts again by itself',
  },
  {
    id: 'environment-quoting',
    was: 'quotes at the end of a value are cut off; a bad name of a service or variable is written as it is',
    now: 'every value arrives as it was given; bad names are errors',
    reason: 'systemd ignores a line that it cannot read; `../x` as a service led out of the directory',
  },
  {
    id: 'outpost-hosts',
    was: 'each run appends the API server’s addresses to /etc/hosts again, under a name with the port if the endpoint has one',
    now: 'a line each, once, without port; a line of the user’s for that host counts instead; they go when they are no longer wanted',
    reason: 'the file grew with each boot, and old addresses stayed first',
  },
  {
    id: 'outpost-kubeconfig',
    was: 'a kubeconfig of an earlier configuration stays beside the bootstrap one, and the kubelet uses it',
    now: 'it goes, unless the kubelet has made it itself for this endpoint',
    reason: 'the node went on with the wrong identity',
  },
  {
    id: 'local-storage',
    was: 'setup-local-disks formats with --force; an unknown strategy fails after the files are written',
    now: 'a setup-local-disks on PATH that is not ours is run as before; ours never formats a disk that holds data; an unknown strategy is an error beforehand',
    reason: 'data on disks that somebody had set up',
  },
  {
    id: 'volumes',
    was: 'all targets of an EBS volume show the same files, for each mounts the volume itself',
    now: 'each target has a directory on it; a volume that came filled and has one target is mounted there as it is; a volume in use is an error',
    reason: 'containerd and the kubelet in one directory',
  },
  {
    id: 'bootstrap-line',
    was: '/etc/eks/bootstrap.sh is a stub that prints an error',
    now: 'its lines are understood on Amazon Linux 2023, too: flags of docker and of the pause image are not used, with a warning; `--container-runtime dockerd` is an error',
    reason: 'one line of user data for both systems',
  },
  {
    id: 'config-dir',
    was: 'a kubelet before 1.28 gets `--config-dir` and does not start',
    now: 'an error that says so',
    reason: 'it has no such flag',
  },
];
