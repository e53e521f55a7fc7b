import { join } from 'node:path';
import t from 'tap';
import { hasOwnCredentials, isElsewhere, withRemedy } from '../../src/cli/elsewhere.ts';
import { NodeError } from '../../src/core/errors.ts';

t.test('only a machine that names another maker is elsewhere', async (t) => {
  const dir = t.testdir({
    nitro: { class: { dmi: { id: { sys_vendor: 'Amazon EC2\n' } } } },
    xen: { class: { dmi: { id: { sys_vendor: 'Xen\n' } } }, hypervisor: { uuid: 'ec2e1916-9099-7caf-fd21-012345abcdef\n' } },
    laptop: { class: { dmi: { id: { sys_vendor: 'LENOVO\n' } } } },
    silent: {},
  });
  const seen = ['nitro', 'xen', 'laptop', 'silent'].map((name) => isElsewhere(join(dir, name)));
  t.same(seen, [false, false, true, false]);
});

t.test('variables that give credentials', async (t) => {
  t.equal(hasOwnCredentials({ AWS_PROFILE: 'x' }), true);
  t.equal(hasOwnCredentials({ AWS_PROFILE: '', AWS_REGION: 'x' }), false);
});

t.test('only failures of IMDS get another remedy', async (t) => {
  const imds = new NodeError('UNAVAILABLE', 'no answer', { remedy: 'old', path: 'latest/api/token' });
  t.throws(() => withRemedy('new')(imds), { code: 'UNAVAILABLE', message: 'no answer', remedy: 'new' });
  const other = new NodeError('NO_PERMISSION', 'denied', { remedy: 'old' });
  t.throws(() => withRemedy('new')(other), other);
});
