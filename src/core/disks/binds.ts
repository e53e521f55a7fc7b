/** Directories that go onto an array, and who uses them. */
import type { LocalDisksBind } from '../spec.ts';

interface Bind {
  readonly directory: string;
  /** Stopped while it is copied, in this order. */
  readonly users: readonly string[];
}

/** As setup-local-disks: on the array each is a directory with the last part of its path for a name. */
export const BINDS: { readonly [name in LocalDisksBind]: Bind } = {
  kubelet: { directory: '/var/lib/kubelet', users: ['kubelet.service'] },
  // The kubelet's unit requires containerd: stopping that one would stop both, and nothing would start the kubelet again.
  containerd: { directory: '/var/lib/containerd', users: ['kubelet.service', 'containerd.service'] },
  soci: { directory: '/var/lib/soci-snapshotter-grpc', users: ['soci-snapshotter.service'] },
  'pods-logs': { directory: '/var/log/pods', users: ['kubelet.service'] },
};

/** The directory that goes onto the disks and in which this one lies; undefined: the disks can be mounted here. */
export const movedAround = (directory: string): string | undefined =>
  Object.values(BINDS).find((bind) => `${directory}/`.startsWith(`${bind.directory}/`))?.directory;
