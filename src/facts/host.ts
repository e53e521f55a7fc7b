/** What this machine, or the image under a root, says of itself. */
import { lookup } from 'node:dns';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism, machine } from 'node:os';
import { NodeError } from '../core/errors.ts';
import type { Migration } from '../core/facts.ts';
import { SEARCH_PATH } from '../core/paths.ts';
import { fileInRoot, readText } from './files.ts';
import { askProgram } from './program.ts';
import { type Env, type Random, sleep } from './wait.ts';

export interface HostOptions {
  readonly env: Env;
  readonly root: string;
  readonly random: Random;
  /** A program that is asked for its version, and a name that is looked up. */
  readonly processMs: number;
  readonly dnsMs: number;
}

/** `1.32.3` of `Kubernetes v1.32.3-eks-7ce36d2`, of `v1.32.3`, of `containerd github.com/containerd/containerd v1.7.27 05044ec`. */
const versionIn = (text: string): string | null => /\d{1,4}\.\d{1,4}\.\d{1,4}/.exec(text)?.[0] ?? null;

export const archOf = (): string => machine();

/** As nproc: the CPUs this process may use, not those the machine has. */
export const cpusOf = (): number => availableParallelism();

const isExecutableFile = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const onPath = (name: string, { PATH = SEARCH_PATH }: Env): string | undefined =>
  PATH.split(':')
    .filter((dir) => dir.startsWith('/'))
    .map((dir) => `${dir}/${name}`)
    .find(isExecutableFile);

const noVersion = (program: string, cause?: Error): NodeError =>
  new NodeError('OS', `${program} --version ${cause ? `failed: ${cause.message.split('\n')[0]}` : 'prints no version'}`, {
    remedy: `Run it by hand; reinstall it if it is broken or made for another architecture.`,
    path: program,
    cause,
  });

/**
 * Where a program is: in the image, else on PATH (for an image that gets its binaries later). On a live machine PATH comes first, as with
 * bootstrap.sh and nodeadm, whose tests put stand-ins there.
 */
const candidatesOf = (root: string, env: Env, name: string, binary: string): readonly string[] => {
  const own = fileInRoot(root, binary);
  const found = onPath(name, env);
  const places = [...(isExecutableFile(own) ? [own] : []), ...(found && found !== own ? [found] : [])];
  return root === '/' ? places.reverse() : places;
};

/**
 * Version of a program: what the image's own version file says, else its binary, else the one on PATH; null where there is none.
 * @throws NodeError OS when the program that decides does not tell.
 */
const programVersion = async (
  { root, env, processMs }: HostOptions,
  { name, versionFile, binary }: { name: string; versionFile: string; binary: string },
  signal?: AbortSignal,
): Promise<string | null> => {
  const fromFile = versionIn(readText(fileInRoot(root, versionFile), versionFile) ?? '');
  if (fromFile) return fromFile;
  let failure: NodeError | undefined;
  for (const program of candidatesOf(root, env, name, binary)) {
    const { stdout, failure: wrong } = await askProgram(program, ['--version'], processMs, signal);
    signal?.throwIfAborted();
    const version = wrong === undefined ? versionIn(stdout) : null;
    if (version) return version;
    failure ??= noVersion(program, wrong);
    // On a live machine the first one decides; an image of another architecture cannot be run here.
    if (root === '/') break;
  }
  if (failure) throw failure;
  return null;
};

const KUBELET = { name: 'kubelet', versionFile: '/etc/eks/kubelet-version.txt', binary: '/usr/bin/kubelet' };
const CONTAINERD = { name: 'containerd', versionFile: '/etc/eks/containerd-version.txt', binary: '/usr/bin/containerd' };

/** What the image says of its kubelet; null: nothing. */
export const readKubeletVersionFile = (root: string): string | null =>
  versionIn(readText(fileInRoot(root, KUBELET.versionFile), KUBELET.versionFile) ?? '');

export const fetchKubeletVersion = (options: HostOptions, signal?: AbortSignal): Promise<string | null> =>
  programVersion(options, KUBELET, signal);
export const fetchContainerdVersion = (options: HostOptions, signal?: AbortSignal): Promise<string | null> =>
  programVersion(options, CONTAINERD, signal);

