/** The table of commands, in the order of help. Each is loaded when it is called and not before: the boot path pays for nothing else. */
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'bootstrap',
    summary: 'make this machine a node of a cluster; also runs under the name bootstrap.sh',
    load: async () => (await import('./commands/bootstrap.ts')).bootstrapCommand,
  },
  {
    name: 'plan',
    summary: 'show what `bootstrap` or `init` would do on this machine, and change nothing',
    load: async () => (await import('./commands/plan.ts')).planCommand,
  },
  {
    name: 'preview',
    summary: 'show anywhere what a node would get by a call or a NodeConfig, and why; needs no root, network or credentials',
    load: async () => (await import('./commands/preview.ts')).previewCommand,
  },
  {
    name: 'init',
    summary: 'make this machine a node by a NodeConfig; also runs as `nodeadm init`',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'config',
    summary: 'check a NodeConfig, or print it merged; also runs as `nodeadm config`',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    name: 'bottlerocket',
    summary: 'say before launch what is wrong with Bottlerocket user data',
    load: async () => (await import('./commands/bottlerocket.ts')).bottlerocketCommand,
  },
  {
    name: 'facts',
    summary: 'print as JSON what a decision needs; the file replays on a laptop',
    load: async () => (await import('./commands/facts.ts')).factsCommand,
  },
  {
    name: 'max-pods',
    summary: 'how many pods an instance type takes, with the arithmetic; also runs as max-pods-calculator.sh',
    load: async () => (await import('./commands/max-pods.ts')).maxPodsCommand,
  },
  {
    name: 'token',
    summary: 'print an EKS bearer token as an exec credential',
    load: async () => (await import('./commands/token.ts')).tokenCommand,
  },
  {
    name: 'csr',
    summary: 'say what is true of the kubelet’s serving certificate: asked for, approved, issued, served, renewed',
    load: async () => (await import('./commands/csr.ts')).csrCommand,
  },
  {
    name: 'doctor',
    summary: 'say why this machine is no node yet: every step of joining checked, the first cause named, and what to do',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'pull-sandbox-image',
    summary: 'pull the pause image that containerd is configured for',
    load: async () => (await import('./commands/pull-sandbox-image.ts')).pullSandboxImageCommand,
  },
  {
    name: 'local-disks',
    summary: 'set up the disks of the instance store; also runs under the name setup-local-disks',
    load: async () => (await import('./commands/local-disks.ts')).localDisksCommand,
  },
  {
    name: 'imds',
    summary: 'print what the instance metadata service says at a path; also runs under the name imds',
    load: async () => (await import('./commands/imds.ts')).imdsCommand,
  },
  {
    name: 'ecr-uri',
    summary: 'print the host of EKS’s ECR registry in a region; also runs under the name get-ecr-uri.sh',
    load: async () => (await import('./commands/ecr-uri.ts')).ecrUriCommand,
  },
  {
    name: 'provider-id',
    summary: 'print this instance’s provider id; also runs under that name',
    load: async () => (await import('./commands/provider-id.ts')).providerIdCommand,
  },
  {
    name: 'private-dns-name',
    summary: 'print the name that EC2 gives this instance; also runs under that name',
    load: async () => (await import('./commands/private-dns-name.ts')).privateDnsNameCommand,
  },
  {
    name: 'mount-bpf-fs',
    summary: 'mount a bpffs at /sys/fs/bpf unless there is one; also runs under that name',
    load: async () => (await import('./commands/mount-bpf-fs.ts')).mountBpfFsCommand,
  },
  {
    name: 'vercmp',
    summary: 'compare two versions; also runs under that name',
    load: async () => (await import('./commands/vercmp.ts')).vercmpCommand,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  {
    name: 'boot-hook',
    summary: 'wait until systemd-networkd has configured what is its own; also runs as nodeadm-internal boot-hook',
    load: async () => (await import('./commands/boot-hook.ts')).bootHookCommand,
  },
  {
    name: 'udev-net-manager',
    summary: 'tell systemd-networkd of an interface, or leave it to the CNI; also runs as nodeadm-internal udev-net-manager',
    load: async () => (await import('./commands/udev-net.ts')).udevNetManagerCommand,
  },
  {
    name: 'help',
    summary: 'explain a command, or: exit-codes, gates, deviations, environment',
    load: async () => (await import('./commands/help.ts')).helpCommand,
  },
  {
    name: 'version',
    summary: 'print version, commit and the dates of the data tables',
    load: async () => (await import('./commands/version.ts')).versionCommand,
  },
];
