import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { NodeSpec } from '../../src/core/spec.ts';
import { exampleCluster, exampleFacts } from '../fakes/example.ts';
import { exampleSpec, type Stage, stage } from '../fakes/quick.ts';
import { refusal } from '../fakes/refusal.ts';

const INSTEAD = 'Or give --apiserver-endpoint and --b64-cluster-ca: then nothing is asked.';
const describe = ({ world }: Stage, spec: NodeSpec = exampleSpec(), signal?: AbortSignal) =>
  world.resolve('cluster', exampleFacts(), signal, spec);
const withRetries = (value: number): NodeSpec => ({
  ...exampleSpec(),
  apiRetryAttempts: { value, origin: 'flag', at: '--aws-api-retry-attempts' },
});
const named = (value: string): NodeSpec => ({ ...exampleSpec(), cluster: { name: { value, origin: 'flag', at: 'CLUSTER' } } });

t.test('an ACTIVE cluster, by one signed request', async (t) => {
  const here = await stage(t);
  t.same(await describe(here), { cluster: exampleCluster() });
  t.equal(here.aws.count('DescribeCluster'), 1);
  t.match(here.aws.exchanges[0], { path: '/clusters/my-cluster', headers: { 'user-agent': /aws-sdk-js/ } });
});

t.test('an ipv6 cluster, and one on an Outpost', async (t) => {
  const facts = exampleFacts();
  const here = await stage(t, { facts });
  const ipv6 = { ...exampleCluster(), ipFamily: 'ipv6', serviceIpv4Cidr: null, serviceIpv6Cidr: 'fd30:1::/108' } as const;
  here.aws.state.facts = { ...facts, cluster: ipv6 };
  t.same(await describe(here), { cluster: ipv6 });
  const outpost = {
    ...exampleCluster(),
    ipFamily: null,
    id: 'b5d2c6f0-0000-4000-8000-000000000000',
    outpostArn: 'arn:aws:outposts:us-west-2:1:outpost/op-1',
  };
  here.aws.state.facts = { ...facts, cluster: outpost };
  t.same(await describe(here), { cluster: outpost });
});

t.test('waits while the cluster is being made, and says so', async (t) => {
  const here = await stage(t);
  here.aws.state.clusterStatuses = ['PENDING', 'CREATING', 'CREATING', 'UPDATING', 'ACTIVE'];
  t.same(await describe(here), { cluster: exampleCluster() });
  t.equal(here.aws.count('DescribeCluster'), 5);
  t.same(
    here.progress.map(({ wait, text }) => `${wait}: ${text}`),
    ['PENDING', 'CREATING', 'CREATING', 'UPDATING'].map((status) => `cluster: cluster 'my-cluster' is ${status}`),
  );
});

t.test('not for ever', async (t) => {
  const here = await stage(t, { aws: { totalMs: 30 } });
  here.aws.state.clusterStatuses = ['CREATING'];
  t.same(await refusal(describe(here)), [
    'UNAVAILABLE',
    "cluster 'my-cluster' is still CREATING after 0 s",
    'Launch nodes when the cluster is ACTIVE (aws eks wait cluster-active), then run bootstrap again.',
  ]);
});

t.test('twenty minutes are the patience unless told otherwise, and the first looks are close together', async (t) => {
  const { AWS_DEADLINES } = await import('../../src/facts/aws.ts');
  t.equal(AWS_DEADLINES.totalMs, 20 * 60_000);
  t.ok(AWS_DEADLINES.poll.baseMs < 10_000 && AWS_DEADLINES.poll.capMs <= 30_000);
});

t.test('clusters that no node can join', async (t) => {
  for (const [status, remedy] of [
    ['DELETING', 'Point the node at a cluster that stays, or terminate it.'],
    ['FAILED', 'Look at the cluster in the EKS console; a cluster that failed must be created anew.'],
  ] as const) {
    const here = await stage(t);
    here.aws.state.clusterStatuses = ['CREATING', status];
    t.same(await refusal(describe(here)), ['CONFIG', `cluster 'my-cluster' is ${status}: a node cannot join it`, remedy]);
  }
});

t.test('no such cluster', async (t) => {
  const here = await stage(t);
  t.same(await refusal(describe(here, named('my-clutser'))), [
    'CONFIG',
    "there is no cluster 'my-clutser' in us-west-2",
    "Check the cluster's name (it is case sensitive) and that it lives in us-west-2, in the account of this node: aws eks list-clusters --region us-west-2.",
  ]);
  t.equal(here.aws.count('DescribeCluster'), 1, 'once is enough');
});

