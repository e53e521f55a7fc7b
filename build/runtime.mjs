/** The Node that goes into an executable: this process's own, or for the other architecture the one of the lock file, run by qemu. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's names; `packages` is what to install where one is missing. */
const CROSS = {
  arm64: {
    qemu: 'qemu-aarch64-static',
    libraries: '/usr/aarch64-linux-gnu',
    strip: 'aarch64-linux-gnu-strip',
    remedy: 'run test/rig/setup.sh --arm64 (Debian 12, root)',
  },
};

export const ARCHITECTURES = ['x64', ...Object.keys(CROSS)];

const isOnPath = (name) => (process.env['PATH'] ?? '').split(delimiter).some((dir) => existsSync(join(dir, name)));

/** The exact Node of the lock file, with the digest it must have. */
const pinnedNode = (root, arch) =>
  JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[`node_modules/node-linux-${arch}`] ?? {};

/** A code cache, and a SEA blob all the more, belongs to one build of Node: with any other the executable dies of a segmentation fault. */
const refuseOtherNode = (root) => {
  const { version } = pinnedNode(root, process.arch);
  if (process.version !== `v${version}`) {
    throw new Error(
      `this is Node ${process.version}; the executable is built with the pinned v${version}: use \`npm run build\` after \`npm ci\``,
    );
  }
};

const FETCH_MS = 600_000;

/** npm installs only the Node of the machine it runs on; the other is fetched as npm would, and held against the lock file. */
const fetchNode = (root, arch, work) => {
  const { version, integrity } = pinnedNode(root, arch);
  const spec = `node-linux-${arch}@${version}`;
  const pack = ['pack', '--silent', '--prefer-offline', `--pack-destination=${work}`, spec];
  const name = execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: FETCH_MS }).trim();
  const archive = join(work, name);
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${spec} is ${digest}, and package-lock.json says ${integrity}`);
  execFileSync('tar', ['-xzf', archive, '-C', work, '--strip-components=2', 'package/bin/node']);
  return join(work, 'node');
};

/** Without its symbol table Node is a seventh smaller. Before the injection: afterwards `strip` would damage the blob's note. */
const strippedWith = (strip, node) => (out) => {
  if (isOnPath(strip)) {
    execFileSync(strip, ['-o', out, node]);
    return;
  }
  copyFileSync(node, out);
  process.stdout.write(`not stripped: there is no \`${strip}\` here (binutils); the executable works, 18 MB larger\n`);
};

/**
 * @param {{ root: string, arch: string, work: string }} options work: scratch folder
 * @returns command: how that Node is run here, with arguments to follow; copyTo(out): writes it there, stripped
 */
export const runtimeFor = ({ root, arch, work }) => {
  refuseOtherNode(root);
  if (arch === process.arch) return { command: [process.execPath], copyTo: strippedWith('strip', process.execPath) };
  const cross = CROSS[arch];
  if (!cross) throw new Error(`an executable for ${arch} is not built on ${process.arch}`);
  if (!isOnPath(cross.qemu) || !existsSync(cross.libraries)) {
    throw new Error(
      `no ${cross.qemu} on PATH, or no ${cross.libraries}: the code caches for ${arch} are made under emulation; ${cross.remedy}`,
    );
  }
  const node = fetchNode(root, arch, work);
  return { command: [cross.qemu, '-L', cross.libraries, node], copyTo: strippedWith(cross.strip, node) };
};
