import t from 'tap';
import { ECR_PASSWORD } from '../fakes/aws.ts';
import { stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

t.test("ECR's user and password", async (t) => {
  const { world, aws } = await stage(t);
  t.same(await world.registryLogin('us-west-2'), { user: 'AWS', password: ECR_PASSWORD });
  t.match(aws.exchanges[0], { name: 'GetAuthorizationToken', headers: { 'content-type': 'application/x-amz-json-1.1' } });
});

t.test('refused, throttled, garbled', async (t) => {
  const { world, aws } = await stage(t);
  const ask = () => refusal(world.registryLogin('us-west-2'));
  aws.fault({
    kind: 'status',
    status: 400,
    body: '{"__type":"com.amazonaws.ecr#ThrottlingException","message":"Rate exceeded"}',
    times: 2,
  });
  t.equal((await ask())[0], 'no failure: {"user":"AWS","password":"ecr-password-EXAMPLE"}');
  aws.fault({
    kind: 'status',
    status: 400,
    body: '{"__type":"AccessDeniedException","Message":"not authorized to perform: ecr:GetAuthorizationToken"}',
    times: 1,
  });
  t.same(await ask(), [
    'NO_PERMISSION',
    'GetAuthorizationToken for the registry failed: AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken',
    'Allow ecr:GetAuthorizationToken to the role (for nodes: the instance role; the managed policy AmazonEC2ContainerRegistryPullOnly has it), also in VPC endpoint policies and SCPs.',
  ]);
  const remedy = "Check that http://127.0.0.1:PORT is the real API and not a proxy's page (HTTPS_PROXY, AWS_ENDPOINT_URL…).";
  const said = "GetAuthorizationToken got an answer from http://127.0.0.1:PORT that is not ECR's: ";
  for (const [body, message] of [
    ['{}', 'no authorizationToken'],
    ['{"authorizationData":[{"authorizationToken":"!!"}]}', 'no authorizationToken'],
    ['{"authorizationData":[{"authorizationToken":"bm9jb2xvbg=="}]}', 'no authorizationToken'],
    ['[]', 'no document'],
  ] as const) {
    aws.clearFaults();
    aws.fault({ kind: 'status', status: 200, body });
    t.same(await ask(), ['PROTOCOL', said + message, remedy]);
  }
});
