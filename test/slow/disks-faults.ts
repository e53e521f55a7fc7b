/** Local disks where things go wrong: runs that are killed, and disks that hold what somebody may need. */
import t from 'tap';
import { isConverged, MACHINE_PARTS, mountsOf, withServices } from '../rig/disk-checks.ts';
import { needs } from '../rig/parts.ts';
import { makeMachine } from '../rig/uml.ts';

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
  if (!needs(t, ...MACHINE_PARTS)) return;
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
