import t from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

t.test('zone and id of the instance, by both names, without AWS', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const expected = { code: 0, signal: null, stdout: 'aws:///us-west-2a/i-0123456789abcdef0\n', stderr: '' };
  t.same(await run([], { as: 'provider-id', env: fakes.env }), expected);
  t.same(await run(['provider-id'], { env: fakes.env }), expected);
  t.notOk(fakes.aws.count(/./));
});

t.test('an IMDS that refuses is an error, not an empty id', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  fakes.imds.disable();
  const dropIn = await run([], { as: '/usr/bin/provider-id', env: fakes.env });
  t.equal(dropIn.code, 1);
  t.equal(dropIn.stdout, '');
  t.match(dropIn.stderr, /^error: IMDS answers 403 for latest\/api\/token: the metadata service is disabled for this instance\. /);
  t.equal((await run(['provider-id'], { env: fakes.env })).code, 77);
});

t.test('takes no words', async (t) => {
  const message = 'error: x: is one word too many. `bootwright help provider-id` shows the form.\n';
  const dropIn = await run(['x'], { as: 'provider-id' });
  t.same([dropIn.code, dropIn.stderr], [1, message]);
  const own = await run(['provider-id', 'x']);
  t.same([own.code, own.stderr], [64, message]);
});
