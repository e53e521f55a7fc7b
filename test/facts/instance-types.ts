import t from 'tap';
import type { InstanceType } from '../../src/core/kubelet/instance-types.ts';
import { type Stage, stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

/** Enough for three pages. */
const MANY: readonly InstanceType[] = Array.from({ length: 120 }, (_, i) => ({
  type: `z${i}.large`,
  enis: 3,
  ipv4PerEni: 10,
  networkCards: 2,
  hypervisor: 'nitro',
  bareMetal: false,
  vcpus: 2,
  memoryMib: 8192,
  arch: 'amd64',
}));

const all = ({ world }: Stage) => world.describeTypes('us-west-2', undefined);
const withMany = async (...args: Parameters<typeof stage>): Promise<Stage> => {
  const here = await stage(...args);
  here.aws.state.types = MANY;
  return here;
};

t.test('all types, page by page', async (t) => {
  const here = await withMany(t);
  t.same(await all(here), MANY);
  t.equal(here.aws.count('DescribeInstanceTypes'), 3);
});

t.test('types by name; what the region does not have is missing', async (t) => {
  const here = await withMany(t);
  t.same(await here.world.describeTypes('us-west-2', ['z7.large', 'nothing.large', 'z3.large']), [MANY[3], MANY[7]]);
  t.equal(here.aws.count('DescribeInstanceTypes'), 1);
  const names = MANY.flatMap(({ type }) => [type, `${type}x`]);
  t.same(await here.world.describeTypes('us-west-2', names), MANY, 'more names than a filter takes');
  t.same(await here.world.describeTypes('us-west-2', ['nothing.large']), []);
});

t.test('what EC2 does not say is absent, and a type without network is left out', async (t) => {
  const here = await stage(t);
  const metal: InstanceType = { type: 'z9.metal', enis: 15, ipv4PerEni: 50, networkCards: 1, bareMetal: true, vcpus: 96, arch: 'arm64' };
  here.aws.state.types = [metal, { type: 'z9.none', enis: 0, ipv4PerEni: 0 }];
  t.same(await all(here), [metal]);
});

t.test('throttling, 5xx and cut connections cost a page, not the whole', async (t) => {
  const here = await withMany(t, { env: { AWS_MAX_ATTEMPTS: '4' } });
  here.aws.state.throttle = { capacity: 1, perSecond: 50 };
  for (const fault of [{ kind: 'status', status: 503 }, { kind: 'truncate' }, { kind: 'reset' }] as const)
    here.aws.fault({ ...fault, times: 1 });
  t.same(await all(here), MANY);
  t.ok(here.progress.some(({ text }) => /^DescribeInstanceTypes: Rate exceeded; again in /.test(text)));
  const before = here.aws.count('DescribeInstanceTypes');
  here.aws.state.throttle = undefined;
  t.same(await all(here), MANY);
  t.equal(here.aws.count('DescribeInstanceTypes') - before, 3);
});

t.test('a right that is missing', async (t) => {
  const here = await withMany(t);
  const body = '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>';
  here.aws.fault({ kind: 'status', status: 403, body });
  t.same(await refusal(all(here)), [
    'NO_PERMISSION',
    'DescribeInstanceTypes for all types of us-west-2 failed: UnauthorizedOperation: no',
    `Allow ec2:DescribeInstanceTypes to the role (for nodes: the instance role; the managed policy AmazonEKSWorkerNodePolicy has it), also in VPC endpoint policies and SCPs.`,
  ]);
});

t.test('answers that are none of EC2', async (t) => {
  const page = (inner: string): string => `<DescribeInstanceTypesResponse>${inner}</DescribeInstanceTypesResponse>`;
  for (const [body, message] of [
    ['<html/>', 'no DescribeInstanceTypesResponse element'],
    [page('<instanceTypeSet/><nextToken>again</nextToken>'), 'the same page over and over'],
    [page('<instanceTypeSet><item><instanceType>a,b\n</instanceType></item></instanceTypeSet>'), 'instanceType "a,b\\n"'],
    [page('<instanceTypeSet><item/></instanceTypeSet>'), 'instanceType ""'],
  ] as const) {
    const here = await withMany(t);
    here.aws.fault({ kind: 'status', status: 200, body });
    const [code, said = ''] = await refusal(all(here));
    t.equal(code, 'PROTOCOL');
    t.ok(said?.endsWith(`not EC2's: ${message}`), said);
  }
});
