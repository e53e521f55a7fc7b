import t, { type Test } from 'tap';
import { createImds, type Imds, type ImdsDeadlines, imdsEndpointsOf } from '../../src/facts/imds.ts';
import type { Env, Progress } from '../../src/facts/wait.ts';
import { exampleFacts } from '../fakes/example.ts';
import { type FakeImds, type ImdsFakeOptions, startImds } from '../fakes/imds.ts';
import { QUICK } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const MAC = 'latest/meta-data/mac';
const TOKEN = 'latest/api/token';

interface Scene {
  readonly fake: FakeImds;
  readonly imds: Imds;
  readonly progress: Progress[];
}

const scene = async (
  t: Test,
  { env = {}, deadlines = {}, ...fakes }: Partial<ImdsFakeOptions> & { env?: Env; deadlines?: Partial<ImdsDeadlines> } = {},
): Promise<Scene> => {
  const fake = await startImds({ facts: exampleFacts(), ...fakes });
  const progress: Progress[] = [];
  const imds = createImds({
    env: { IMDS_ENDPOINT: new URL(fake.url).host, ...env },
    random: () => 0.5,
    deadlines: { ...QUICK.imds, ...deadlines },
    progress: (one) => void progress.push(one),
  });
  t.teardown(async () => {
    await imds.close();
    await fake.close();
  });
  return { fake, imds, progress };
};

