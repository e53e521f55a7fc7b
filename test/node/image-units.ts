import { execFileSync } from 'node:child_process';
import { mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { disableInImage, enableInImage, hasUnitFile, isEnabledInImage } from '../../src/node/image-units.ts';
import { needs } from '../rig/parts.ts';
import { treeIn, writeBelow } from './support/nodes.ts';

const UNITS: Readonly<Record<string, string>> = {
  'etc/systemd/system/kubelet.service': '[Service]\nWantedBy=no.target\n[Install]\nWantedBy=multi-user.target\n',
  'usr/lib/systemd/system/containerd.service': '[Install]\nWantedBy=a.target \\\n  b.target\nRequiredBy=c.target\nAlias=cri.service\n',
  'usr/lib/systemd/system/static.service': '[Service]\nExecStart=/bin/true\n',
  'usr/lib/systemd/system/reset.service': '[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target\n',
  'etc/systemd/system/sys-fs-bpf.mount': '[Install]\nWantedBy=local-fs.target\n',
};
const NAMES = Object.keys(UNITS).map((path) => path.slice(path.lastIndexOf('/') + 1));

const makeImage = (t: Test): string => {
  const root = t.testdir();
  for (const [path, text] of Object.entries(UNITS)) writeBelow(root, path, text);
  return root;
};

const linksIn = (root: string): Record<string, string> =>
  Object.fromEntries(Object.entries(treeIn(root)).filter(([, text]) => text.startsWith('-> ')));

t.test('enabling', async (t) => {
  const root = makeImage(t);
  t.strictSame(
    NAMES.filter((name) => isEnabledInImage(root, name)),
    ['static.service'],
    'nothing to enable is enabled',
  );
  enableInImage(root, NAMES);
  enableInImage(root, NAMES);
  t.ok(NAMES.every((name) => isEnabledInImage(root, name)));
  t.strictSame(linksIn(root), {
    '/etc/systemd/system/a.target.wants/containerd.service': '-> /usr/lib/systemd/system/containerd.service',
    '/etc/systemd/system/b.target.wants/containerd.service': '-> /usr/lib/systemd/system/containerd.service',
    '/etc/systemd/system/b.target.wants/reset.service': '-> /usr/lib/systemd/system/reset.service',
    '/etc/systemd/system/c.target.requires/containerd.service': '-> /usr/lib/systemd/system/containerd.service',
    '/etc/systemd/system/cri.service': '-> /usr/lib/systemd/system/containerd.service',
    '/etc/systemd/system/local-fs.target.wants/sys-fs-bpf.mount': '-> /etc/systemd/system/sys-fs-bpf.mount',
    '/etc/systemd/system/multi-user.target.wants/kubelet.service': '-> /etc/systemd/system/kubelet.service',
  });
});

t.test('it is what systemctl does', async (t) => {
  if (!needs(t, 'systemctl')) return;
  const root = makeImage(t);
  const units = NAMES.filter((name) => name !== 'static.service');
  enableInImage(root, units);
  const ours = linksIn(root);
  const other = join(root, 'other');
  for (const [path, text] of Object.entries(UNITS)) writeBelow(other, path, text);
  execFileSync('systemctl', [`--root=${other}`, 'enable', ...units], { stdio: 'ignore' });
  t.strictSame(linksIn(other), ours);
  t.ok(units.every((name) => isEnabledInImage(other, name)));
});

t.test('what cannot be enabled', async (t) => {
  const root = makeImage(t);
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  symlinkSync('/dev/null', join(root, 'run/systemd/system/masked.service'));
  t.throws(() => enableInImage(root, ['none.service']), {
    code: 'CONFIG',
    message: 'none.service is not in the image',
    remedy: `Install it in ${root} first.`,
  });
  t.throws(() => enableInImage(root, ['masked.service']), {
    code: 'CONFIG',
    message: 'masked.service is masked',
    remedy: 'Remove the link to /dev/null: systemctl unmask masked.service.',
  });
  t.notOk(isEnabledInImage(root, 'none.service'));
  t.notOk(isEnabledInImage(root, 'masked.service'));
  t.notOk(hasUnitFile(root, 'none.service'));
  t.ok(hasUnitFile(root, 'masked.service'));
});

t.test('a unit file that is a link is followed inside the image', async (t) => {
  const root = t.testdir();
  writeBelow(root, 'opt/k/kubelet.service', UNITS['etc/systemd/system/kubelet.service'] ?? '');
  mkdirSync(join(root, 'usr/lib/systemd/system'), { recursive: true });
  symlinkSync('/opt/k/kubelet.service', join(root, 'usr/lib/systemd/system/kubelet.service'));
  symlinkSync('../../../../opt/k/kubelet.service', join(root, 'usr/lib/systemd/system/relative.service'));
  enableInImage(root, ['kubelet.service', 'relative.service']);
  const link = join(root, 'etc/systemd/system/multi-user.target.wants/kubelet.service');
  t.equal(readlinkSync(link), '/usr/lib/systemd/system/kubelet.service');
});

t.test('disabling takes back what enabling made, as systemctl does', async (t) => {
  const root = makeImage(t);
  const before = linksIn(root);
  const units = NAMES.filter((name) => name !== 'static.service');
  enableInImage(root, units);
  t.notSame(linksIn(root), before);
  disableInImage(root, units);
  t.strictSame(linksIn(root), before);
  disableInImage(root, [...units, 'none.service']);
  t.strictSame(linksIn(root), before, 'what is not enabled, or not there, is no failure');
});
