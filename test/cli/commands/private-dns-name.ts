import t from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const NAME = 'ip-192-168-1-10.us-west-2.compute.internal';
const SOON = { PRIVATE_DNS_NAME_MAX_ATTEMPTS: '2', PRIVATE_DNS_NAME_ATTEMPT_INTERVAL: '1' };

t.test('the name alone on stdout, by both names; the region is the instance’s own', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const env = { ...fakes.env, AWS_REGION: 'eu-central-1' };
  const expected = { code: 0, signal: null, stdout: `${NAME}\n`, stderr: '' };
  t.same(await run([], { as: 'private-dns-name', env }), expected);
  t.same(await run(['private-dns-name'], { env }), expected);
  t.match(fakes.aws.exchanges[0]?.headers['authorization'], /\/us-west-2\/ec2\//);
});

t.test('a name that EC2 knows only later, and a role that is as new as the instance', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  Object.assign(fakes.aws.state, { namelessFor: 2 }); // the fault takes one
  fakes.aws.fault({
    on: 'DescribeInstances',
    kind: 'status',
    status: 403,
    times: 1,
    body: '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not yet</Message></Error></Errors></Response>',
  });
  const { code, stdout, stderr } = await run([], { as: 'private-dns-name', env: fakes.env });
  t.equal(code, 0, stderr);
  t.equal(stdout, `${NAME}\n`);
  t.same(
    fakes.aws.exchanges.map(({ status }) => status),
    [403, 200, 200],
  );
});

t.test('PRIVATE_DNS_NAME_MAX_ATTEMPTS and PRIVATE_DNS_NAME_ATTEMPT_INTERVAL bound the wait', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  Object.assign(fakes.aws.state, { namelessFor: 1_000 });
  const { code, stdout, stderr } = await run([], { as: 'private-dns-name', env: { ...fakes.env, ...SOON } });
  t.equal(code, 1);
  t.equal(stdout, '');
  t.equal(
    stderr,
    'error: EC2 knows no PrivateDnsName of i-0123456789abcdef0 after 2 s. Check that the VPC has enableDnsHostnames and enableDnsSupport and that IMDS speaks of this very instance; PRIVATE_DNS_NAME_MAX_ATTEMPTS lengthens the wait.\n',
  );
  t.equal((await run(['private-dns-name'], { env: { ...fakes.env, ...SOON } })).code, 69);
});

t.test('takes no words', async (t) => {
  const { code, stderr } = await run(['--name', 'x'], { as: 'private-dns-name' });
  t.equal(code, 1);
  t.equal(
    stderr,
    'error: --name: there is no such option. `bootwright help private-dns-name` lists them.\nerror: x: is one word too many. `bootwright help private-dns-name` shows the form.\n',
  );
});
