/** A directory that passes for an EKS image, and what is in it. */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';

const IMAGE: Readonly<Record<string, string>> = {
  'etc/eks/kubelet-version.txt': 'v1.32.3\n',
  'etc/eks/containerd-version.txt': '1.7.27\n',
  'etc/eks/image-credential-provider/ecr-credential-provider': '#!/bin/sh\n',
  'usr/bin/aws-iam-authenticator': '#!/bin/sh\n',
  'usr/lib/systemd/system/containerd.service': '[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n',
};

/** An image as a decision sees it. Not in t.testdir(): a socket's path is limited to 107 bytes (unix(7)), wherever the checkout is. */
export const makeImage = (t: Test, changes: Readonly<Record<string, string | null>> = {}): string => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-image-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const root = join(dir, 'root');
  for (const [path, text] of Object.entries({ ...IMAGE, ...changes })) {
    if (text === null) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return root;
};

/** Every file with its time and text: "nothing was written" compares this. */
export const stateOf = (root: string): string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/^\/run(\/|$)/.test(path.slice(root.length)))
    .map((path) => `${path.slice(root.length)} ${lstatSync(path).mtimeMs}`)
    .sort();
