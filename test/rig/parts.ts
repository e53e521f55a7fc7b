/**
 * What a test of the rig needs, and what happens where it is missing: on a laptop the test is skipped and says why; with
 * BOOTWRIGHT_RIG=required (CI, `npm run e2e`) it fails, so that a skip can never hide that a check did not run.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The rig's folder, outside the checkout: bin/, rootfs/, and while tests run cp/ and run/NAME/. */
export const RIG =
  process.env['BOOTWRIGHT_RIG_DIR'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'bootwright', 'rig');

const SETUP = 'run test/rig/setup.sh';
const BUILD = 'run test/rig/setup.sh --kubernetes';
const EMULATION = 'run test/rig/setup.sh --arm64';

const isThere = (path: string, mode = constants.F_OK): boolean => {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
};

const command =
  (name: string, remedy: string = SETUP) =>
  (): string | undefined =>
    (process.env['PATH'] ?? '').split(delimiter).some((dir) => isThere(join(dir, name), constants.X_OK))
      ? undefined
      : `no ${name} on PATH: ${remedy}`;

const built = (name: string) => (): string | undefined =>
  isThere(join(RIG, 'bin', name), constants.X_OK) ? undefined : `${name} is not built in ${RIG}/bin: ${BUILD}`;

/** Each part with a probe: undefined when it is here, else the reason and the remedy. */
const PARTS = {
  linux: () => (process.platform === 'linux' ? undefined : `this is ${process.platform}, not linux`),
  x64: () => (process.arch === 'x64' ? undefined : `this is ${process.arch}: the executable under test is for x64`),
  root: () => (process.getuid?.() === 0 ? undefined : 'not root'),
  rootfs: () => (isThere(join(RIG, 'rootfs/etc/os-release')) ? undefined : `no node image in ${RIG}: ${SETUP}`),
  nspawn: command('systemd-nspawn'),
  cgroup2: () => (readFileSync('/proc/filesystems', 'utf8').includes('cgroup2') ? undefined : 'this kernel has no cgroup2'),
  ip: command('ip'),
  openssl: command('openssl'),
  uml: command('linux.uml'),
  strace: command('strace'),
  'mkfs.xfs': command('mkfs.xfs'),
  curl: command('curl'),
  jq: command('jq'),
  shellcheck: command('shellcheck'),
  bash: command('bash'),
  zsh: command('zsh'),
  fish: command('fish'),
  man: command('man'),
  script: command('script'),
  'systemd-analyze': command('systemd-analyze'),
  systemctl: command('systemctl'),
  'qemu-aarch64': command('qemu-aarch64-static', EMULATION),
  'arm64-libraries': () =>
    isThere('/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1') ? undefined : `no C library for arm64: ${EMULATION}`,
  kubelet: built('kubelet'),
  'kubelet-1.34': built('kubelet-1.34'),
  kubectl: built('kubectl'),
  'kube-apiserver': built('kube-apiserver'),
  'kube-controller-manager': built('kube-controller-manager'),
  etcd: built('etcd'),
  'containerd-2': built('containerd-2'),
  'containerd-1.7': built('containerd-1.7'),
} as const satisfies Record<string, () => string | undefined>;

export type Part = keyof typeof PARTS;

/** What a booted node takes. */
export const NODE_PARTS: readonly Part[] = ['linux', 'x64', 'root', 'rootfs', 'nspawn', 'cgroup2', 'ip', 'openssl', 'systemctl'];

/** The part of tap's Test that is used here. */
interface Teller {
  readonly name: string;
  pass(message: string, extra: { skip: string }): boolean;
  fail(message: string): boolean;
}

/**
 * True when every part is here. Otherwise says what is missing, as a skip or, with BOOTWRIGHT_RIG=required, as a failure.
 * Usage: `if (!needs(t, 'root', 'rootfs')) return;`
 */
export const needs = (t: Teller, ...parts: readonly Part[]): boolean => {
  const missing = [...new Set(parts.map((part) => PARTS[part]()).filter((reason) => reason !== undefined))];
  if (missing.length === 0) return true;
  const reason = missing.join('; ');
  if (process.env['BOOTWRIGHT_RIG'] === 'required') t.fail(`the rig is required here: ${reason}`);
  else t.pass(`${t.name} did not run`, { skip: reason });
  return false;
};
