/** Local disks with a real kernel, udev, mdadm, mkfs.xfs and mount units: first runs, second runs, reboots, stops that wipe them, kills. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { installAmi } from '../rig/ami.ts';
import { until } from '../rig/node.ts';
import { needs, type Part } from '../rig/parts.ts';
import { type Machine, makeMachine, projectInside } from '../rig/uml.ts';

const PARTS: readonly Part[] = ['linux', 'x64', 'root', 'rootfs', 'nspawn', 'uml', 'systemctl'];

/** Two services in place of containerd and kubelet, which say by their start what they found. */
const service = (name: string, directory: string): string => `[Service]
ExecStart=/bin/sh -c 'ls ${directory} >/var/tmp/${name}-found; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

const withServices = ({ root }: Machine): void => {
  for (const name of ['kubelet', 'containerd']) {
    writeFileSync(join(root, `etc/systemd/system/${name}.service`), service(name, `/var/lib/${name}`));
  }
};

/** All that a run could have touched: units with their invocations, mounts, arrays, and files with inode and change time. */
const stateOf = (machine: Machine): Promise<string> =>
  machine.must(`
    cat /proc/mdstat; findmnt --real --noheadings --list | sort; blkid -p /dev/ubd* /dev/md* || true
    find /etc/systemd/system /.aws /var/lib/kubelet /var/lib/containerd -printf '%p %T@ %i %m %s\\n' | sort
    systemctl show -P InvocationID kubelet containerd mnt-k8s\\\\x2ddisks-0.mount`);

const mountsOf = (machine: Machine): Promise<string> =>
  machine.must('findmnt --real --noheadings --raw -o TARGET,SOURCE,FSTYPE | grep -E "k8s|/var" | sort');

const isConverged = async (t: Test, machine: Machine, command: string): Promise<void> => {
  const before = await stateOf(machine);
  const { code, stderr } = await machine.run(command);
  t.equal(code, 0, stderr);
  t.match(stderr, /^Nothing to do\.$/m, 'a second run says that there is nothing to do');
  t.equal(await stateOf(machine), before, 'and touches nothing');
  t.match(await machine.must(command.replace(/ (?=\w+$)/, ' --plan ')), /^Nothing to do\.$/m, 'a plan says the same');
};

t.test('one array: made, kept over a reboot, made anew after a stop', async (t) => {
  if (!needs(t, ...PARTS)) return;
  const machine = await makeMachine(t);
  withServices(machine);
  const [one, two] = [machine.makeDisk('AWS1'), machine.makeDisk('AWS2')];
  await machine.boot([one, two]);
  await machine.must('mkdir -p /var/lib/containerd /var/lib/kubelet; echo c >/var/lib/containerd/image; echo k >/var/lib/kubelet/there');
  await machine.must('mkdir /var/lib/kubelet/volume; mount -t tmpfs none /var/lib/kubelet/volume; echo secret >/var/lib/kubelet/volume/s');
  await machine.must('systemctl daemon-reload; systemctl enable -q --now kubelet containerd');

  await t.test('the first run', async (t) => {
    const plan = await machine.must('setup-local-disks --plan raid0');
    t.match(plan, /create +\/dev\/md\/kubernetes, raid0 of \/dev\/ubda, \/dev\/ubdb/);
    const { code, stderr } = await machine.run('setup-local-disks raid0');
    t.equal(code, 0, stderr);
    t.match(await machine.must('cat /proc/mdstat'), /raid0 ubd[ab]\[[01]\] ubd[ab]\[[01]\]/);
    t.equal(
      await mountsOf(machine),
      [
        '/mnt/k8s-disks/0 /dev/md127 xfs',
        '/var/lib/containerd /dev/md127[/containerd] xfs',
        '/var/lib/kubelet /dev/md127[/kubelet] xfs',
        '/var/lib/soci-snapshotter-grpc /dev/md127[/soci-snapshotter-grpc] xfs',
        '/var/log/pods /dev/md127[/pods] xfs',
        '',
      ].join('\n'),
    );
    t.equal(await machine.must('cat /var/lib/containerd/image /var/lib/kubelet/there'), 'c\nk\n', 'what was there came along');
    t.equal(await machine.must('ls /var/lib/kubelet/volume'), '', 'what was mounted there did not');
    t.equal(await machine.must('systemctl is-active kubelet containerd'), 'active\nactive\n', 'what ran runs again');
    t.match(await machine.must('cat /var/tmp/kubelet-found'), 'there');
    await isConverged(t, machine, 'setup-local-disks raid0');
  });

  await t.test('what is asked for in another way is refused', async (t) => {
    const before = await stateOf(machine);
    for (const mode of ['raid10', 'mount']) {
      const { code, stderr } = await machine.run(`setup-local-disks ${mode}`);
      t.equal(code, 1, stderr);
    }
    t.equal(await stateOf(machine), before);
  });

  await t.test('a reboot with the disks in another order', async (t) => {
    await machine.must('echo new >/var/lib/kubelet/new');
    await machine.powerOff();
    await machine.boot([two, one]);
    t.match(await machine.must('cat /var/tmp/kubelet-found'), /new\nthere/, 'it was mounted before the kubelet started');
    await isConverged(t, machine, 'setup-local-disks raid0');
  });

  await t.test('a stop wipes the disks, and the instance comes back with three others', async (t) => {
    await machine.powerOff();
    const others = ['AWS7', 'AWS8', 'AWS9'].map(machine.makeDisk);
    await machine.boot(others);
    t.equal(await machine.must('cat /var/lib/containerd/image; ls /var/lib/kubelet'), 'c\nthere\nvolume\n', 'for now on the root disk');
    const stale = await machine.must('cat /.aws/mdadm.conf');
    const { code, stderr } = await machine.run('setup-local-disks raid0');
    t.equal(code, 0, stderr);
    t.match(await machine.must('cat /proc/mdstat'), /raid0 (?:ubd[abc]\[[012]\] ?){3}/);
    t.equal((await mountsOf(machine)).trim().split('\n').length, 5);
    t.not(await machine.must('cat /.aws/mdadm.conf'), stale);
    await isConverged(t, machine, 'setup-local-disks raid0');
  });

  await t.test('a type without disks', async (t) => {
    await machine.powerOff();
    await machine.boot([]);
    const { code, stderr } = await machine.run('setup-local-disks raid0');
    t.equal(code, 0, stderr);
    t.match(stderr, /no disks of the instance store/);
    t.equal(await machine.must('ls /etc/systemd/system | grep mount || true; find /etc/systemd/system -name "*.mount"'), '');
  });
});

t.test('bootstrap.sh: the disks first, then what lies on them', async (t) => {
  if (!needs(t, ...PARTS)) return;
  const machine = await makeMachine(t);
  installAmi(machine.root, { kubelet: '1.32.3', containerd: '1.6' });
  await machine.boot(['AWS1', 'AWS2'].map(machine.makeDisk));
  await machine.must('mkdir -p /var/lib/containerd; echo c >/var/lib/containerd/image');
  await machine.must(`cd ${projectInside}; setsid /host${process.execPath} test/fakes/main.ts >/rig/fakes.json 2>/rig/fakes.err &`);
  const { env } = await until('the stand-ins of AWS', 60_000, () => {
    const line = readFileSync(join(machine.root, 'rig/fakes.json'), 'utf8');
    return line.endsWith('\n') ? (JSON.parse(line) as { env: { [name: string]: string } }) : undefined;
  });
  const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value}'; `);
  // Without a registry the pull of the pause image fails, which is a warning.
  const bootstrap = (args: string) => machine.run(`${exports.join('')} bash /etc/eks/bootstrap.sh my-cluster --mount-bpf-fs false ${args}`);

  const first = await bootstrap('--local-disks raid0');
  t.equal(first.code, 0, first.stderr);
  t.match(
    first.stderr,
    /created \/dev\/md\/kubernetes[\s\S]*started var-lib-kubelet\.mount[\s\S]*wrote \/var\/lib\/kubelet\/kubeconfig[\s\S]*started kubelet\.service/,
  );
  t.equal((await mountsOf(machine)).trim().split('\n').length, 5);
  t.equal(await machine.must('stat -f -c %T /var/lib/kubelet/kubeconfig /var/lib/containerd/image'), 'xfs\nxfs\n');
  t.match(await machine.must('ls /var/lib/containerd'), /io\.containerd\.metadata/, 'containerd runs on the array');
  t.equal(await machine.must('systemctl is-active kubelet containerd'), 'active\nactive\n');

  await t.test('again, and as EKS calls it after the user', async (t) => {
    const before = await stateOf(machine);
    for (const args of ['--local-disks raid0', '', '--local-disks none']) {
      const { code, stderr } = await bootstrap(args);
      t.equal(code, 0, stderr);
      t.notMatch(stderr, /\b(?:created|formatted|copied|stopped|removed|wrote)\b/);
    }
    t.equal(await stateOf(machine), before);
  });

  await t.test('a bootstrap.sh that calls another setup-local-disks', async (t) => {
    await machine.must(
      `mkdir /opt/other; printf '#!/bin/sh\\necho "$@" >>/var/tmp/other\\n' >/opt/other/setup-local-disks; chmod +x /opt/other/*`,
    );
    exports.push('export PATH=/opt/other:$PATH; ');
    for (const _ of [1, 2]) t.equal((await bootstrap('--local-disks raid0')).code, 0);
    t.equal(await machine.must('cat /var/tmp/other'), 'raid0\n', 'called with the mode, once');
  });
});

