/** Local disks with a real kernel, udev, mdadm, mkfs.xfs and mount units: first runs, second runs, reboots, stops that wipe them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { installAmi } from '../rig/ami.ts';
import { isConverged, MACHINE_PARTS, mountsOf, stateOf, withServices } from '../rig/disk-checks.ts';
import { until } from '../rig/node.ts';
import { needs } from '../rig/parts.ts';
import { makeMachine, projectInside } from '../rig/uml.ts';

t.test('one array: made, kept over a reboot, made anew after a stop', async (t) => {
  if (!needs(t, ...MACHINE_PARTS)) return;
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
  if (!needs(t, ...MACHINE_PARTS)) return;
  const machine = await makeMachine(t);
  installAmi(machine.root, { kubelet: '1.32.3', containerd: '1.6', templates: false });
  // There is no registry here, and that kernel has no netfilter.
  rmSync(join(machine.root, 'usr/sbin/iptables'));
  writeFileSync(join(machine.root, 'usr/sbin/iptables'), '#!/bin/sh\n', { mode: 0o755 });
  mkdirSync(join(machine.root, 'etc/eks/containerd'));
  writeFileSync(join(machine.root, 'etc/eks/containerd/pull-sandbox-image.sh'), '#!/bin/sh\n', { mode: 0o755 });
  await machine.boot(['AWS1', 'AWS2'].map(machine.makeDisk));
  await machine.must('mkdir -p /var/lib/containerd; echo c >/var/lib/containerd/image');
  await machine.must(`cd ${projectInside}; setsid /host${process.execPath} test/fakes/main.ts >/rig/fakes.json 2>/rig/fakes.err &`);
  const { env } = await until('the stand-ins of AWS', 60_000, () => {
    const line = readFileSync(join(machine.root, 'rig/fakes.json'), 'utf8');
    return line.endsWith('\n') ? (JSON.parse(line) as { env: { [name: string]: string } }) : undefined;
  });
  const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value}'; `);
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
