import t from 'tap';
import { pathInRoot } from '../../src/core/rooted-path.ts';

const LINKS: Readonly<Record<string, string>> = {
  '/img/var/run': '/run',
  '/img/etc/kubernetes': '../data/kubernetes',
  '/img/data': '/mnt/./disk/',
  '/img/up': '../../../../etc',
  '/img/a': 'b',
  '/img/b': 'a',
  '/var/run': '/run',
};
const linkAt = (path: string): string | undefined => LINKS[path];

for (const [root, path, expected] of [
  ['/img', '/etc/hosts', '/img/etc/hosts'],
  ['/img', '/var/run/bootwright/lock', '/img/run/bootwright/lock'],
  ['/img', '/etc/kubernetes/pki', '/img/mnt/disk/kubernetes/pki'],
  ['/img', '/up/passwd', '/img/etc/passwd'],
  ['/img', '/../../etc//./passwd', '/img/etc/passwd'],
  ['/img', '/', '/img'],
  ['/img', '/a/x', undefined],
  ['/', '/var/run/x', '/run/x'],
  ['/', '/', '/'],
] as const) {
  t.test(`${path} in ${root}`, async (t) => {
    t.equal(pathInRoot(root, path, linkAt), expected);
  });
}

t.test('below what is not there nothing is asked, until .. leads back', async (t) => {
  const asked: string[] = [];
  const place = pathInRoot('/img', '/none/a/b/../../../etc/x', (path) => {
    asked.push(path);
    return path === '/img/etc' || path === '/img/none/a' ? undefined : null;
  });
  t.equal(place, '/img/etc/x');
  t.strictSame(asked, ['/img/none', '/img/etc', '/img/etc/x']);
});
