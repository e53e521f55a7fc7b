/** SOCI, the snapshotter that pulls and unpacks the parts of an image at the same time: is it used, and its files. */
import type { Facts } from '../facts.ts';
import { CONTAINERD_SOCKET, PAUSE_ARCHIVE } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Decided } from '../report.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { onlineCpusOf } from './amazon-linux-2023-pods.ts';

/** Below this its parallel work takes more from the node than it gives (nodeadm). */
const LEAST = { cpus: 4, gibibytes: 7 } as const;
const GIB = 1024 ** 3;

/** undefined: a fact is missing. */
export const usesSoci = ({ options }: AmazonLinux2023Spec, { host }: Facts): boolean | undefined => {
  if (!options.fastImagePull.value) return false;
  const cpus = host.onlineCpus ?? host.cpus;
  if (cpus === undefined || host.onlineMemory === undefined) return undefined;
  return cpus >= LEAST.cpus && (host.onlineMemory ?? 0) >= LEAST.gibibytes * GIB;
};

/** `soci`, or containerd's own `overlayfs`. */
export const snapshotterOf = (spec: AmazonLinux2023Spec, facts: Facts): Decided<string> => {
  const { value, origin, at } = spec.options.fastImagePull;
  const isUsed = usesSoci(spec, facts) === true;
  const memory = facts.host.onlineMemory ?? null;
  const asked = { name: 'FastImagePull', value, origin, at };
  const text = !value
    ? 'Images are pulled by containerd itself.'
    : isUsed
      ? `FastImagePull: the node has at least ${LEAST.cpus} CPUs and ${LEAST.gibibytes} GiB, so SOCI pulls the parts of an image at the same time.`
      : `FastImagePull needs ${LEAST.cpus} CPUs and ${LEAST.gibibytes} GiB of memory, and the node has less: images are pulled by containerd itself.`;
  const inputs = value ? [asked, onlineCpusOf(facts).input, inputOf(facts, 'host.onlineMemory', memory)] : [asked];
  return {
    key: 'snapshotter',
    value: isUsed ? 'soci' : 'overlayfs',
    because: { rule: `snapshotter.${isUsed ? 'soci' : value ? 'too-small' : 'containerd'}`, text, inputs },
    changes: ['spec.featureGates.FastImagePull', 'a larger instance'],
  };
};

export const SOCI_CONFIG_TEXT = `debug = false

[content_store]
type = "containerd"

[cri_keychain]
enable_keychain = true
image_service_path = "${CONTAINERD_SOCKET}"

[pull_modes.parallel_pull_unpack]
enable = true
concurrent_download_chunk_size = "16mb"
discard_unpacked_layers = true
max_concurrent_downloads = -1
max_concurrent_downloads_per_image = 20
max_concurrent_unpacks = -1
max_concurrent_unpacks_per_image = 12

[pull_modes.parallel_pull_unpack.decompress_streams.gzip]
path = "/usr/bin/unpigz"
args = ["-d", "-c"]
`;

/**
 * containerd after the snapshotter, and the pause image into it once it answers: without it the first pods wait for credentials that nobody
 * has yet (containerd 2.2.3). As a part of the unit, so that it happens again whenever containerd starts. A node without the archive pulls.
 */
export const SOCI_DROP_IN_TEXT = `[Unit]
Requires=soci-snapshotter.service
After=soci-snapshotter.service

[Service]
ExecStartPost=-/usr/bin/ctr --namespace k8s.io images import --snapshotter soci --discard-unpacked-layers=false --local ${PAUSE_ARCHIVE}
`;
