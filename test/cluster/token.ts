import { createHash, createHmac } from 'node:crypto';
import t from 'tap';
import { execCredentialOf, tokenOf } from '../../src/cluster/token.ts';
import { uriEncode } from '../fakes/sigv4.ts';
import { verifyToken } from '../fakes/token-verifier.ts';

const credentials = {
  accessKeyId: 'ASIAEXAMPLE000000001',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE/with+odd=chars!'()*~",
};
const now = new Date('2026-11-21T08:00:00.500Z');
const question = { clusterName: 'my-cluster', region: 'us-west-2', credentials, now };
const urlIn = (token: string): string => Buffer.from(token.replace('k8s-aws-v1.', ''), 'base64url').toString('utf8');

/** The rules written down once more, by hand, with nothing but HMAC. */
const signatureByHand = (
  host: string,
  query: readonly (readonly [string, string])[],
  cluster: string,
  region: string,
  secret: string,
): string => {
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const sha = (text: string) => createHash('sha256').update(text).digest('hex');
  const canonicalQuery = [...query]
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&');
  const canonical = `GET\n/\n${canonicalQuery}\nhost:${host}\nx-k8s-aws-id:${cluster}\n\nhost;x-k8s-aws-id\n${sha('')}`;
  const toSign = `AWS4-HMAC-SHA256\n20261121T080000Z\n20261121/${region}/sts/aws4_request\n${sha(canonical)}`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, '20261121'), region), 'sts'), 'aws4_request');
  return hmac(key, toSign).toString('hex');
};

