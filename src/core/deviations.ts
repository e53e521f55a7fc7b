/**
 * Where we differ from bootstrap.sh (v20260304, the last for Amazon Linux 2) on purpose, with the reason. `bootwright help
 * deviations` and the README print this table; what is not in it behaves as before.
 */

export interface Deviation {
  readonly id: string;
  /** What bootstrap.sh does. */
  readonly was: string;
  /** What bootwright does. */
  readonly now: string;
  readonly reason: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    id: 'unknown-flag',
    was: 'an unknown flag, or `--flag=value`, becomes the cluster name; further words are ignored',
    now: '`--flag=value` works, an unknown flag is an error, further words are warned about (an error under our own name)',
    reason: 'a typo made a node that joins nothing and exits 0',
  },
  {
    id: 'values-checked',
    was: 'addresses, CIDRs, URLs, numbers, certificates and booleans are taken as they come',
    now: 'each is checked, all mistakes are said at once, and nothing is written; `--b64-cluster-ca` must hold certificates',
    reason: 'wrong files and exit 0 are found hours later',
  },
  {
    id: 'booleans',
    was: 'anything but `true` counts as false; the value of `--enable-docker-bridge` is run as a command',
    now: 'exactly `true` or `false`, else an error',
    reason: '`--use-max-pods yes` meant no',
  },
  {
    id: 'checks-first',
    was: 'the cluster name is checked after IMDS was asked and disks were formatted; missing files and bad CAs are found half-way',
    now: 'everything is decided and checked before the first write',
    reason: 'a refused call must leave the machine as it was',
  },
  {
    id: 'help',
    was: '`--help` needs root',
    now: '`--help` needs nothing; it still exits 1 under the name bootstrap.sh',
    reason: 'asking is harmless, and scripts may test the exit code',
  },
  {
    id: 'half-given-pair',
    was: 'a lone `--b64-cluster-ca` or `--apiserver-endpoint` is discarded silently, and so are service CIDR flags when the cluster is described',
    now: 'the same, with a warning',
    reason: 'what a user gave and nobody used must be said',
  },
  {
    id: 'cluster-dns',
    was: 'cuts text: `.10` after the last dot, `a` after the slash is gone; an IPv4 cluster with `--ip-family ipv6` gives `Nonea`',
    now: 'address 10 of the service CIDR by arithmetic; the same for every CIDR that EKS hands out; what cannot work is an error',
    reason: 'a wrong cluster DNS breaks every pod and no log says so',
  },
  {
    id: 'dns-fallback',
    was: 'an IMDS failure while guessing the cluster DNS counts as "no 10.0.0.0/8 VPC"',
    now: 'IMDS is asked again, then the run fails; a guess stands in preview and report as a fallback',
    reason: 'a guess that looks like a fact',
  },
  {
    id: 'provider-id',
    was: 'when IMDS fails, `providerID` is written empty',
    now: 'the run fails',
    reason: 'the node registers and is then deleted by the cloud controller',
  },
  {
    id: 'ipv6-addresses',
    was: 'all IPv6 addresses of the primary interface go into `--node-ip`, one per line',
    now: 'the first one',
    reason: 'kubelet refuses the rest',
  },
  {
    id: 'rerun',
    was: 'placeholders are replaced once: a second run with another endpoint, name, pause image or region changes nothing and exits 0',
    now: 'each run renders anew and converges to its own input, the second call of a managed group included',
    reason: 'images baked from a node, and calls of the user and of EKS in one boot',
  },
  {
    id: 'stale-files',
    was: '`30-kubelet-extra-args.conf` and `maxPods` of an earlier run stay when they are no longer asked for',
    now: 'they go; keys and files that are not ours stay',
    reason: 'a node runs with arguments that nobody gives',
  },
  {
    id: 'foreign-keys',
    was: '`evictionHard` and `kubeReserved` are replaced as a whole',
    now: 'keys that somebody else put into them stay beside ours',
    reason: 'they were put there on purpose',
  },
  {
    id: 'kubeconfig',
    was: 'placeholders of the kubeconfig on the image are filled in, hand edits stay',
    now: 'it is rendered anew each time; edits of the template do not count',
    reason: 'a second run with other input must converge',
  },
  {
    id: 'file-modes',
    was: 'modes and owners are what umask and the image make them',
    now: 'files are root’s and no wider than needed; a stricter mode that somebody set stays',
    reason: 'what the kubelet runs with is nobody else’s to write',
  },
  {
    id: 'restarts',
    was: 'each run rewrites most files; `start kubelet` does nothing when it runs',
    now: 'the same input touches no file and restarts nothing; a changed file restarts exactly what reads it',
    reason: 'running it again must be safe, and must have an effect when something changed',
  },
  {
    id: 'atomic-writes',
    was: 'files are written in place: a crash or a full disk leaves empty ones, and one crash point never heals',
    now: 'temporary file, fsync, rename; an interrupted run is finished by the next',
    reason: 'spot instances and full disks',
  },
  {
    id: 'quoting',
    was: 'quotes, `%` and newlines in extra arguments corrupt the unit',
    now: 'quotes and `%` are escaped, newlines refused; a backslash is kept as it was typed',
    reason: 'systemd ignores a line it cannot read, and kubelet starts without its arguments',
  },
  {
    id: 'containerd-checked',
    was: 'a broken `--containerd-config-file` is found after containerd was restarted with it',
    now: 'it is parsed first; the template in /etc/eks is not modified',
    reason: 'a typo took containerd down',
  },
  {
    id: 'sandbox-image',
    was: 'kubelet requires sandbox-image.service: one failed pull keeps it down',
    now: 'our kubelet.service wants it; one that the image brings is used as it is',
    reason: 'containerd pulls the image itself when the first pod needs it',
  },
  {
    id: 'imds',
    was: 'one token of 15 minutes, no timeouts, 404 is final',
    now: 'the token is renewed, every request has a deadline, 404 is asked again where the path may appear later',
    reason: 'long waits for a cluster ended in 401, and a silent IMDS hung for ever',
  },
  {
    id: 'api-retries',
    was: 'fixed pauses of 10, 20 and 40 s; throttling uses up the attempts',
    now: 'jitter and the server’s Retry-After; throttling does not count as an attempt, and its pauses grow with the wait',
    reason: 'of 10,000 simulated nodes that start together nine in ten gave up; now all are served',
  },
  {
    id: 'health',
    was: 'exit 0 as soon as kubelet was asked to start',
    now: 'waits until it stays up, for at most 30 s, and warns if it does not (`--verify none` for the old way; our own name waits until the node has joined, and fails otherwise)',
    reason: 'a crash-looping kubelet looked like success',
  },
  {
    id: 'exit-codes',
    was: 'the code of whatever command failed (HTTP status modulo 256, that of the AWS CLI), and `Exited with error on line N` on stdout',
    now: '1 under the names of the scripts (`imds` keeps the HTTP status modulo 256); a table of codes under our own (`bootwright help exit-codes`)',
    reason: 'the numbers depended on which tool broke',
  },
  {
    id: 'secrets',
    was: 'the CA and all extra arguments are logged; the cluster’s description stays in /tmp under a known name',
    now: 'the CA is shortened, secrets are masked, nothing is left in /tmp',
    reason: 'logs travel',
  },
  {
    id: 'reserve-for',
    was: 'kubeReserved is sized for the ENI table’s pods even with `--use-max-pods false` or `--max-pods` in extra arguments',
    now: 'the same under the name bootstrap.sh; `bootwright bootstrap` sizes it for the value really used (`--reserve-for` chooses)',
    reason: 'a drop-in must not change allocatable; a new user should get the right number',
  },
  {
    id: 'max-pods-calculator',
    was: 'max-pods-calculator.sh asks EC2 each time; it ignores words that it does not know, reckons with values that are none, and drops prefix delegation silently where the type or the CNI has none',
    now: 'the same number, from a table that needs no API (EC2 is asked for what it lacks); unknown options and wrong values are errors, what is dropped is a warning, both on stderr',
    reason: 'a typo, or a call that was throttled, ended as a wrong `--max-pods`',
  },
  {
    id: 'gpu-helper',
    was: 'runs /etc/eks/bootstrap-gpu.sh, which edits containerd’s configuration afterwards and restarts it',
    now: 'not called: with the helper and an NVIDIA device the runtime `nvidia` is written into the configuration, also into a file or template of the user’s, where tables of that name and a default other than runc stay; clock settings are left to the image’s own unit',
    reason: 'two writers of one file never converge',
  },
  {
    id: 'docker-config',
    was: '`--docker-config-json` and `--enable-docker-bridge` stay in daemon.json when they are no longer given; broken JSON is found when docker does not start',
    now: 'they go back to what an EKS image has; the document is parsed first, and the kubelet takes the cgroup driver of its `exec-opts`',
    reason: 'a run follows its own input',
  },
  {
    id: 'iptables-saved-once',
    was: 'each run saves the rules of iptables anew, with those that docker and kube-proxy have added by then',
    now: 'they are saved once, before docker is started for the first time; a file that is there already stays',
    reason: 'a reboot restored rules of services that are long gone',
  },
  {
    id: 'etc-hosts',
    was: 'on an Outpost each run appends the API server to /etc/hosts again, and reads its own lines as the answer',
    now: 'one line for each address that the name servers say; other lines stay, a line of the user’s for that host counts instead, and ours go when they are no longer wanted',
    reason: 'the file grew with each run, and addresses that changed were never noticed',
  },
  {
    id: 'bootstrap-kubeconfig',
    was: 'on an Outpost a second run moves the kubeconfig that the kubelet made for itself over the bootstrap kubeconfig',
    now: 'the kubelet’s own stays, unless it is for another API server; ours is rendered anew each time',
    reason: 'a node that lost its identity',
  },
  {
    id: 'local-disks-data',
    was: '`--local-disks` makes arrays with `--force` over whatever the disks hold, and fails half-way on a disk that is partitioned or mounted',
    now: 'only blank disks are formatted; xfs and ext4 file systems are mounted as they are; anything else is an error, before anything is written',
    reason: 'data that somebody put there is gone for ever',
  },
  {
    id: 'local-disks-again',
    was: 'no array is made while `/.aws/mdadm.conf` is not empty, so one of earlier disks breaks the node after a stop and start; mount units of disks that are gone stay, and each boot waits for them',
    now: 'what is on the disks decides; that file and the mount units follow, stale ones go',
    reason: 'a stop wipes the disks and may change their number',
  },
  {
    id: 'local-disks-boot',
    was: 'mount units name the file system by `UUID=`, for which systemd does not wait: a boot that is faster than udev leaves the node on its root disk',
    now: 'they name /dev/disk/by-uuid/…, and a boot waits for it, up to 30 s',
    reason: 'seen in the test with a real array: kubelet and containerd started on the wrong disk',
  },
  {
    id: 'local-disks-copy',
    was: 'copies over what the array holds already, and what pods have mounted with it; a node that is killed meanwhile boots with half a directory',
    now: 'the copy is of one file system, is complete or not there, and what the array holds already stays; a directory on a disk of its own (a volume at /var/lib/containerd) is left there, with a warning',
    reason: 'two states of containerd in one directory are none',
  },
  {
    id: 'local-disks-mount-numbers',
    was: '`mount` counts, at each run anew, the disks that are not mounted',
    now: 'a mounted disk keeps its number, others take free ones',
    reason: 'a second run gave a number twice',
  },
  {
    id: 'local-disks-sync',
    was: 'waits until a RAID 10 is in sync',
    now: 'goes on at once; the kernel works on in the background',
    reason: 'the array is usable at once, and terabytes take hours',
  },
  {
    id: 'newer-kubelets',
    was: 'made for kubelets up to 1.32',
    now: 'serves 1.21 to 1.36: no `--pod-infra-container-image` from 1.35 on, `failCgroupV1: false` there',
    reason: 'a kubelet does not start with a flag it does not know, nor by default on cgroup v1',
  },
  {
    id: 'token-plugin',
    was: 'the kubeconfig names aws-iam-authenticator, and the unit the ECR credential provider, installed or not',
    now: 'without the authenticator it names `bootwright token`; without the provider its flags are left out, with a warning',
    reason: 'a kubelet does not start when the binary of its credential provider is missing',
  },
  {
    id: 'things-in-the-way',
    was: 'writes through symbolic links; a kubelet-config.json that is no JSON ends as an empty file',
    now: 'a link, directory or socket in the place of a file is an error, and so is broken JSON; an empty file is made anew',
    reason: 'the first error must be the one that is shown',
  },
  {
    id: 'containerd-file-persists',
    was: 'the file of `--containerd-config-file` replaces the template in /etc/eks, so the next run without the flag uses it, too',
    now: 'the template stays as it is; a run without the flag goes back to it',
    reason: 'a run follows its own input',
  },
  {
    id: 'imds-variables',
    was: 'IMDS_RETRIES, IMDS_RETRY_DELAY_SECONDS, IMDS_TOKEN, IMDS_TOKEN_TTL_SECONDS and IMDS_DEBUG tune the IMDS client',
    now: 'a bootstrap reads only IMDS_ENDPOINT; the program `imds` reads them all',
    reason: 'one policy with deadlines and jitter in place of curl’s',
  },
  {
    id: 'imds-program',
    was: '`imds` takes the text for a format (`%` and `\\` change), drops zero bytes, and ends with 145 when IMDS_TOKEN has expired',
    now: 'text is printed as it is, with one newline at its end, and other bytes unchanged; a token that has expired is renewed; the pause between retries is jittered',
    reason: 'user data holds percent signs and may be compressed',
  },
  {
    id: 'small-programs',
    was: '`get-ecr-uri.sh` takes any words; `private-dns-name` prints a shell trace and takes a denied or failed call for a name that is not there yet; `mount-bpf-fs` takes a unit file that it could not start for a mount',
    now: 'words are checked, and a stand-in region is warned about; a denied call says which right is missing; a unit that is there and not mounted is started',
    reason: 'an empty region gave the registry of us-west-2, and a missing right two minutes of silence',
  },
  {
    id: 'messages',
    was: 'errors as one sentence; `Attempt i of N` for each call to EKS',
    now: 'errors name the flag and what to do; waits are told once per 10 s',
    reason: 'a log is read by somebody who wants to mend it',
  },
  {
    id: 'lock',
    was: 'two runs at once interleave',
    now: 'the second waits, or says who holds the lock',
    reason: 'user data and a person on the machine',
  },
];