/** What containerd makes of a configuration in an older format; null: no containerd can be run here. */
export const migrateContainerdConfig = async (
  { root, env, processMs }: HostOptions,
  text: string,
  signal?: AbortSignal,
): Promise<Migration> => {
  const { migrateConfig } = await import('./migrate.ts');
  return migrateConfig(text, candidatesOf(root, env, CONTAINERD.name, CONTAINERD.binary), processMs, signal);
};

const readKernel = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not on Linux, or a kernel without FIPS
  }
};

/** Is there a PCI device of NVIDIA? An image has no devices. */
export const hasNvidiaDevice = (root: string, devices = '/sys/bus/pci/devices'): boolean => {
  if (root !== '/' || !existsSync(devices)) return false;
  return readdirSync(devices).some((device) => readKernel(`${devices}/${device}/vendor`).trim() === '0x10de');
};

/** The running kernel's word, also for an image: where else would one know it from. */
export const readFips = (path = '/proc/sys/crypto/fips_enabled'): boolean => readKernel(path).trim() === '1';

const IPTABLES_SAVE = ['/sbin/iptables-save', '/usr/sbin/iptables-save'] as const;

/** What iptables-save prints, without its comments (which hold the time) and counters. null: an image, no iptables, or no right to ask it. */
export const readFirewallRules = async (
  { root, processMs }: Pick<HostOptions, 'root' | 'processMs'>,
  warn: (text: string) => void,
  signal?: AbortSignal,
  places: readonly string[] = IPTABLES_SAVE,
): Promise<string | null> => {
  const program = root === '/' ? places.find(isExecutableFile) : undefined;
  if (program === undefined) return null;
  const { stdout, failure } = await askProgram(program, [], processMs, signal);
  signal?.throwIfAborted();
  if (failure !== undefined) {
    warn(`the rules of iptables are not known: ${failure.message.trim().split('\n').at(-1)}`);
    return null;
  }
  const lines = stdout.split('\n').filter((line) => !line.startsWith('#'));
  return lines.join('\n').replace(/\[\d{1,20}:\d{1,20}\]/g, '[0:0]');
};

/** /proc/mounts writes blank, tab, newline and backslash as octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Mount points of type bpf, and /sys/fs/bpf whatever is mounted there. An image has no mounts. */
export const readBpfMounts = (root: string, path = '/proc/mounts'): string[] => {
  if (root !== '/') return [];
  const points = readKernel(path)
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point, type]) => type === 'bpf' || point === '/sys/fs/bpf')
    .map(([, point = '']) => unescaped(point));
  return [...new Set(points)];
};

/** An executable file in the root? Anybody's execute bit counts: the image's users are not ours. */
export const isExecutableIn = (root: string, path: string): boolean => {
  const stat = statSync(fileInRoot(root, path), { throwIfNoEntry: false });
  return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
};

type Answer = 'yes' | 'no' | 'later';
type Resolver = (hostName: string) => Promise<Answer>;

const systemResolver: Resolver = (hostName) =>
  new Promise((resolve) => {
    lookup(hostName, (error) => resolve(error === null ? 'yes' : error.code === 'ENOTFOUND' || error.code === 'ENODATA' ? 'no' : 'later'));
  });

/**
 * Does a name resolve, by the system's own resolver?
 * @throws NodeError UNAVAILABLE when no name server answers in time: "no" would quietly choose the endpoint without FIPS.
 */
export const resolves = async (
  { dnsMs, random }: HostOptions,
  hostName: string,
  signal?: AbortSignal,
  resolver = systemResolver,
): Promise<boolean> => {
  const started = performance.now();
  const stop = new AbortController();
  const limit = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const timeUp = sleep(dnsMs, limit).then((): Answer => 'later');
  timeUp.catch(() => undefined);
  try {
    for (;;) {
      const answer = await Promise.race([resolver(hostName), timeUp]);
      if (answer !== 'later') return answer === 'yes';
      const pauseMs = 200 + random() * 800;
      if (performance.now() - started + pauseMs >= dnsMs) break;
      await sleep(pauseMs, signal);
    }
  } finally {
    stop.abort();
  }
  throw new NodeError('UNAVAILABLE', `no name server said in ${Math.round(dnsMs / 1000)} s whether ${hostName} exists`, {
    remedy: 'Check DNS on this machine: /etc/resolv.conf, enableDnsSupport of the VPC, its DHCP options.',
    path: hostName,
  });
};