t.test('throttling is waited out, however often, by the time the server asks for', async (t) => {
  const here = await stage(t);
  here.aws.fault({
    kind: 'status',
    status: 429,
    headers: { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '0.05' },
    body: '{"message":"Rate exceeded"}',
    times: 8,
  });
  const started = performance.now();
  t.same(await describe(here, withRetries(0)), { cluster: exampleCluster() });
  t.ok(performance.now() - started >= 8 * 50);
  t.equal(here.progress[0]?.text, 'DescribeCluster: Rate exceeded; again in 0.1 s');
});

t.test('a bucket of requests that fills slowly', async (t) => {
  const here = await stage(t);
  here.aws.state.throttle = { capacity: 1, perSecond: 20, retryAfter: 0.01 };
  t.same(
    await Promise.all([describe(here), describe(here), describe(here)]),
    [1, 2, 3].map(() => ({ cluster: exampleCluster() })),
  );
  t.ok(here.aws.exchanges.some(({ status }) => status === 429));
});

t.test('but not for ever', async (t) => {
  const here = await stage(t, { aws: { totalMs: 30 } });
  here.aws.fault({
    kind: 'status',
    status: 400,
    headers: { 'x-amzn-errortype': 'TooManyRequestsException' },
    body: '{"message":"slow down"}',
  });
  const [code, message, remedy] = await refusal(describe(here));
  t.equal(code, 'UNAVAILABLE');
  t.match(message, /^DescribeCluster for cluster 'my-cluster' failed after \d+ attempts: TooManyRequestsException: slow down$/);
  t.equal(remedy, `Start fewer nodes at once, or ask AWS to raise the rate of eks:DescribeCluster. ${INSTEAD}`);
});

t.test('passing failures are tried again as often as the user says', async (t) => {
  const here = await stage(t);
  for (const fault of [{ kind: 'status', status: 503 }, { kind: 'reset' }, { kind: 'truncate' }] as const)
    here.aws.fault({ ...fault, times: 1 });
  t.same(await describe(here), { cluster: exampleCluster() });
  t.equal(here.aws.count('DescribeCluster'), 4);
});

t.test('and no oftener', async (t) => {
  const here = await stage(t);
  here.aws.fault({ kind: 'status', status: 503, body: '<html>' });
  t.same(await refusal(describe(here, withRetries(1))), [
    'UNAVAILABLE',
    "DescribeCluster for cluster 'my-cluster' failed after 2 attempts: HTTP 503: no error document",
    `Try again later; see the AWS health dashboard for EKS in us-west-2. ${INSTEAD}`,
  ]);
  t.equal(here.aws.count('DescribeCluster'), 2);
});

t.test('a right that is missing, and may be there in a moment', async (t) => {
  const denied = {
    kind: 'status',
    status: 403,
    headers: { 'x-amzn-errortype': 'AccessDeniedException' },
    body: '{"message":"User: arn:x is not authorized to perform: eks:DescribeCluster"}',
  } as const;
  const here = await stage(t);
  here.aws.fault({ ...denied, times: 2 });
  t.same(await describe(here), { cluster: exampleCluster() });
  here.aws.fault(denied);
  t.same(await refusal(describe(here)), [
    'NO_PERMISSION',
    "DescribeCluster for cluster 'my-cluster' failed after 4 attempts: AccessDeniedException: User: arn:x is not authorized to perform: eks:DescribeCluster",
    `Allow eks:DescribeCluster to the role (for nodes: the instance role; the managed policy AmazonEKSWorkerNodePolicy has it), also in VPC endpoint policies and SCPs. ${INSTEAD}`,
  ]);
});

