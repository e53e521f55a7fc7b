/** containerd's config.toml as nodeadm writes it, in the format of containerd 1.7 (2) and of containerd 2 (3). */
import type { ConfigVersion } from '../containerd.ts';
import { BASE_RUNTIME_SPEC, CNI_CONFIG_DIR, CONTAINERD_SOCKET, NVIDIA_RUNTIME, RUNC, SOCI_SOCKET } from '../paths.ts';

/** The pause image that an EKS image brings along, pinned. */
export const LOCAL_PAUSE_IMAGE = 'localhost/kubernetes/pause:latest';

export interface ContainerdInput {
  readonly version: ConfigVersion;
  readonly enableCdi: boolean;
  readonly runtime: 'runc' | 'nvidia';
  readonly soci: boolean;
}

const CERTS = '/etc/containerd/certs.d:/etc/docker/certs.d';

const headText = (version: ConfigVersion): string => `version = ${version}
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
address = "${CONTAINERD_SOCKET}"
`;

const runtimeText = (section: string, runtime: 'runc' | 'nvidia'): string => `
[${section}.containerd.runtimes.${runtime}]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "${BASE_RUNTIME_SPEC}"

[${section}.containerd.runtimes.${runtime}.options]
BinaryName = "${runtime === 'nvidia' ? NVIDIA_RUNTIME : RUNC}"
SystemdCgroup = true

[${section}.cni]
bin_dir = "/opt/cni/bin"
conf_dir = "${CNI_CONFIG_DIR}"
`;

const PROXY_PLUGIN = `
[proxy_plugins.soci]
type = "snapshot"
address = "${SOCI_SOCKET}"

[proxy_plugins.soci.exports]
root = "/var/lib/soci-snapshotter-grpc"
`;

const SNAPSHOTTER = `snapshotter = "soci"
disable_snapshot_annotations = false
`;

const CRI = 'plugins."io.containerd.grpc.v1.cri"';
const text2 = ({ enableCdi, runtime, soci }: ContainerdInput): string => `
[${CRI}.containerd]
default_runtime_name = "${runtime}"
discard_unpacked_layers = true
${soci ? SNAPSHOTTER : ''}
[${CRI}]
sandbox_image = "${LOCAL_PAUSE_IMAGE}"
enable_cdi = ${enableCdi}

[${CRI}.registry]
config_path = "${CERTS}"
${runtimeText(CRI, runtime)}`;

const IMAGES = 'plugins."io.containerd.cri.v1.images"';
const RUNTIME = 'plugins."io.containerd.cri.v1.runtime"';
const text3 = ({ enableCdi, runtime, soci }: ContainerdInput): string => `
[${IMAGES}]
discard_unpacked_layers = true
${soci ? SNAPSHOTTER : ''}
[${IMAGES}.pinned_images]
sandbox = "${LOCAL_PAUSE_IMAGE}"

[${IMAGES}.registry]
config_path = "${CERTS}"

[${RUNTIME}]
enable_cdi = ${enableCdi}

[${RUNTIME}.containerd]
default_runtime_name = "${runtime}"
${runtimeText(RUNTIME, runtime)}`;

export const containerdText = (input: ContainerdInput): string =>
  `${headText(input.version)}${input.version === 2 ? text2(input) : text3(input)}${input.soci ? PROXY_PLUGIN : ''}`;
