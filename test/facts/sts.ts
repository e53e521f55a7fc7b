import t from 'tap';
import { stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const ROLE = 'arn:aws:iam::123456789012:role/other';

t.test('credentials of another role', async (t) => {
  const { world, aws } = await stage(t);
  aws.state.roles.add(ROLE);
  t.match(await world.assumeRole('us-west-2', ROLE, 'session'), {
    accessKeyId: 'ASIAASSUMED000000001',
    secretAccessKey: 'assumed/secret',
    sessionToken: 'assumed+token',
    expiration: Date,
  });
  t.equal(aws.count('AssumeRole'), 1);
});

t.test('a role that may not be assumed is said at once', async (t) => {
  const { world, aws } = await stage(t);
  t.same(await refusal(world.assumeRole('us-west-2', ROLE, 'session')), [
    'NO_PERMISSION',
    `AssumeRole for ${ROLE} failed: AccessDenied: User is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    `Allow sts:AssumeRole on ${ROLE} to these credentials, and name them in the role's trust policy.`,
  ]);
  t.equal(aws.count('AssumeRole'), 1);
});

t.test('half an answer', async (t) => {
  const { world, aws } = await stage(t);
  aws.fault({ kind: 'status', status: 200, body: '<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>' });
  t.match((await refusal(world.assumeRole('us-west-2', ROLE, 'session'))).slice(0, 2), [
    'PROTOCOL',
    /^AssumeRole got an answer from .* that is not STS's: no whole credentials$/,
  ]);
});

t.test('who the credentials are', async (t) => {
  const { world, aws } = await stage(t);
  t.equal(await world.callerArn('us-west-2'), 'arn:aws:sts::123456789012:assumed-role/my-node-role/i-0123456789abcdef0');
  aws.state.callerArn = '';
  t.match(await refusal(world.callerArn('us-west-2')), ['PROTOCOL', /GetCallerIdentity/]);
});
