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
    summary: 'show what `bootstrap` would do on this machine, and change nothing',
    load: async () => (await import('./commands/plan.ts')).planCommand,
  },
  {
    name: 'preview',
    summary: 'show anywhere what a node would get, and why; needs no root, network or credentials',
    load: async () => (await import('./commands/preview.ts')).previewCommand,
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
    name: 'pull-sandbox-image',
    summary: 'pull the pause image that containerd is configured for',
    load: async () => (await import('./commands/pull-sandbox-image.ts')).pullSandboxImageCommand,
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
