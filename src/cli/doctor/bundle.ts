/** Evidence for somebody who cannot log in: what the doctor said and what it looked at, without secrets, as files of an archive. */
import { join, resolve } from 'node:path';
import type { Probes } from '../../checks/probes.ts';
import { NodeError } from '../../core/errors.ts';
import { type TarFile, tarOf } from '../../core/formats/tar.ts';
import {
  BASE_RUNTIME_SPEC,
  CNI_CONFIG_DIR,
  CONTAINERD_CONFIG,
  CONTAINERD_DROP_IN_DIR,
  CREDENTIAL_PROVIDER_CONFIG,
  DOCKER_CONFIG,
  HOSTS,
  KUBECONFIG,
  KUBELET_CONFIG,
  KUBELET_DROP_IN_DIR,
  KUBELET_UNIT,
  MANAGER_ENVIRONMENT,
  MANIFEST,
  NODEADM_KUBELET_CONFIG,
  NODEADM_KUBELET_DROP_IN_DIR,
  NODEADM_KUBELET_ENVIRONMENT,
  REPORT,
} from '../../core/paths.ts';
import { redacted } from '../../core/redact.ts';
import { writeAtomic } from '../../node/filesystem.ts';
import type { Context } from '../command.ts';

/** No keys, no user data, no caches of credentials: what is not taken cannot leak. */
const FILES = [
  ...[KUBELET_CONFIG, NODEADM_KUBELET_CONFIG, NODEADM_KUBELET_ENVIRONMENT, KUBECONFIG, KUBELET_UNIT],
  ...[CONTAINERD_CONFIG, BASE_RUNTIME_SPEC, DOCKER_CONFIG, CREDENTIAL_PROVIDER_CONFIG, MANAGER_ENVIRONMENT],
  ...[HOSTS, '/etc/resolv.conf', '/etc/os-release', '/etc/fstab', '/etc/eks/release', MANIFEST, REPORT],
  ...['/proc/meminfo', '/proc/swaps', '/proc/mounts', '/proc/cmdline', '/proc/uptime', '/proc/net/route', '/proc/net/ipv6_route'],
] as const;

const DIRECTORIES = [
  NODEADM_KUBELET_DROP_IN_DIR,
  CONTAINERD_DROP_IN_DIR,
  CNI_CONFIG_DIR,
  KUBELET_DROP_IN_DIR,
  '/etc/systemd/system/containerd.service.d',
  '/etc/sysctl.d',
] as const;

const UNITS = [
  'kubelet',
  'containerd',
  'cloud-final',
  'nodeadm-boot-hook',
  'nodeadm-config',
  'nodeadm-run',
  'systemd-networkd',
  'chronyd',
] as const;

/** A missing file is nothing; one that may not be read is told. */
const textIn = (probes: Probes, path: string): string | null => {
  try {
    return probes.text(path);
  } catch (error) {
    if (error instanceof NodeError) return `(${error.message})\n`;
    throw error;
  }
};

const namesIn = (probes: Probes, directory: string): readonly string[] => {
  try {
    return probes.names(directory);
  } catch (error) {
    if (error instanceof NodeError) return [];
    throw error;
  }
};

const archived = (path: string): boolean => /^[\x21-\x7e]{1,80}$/.test(path);

const filesOf = (probes: Probes): readonly TarFile[] => {
  const paths = [...FILES, ...DIRECTORIES.flatMap((directory) => namesIn(probes, directory).map((name) => join(directory, name)))];
  return paths.filter(archived).flatMap((path) => {
    const text = textIn(probes, path);
    return text === null ? [] : [{ name: `files${path}`, text }];
  });
};

const journalsOf = async (probes: Probes): Promise<readonly TarFile[]> => {
  const journals = await Promise.all(UNITS.map(async (unit) => ({ unit, lines: await probes.journal(`${unit}.service`) })));
  return journals.flatMap(({ unit, lines }) =>
    lines.length === 0 ? [] : [{ name: `journal/${unit}.log`, text: `${lines.join('\n')}\n` }],
  );
};

export interface BundleWish {
  /** `-`: standard output. */
  readonly file: string;
  /** What the doctor said: name → text. */
  readonly said: readonly TarFile[];
  readonly isLive: boolean;
}

/** @throws NodeError where the file cannot be written */
export const writeBundle = async ({ file, said, isLive }: BundleWish, probes: Probes, context: Context): Promise<readonly string[]> => {
  const found = [...said, ...filesOf(probes), ...(isLive ? await journalsOf(probes) : [])];
  const files = found.map(({ name, text }) => ({ name: `bootwright-doctor/${name}`, text: redacted(text) }));
  const bytes = tarOf(files, Math.floor(probes.now() / 1000));
  if (file === '-') context.stdout.write(bytes);
  // All of it is UTF-8: headers are ASCII.
  else writeAtomic('/', { path: resolve(context.cwd, file), text: new TextDecoder().decode(bytes), mode: 0o600 });
  return files.map(({ name }) => name);
};
