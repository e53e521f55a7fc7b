/** An image's directory for tests that need no rig: the layout of an Amazon Linux 2 EKS image, without programs. */
import { cpSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rigDirectory } from './shell.ts';

/** Makes it anew. */
export const makeScratchRoot = (root: string, versions = { kubelet: '1.32.3', containerd: '1.7.27' }): void => {
  rmSync(root, { recursive: true, force: true });
  cpSync(join(rigDirectory, 'al2'), root, { recursive: true });
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), `v${versions.kubelet}\n`);
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), `${versions.containerd}\n`);
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