/** Takes everything away again, as if nothing had been done. */
const RESET = `
  systemctl stop kubelet containerd 2>/dev/null
  umount /var/lib/kubelet /var/lib/containerd /var/lib/soci-snapshotter-grpc /var/log/pods /mnt/k8s-disks/* 2>/dev/null
  for md in /dev/md127 /dev/md126; do [ -b $md ] && mdadm --quiet --stop $md; done
  for disk in /dev/ubd?; do wipefs --quiet --all $disk; done
  rm -rf /etc/systemd/system/*.mount /etc/systemd/system/*/*.mount /.aws /mnt/k8s-disks /opt/bin /run/bootwright
  mkdir -p /var/lib/containerd /opt/bin; echo c >/var/lib/containerd/image
  systemctl daemon-reload; udevadm settle; true`;

/** A program on PATH that, at this call, does its work or not, and takes the one that called it along. */
const deadly = (call: string, works: boolean): string => {
  const [program = '', verb = '*'] = call.split(' ');
  const real = `PATH=/usr/sbin:/usr/bin:/sbin:/bin ${program} "$@"`;
  const script = `#!/bin/sh\ncase "$1" in ${verb}) ${works ? real : ':'}; kill -9 $PPID ;; *) ${real} ;; esac\n`;
  return `cat >/opt/bin/${program} <<'EOF'\n${script}EOF\nchmod +x /opt/bin/${program}`;
};