t.test('the golden token: nine parameters, signed as by hand', async (t) => {
  const { token, expiration } = await tokenOf(question);
  const expected: [string, string][] = [
    ['Action', 'GetCallerIdentity'],
    ['Version', '2011-06-15'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', 'ASIAEXAMPLE000000001/20261121/us-west-2/sts/aws4_request'],
    ['X-Amz-Date', '20261121T080000Z'],
    ['X-Amz-Expires', '60'],
    ['X-Amz-Security-Token', credentials.sessionToken],
    ['X-Amz-SignedHeaders', 'host;x-k8s-aws-id'],
  ];
  const host = 'sts.us-west-2.amazonaws.com';
  const signature = signatureByHand(host, expected, 'my-cluster', 'us-west-2', credentials.secretAccessKey);
  const url = new URL(urlIn(token));
  t.same([...url.searchParams].sort(), [...expected, ['X-Amz-Signature', signature]].sort());
  t.equal(signature, '68cfafba0c9a23f31219bd67df00bd55dd322c83b71df72da87f2d852ec5cf68', 'the same bytes in every release');
  t.match(url, { protocol: 'https:', host, pathname: '/' });
  t.match(token, /^k8s-aws-v1\.[A-Za-z0-9_-]+$/, 'no padding');
  t.equal(expiration, '2026-11-21T08:14:00Z');
});

t.test('credentials that last have no session token: eight parameters', async (t) => {
  const { accessKeyId, secretAccessKey } = credentials;
  const { token } = await tokenOf({ ...question, credentials: { accessKeyId, secretAccessKey } });
  t.equal([...new URL(urlIn(token)).searchParams].length, 8);
  t.notMatch(urlIn(token), /Security-Token/);
});

t.test('what a signature covers is encoded by RFC 3986', async (t) => {
  const url = urlIn((await tokenOf(question)).token);
  t.match(url, 'X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2Fwith%2Bodd%3Dchars%21%27%28%29%2A~');
  t.match(url, 'X-Amz-SignedHeaders=host%3Bx-k8s-aws-id');
});

const judge = (token: string, change: Partial<Parameters<typeof verifyToken>[1]> = {}) =>
  verifyToken(token, {
    clusterName: 'my-cluster',
    credentials: [credentials],
    nowMs: now.getTime(),
    hosts: ['sts.us-west-2.amazonaws.com'],
    ...change,
  });

t.test('the strict verifier takes it, for its own cluster and in its time', async (t) => {
  const { token } = await tokenOf(question);
  const minutes = (n: number) => ({ nowMs: now.getTime() + n * 60_000 });
  t.same(judge(token), { ok: true, accessKeyId: 'ASIAEXAMPLE000000001' });
  t.same(judge(token, minutes(14)), { ok: true, accessKeyId: 'ASIAEXAMPLE000000001' });
  t.match(judge(token, minutes(16)), { ok: false, reason: 'X-Amz-Date parameter is expired (15 minute expiration)' });
  t.match(judge(token, minutes(-16)), { ok: false, reason: /^sts: SignatureDoesNotMatch: Signature not yet current/ });
  t.match(judge(token, { clusterName: 'other' }), { ok: false, reason: /^sts: SignatureDoesNotMatch/ });
  t.match(judge(token, { hosts: ['sts.amazonaws.com'] }), { ok: false, reason: 'unexpected hostname sts.us-west-2.amazonaws.com' });
});

t.test('and the verifier is strict', async (t) => {
  const { token } = await tokenOf(question);
  const url = urlIn(token);
  const coded = (text: string) => `k8s-aws-v1.${Buffer.from(text).toString('base64url')}`;
  for (const [bad, reason] of [
    ['v1.abc', 'token is missing expected "k8s-aws-v1." prefix'],
    [`${token}=`, 'illegal base64 data'],
    [coded('nonsense'), 'not a URL'],
    [coded(url.replace('https:', 'http:')), 'unexpected scheme http:'],
    [coded(url.replace('.com/?', '.com/x?')), 'unexpected path /x'],
    [coded(`${url}&X-Amz-Content-Sha256=x`), 'non-whitelisted query parameter X-Amz-Content-Sha256'],
    [coded(`${url}&action=GetCallerIdentity`), 'query parameter with multiple values: action'],
    [coded(url.replace('GetCallerIdentity', 'GetSessionToken')), 'unexpected action parameter'],
    [coded(url.replace('%3Bx-k8s-aws-id', '')), 'client did not sign the x-k8s-aws-id header'],
    [coded(url.replace('Expires=60', 'Expires=901')), 'invalid X-Amz-Expires 901'],
    [coded(url.replace('20261121T080000Z', 'now')), 'invalid X-Amz-Date'],
    [coded(`${url}${'x'.repeat(4096)}`), 'token is too large'],
  ] as const) {
    t.same(judge(bad), { ok: false, reason });
  }
});

t.test('the host by partition, FIPS and dual-stack; endpoint variables do not count', async (t) => {
  const host = async (region: string, env = {}) => new URL(urlIn((await tokenOf({ ...question, region, env })).token)).host;
  t.equal(await host('cn-north-1'), 'sts.cn-north-1.amazonaws.com.cn');
  t.equal(await host('us-gov-west-1'), 'sts.us-gov-west-1.amazonaws.com');
  t.equal(await host('us-east-1', { AWS_USE_FIPS_ENDPOINT: 'true' }), 'sts-fips.us-east-1.amazonaws.com');
  t.equal(await host('us-east-1', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }), 'sts.us-east-1.api.aws');
  t.equal(
    await host('us-east-1', { AWS_ENDPOINT_URL: 'http://127.0.0.1', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1' }),
    'sts.us-east-1.amazonaws.com',
  );
});

t.test('the ExecCredential speaks the version of its caller', async (t) => {
  const token = { token: 'k8s-aws-v1.x', expiration: '2026-11-21T08:14:00Z' };
  const info = (apiVersion: string) => JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { interactive: false } });
  const status = { expirationTimestamp: '2026-11-21T08:14:00Z', token: 'k8s-aws-v1.x' };
  const beta = { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1beta1', spec: {}, status };
  t.same(JSON.parse(execCredentialOf(token, undefined)), beta);
  t.same(JSON.parse(execCredentialOf(token, info('client.authentication.k8s.io/v1beta1'))), beta);
  for (const garbage of ['', '{', '[]', 'null', '"v1"', info('client.authentication.k8s.io/v9')])
    t.same(JSON.parse(execCredentialOf(token, garbage)), beta);
  t.same(JSON.parse(execCredentialOf(token, info('client.authentication.k8s.io/v1'))), {
    ...beta,
    apiVersion: 'client.authentication.k8s.io/v1',
    spec: { interactive: false },
  });
});
