import t, { type Test } from 'tap';
import { EXAMPLE_CREDENTIALS } from '../fakes/example.ts';
import { stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const LISTING = 'latest/meta-data/iam/security-credentials/';
const DOCUMENT = `${LISTING}my-node-role`;
const GARBLED = 'Check that the IMDS endpoint is the real one (no proxy, no captive portal) and try again.';

t.test('on a node: the instance role, through the one IMDS client, asked for once', async (t) => {
  const { world, imds } = await stage(t);
  const [one, two] = await Promise.all([world.credentials(), world.credentials()]);
  t.match(one, EXAMPLE_CREDENTIALS);
  t.equal(one, two);
  t.equal(await world.credentials(), one);
  t.same([imds.count('latest/api/token'), imds.count(LISTING), imds.count(DOCUMENT)], [1, 1, 1]);
});

t.test('a role that appears a moment after boot', async (t) => {
  const { world, imds } = await stage(t, { imds: { appearMs: 3_000 } });
  imds.fault({ on: LISTING, kind: 'status', status: 404, times: 3 });
  t.match(await world.credentials(), EXAMPLE_CREDENTIALS);
});

t.test('no role', async (t) => {
  const { world, imds } = await stage(t);
  imds.tree.delete(DOCUMENT);
  t.same(await refusal(world.credentials()), [
    'NO_PERMISSION',
    'this instance has no IAM role (IMDS has no iam/security-credentials/)',
    'Attach an instance profile whose role has AmazonEKSWorkerNodePolicy: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=PROFILE.',
  ]);
});

t.test('a role that EC2 may not assume', async (t) => {
  const { world, imds } = await stage(t);
  imds.tree.set(DOCUMENT, JSON.stringify({ Code: 'AssumeRoleUnauthorizedAccess', Message: 'EC2 cannot assume the role my-node-role.' }));
  t.same(await refusal(world.credentials()), [
    'NO_PERMISSION',
    'EC2 has no credentials for role my-node-role: AssumeRoleUnauthorizedAccess (EC2 cannot assume the role my-node-role.)',
    'Check that the role my-node-role exists and that its trust policy allows ec2.amazonaws.com to assume it.',
  ]);
});

t.test('documents that are none; their text is never shown', async (t) => {
  for (const [body, wanted] of [
    ['<html>', 'a credentials document'],
    ['{"Code":"Success","AccessKeyId":"ASIAX","SecretAccessKey":"s3cret"', 'a credentials document'],
    ['null', 'a whole credentials document'],
    ['{"Code":"Success","AccessKeyId":"ASIAX","SecretAccessKey":"s3cret"}', 'a whole credentials document'],
    ['{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s3cret","Token":"t","Expiration":"soon"}', 'a whole credentials document'],
  ] as const) {
    const { world, imds } = await stage(t);
    imds.tree.set(DOCUMENT, body);
    t.same(await refusal(world.credentials()), ['PROTOCOL', `IMDS answers ${DOCUMENT} with bytes, which is not ${wanted}`, GARBLED]);
  }
  const { world, imds } = await stage(t);
  imds.fault({ on: LISTING, kind: 'html' });
  t.match(
    (await refusal(world.credentials()))[1],
    /^IMDS answers latest\/meta-data\/iam\/security-credentials\/ with "<html>.*, which is not the name of a role$/,
  );
});

t.test('an expired document is said, and used: the clock may be what is wrong', async (t) => {
  const ahead = Date.now() + 86_400_000;
  const { world, warnings } = await stage(t, { clock: () => ahead });
  t.match(await world.credentials(), EXAMPLE_CREDENTIALS);
  t.match(warnings, [
    /^IMDS gives credentials of role my-node-role that expired at 20\S+Z: check this machine's clock \(chronyc tracking\)$/,
  ]);
});

t.test('they are renewed before they expire', async (t) => {
  let now = Date.now();
  const { world, imds } = await stage(t, { clock: () => now });
  await world.credentials();
  now += 5.95 * 3_600_000; // six hours is the life that the stand-in gives
  await world.credentials();
  t.equal(imds.count(DOCUMENT), 2);
});

t.test('a failure is not remembered', async (t) => {
  const { world, imds } = await stage(t);
  const document = imds.tree.get(DOCUMENT) ?? '';
  imds.tree.delete(DOCUMENT);
  t.equal((await refusal(world.credentials()))[0], 'NO_PERMISSION');
  imds.tree.set(DOCUMENT, document);
  t.match(await world.credentials(), EXAMPLE_CREDENTIALS);
});

t.test('keys in the environment win, and IMDS is not asked', async (t) => {
  const { world, imds } = await stage(t, { env: { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' } });
  t.same(await world.credentials(), { accessKeyId: 'AKIA1', secretAccessKey: 's', sessionToken: 't' });
  t.equal(imds.exchanges.length, 0);
});

/** The SDK's own providers look into the process's environment. */
const withEnvironment = (t: Test, env: { readonly [name: string]: string }): { readonly [name: string]: string } => {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  t.teardown(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return env;
};

t.test("a laptop's profile, by the SDK's providers", async (t) => {
  const dir = t.testdir({ credentials: '[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = worksecret\n', config: '' });
  const env = withEnvironment(t, {
    AWS_PROFILE: 'work',
    AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`,
    AWS_CONFIG_FILE: `${dir}/config`,
  });
  const { world, imds } = await stage(t, { env });
  t.match(await world.credentials(), { accessKeyId: 'AKIAWORK', secretAccessKey: 'worksecret' });
  t.equal(imds.exchanges.length, 0);
});

t.test('a profile that does not exist is not replaced by the instance role', async (t) => {
  const dir = t.testdir({ credentials: '', config: '' });
  const env = withEnvironment(t, {
    AWS_PROFILE: 'nobody',
    AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`,
    AWS_CONFIG_FILE: `${dir}/config`,
  });
  const { world, imds } = await stage(t, { env });
  const [code, message, remedy] = await refusal(world.credentials());
  t.equal(code, 'NO_PERMISSION');
  t.match(message, /^no AWS credentials: .*nobody/);
  t.equal(remedy, 'Log in (aws configure, aws sso login), set AWS_PROFILE, or give the instance a role.');
  t.equal(imds.exchanges.length, 0);
});

t.test('a node with a config file that has no credentials ends at the instance role', async (t) => {
  const dir = t.testdir({ credentials: '', config: '[default]\nregion = us-west-2\n' });
  const env = withEnvironment(t, { AWS_SHARED_CREDENTIALS_FILE: `${dir}/credentials`, AWS_CONFIG_FILE: `${dir}/config` });
  const { world, imds } = await stage(t, { env });
  t.match(await world.credentials(), EXAMPLE_CREDENTIALS);
  t.equal(imds.count('latest/api/token'), 1);
});
