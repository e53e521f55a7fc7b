/** Every unit and drop-in of the decision cases, read by systemd's own parser. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { installAmi } from '../rig/ami.ts';
import { makeNetwork, makeNode } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';
import { distinct, renderedCases } from '../rig/rendered.ts';
import { run } from '../rig/shell.ts';

const UNITS = '/etc/systemd/system/';
/** Since 238 systemd mounts /sys/fs/bpf itself and refuses a unit for it; Amazon Linux 2 has 219, which needs the unit. */
const isForOldSystemd = (path: string): boolean => path.endsWith('/sys-fs-bpf.mount');
const isUnit = (path: string): boolean => path.startsWith(UNITS) && !path.slice(UNITS.length).includes('/') && !isForOldSystemd(path);

t.test('systemd-analyze verify', async (t) => {
  if (!needs(t, ...NODE_PARTS, 'systemd-analyze')) return;
  const { root, write } = await makeNode(t, await makeNetwork(t));
  installAmi(root, { kubelet: '1.32.3', containerd: '1.6' });
  // verify looks for the programs that units start.
  write('usr/bin/bootwright', '', 0o755);
  write('etc/eks/containerd/pull-sandbox-image.sh', '', 0o755);
  write('usr/lib/systemd/system/docker.service', '[Service]\nExecStart=/bin/true\n');

  const sets = distinct(renderedCases(), ({ files }) =>
    files.filter(({ path }) => path.startsWith(UNITS)).map(({ path, text }) => ({ path, text })),
  );
  t.ok(sets.size > 10, `${sets.size} different sets of units`);
  for (const [name, files] of sets) {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const units = files.map(({ path }) => path).filter(isUnit);
    // Unknown keys are only told, with exit code 0: hence --recursive-errors, and silence is wanted.
    const verdict = await run('chroot', [root, 'systemd-analyze', 'verify', '--man=no', '--recursive-errors=yes', ...units]);
    t.strictSame(verdict, { code: 0, stdout: '', stderr: '' }, name);
    for (const { path } of files) rmSync(join(root, path));
  }

  write(`${UNITS}wrong.service`, '[Service]\nExecStart=/usr/bin/kubelet\nTyype=simple\n');
  const wrong = await run('chroot', [root, 'systemd-analyze', 'verify', '--man=no', '--recursive-errors=yes', `${UNITS}wrong.service`]);
  t.match(wrong, { code: 1, stderr: /Unknown key 'Tyype'/ }, 'a mistake would be told');
});