t.test('credentials that AWS does not know', async (t) => {
  const here = await stage(t, { env: { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN', AWS_SECRET_ACCESS_KEY: 's' } });
  t.same(await refusal(describe(here)), [
    'NO_PERMISSION',
    "DescribeCluster for cluster 'my-cluster' failed: UnrecognizedClientException: The security token included in the request is invalid.",
    'Check that the credentials belong to an active key of this partition, and that region us-west-2 is enabled in the account.',
  ]);
});

t.test('credentials that are too old', async (t) => {
  const here = await stage(t);
  here.aws.fault({
    kind: 'status',
    status: 403,
    headers: { 'x-amzn-errortype': 'ExpiredTokenException' },
    body: '{"message":"The security token included in the request is expired"}',
  });
  t.same(await refusal(describe(here)), [
    'NO_PERMISSION',
    "DescribeCluster for cluster 'my-cluster' failed: ExpiredTokenException: The security token included in the request is expired",
    "Renew the credentials (log in again); on an instance, check this machine's clock.",
  ]);
});

t.test("a clock that is wrong: corrected once by the server's, and said", async (t) => {
  const here = await stage(t);
  here.aws.state.skewMs = 20 * 60_000;
  t.same(await describe(here), { cluster: exampleCluster() });
  t.equal(here.aws.count('DescribeCluster'), 2);
  t.same(here.warnings, [
    "this machine's clock is 20 min behind that of EKS; requests are signed with the server's time, but set the clock (chronyd)",
  ]);
  t.same(await here.world.resolve('instance.privateDnsName', exampleFacts(), undefined, exampleSpec()), {
    instance: { privateDnsName: 'ip-192-168-1-10.us-west-2.compute.internal' },
  });
  t.equal(here.aws.count('DescribeInstances'), 1, 'what one call learnt serves the others');
});

t.test('a clock that keeps running away', async (t) => {
  const here = await stage(t);
  const stale = { kind: 'status', status: 403, body: '{"message":"Signature expired"}' } as const;
  const at = (ms: number) => ({ 'x-amzn-errortype': 'InvalidSignatureException', date: new Date(Date.now() + ms).toUTCString() });
  here.aws.fault({ ...stale, headers: at(-3 * 3_600_000), times: 1 });
  here.aws.fault({ ...stale, headers: at(3 * 3_600_000) });
  const [code, message, remedy] = await refusal(describe(here));
  t.equal(code, 'NO_PERMISSION');
  t.equal(
    message,
    "DescribeCluster for cluster 'my-cluster' failed: InvalidSignatureException, and this machine's clock is 180 min ahead of that of EKS",
  );
  t.equal(remedy, 'Set the clock (systemctl restart chronyd; 169.254.169.123 serves time on EC2) and try again.');
});

t.test('a secret key that is wrong looks alike, but the clock is right', async (t) => {
  const here = await stage(t, {
    env: {
      AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE000000001',
      AWS_SECRET_ACCESS_KEY: 'wrong',
      AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2VjEXAMPLE/session+token==',
    },
  });
  t.same(await refusal(describe(here)), [
    'NO_PERMISSION',
    "DescribeCluster for cluster 'my-cluster' failed: InvalidSignatureException: The request signature we calculated does not match the signature you provided.",
    "Check the secret access key and this machine's clock (chronyc tracking; 169.254.169.123 serves time on EC2).",
  ]);
  t.same(here.warnings, []);
});

t.test('answers that are none of EKS', async (t) => {
  const remedy = `Check that http://127.0.0.1:PORT is the real API and not a proxy's page (HTTPS_PROXY, AWS_ENDPOINT_URL…). ${INSTEAD}`;
  for (const [fault, message] of [
    [{ kind: 'html' }, "DescribeCluster got an answer from http://127.0.0.1:PORT that is not EKS's: no JSON document"],
    [
      { kind: 'html', status: 403 },
      "DescribeCluster got an answer from http://127.0.0.1:PORT that is not EKS's: HTTP 403 without an error document",
    ],
    [
      { kind: 'status', status: 200, body: '{}' },
      "DescribeCluster got an answer from http://127.0.0.1:PORT that is not EKS's: no cluster in it",
    ],
  ] as const) {
    const here = await stage(t);
    here.aws.fault(fault);
    t.same(await refusal(describe(here)), ['PROTOCOL', message, remedy]);
  }
  const here = await stage(t);
  here.aws.fault({ kind: 'huge' });
  t.same(await refusal(describe(here)), [
    'PROTOCOL',
    'DescribeCluster failed: http://127.0.0.1:PORT answered with more than the size limit',
    `Check that http://127.0.0.1:PORT is the real API and not a proxy's page. ${INSTEAD}`,
  ]);
});

t.test('every value of the answer is checked', async (t) => {
  const here = await stage(t);
  const facts = exampleFacts();
  const cases: readonly (readonly [object, string, string])[] = [
    [{ endpoint: 'http://x.eks.amazonaws.com' }, 'endpoint', '"http://x.eks.amazonaws.com"'],
    [{ endpoint: '' }, 'endpoint', '""'],
    [{ certificateAuthority: 'not base64!' }, 'certificateAuthority.data', '"not base64!"'],
    [{ certificateAuthority: 'aGVsbG8=' }, 'certificateAuthority.data', '"aGVsbG8="'],
    [{ ipFamily: 'ipv5' }, 'kubernetesNetworkConfig.ipFamily', '"ipv5"'],
    [{ serviceIpv4Cidr: '10.100.0.0' }, 'kubernetesNetworkConfig.serviceIpv4Cidr', '"10.100.0.0"'],
    [{ serviceIpv4Cidr: '10.100.0.0/40' }, 'kubernetesNetworkConfig.serviceIpv4Cidr', '"10.100.0.0/40"'],
    [{ serviceIpv6Cidr: 'fd30::/129' }, 'kubernetesNetworkConfig.serviceIpv6Cidr', '"fd30::/129"'],
  ];
  for (const [change, path, shown] of cases) {
    here.aws.state.facts = { ...facts, cluster: { ...exampleCluster(), ...change } };
    t.same(await refusal(describe(here)), [
      'PROTOCOL',
      `DescribeCluster answers ${path} = ${shown}, which is not valid`,
      'Check that http://127.0.0.1:PORT is the real EKS API (AWS_ENDPOINT_URL…), and look at the answer: aws eks describe-cluster --name my-cluster.',
    ]);
  }
});

t.test('no way to EKS', async (t) => {
  const tried = async (AWS_ENDPOINT_URL_EKS: string, env: { [name: string]: string } = {}) => {
    const here = await stage(t, { env: { AWS_ENDPOINT_URL_EKS, ...env }, aws: { requestMs: 150 } });
    return refusal(describe(here, withRetries(0)));
  };
  t.same(await tried('http://127.0.0.1:1'), [
    'UNAVAILABLE',
    'DescribeCluster failed: http://127.0.0.1:1 refused the connection',
    `Check that http://127.0.0.1:1 is the right endpoint (AWS_ENDPOINT_URL…) and that it is up. ${INSTEAD}`,
  ]);
  t.same(await tried('https://eks.invalid'), [
    'UNAVAILABLE',
    'DescribeCluster failed: https://eks.invalid has a name that does not resolve',
    `Check DNS on this machine (enableDnsSupport of the VPC, DHCP options) and that eks.invalid exists: the region, FIPS or dual-stack may not be offered by EKS. ${INSTEAD}`,
  ]);
  t.same(await tried('https://eks.invalid', { HTTPS_PROXY: 'http://127.0.0.1:1' }), [
    'UNAVAILABLE',
    'DescribeCluster failed: https://eks.invalid could not be reached through the proxy (connect ECONNREFUSED 127.0.0.1:1)',
    `Check HTTPS_PROXY, or add eks.invalid to NO_PROXY. ${INSTEAD}`,
  ]);
  const hanging = await stage(t, { aws: { requestMs: 60 } });
  hanging.aws.fault({ kind: 'hang' });
  t.same(await refusal(describe(hanging, withRetries(1))), [
    'UNAVAILABLE',
    'DescribeCluster failed after 2 attempts: http://127.0.0.1:PORT accepted the connection but did not answer in time',
    `Check HTTPS_PROXY and the firewall between this node and EKS, then try again. ${INSTEAD}`,
  ]);
});

t.test("the caller's signal ends the wait", async (t) => {
  const here = await stage(t, { aws: { poll: { baseMs: 60_000, capMs: 60_000 }, totalMs: 600_000 } });
  here.aws.state.clusterStatuses = ['CREATING'];
  const controller = new AbortController();
  const asked = describe(here, exampleSpec(), controller.signal);
  setTimeout(() => controller.abort(new Error('interrupted')), 150);
  await t.rejects(asked, { message: 'interrupted' });
});

t.test('AWS_ENDPOINT_URL_EKS beats AWS_ENDPOINT_URL; nonsense is said', async (t) => {
  const here = await stage(t);
  const other = await stage(t, { env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_EKS: here.aws.url } });
  t.same(await describe(other), { cluster: exampleCluster() });
  const bad = await stage(t, { env: { AWS_ENDPOINT_URL_EKS: 'eks.local' } });
  t.same(await refusal(describe(bad)), [
    'BAD_DATA',
    "AWS_ENDPOINT_URL_EKS='eks.local' is no endpoint",
    'Set AWS_ENDPOINT_URL_EKS to https://HOST[:PORT], or unset it.',
  ]);
});

t.test('FIPS and dual-stack choose the host', async (t) => {
  const hosts: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    hosts.push(request.url ?? '');
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  for (const env of [{}, { AWS_USE_FIPS_ENDPOINT: 'true' }, { AWS_USE_DUALSTACK_ENDPOINT: 'true' }]) {
    const here = await stage(t, { env: { HTTPS_PROXY, AWS_ENDPOINT_URL: '', ...env } });
    t.equal((await refusal(describe(here, withRetries(0))))[0], 'UNAVAILABLE');
  }
  t.same(hosts, ['eks.us-west-2.amazonaws.com:443', 'fips.eks.us-west-2.amazonaws.com:443', 'eks.us-west-2.api.aws:443']);
});
