/** An image's directory for tests that need no rig: the layout of an Amazon Linux 2 EKS image, without programs. */
import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rigDirectory } from './shell.ts';

/** Makes it anew. */
export const makeScratchRoot = (root: string, versions = { kubelet: '1.32.3', containerd: '1.7.27' }): void => {
  rmSync(root, { recursive: true, force: true });
  cpSync(join(rigDirectory, 'al2'), root, { recursive: true });
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), `v${versions.kubelet}\n`);
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), `${versions.containerd}\n`);
};

const UNIT = '[Service]\nExecStart=/bin/true\n';

/** The same of an Amazon Linux 2023 image. */
export const makeScratchRoot2023 = (root: string, versions = { kubelet: '1.34.1', containerd: '2.1.5' }): void => {
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of Object.entries({
    'etc/os-release': 'ID="amzn"\nVERSION_ID="2023"\n',
    'etc/eks/kubelet-version.txt': `v${versions.kubelet}\n`,
    'etc/eks/containerd-version.txt': `${versions.containerd}\n`,
    'etc/systemd/system/kubelet.service': UNIT,
    'etc/systemd/system/containerd.service': UNIT,
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};

export type Tree = { readonly [path: string]: string };

/** Every file below a directory with its text, every link with its target. */
export const treeIn = (root: string): Tree =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const text = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, 'latin1');
        return [path.slice(root.length), text] as const;
      })
      .sort(),
  );