t.test('one token serves all reads, asked for once and with the longest life', async (t) => {
  const { fake, imds } = await scene(t);
  const all = await Promise.all(
    [MAC, 'latest/meta-data/instance-id', 'latest/meta-data/local-ipv4', 'latest/meta-data/nothing'].map((path) => imds.get(path)),
  );
  t.same(all, ['02:29:15:c0:c3:d1', 'i-0123456789abcdef0', '192.168.1.10', null]);
  t.equal(fake.count(TOKEN), 1);
  t.match(fake.exchanges[0], { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' } });
  t.ok(
    fake.exchanges.slice(1).every(({ headers }) => headers['x-aws-ec2-metadata-token']),
    'never IMDSv1',
  );
});

t.test('a directory is listed, one newline at the end is dropped', async (t) => {
  const { fake, imds } = await scene(t);
  fake.tree.set('latest/meta-data/x', 'a\nb\n');
  t.equal(await imds.get('latest/meta-data/iam/security-credentials/'), 'my-node-role');
  t.equal(await imds.get('latest/meta-data/x'), 'a\nb');
});

t.test('a token that expired is renewed once, for all who wait', async (t) => {
  const { fake, imds } = await scene(t);
  await imds.get(MAC);
  fake.forgetTokens();
  t.same(await Promise.all([imds.get(MAC), imds.get('latest/meta-data/instance-id')]), ['02:29:15:c0:c3:d1', 'i-0123456789abcdef0']);
  t.equal(fake.count(TOKEN), 2);
  fake.fault({ on: MAC, kind: 'status', status: 401 });
  t.same(await refusal(imds.get(MAC)), [
    'PROTOCOL',
    'IMDS answers 401 for latest/meta-data/mac, also with a fresh token',
    'Check that nothing between this program and IMDS drops the X-aws-ec2-metadata-token header, and that no other service answers at its address.',
  ]);
});

t.test('passing failures are tried again: cut connections, truncated answers, 429, 5xx', async (t) => {
  const { fake, imds, progress } = await scene(t);
  for (const fault of [
    { kind: 'reset' },
    { kind: 'truncate' },
    { kind: 'status', status: 429 },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 503 },
  ] as const) {
    fake.fault({ ...fault, on: MAC, times: 1 });
    fake.fault({ ...fault, on: TOKEN, times: 1 });
  }
  t.equal(await imds.get(MAC), '02:29:15:c0:c3:d1');
  t.equal(fake.count(TOKEN), 6);
  t.equal(fake.count(MAC), 6);
  t.equal(progress.length, 10);
  t.match(progress.at(-1), { wait: 'imds', text: 'IMDS answers 503 for latest/meta-data/mac', deadlineMs: 4_000 });
});

t.test('404 is an answer, and asked again only where the path may appear', async (t) => {
  const { fake, imds } = await scene(t, { deadlines: { appearMs: 3_000 } });
  t.equal(await imds.get('latest/meta-data/late'), null);
  t.equal(fake.count('latest/meta-data/late'), 1);
  fake.fault({ on: MAC, kind: 'status', status: 404, times: 2 });
  t.equal(await imds.get(MAC, { mayAppear: true }), '02:29:15:c0:c3:d1');
  t.equal(fake.count(MAC), 3);
});

t.test('what never appears is given up', async (t) => {
  const { imds, progress } = await scene(t, { deadlines: { appearMs: 20 } });
  t.equal(await imds.get('latest/meta-data/never', { mayAppear: true }), null);
  t.match(progress[0], { text: 'IMDS has no latest/meta-data/never yet', deadlineMs: 20 });
});

t.test('a service that hangs is given up in time, and says so meanwhile', async (t) => {
  const { fake, imds, progress } = await scene(t, { deadlines: { requestMs: 40, totalMs: 200 } });
  await imds.get(MAC);
  fake.fault({ on: MAC, kind: 'hang' });
  const started = performance.now();
  t.same(await refusal(imds.get(MAC)), [
    'UNAVAILABLE',
    'IMDS could not be asked for latest/meta-data/mac after 0.2 s: http://127.0.0.1:PORT accepted the connection but did not answer in time',
    'Check for a proxy or firewall on this machine between root and the metadata service, then try again.',
  ]);
  t.ok(performance.now() - started < 2_000);
  t.ok(progress.length >= 2);
});

t.test('sixty seconds are the patience unless told otherwise', async (t) => {
  const { IMDS_DEADLINES } = await import('../../src/facts/imds.ts');
  t.equal(IMDS_DEADLINES.totalMs, 60_000);
});

t.test('the token alone hangs: a hop limit', async (t) => {
  const { fake, imds } = await scene(t, { deadlines: { requestMs: 30, totalMs: 120 } });
  fake.fault({ on: TOKEN, kind: 'hang' });
  t.same(await refusal(imds.get(MAC)), [
    'UNAVAILABLE',
    'IMDS gave no token after 0.1 s: http://127.0.0.1:PORT accepted the connection but did not answer in time. Typical for a hop limit that is too small',
    "Raise it: aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2; in a container, use the host's network.",
  ]);
});

t.test('nobody there', async (t) => {
  const imds = createImds({ env: { IMDS_ENDPOINT: '127.0.0.1:1' }, random: () => 0.5, deadlines: { ...QUICK.imds, totalMs: 30 } });
  t.teardown(() => imds.close());
  t.same(await refusal(imds.get(MAC)), [
    'UNAVAILABLE',
    'IMDS could not be asked for latest/api/token after 0 s: http://127.0.0.1:1 refused the connection',
    'Check that this is an EC2 instance and that no firewall keeps root from 169.254.169.254 port 80; elsewhere use `bootwright preview --facts FILE`.',
  ]);
});

t.test('errors that stay', async (t) => {
  const { fake, imds } = await scene(t, { deadlines: { totalMs: 20 } });
  await imds.get(MAC);
  fake.fault({ on: MAC, kind: 'status', status: 503 });
  t.same(await refusal(imds.get(MAC)), [
    'UNAVAILABLE',
    'IMDS still answers 503 for latest/meta-data/mac after 0 s',
    'Try again later; if it persists, reduce what else asks IMDS on this instance (it throttles per instance) or stop and start the instance.',
  ]);
});

const REAL = 'Check that the IMDS endpoint is the real one (no proxy, no captive portal)';

t.test('answers that are none of IMDS', async (t) => {
  const { fake, imds } = await scene(t);
  await imds.get(MAC);
  const ask = (fault: Parameters<FakeImds['fault']>[0]) => {
    fake.clearFaults();
    fake.fault({ on: MAC, ...fault });
    return refusal(imds.get(MAC));
  };
  t.same(await ask({ kind: 'status', status: 302 }), ['PROTOCOL', 'IMDS answers 302 for latest/meta-data/mac', `${REAL} and try again.`]);
  t.same(await ask({ kind: 'status', status: 400 }), ['PROTOCOL', 'IMDS answers 400 for latest/meta-data/mac', `${REAL} and try again.`]);
  t.same(await ask({ kind: 'huge' }), ['PROTOCOL', 'IMDS answers latest/meta-data/mac with more than 64 KiB', `${REAL}.`]);
});

t.test('tokens that are none', async (t) => {
  const endpoint =
    'Check that IMDS_ENDPOINT or AWS_EC2_METADATA_SERVICE_ENDPOINT points at an IMDSv2 service and not at a proxy or another server.';
  for (const [fault, expected] of [
    [{ kind: 'status', status: 404 }, ['PROTOCOL', 'IMDS answers 404 to a request for an IMDSv2 token', endpoint]],
    [{ kind: 'status', status: 400 }, ['PROTOCOL', 'IMDS answers 400 to a request for an IMDSv2 token', endpoint]],
    [
      { kind: 'html' },
      [
        'PROTOCOL',
        'IMDS answers latest/api/token with "<html><head><title>Sign in</title></head><body>Please accept…", which is not a token',
        `${REAL} and try again.`,
      ],
    ],
    [{ kind: 'huge' }, ['PROTOCOL', 'IMDS answers latest/api/token with more than 64 KiB', `${REAL}.`]],
  ] as const) {
    const { fake, imds } = await scene(t);
    fake.fault({ on: TOKEN, ...fault });
    t.same(await refusal(imds.get(MAC)), expected);
  }
});

t.test('disabled on the instance, and by a variable', async (t) => {
  const { fake, imds } = await scene(t);
  fake.disable();
  t.same(await refusal(imds.get(MAC)), [
    'NO_PERMISSION',
    'IMDS answers 403 for latest/api/token: the metadata service is disabled for this instance',
    'Enable it: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled (in a launch template: MetadataOptions.HttpEndpoint).',
  ]);
  const off = await scene(t, { env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  t.same(await refusal(off.imds.get(MAC)), [
    'UNAVAILABLE',
    'AWS_EC2_METADATA_DISABLED=true forbids asking IMDS, but facts of this instance are needed',
    'Unset AWS_EC2_METADATA_DISABLED; on a machine that is no EC2 instance use `bootwright preview --facts FILE`.',
  ]);
  t.equal(off.fake.exchanges.length, 0);
});

t.test('never through a proxy', async (t) => {
  const { imds } = await scene(t, {
    env: { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' },
  });
  t.equal(await imds.get(MAC), '02:29:15:c0:c3:d1');
});

t.test('where IPv4 is refused, IPv6 answers', async (t) => {
  const fake = await startImds({ facts: exampleFacts(), host: '::1' }).catch(() => startImds({ facts: exampleFacts() })); // a machine without IPv6
  const imds = createImds({ env: {}, random: () => 0.5, deadlines: QUICK.imds, endpoints: ['http://127.0.0.1:1', fake.url] });
  t.teardown(async () => {
    await imds.close();
    await fake.close();
  });
  t.equal(await imds.get(MAC), '02:29:15:c0:c3:d1');
  t.equal(await imds.get('latest/meta-data/instance-id'), 'i-0123456789abcdef0');
  t.equal(fake.count(TOKEN), 1);
});

t.test('where neither answers, the preferred one is named', async (t) => {
  const imds = createImds({
    env: {},
    random: () => 0.5,
    deadlines: { ...QUICK.imds, totalMs: 20 },
    endpoints: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
  });
  t.teardown(() => imds.close());
  t.match((await refusal(imds.get(MAC)))[1], /127\.0\.0\.1:1 refused the connection/);
});

t.test('which endpoint: IMDS_ENDPOINT, then the SDKs variable, then the mode', async (t) => {
  const both = ['http://169.254.169.254', 'http://[fd00:ec2::254]'];
  for (const [env, expected] of [
    [{}, both],
    [{ IMDS_ENDPOINT: '', AWS_EC2_METADATA_SERVICE_ENDPOINT: '', AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: '' }, both],
    [{ IMDS_ENDPOINT: '10.0.0.1' }, ['http://10.0.0.1']],
    [{ IMDS_ENDPOINT: '10.0.0.1:8080', AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://10.0.0.2' }, ['http://10.0.0.1:8080']],
    [{ IMDS_ENDPOINT: 'fd00:ec2::254' }, ['http://[fd00:ec2::254]']],
    [{ IMDS_ENDPOINT: '[fd00:ec2::254]:80' }, ['http://[fd00:ec2::254]']],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://10.0.0.2:81/', AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }, ['http://10.0.0.2:81']],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }, ['http://[fd00:ec2::254]']],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'ipv4' }, ['http://169.254.169.254']],
  ] as const) {
    t.same(imdsEndpointsOf(env), expected, JSON.stringify(env));
  }
});

t.test('endpoints that are none', async (t) => {
  const refused = (env: Env) => refusal((async () => imdsEndpointsOf(env))());
  for (const text of ['http://', 'ftp://10.0.0.1', 'http://10.0.0.1/latest', 'http://user@10.0.0.1', 'a b', 'http://10.0.0.1/?x']) {
    t.same(await refused({ IMDS_ENDPOINT: text }), [
      'BAD_DATA',
      `IMDS_ENDPOINT='${text}' is no IMDS endpoint`,
      'Set IMDS_ENDPOINT to HOST, HOST:PORT or http://HOST:PORT, or unset it.',
    ]);
  }
  for (const text of ['10.0.0.1', 'nonsense', 'ftp://10.0.0.1']) {
    t.same(await refused({ AWS_EC2_METADATA_SERVICE_ENDPOINT: text }), [
      'BAD_DATA',
      `AWS_EC2_METADATA_SERVICE_ENDPOINT='${text}' is no IMDS endpoint`,
      'Set AWS_EC2_METADATA_SERVICE_ENDPOINT to http://HOST or http://HOST:PORT, or unset it.',
    ]);
  }
  t.same(await refused({ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'both' }), [
    'BAD_DATA',
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE='both' is neither IPv4 nor IPv6",
    'Set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE to IPv4 or IPv6, or unset it.',
  ]);
});

t.test('a caller that no longer wants to know is let go, others are not', async (t) => {
  const { fake, imds } = await scene(t);
  fake.fault({ on: TOKEN, kind: 'delay', delayMs: 100, times: 1 });
  const controller = new AbortController();
  const leaving = imds.get(MAC, { signal: controller.signal });
  const staying = imds.get(MAC);
  controller.abort(new Error('changed my mind'));
  await t.rejects(leaving, { message: 'changed my mind' });
  t.equal(await staying, '02:29:15:c0:c3:d1');
});

t.test('closing ends every wait', async (t) => {
  const { fake, imds } = await scene(t);
  fake.fault({ kind: 'hang' });
  const waiting = imds.get(MAC);
  setTimeout(() => void imds.close(), 20);
  await t.rejects(waiting, { message: 'the IMDS client was closed' });
});
