import t from 'tap';
import { decodeFacts } from '../../../src/core/facts-schema.ts';
import { startFakes } from '../../fakes/main.ts';
import { makeImage } from '../support/image.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

t.test('what one call needs, and nothing else', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = makeImage(t);
  const { code, stdout, stderr } = await run(['facts', '--root', root, 'bootstrap', 'my-cluster', '--node-name', 'instance-id'], {
    env: fakes.env,
  });
  t.equal(code, 0, stderr);
  t.equal(stderr, '');
  const { value, diagnostics } = decodeFacts(JSON.parse(stdout));
  t.same(diagnostics, []);
  t.equal(value?.instance.type, 'm5.large');
  t.equal(value?.instance.privateDnsName, undefined, 'not needed, so not asked');
  t.equal(value?.cluster?.name, 'my-cluster');
  t.equal(fakes.aws.count('DescribeInstances'), 0);
  t.notMatch(stdout, /ASIAEXAMPLE|session\+token|SecretAccessKey/, 'no credentials');
});

t.test('without a cluster: the machine alone', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const { code, stdout, stderr } = await run(['facts', '--root', makeImage(t)], { env: fakes.env });
  t.equal(code, 0, stderr);
  t.equal(JSON.parse(stdout).cluster, undefined);
  t.equal(fakes.aws.count('DescribeCluster'), 0);
});

t.test('--all: everything; what fails is said and left out', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  fakes.aws.fault({
    kind: 'status',
    status: 403,
    on: 'DescribeInstances',
    body: '<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>',
  });
  const { code, stdout, stderr } = await run(
    ['facts', '--all', '--root', makeImage(t), 'bootstrap', 'my-cluster', '--aws-api-retry-attempts', '0'],
    { env: fakes.env },
  );
  t.equal(code, 0, stderr);
  t.match(stderr, /^warning: instance\.privateDnsName: .*ec2:DescribeInstances/);
  const facts = JSON.parse(stdout);
  t.equal(facts.cluster.status, 'ACTIVE');
  t.same(facts.instance.vpcIpv4Cidrs, ['192.168.0.0/16']);
  t.same(facts.instanceTypes, { 'm5.large': { enis: 3, ipv4PerEni: 10 } });
});

t.test('refused', async (t) => {
  const wrong = await run(['facts', '--al', 'bootstrap', 'c', '--use-max-pods', 'x']);
  t.equal(wrong.stderr, 'error: --al: there is no such option. Did you mean --all?\n');
  t.equal(wrong.code, 64);
  const value = await run(['facts', 'bootstrap', 'c', '--use-max-pods', 'x']);
  t.equal(
    value.stderr,
    "error: --use-max-pods: 'x' is neither true nor false; bootstrap.sh took it for false. Write true or false, in lower case.\n",
  );
  t.equal(value.code, 65);
});
