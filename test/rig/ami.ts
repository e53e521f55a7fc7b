/** Puts the file layout of an EKS image, of Amazon Linux 2 unless told otherwise, and bootwright in place of its programs, into a prepared root. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installAmi2023, type Versions } from './ami-2023.ts';
import { RIG } from './parts.ts';
import { projectDirectory, rigDirectory } from './shell.ts';

export interface Ami {
  /** Default: amazon-linux-2. */
  readonly system?: 'amazon-linux-2' | 'amazon-linux-2023';
  /** A version: a stand-in that only answers healthz. `built`: the real one of the rig. */
  readonly kubelet: string;
  /** `1.6` is Debian's own. */
  readonly containerd: '1.6' | '1.7' | '2';
  /** The texts that the image carries in /etc/eks/containerd; without them bootwright renders its own. Default true. */
  readonly templates?: boolean;
  /** Programs of an EKS image that user data calls. bootwright needs none, so none is there otherwise. */
  readonly tools?: readonly ('curl' | 'jq')[];
}

/** Host files to show inside a node: big programs are bound, not copied. */
export const amiBinds = (ami: Ami, executable: string): { [inside: string]: string } => ({
  '/usr/bin/bootwright': executable,
  ...(ami.kubelet === 'built' ? { '/usr/bin/kubelet': join(RIG, 'bin/kubelet') } : {}),
  ...(ami.containerd === '1.6' ? {} : { '/usr/bin/containerd': join(RIG, `bin/containerd-${ami.containerd}`) }),
  ...(ami.containerd === '2' ? { '/usr/bin/containerd-shim-runc-v2': join(RIG, 'bin/containerd-shim-runc-v2') } : {}),
});

/** A program of this machine, with the libraries that the image lacks. */
const installTool = (root: string, tool: string): void => {
  const program = `/usr/bin/${tool}`;
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/ => (\/\S+)/g);
  for (const file of [program, ...[...libraries].map(([, path = '']) => path)]) {
    if (!existsSync(join(root, file))) copyFileSync(file, join(root, file));
  }
};

const RIG_ONLY_CONTAINERD = `[Service]
# The machine of the rig has no CAP_SYS_RESOURCE, which a negative score takes.
OOMScoreAdjust=0
`;

/** What `--version` says; an image of Amazon Linux 2023 has it in files. */
const CONTAINERD_VERSIONS: { readonly [K in Ami['containerd']]: string } = { '1.6': '1.6.20', '1.7': '1.7.35', '2': '2.2.9' };
const versionsOf = ({ kubelet, containerd }: Ami): Versions => ({
  kubelet: kubelet === 'built' ? '1.36.3' : kubelet,
  containerd: CONTAINERD_VERSIONS[containerd],
});

/** Writes the layout. Nothing here is bootwright's work: it is what the image builder leaves behind. */
export const installAmi = (root: string, ami: Ami): void => {
  for (const tool of ['curl', 'jq', 'aws', 'node', 'npm']) rmSync(join(root, 'usr/bin', tool), { force: true });
  if (ami.system === 'amazon-linux-2023') installAmi2023(root, versionsOf(ami));
  else cpSync(join(rigDirectory, 'al2'), root, { recursive: true });
  if (ami.templates === false) rmSync(join(root, 'etc/eks/containerd'), { recursive: true });
  copyFileSync(join(projectDirectory, 'userdata/eks-bootstrap.sh'), join(root, 'etc/eks/bootstrap.sh'));
  chmodSync(join(root, 'etc/eks/bootstrap.sh'), 0o755);
  for (const tool of ami.tools ?? []) installTool(root, tool);
  if (ami.kubelet !== 'built') {
    const stub = readFileSync(join(rigDirectory, 'stub-kubelet.py'), 'utf8').replace('@VERSION@', ami.kubelet);
    writeFileSync(join(root, 'usr/bin/kubelet'), stub, { mode: 0o755 });
  }
  writeFileSync(join(root, 'etc/systemd/system/containerd.service.d/90-rig.conf'), RIG_ONLY_CONTAINERD);
  // Enough for NodeReady: containerd only parses it until a pod starts. On a real node the VPC CNI writes it.
  mkdirSync(join(root, 'etc/cni/net.d'), { recursive: true });
  writeFileSync(join(root, 'etc/cni/net.d/10-rig.conflist'), '{"cniVersion":"1.0.0","name":"rig","plugins":[{"type":"loopback"}]}\n');
};
