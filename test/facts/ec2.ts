import t from 'tap';
import type { Facts } from '../../src/core/facts.ts';
import type { NodeSpec } from '../../src/core/spec.ts';
import { exampleFacts } from '../fakes/example.ts';
import { exampleSpec, type Stage, stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const NAME = 'ip-192-168-1-10.us-west-2.compute.internal';
const INSTEAD = 'Or name the node by its instance id: --node-name instance-id (needs an access entry of type EC2).';
const spec: NodeSpec = { ...exampleSpec(), apiRetryAttempts: { value: 1, origin: 'flag', at: '--aws-api-retry-attempts' } };
const name = ({ world }: Stage) => world.resolve('instance.privateDnsName', exampleFacts(), undefined, spec);
const limits = ({ world }: Stage, type = 'x9.large') => {
  const facts: Facts = exampleFacts();
  return world.resolve('instance.typeLimits', { ...facts, instance: { ...facts.instance, type } }, undefined, spec);
};

t.test('PrivateDnsName of the instance, not of its network interface', async (t) => {
  const here = await stage(t);
  t.same(await name(here), { instance: { privateDnsName: NAME } });
  t.equal(here.aws.exchanges.length, 1);
});

t.test('EC2 knows an instance a moment after it was launched, and its name later still', async (t) => {
  const here = await stage(t, { aws: { privateDnsNameMs: 3_000 }, env: { PRIVATE_DNS_NAME_ATTEMPT_INTERVAL: '' } });
  Object.assign(here.aws.state, { unknownFor: 1, namelessFor: 1 });
  t.same(await name(here), { instance: { privateDnsName: NAME } });
  t.equal(here.aws.count('DescribeInstances'), 3);
  t.match(here.progress[0], {
    wait: 'private-dns-name',
    text: 'EC2 knows no PrivateDnsName of i-0123456789abcdef0 yet',
    deadlineMs: 3_000,
  });
});

t.test('not for ever', async (t) => {
  const remedy =
    'Check that the VPC has enableDnsHostnames and enableDnsSupport and that IMDS speaks of this very instance; PRIVATE_DNS_NAME_MAX_ATTEMPTS lengthens the wait.';
  for (const state of [{ unknownFor: 1_000 }, { namelessFor: 1_000 }]) {
    const here = await stage(t);
    Object.assign(here.aws.state, state);
    t.same(await refusal(name(here)), ['UNAVAILABLE', 'EC2 knows no PrivateDnsName of i-0123456789abcdef0 after 0.1 s', remedy]);
    t.ok(here.aws.exchanges.length > 1);
  }
});

t.test("120 s are the patience; the AMI's own variables change it", async (t) => {
  const { AWS_DEADLINES } = await import('../../src/facts/aws.ts');
  t.equal(AWS_DEADLINES.privateDnsNameMs, 120_000);
  const here = await stage(t, { env: { PRIVATE_DNS_NAME_MAX_ATTEMPTS: '2', PRIVATE_DNS_NAME_ATTEMPT_INTERVAL: '1' } });
  here.aws.state.namelessFor = 1;
  t.same(await name(here), { instance: { privateDnsName: NAME } });
  t.equal(here.progress[0]?.deadlineMs, 2_000);
  const odd = await stage(t, { env: { PRIVATE_DNS_NAME_MAX_ATTEMPTS: 'lots' } });
  t.same(await name(odd), { instance: { privateDnsName: NAME } });
  t.same(odd.warnings, ["PRIVATE_DNS_NAME_MAX_ATTEMPTS='lots' is not a positive whole number; 20 is used"]);
});

t.test('the patience begins when EC2 answers, not while it throttles', async (t) => {
  const here = await stage(t);
  const body =
    '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors></Response>';
  here.aws.fault({ kind: 'status', status: 503, headers: { 'retry-after': '0.1' }, body, times: 1 }); // beyond the 60 ms of QUICK
  here.aws.state.namelessFor = 1;
  t.same(await name(here), { instance: { privateDnsName: NAME } });
});

t.test('a right that is missing', async (t) => {
  const here = await stage(t);
  const body =
    '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform: ec2:DescribeInstances &amp; more</Message></Error></Errors></Response>';
  here.aws.fault({ kind: 'status', status: 403, body });
  t.same(await refusal(name(here)), [
    'NO_PERMISSION',
    'DescribeInstances for instance i-0123456789abcdef0 failed after 2 attempts: UnauthorizedOperation: You are not authorized to perform: ec2:DescribeInstances & more',
    `Allow ec2:DescribeInstances to the role (for nodes: the instance role; the managed policy AmazonEKSWorkerNodePolicy has it), also in VPC endpoint policies and SCPs. ${INSTEAD}`,
  ]);
});

t.test('throttling, 5xx and cut connections pass', async (t) => {
  const here = await stage(t);
  here.aws.state.throttle = { capacity: 1, perSecond: 50 };
  t.same(await Promise.all([name(here), name(here)]), [{ instance: { privateDnsName: NAME } }, { instance: { privateDnsName: NAME } }]);
  here.aws.state.throttle = undefined;
  for (const fault of [{ kind: 'status', status: 502 }, { kind: 'truncate' }, { kind: 'reset' }] as const) {
    here.aws.fault({ ...fault, times: 1 });
    t.same(await name(here), { instance: { privateDnsName: NAME } }, fault.kind);
  }
});

t.test('a wrong clock is corrected', async (t) => {
  const here = await stage(t);
  here.aws.state.skewMs = -3_600_000;
  t.same(await name(here), { instance: { privateDnsName: NAME } });
  t.same(here.warnings, [
    "this machine's clock is 60 min ahead of that of EC2; requests are signed with the server's time, but set the clock (chronyd)",
  ]);
});

t.test('answers that are none of EC2', async (t) => {
  const remedy = `Check that http://127.0.0.1:PORT is the real API and not a proxy's page (HTTPS_PROXY, AWS_ENDPOINT_URL…). ${INSTEAD}`;
  const said = "DescribeInstances got an answer from http://127.0.0.1:PORT that is not EC2's: ";
  for (const [fault, message] of [
    [{ kind: 'html' }, 'no DescribeInstancesResponse element'],
    [{ kind: 'html', status: 404 }, 'HTTP 404 without an error document'],
    [{ kind: 'status', status: 200, body: 'x' }, '@aws-sdk XML parse error: unexpected content.'],
    [{ kind: 'status', status: 200, body: '<DescribeInstancesResponse><a>' }, '@aws-sdk XML parse error: missing closing tag </a>.'],
    [{ kind: 'status', status: 200, body: '<a>'.repeat(50_000) }, 'Maximum call stack size exceeded'],
  ] as const) {
    const here = await stage(t);
    here.aws.fault(fault);
    t.same(await refusal(name(here)), ['PROTOCOL', said + message, remedy]);
  }
  const here = await stage(t);
  const facts = exampleFacts();
  here.aws.state.facts = { ...facts, instance: { ...facts.instance, privateDnsName: 'ip 1; reboot' } };
  t.same(await refusal(name(here)), ['PROTOCOL', `${said}privateDnsName "ip 1; reboot"`, remedy]);
});

t.test('limits of a type: the default network card alone counts', async (t) => {
  const here = await stage(t);
  t.same(await limits(here), { instanceTypes: { 'x9.large': { enis: 3, ipv4PerEni: 12 } } });
});

t.test('a type that EC2 does not know, and an answer without limits', async (t) => {
  const here = await stage(t);
  t.same(await refusal(limits(here, 'x9.small')), [
    'CONFIG',
    "EC2 has no instance type 'x9.small' in us-west-2",
    'Check the instance type: aws ec2 describe-instance-types --region us-west-2 --instance-types x9.small.',
  ]);
  here.aws.fault({
    kind: 'status',
    status: 200,
    body: '<DescribeInstanceTypesResponse><instanceTypeSet/></DescribeInstanceTypesResponse>',
  });
  t.match(await refusal(limits(here)), [
    'PROTOCOL',
    /not EC2's: no network limits for x9\.large$/,
    /A newer bootwright may have the type in its table\.$/,
  ]);
});
