import t from 'tap';
import { MARK, MOUNT_UNIT_PATTERN, mountUnitOf, mountUnitText } from '../../../src/core/disks/units.ts';

t.test('names of mount units, as systemd-escape --path makes them', async (t) => {
  for (const [path, unit] of [
    ['/mnt/k8s-disks/0', 'mnt-k8s\\x2ddisks-0.mount'],
    ['/var/lib/kubelet', 'var-lib-kubelet.mount'],
    ['//var//lib/', 'var-lib.mount'],
    ['/.hidden/.x', '\\x2ehidden-.x.mount'],
    ['/a b/é', 'a\\x20b-\\xc3\\xa9.mount'],
    ['/', '-.mount'],
  ])
    t.equal(mountUnitOf(path ?? ''), unit);
});

t.test('a unit is known again, and so is setup-local-disks’ own; others are not', async (t) => {
  const pattern = new RegExp(`^(?:${MOUNT_UNIT_PATTERN})$`);
  t.match(mountUnitText({ what: 'UUID=1', where: '/x', type: 'xfs', options: 'defaults' }), pattern);
  t.match(`[Unit]\nDescription=Mount ${MARK} NVMe disk RAID0\n[Mount]\n`, pattern);
  t.notMatch(`[Unit]\nDescription=mine\n# ${MARK}\n`, pattern);
});
