import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { restoreLabels } from '../../src/node/selinux.ts';

t.test('labels', async (t) => {
  const dir = t.testdir({ selinux: { enforce: '0' } });
  const options = { searchPath: dir, selinuxfs: join(dir, 'selinux') };
  const put = (text: string): void => {
    writeFileSync(join(dir, 'restorecon'), `#!/bin/sh\n${text}\n`);
    chmodSync(join(dir, 'restorecon'), 0o755);
  };
  put(`echo "$*" >'${dir}/called'`);
  t.equal(await restoreLabels(['/etc/a', '/etc/b c'], options), undefined);
  t.equal(readFileSync(join(dir, 'called'), 'utf8'), '-- /etc/a /etc/b c\n', 'in permissive mode too');
  put('echo "lsetxattr: Operation not supported" >&2; exit 255');
  t.equal(
    await restoreLabels(['/etc/a'], options),
    'SELinux labels of 1 paths were not set: lsetxattr: Operation not supported; run restorecon on /etc/a',
  );
  t.equal(await restoreLabels(['/etc/a'], { ...options, selinuxfs: join(dir, 'none') }), undefined, 'SELinux is off');
  t.equal(await restoreLabels([], options), undefined, 'nothing was written');
});
