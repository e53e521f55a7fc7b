import t from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { AwsError, explain, grantBy, isThrottled, isTransient, retryAfterMs, skewOf } from '../../src/facts/aws-failures.ts';
import { TransportError, type TransportKind } from '../../src/facts/http.ts';

const call = {
  operation: 'DescribeInstances',
  service: 'EC2',
  permission: 'ec2:DescribeInstances',
  grant: grantBy('AmazonEKSWorkerNodePolicy', 'ec2:DescribeInstances'),
  region: 'us-west-2',
  origin: 'https://ec2.us-west-2.amazonaws.com',
  subject: 'instance i-1',
};
const awsError = (code: string, status = 400, headers = {}) => new AwsError(code, 'words', { status, headers });
const explained = (error: unknown): (string | undefined)[] => {
  const said = explain(call, error);
  return said instanceof NodeError ? [said.code, said.message, said.remedy] : [];
};

t.test('every way of not getting there has its remedy', async (t) => {
  const cases: { readonly [K in TransportKind]: readonly [string, string, boolean] } = {
    refused: [
      'UNAVAILABLE',
      'Check that https://ec2.us-west-2.amazonaws.com is the right endpoint (AWS_ENDPOINT_URL…) and that it is up.',
      true,
    ],
    unroutable: ['UNAVAILABLE', 'Give the subnet a route to EC2: a NAT gateway, or an interface VPC endpoint for it.', true],
    'no-name': [
      'UNAVAILABLE',
      'Check DNS on this machine (enableDnsSupport of the VPC, DHCP options) and that ec2.us-west-2.amazonaws.com exists: the region, FIPS or dual-stack may not be offered by EC2.',
      true,
    ],
    'no-connection': [
      'UNAVAILABLE',
      'Check the way to EC2: route table, NAT gateway or VPC endpoint and its security group (port 443 from this node), network ACLs, HTTPS_PROXY.',
      true,
    ],
    'no-answer': ['UNAVAILABLE', 'Check HTTPS_PROXY and the firewall between this node and EC2, then try again.', true],
    'cut-off': ['UNAVAILABLE', 'Check HTTPS_PROXY and the firewall between this node and EC2, then try again.', true],
    'too-large': ['PROTOCOL', "Check that https://ec2.us-west-2.amazonaws.com is the real API and not a proxy's page.", false],
    tls: [
      'UNAVAILABLE',
      "Add the certificate authority of the inspecting proxy or partition to the system's bundle or name it in AWS_CA_BUNDLE, and check this machine's clock.",
      false,
    ],
    proxy: ['UNAVAILABLE', 'Check HTTPS_PROXY, or add ec2.us-west-2.amazonaws.com to NO_PROXY.', true],
  };
  for (const [kind, [code, remedy, transient]] of Object.entries(cases)) {
    const error = new TransportError(kind as TransportKind, call.origin, `${call.origin} did something`);
    t.same(explained(error), [code, 'DescribeInstances failed: https://ec2.us-west-2.amazonaws.com did something', remedy]);
    t.equal(isTransient(error), transient, kind);
  }
});

t.test('every refusal has its code', async (t) => {
  for (const [code, status, expected] of [
    ['UnauthorizedOperation', 403, 'NO_PERMISSION'],
    ['AccessDenied', 403, 'NO_PERMISSION'],
    ['ExpiredToken', 400, 'NO_PERMISSION'],
    ['AuthFailure', 401, 'NO_PERMISSION'],
    ['OptInRequired', 401, 'NO_PERMISSION'],
    ['SignatureDoesNotMatch', 403, 'NO_PERMISSION'],
    ['RequestExpired', 400, 'NO_PERMISSION'],
    ['RequestLimitExceeded', 503, 'UNAVAILABLE'],
    ['InternalError', 500, 'UNAVAILABLE'],
    ['InvalidParameterValue', 400, 'UNAVAILABLE'],
  ] as const) {
    t.match(explained(awsError(code, status)), [expected, `DescribeInstances for instance i-1 failed: ${code}: words`, /\.$/]);
  }
  t.equal(
    explained(awsError('InvalidParameterValue'))[2],
    'Read the message of EC2; check region us-west-2 and the values this node was given.',
  );
  const bug = new TypeError('x is not a function');
  t.equal(explain(call, bug), bug, 'a bug stays a bug');
});

t.test('what is throttling, what passes, what does not', async (t) => {
  t.ok(
    ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException'].every((code) => isThrottled(awsError(code))),
  );
  t.ok(isThrottled(awsError('HTTP 429', 429)));
  t.notOk(isThrottled(awsError('AccessDenied', 403)));
  t.ok(isTransient(awsError('HTTP 502', 502)));
  t.notOk(isTransient(awsError('AccessDenied', 403)));
  t.notOk(isTransient(new Error('bug')));
});

t.test('Retry-After: seconds, a date, nonsense, too long', async (t) => {
  const after = (headers: { [name: string]: string }) => retryAfterMs(awsError('Throttling', 429, headers));
  t.equal(after({}), 0);
  t.equal(after({ 'retry-after': '2' }), 2_000);
  t.equal(after({ 'retry-after': '0.5' }), 500);
  t.equal(after({ 'retry-after': 'Sat, 21 Nov 2026 08:00:07 GMT', date: 'Sat, 21 Nov 2026 08:00:00 GMT' }), 7_000);
  t.equal(after({ 'retry-after': 'soon' }), 0);
  t.equal(after({ 'retry-after': '-5' }), 0);
  t.equal(after({ 'retry-after': '86400' }), 300_000);
});

t.test('skew as people say it', async (t) => {
  t.equal(skewOf(420_000), '7 min behind');
  t.equal(skewOf(-90_000), '90 s ahead of');
});
