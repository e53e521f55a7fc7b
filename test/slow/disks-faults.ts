/** Local disks where things go wrong: programs that fail, runs that are killed, and disks that hold what somebody may need. */
import t, { type Test } from 'tap';
import { isConverged, MACHINE_PARTS, mountsOf, withServices } from '../rig/disk-checks.ts';
import { needs } from '../rig/parts.ts';
import { type Machine, makeMachine } from '../rig/uml.ts';

/** Takes everything away again, as if nothing had been done. */
const RESET = `
  systemctl stop kubelet containerd 2>/dev/null
  umount /var/lib/kubelet /var/lib/containerd /var/lib/soci-snapshotter-grpc /var/log/pods /mnt/k8s-disks/* 2>/dev/null
  for md in /dev/md12?; do [ -b $md ] && wipefs --quiet --all $md; mdadm --quiet --stop $md 2>/dev/null; done
  for disk in /dev/ubd?; do wipefs --quiet --all $disk; done
  rm -rf /etc/systemd/system/*.mount /etc/systemd/system/*/*.mount /.aws /mnt/k8s-disks /opt/bin /run/bootwright /run/faults
  mkdir -p /var/lib/containerd /opt/bin; echo c >/var/lib/containerd/image
  systemctl daemon-reload; udevadm settle; true`;

/** The programs that a plan calls to change something. */
const PROGRAMS = ['mdadm', 'wipefs', 'mkfs.xfs', 'udevadm', 'cp', 'sync', 'systemctl'];
const REAL_PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

/** What happens at each call: instead of the work, or after it; to the program, or to the run that has called it. */
const FAULTS = [
  { words: 'fails without having done anything', works: false, fault: 'echo no >&2; exit 1' },
  { words: 'dies when it has done its work', works: true, fault: `${REAL_PATH} $program "$@"; kill -9 $$` },
  { words: 'is called by a run that is killed beforehand', works: false, fault: 'kill -9 $PPID; exit 1' },
  { words: 'is called by a run that is killed afterwards', works: true, fault: `${REAL_PATH} $program "$@"; kill -9 $PPID; exit 1` },
];

/** Puts programs first on PATH that go wrong at each call once, so that the next run comes further by one; what only asks is let through. */
const faulty = (fault: string): string =>
  PROGRAMS.map(
    (program) => `cat >/opt/bin/${program} <<'EOF'
#!/bin/sh
program=${program}
call=/run/faults/$(echo "$program $*" | md5sum | cut -d' ' -f1)
case "$1" in show | is-*) exec env ${REAL_PATH} $program "$@" ;; esac
if [ ! -e $call ]; then echo "$program $*" >$call; ${fault}; fi
exec env ${REAL_PATH} $program "$@"
EOF
chmod +x /opt/bin/${program}`,
  ).join('\n');

/** What is true in the end, whatever happened on the way. */
const isComplete = async (t: Test, machine: Machine): Promise<void> => {
  await machine.must('rm -f /opt/bin/*');
  t.equal((await mountsOf(machine)).trim().split('\n').length, 5, 'all is mounted');
  t.equal(await machine.must('cat /var/lib/containerd/image'), 'c\n', 'and complete');
  t.equal(await machine.must('systemctl is-active kubelet containerd'), 'active\nactive\n', 'what ran runs again');
  t.equal(await machine.must('ls -A /run/bootwright'), 'lock\n', 'nothing is left to do');
  await isConverged(t, machine, 'setup-local-disks raid0');
};

const RUN = 'PATH=/opt/bin:$PATH setup-local-disks raid0';
const START = 'systemctl enable -q kubelet containerd; systemctl start kubelet containerd';
/** More runs than there are calls: so many would not be progress. */
const MOST_RUNS = 60;

