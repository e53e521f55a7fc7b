import t from 'tap';
import { EXAMPLE_CREDENTIALS } from '../../fakes/example.ts';
import { startFakes } from '../../fakes/main.ts';
import { verifyToken } from '../../fakes/token-verifier.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const KEYS = {
  AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
  AWS_SESSION_TOKEN: EXAMPLE_CREDENTIALS.sessionToken,
};

const tokenIn = (stdout: string): string => JSON.parse(stdout).status.token;
const verdictOf = (token: string) =>
  verifyToken(token, {
    clusterName: 'my-cluster',
    credentials: [EXAMPLE_CREDENTIALS],
    nowMs: Date.now(),
    hosts: ['sts.us-west-2.amazonaws.com'],
  });
const TAKEN = { ok: true, accessKeyId: EXAMPLE_CREDENTIALS.accessKeyId } as const;

t.test('an exec credential that a strict verifier takes, made without network', async (t) => {
  const { code, stdout, stderr } = await run(['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'], { env: KEYS });
  t.equal(code, 0, stderr);
  const credential = JSON.parse(stdout);
  t.equal(credential.kind, 'ExecCredential');
  t.equal(credential.apiVersion, 'client.authentication.k8s.io/v1beta1');
  t.match(credential.status.expirationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const other = await run(['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2', '--token-only'], { env: KEYS });
  t.match(other.stdout, /^k8s-aws-v1\.[\w-]+\n$/);
  for (const token of [credential.status.token, other.stdout.trimEnd()]) t.same(verdictOf(token), TAKEN);
});

t.test('under the name aws-iam-authenticator, with its words', async (t) => {
  for (const args of [
    ['token', '-i', 'my-cluster', '--region', 'us-west-2'],
    ['token', '--cluster-id', 'my-cluster', '--region=us-west-2'],
  ]) {
    const { code, stdout, stderr } = await run(args, { as: 'aws-iam-authenticator', env: KEYS });
    t.equal(code, 0, stderr);
    t.same(verdictOf(tokenIn(stdout)), TAKEN);
  }
  const version = await run(['version'], { as: '/usr/bin/aws-iam-authenticator' });
  t.same(JSON.parse(version.stdout), { Version: 'bootwright 1.2.3', Commit: '0123abcd' });
});

t.test('credentials and region of the instance, another role', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const own = await run(['token', '--cluster-name', 'my-cluster'], { env: fakes.env });
  t.equal(own.code, 0, own.stderr);
  t.match(
    Buffer.from(tokenIn(own.stdout).slice('k8s-aws-v1.'.length), 'base64url').toString(),
    /^https:\/\/sts\.us-west-2\.amazonaws\.com\/\?/,
  );
  t.notOk(fakes.aws.count(/./), 'AWS is not asked');
  const role = 'arn:aws:iam::123456789012:role/path/other';
  fakes.aws.state.roles.add(role);
  const other = await run(['token', '-i', 'my-cluster', '-r', role], { as: 'aws-iam-authenticator', env: fakes.env });
  t.equal(other.code, 0, other.stderr);
  t.equal(fakes.aws.count('AssumeRole'), 1);
  const denied = await run(['token', '--cluster-name', 'c', '--role', 'arn:aws:iam::123456789012:role/forbidden'], { env: fakes.env });
  t.equal(denied.code, 77, denied.stderr);
  t.equal(denied.stdout, '');
});

const BAD: readonly (readonly [readonly string[], number, string])[] = [
  [[], 64, 'error: --cluster-name: is missing. Name the cluster with --cluster-name NAME.\n'],
  [['--cluster-name', 'a b'], 65, "error: --cluster-name: 'a b' is no name of an EKS cluster. Give up to 100 letters, digits, - and _.\n"],
  [['--cluster-name', 'c', '--region', 'x'], 65, "error: --region: 'x' is not a region. Give one like us-west-2.\n"],
  [
    ['--cluster-name', 'c', '--role', 'admin'],
    65,
    "error: --role: 'admin' is no ARN of an IAM role. Give arn:aws:iam::ACCOUNT:role/NAME.\n",
  ],
  [
    ['--cluster', 'c'],
    64,
    'error: --cluster: there is no such option. `bootwright help token` lists them.\nerror: c: is one word too many. `bootwright help token` shows the form.\n',
  ],
];
for (const [args, code, message] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    const refused = await run(['token', ...args], { env: KEYS });
    t.equal(refused.stderr, message);
    t.equal(refused.code, code);
    t.equal(refused.stdout, '');
  });
}

t.test('refused as aws-iam-authenticator', async (t) => {
  const none = await run([], { as: 'aws-iam-authenticator' });
  t.equal(none.stderr, 'error: aws-iam-authenticator: a command is missing. Use token or version.\n');
  t.equal(none.code, 1);
  const server = await run(['server'], { as: 'aws-iam-authenticator' });
  t.equal(server.stderr, 'error: server: is no command that bootwright stands in for. Use token or version.\n');
  t.equal(server.code, 1);
});

t.test('keys but no region: soon, and with a remedy', async (t) => {
  const { code, stderr } = await run(['token', '--cluster-name', 'my-cluster'], { env: KEYS });
  t.equal(code, 69);
  t.match(stderr, /after 3 s: .* Name the region: --region REGION or AWS_REGION; only an EC2 instance has one of its own\.\n$/);
});
