/**
 * A machine with a kernel of its own (user-mode Linux, a process like any other): real md arrays, udev and mount units, whatever the kernel
 * underneath has. Its root is the node image, its disks are sparse files that are named as EC2 names those of the instance store.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { executable } from './executable.ts';
import { newName, type Owner, until } from './node.ts';
import { RIG } from './parts.ts';
import { must, type Outcome, projectDirectory, rigDirectory } from './shell.ts';

/** A disk of the instance store; another serial number is another disk. */
export interface Disk {
  readonly file: string;
  readonly serial: string;
}

export interface Machine {
  /** Its root, seen from here; this machine's own root is /host in it. */
  readonly root: string;
  readonly makeDisk: (serial: string) => Disk;
  /** With these disks, in this order. */
  readonly boot: (disks: readonly Disk[]) => Promise<void>;
  readonly powerOff: () => Promise<void>;
  /** Pulls the plug. */
  readonly crash: () => Promise<void>;
  /** A script for sh. */
  readonly run: (script: string) => Promise<Outcome>;
  /** run of what must succeed; returns stdout. */
  readonly must: (script: string) => Promise<string>;
}

const MODULES = '/usr/lib/uml/modules';
const UNIT = `[Unit]
Description=Agent of the rig
[Service]
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/rig/agent
KillMode=process
[Install]
WantedBy=multi-user.target
`;
/** What takes time at boot and is of no use here. */
const UNUSED = ['cloud-init-local', 'cloud-init', 'cloud-config', 'cloud-final', 'systemd-binfmt', 'getty@tty1', 'apparmor'];

const prepare = (root: string, program: string): void => {
  for (const directory of ['rig/in', 'rig/out', 'host', 'etc/systemd/system/multi-user.target.wants'])
    mkdirSync(join(root, directory), { recursive: true });
  cpSync(join(rigDirectory, 'uml-agent'), join(root, 'rig/agent'));
  writeFileSync(join(root, 'etc/systemd/system/rig-agent.service'), UNIT);
  symlinkSync('../rig-agent.service', join(root, 'etc/systemd/system/multi-user.target.wants/rig-agent.service'));
  for (const unit of UNUSED) symlinkSync('/dev/null', join(root, `etc/systemd/system/${unit}.service`));
  // The image hides udev from containers, which have no devices of their own.
  for (const unit of ['systemd-udevd.service', 'systemd-udev-trigger.service'])
    rmSync(join(root, 'etc/systemd/system', unit), { force: true });
  writeFileSync(join(root, 'etc/fstab'), `none /host hostfs / 0 0\nnone /lib/modules hostfs ${MODULES} 0 0\n`);
  mkdirSync(join(root, 'lib/modules'), { recursive: true });
  symlinkSync(`/host${program}`, join(root, 'usr/bin/bootwright'));
  symlinkSync('bootwright', join(root, 'usr/bin/setup-local-disks'));
};

const udevRules = (disks: readonly Disk[]): string =>
  disks
    .map(
      ({ serial }, i) =>
        `SUBSYSTEM=="block", KERNEL=="ubd${String.fromCharCode(97 + i)}", SYMLINK+="disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_${serial}"\n`,
    )
    .join('');

const start = (root: string, log: string, disks: readonly Disk[]): ChildProcess => {
  const args = [
    'mem=640M',
    'rootfstype=hostfs',
    `rootflags=${root}`,
    'rw',
    'init=/lib/systemd/systemd',
    'con=null',
    'lsm=capability',
    'con0=null,fd:1',
  ];
  const drives = disks.map(({ file }, i) => `ubd${i}=${file}`);
  const output = openSync(log, 'a');
  return spawn('setpriv', ['--pdeathsig', 'KILL', 'linux.uml', ...args, ...drives], {
    detached: true, // a group of its own: pulling the plug is one signal
    stdio: ['ignore', output, output],
    env: { PATH: process.env['PATH'], HOME: '/', TMPDIR: '/tmp' },
  });
};

const gone = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => (child.exitCode !== null || child.signalCode !== null ? resolve() : void child.once('exit', () => resolve())));

/** A machine that is prepared and not booted yet; it goes with its test. */
export const makeMachine = async (t: Owner): Promise<Machine> => {
  const env = { ...process.env, RIG };
  const script = (...args: readonly string[]): Promise<string> => must(join(rigDirectory, 'nspawn.sh'), args, { env, deadlineMs: 60_000 });
  await must(join(rigDirectory, 'clean.sh'), [], { env });
  const name = newName();
  await script('prepare', name);
  const root = (await script('root', name)).trim();
  const place = join(RIG, 'run', name);
  prepare(root, await executable());
  let child: ChildProcess | undefined;
  let count = 0;
  const crash = async (): Promise<void> => {
    if (child?.pid === undefined) return;
    const dying = child;
    child = undefined;
    try {
      process.kill(-(dying.pid ?? 0), 'SIGKILL');
    } catch {} // it has ended by itself
    await gone(dying);
  };
  t.teardown(async () => {
    await crash();
    await script('stop', name);
  });
  const run = async (text: string): Promise<Outcome> => {
    const id = String(++count);
    writeFileSync(join(root, `rig/${id}`), `${text}\n`);
    renameSync(join(root, `rig/${id}`), join(root, `rig/in/${id}`));
    const answer = (ending: string): string => readFileSync(join(root, `rig/out/${id}.${ending}`), 'utf8');
    await until(`an end of: ${text}\n(${place}/console.log)`, 400_000, () => existsSync(join(root, `rig/out/${id}.code`)) || undefined);
    return { code: Number(answer('code')), stdout: answer('out'), stderr: answer('err') };
  };
  const mustRun = async (text: string): Promise<string> => {
    const outcome = await run(text);
    if (outcome.code === 0) return outcome.stdout;
    throw new Error(`in ${name}: ${text}: exit ${outcome.code}\n${outcome.stdout}${outcome.stderr}`);
  };
  return {
    root,
    crash,
    run,
    must: mustRun,
    makeDisk: (serial) => {
      const file = join(place, serial);
      writeFileSync(file, '');
      truncateSync(file, 320 * 1024 * 1024); // xfs takes 300 MiB and more
      return { file, serial };
    },
    boot: async (disks) => {
      writeFileSync(join(root, 'etc/udev/rules.d/90-rig.rules'), udevRules(disks));
      child = start(root, join(place, 'console.log'), disks);
      writeFileSync(join(place, 'uml'), String(child.pid)); // its group, for clean.sh
      await mustRun('systemctl is-system-running --wait; udevadm settle');
    },
    powerOff: async () => {
      const ending = child;
      child = undefined;
      writeFileSync(join(root, 'rig/in/off'), 'systemctl poweroff\n');
      if (ending) await gone(ending);
    },
  };
};

/** Where the project is in a machine. */
export const projectInside = `/host${projectDirectory}`;