t.test('each program of the plan', async (t) => {
  if (!needs(t, ...MACHINE_PARTS)) return;
  const machine = await makeMachine(t);
  withServices(machine);
  await machine.boot(['AWS1', 'AWS2'].map(machine.makeDisk));
  for (const { words, works, fault } of FAULTS) {
    await t.test(words, async (t) => {
      await machine.must(`${RESET}; ${START}; mkdir /run/faults; ${faulty(fault)}`);
      let runs = 1;
      while ((await machine.run(RUN)).code !== 0 && runs < MOST_RUNS) runs++;
      const calls = (await machine.must('cat /run/faults/*')).trim().split('\n').sort();
      t.comment(`${runs} runs, ${calls.length} calls went wrong`);
      t.ok(runs < MOST_RUNS, 'each run came further');
      // An array that is there is not wiped: the run that had made it did not come to that.
      const expected = PROGRAMS.filter((program) => !works || program !== 'wipefs');
      t.same(
        expected.filter((program) => !calls.some((call) => call.startsWith(`${program} `))),
        [],
        'each program went wrong',
      );
      await isComplete(t, machine);
    });
  }
});

/** strace of this machine, in the other one. */
const STRACE =
  '/host/lib64/ld-linux-x86-64.so.2 --library-path /host/lib/x86_64-linux-gnu:/host/usr/lib/x86_64-linux-gnu /host/usr/bin/strace';

t.test('a program that dies in the midst of its work', async (t) => {
  if (!needs(t, ...MACHINE_PARTS, 'strace')) return;
  const machine = await makeMachine(t);
  withServices(machine);
  await machine.boot(['AWS1', 'AWS2', 'AWS3', 'AWS4'].map(machine.makeDisk));
  /** Kills the program at this system call of its kind. */
  const killing = (program: string, call: string, n: number): string => `cat >/opt/bin/${program} <<'EOF'
#!/bin/sh
exec env ${REAL_PATH} ${STRACE} -o /run/faults/trace -e trace=${call} -e inject=${call}:signal=KILL:when=${n} ${program} "$@"
EOF
chmod +x /opt/bin/${program}`;
  const moments = [
    // The first member is written, and all but one.
    ...[3, 5].map((n) => ['mdadm', 'write', n] as const),
    // The first superblock is there, and most of what follows it.
    ...[4, 30].map((n) => ['mkfs.xfs', 'pwrite64', n] as const),
  ];
  for (const [program, call, n] of moments) {
    await t.test(`${program} at ${call} ${n}`, async (t) => {
      await machine.must(`${RESET}; ${START}; mkdir /run/faults; ${killing(program, call, n)}`);
      const { code, stderr } = await machine.run(RUN);
      t.equal(code, 1, stderr);
      t.match(await machine.must('tail -n 1 /run/faults/trace'), 'killed by SIGKILL', 'it died');
      const again = await machine.run('rm -f /opt/bin/*; udevadm settle; setup-local-disks raid0');
      t.equal(again.code, 0, again.stderr);
      await isComplete(t, machine);
    });
  }

  await t.test('disk by disk', async (t) => {
    await machine.must(`${RESET}; mkdir /run/faults; ${killing('mkfs.xfs', 'pwrite64', 20)}`);
    t.equal((await machine.run('PATH=/opt/bin:$PATH setup-local-disks mount')).code, 1);
    const { code, stderr } = await machine.run('rm -f /opt/bin/*; setup-local-disks mount');
    t.equal(code, 0, stderr);
    await isConverged(t, machine, 'setup-local-disks mount');
  });

  await t.test('one that somebody else began stays as it is', async (t) => {
    await machine.must(
      `${RESET}; mkdir /run/faults; ${killing('mkfs.xfs', 'pwrite64', 20)}; PATH=/opt/bin:$PATH mkfs.xfs -q /dev/ubdb || true`,
    );
    const before = await machine.must('sha256sum /dev/ubd[abcd]');
    const { code, stderr } = await machine.run('rm -f /opt/bin/*; setup-local-disks raid10');
    t.equal(code, 1);
    t.match(stderr, /ubdb: it holds an xfs file system whose making was cut off/);
    t.equal(await machine.must('sha256sum /dev/ubd[abcd]'), before);
  });
});

t.test('disk by disk, and never over data', async (t) => {
  if (!needs(t, ...MACHINE_PARTS)) return;
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
      await machine.must(
        'findmnt --real --noheadings --raw -o TARGET,SOURCE,FSTYPE | grep ubd | grep -v hostfs | sort; cat /srv/disks/1/mine',
      ),
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