t.test('killed anywhere, the next run finishes it', async (t) => {
  if (!needs(t, ...PARTS)) return;
  const machine = await makeMachine(t);
  withServices(machine);
  await machine.boot(['AWS1', 'AWS2'].map(machine.makeDisk));
  const moments: readonly (readonly [string, string])[] = [
    ['mdadm', 'after'],
    ['mkfs.xfs', 'after'],
    ['cp', 'before'],
    ['sync', 'after'],
    ['systemctl start', 'after'],
  ];
  for (const [call, moment] of moments) {
    await t.test(`${moment} ${call}`, async (t) => {
      await machine.must(`${RESET}; ${deadly(call, moment === 'after')}`);
      const killed = await machine.run('PATH=/opt/bin:$PATH setup-local-disks raid0');
      t.equal(killed.code, 137, killed.stderr);
      const { code, stderr } = await machine.run('rm -f /opt/bin/*; setup-local-disks raid0');
      t.equal(code, 0, stderr);
      t.equal((await mountsOf(machine)).trim().split('\n').length, 5, 'all is mounted');
      t.equal(await machine.must('cat /var/lib/containerd/image'), 'c\n', 'and complete');
    });
  }
  await isConverged(t, machine, 'setup-local-disks raid0');
});

t.test('disk by disk, and never over data', async (t) => {
  if (!needs(t, ...PARTS)) return;
  const machine = await makeMachine(t);
  await machine.boot(['AWS1', 'AWS2', 'AWS3', 'AWS4'].map(machine.makeDisk));
  const sums = 'sha256sum /dev/ubda /dev/ubdb /dev/ubdc';
  await machine.must('mkfs.ext4 -q /dev/ubda; mount /dev/ubda /mnt; echo data >/mnt/mine; umount /mnt');
  await machine.must('echo "label: gpt" | sfdisk -q /dev/ubdb; mkswap -q /dev/ubdc; udevadm settle');

  await t.test('what is in use is refused, and stays bit for bit', async (t) => {
    const before = await machine.must(sums);
    for (const mode of ['raid0', 'mount']) {
      const { code, stderr } = await machine.run(`setup-local-disks ${mode}`);
      t.equal(code, 1, mode);
      if (mode === 'raid0')
        t.match(stderr, /ubda: it holds an ext4 file system.*ubdb: it holds a gpt partition table.*ubdc: it holds a swap area/s);
    }
    t.equal(await machine.must(sums), before);
  });

  await t.test('a file system is mounted as it is, the others are made', async (t) => {
    await machine.must('wipefs -qa /dev/ubdb /dev/ubdc; mkdir /data; mkfs.xfs -q /dev/ubdc; mount /dev/ubdc /data');
    const { code, stderr } = await machine.run('setup-local-disks -d /srv/disks mount');
    t.equal(code, 0, stderr);
    t.equal(
      await machine.must('findmnt --real --noheadings --raw -o TARGET,SOURCE,FSTYPE | grep ubd | sort; cat /srv/disks/1/mine'),
      '/data /dev/ubdc xfs\n/srv/disks/1 /dev/ubda ext4\n/srv/disks/2 /dev/ubdb xfs\n/srv/disks/3 /dev/ubdd xfs\ndata\n',
    );
    await isConverged(t, machine, 'setup-local-disks -d /srv/disks mount');
  });

  await t.test('one array of four, with redundancy', async (t) => {
    await machine.must(`umount /data /srv/disks/*; ${RESET}`);
    const { code, stderr } = await machine.run('setup-local-disks --no-bind-mounts raid10');
    t.equal(code, 0, stderr);
    t.match(await machine.must('cat /proc/mdstat'), /raid10 (?:ubd[a-d]\[[0-3]\] ?){4}/);
    t.equal(await machine.must('findmnt --noheadings --raw -o TARGET,FSTYPE /dev/md127'), '/mnt/k8s-disks/0 xfs\n');
    await isConverged(t, machine, 'setup-local-disks --no-bind-mounts raid10');
  });
});
