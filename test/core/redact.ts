import t from 'tap';
import { redacted, redactedJson } from '../../src/core/redact.ts';

const CASES: readonly (readonly [string, string])[] = [
  ['HTTPS_PROXY=http://user:hunter2@proxy:3128', 'HTTPS_PROXY=http://***@proxy:3128'],
  ['HTTPS_PROXY=user:hunter2@proxy:3128', 'HTTPS_PROXY=***@proxy:3128'],
  ['no_proxy=10.0.0.0/8,.example.com', 'no_proxy=10.0.0.0/8,.example.com'],
  ['https://proxy:3128/path', 'https://proxy:3128/path'],
  ['token k8s-aws-v1.aHR0cHM6Ly9zdHM_x-y ends', 'token k8s-aws-v1.*** ends'],
  ['Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer ***'],
  ['Authorization: Basic QVdTOnB3', 'Authorization: Basic ***'],
  ['?X-Amz-Signature=0123&X-Amz-Date=20261121T000000Z', '?X-Amz-Signature=***&X-Amz-Date=20261121T000000Z'],
  ['--bootstrap-token=abc.def --v=2', '--bootstrap-token=*** --v=2'],
  ['--registry-password hunter2 --v=2', '--registry-password *** --v=2'],
  ["--kubelet-extra-args='--node-labels=a=b'", "--kubelet-extra-args='--node-labels=a=b'"],
  ['AWS_SECRET_ACCESS_KEY=abc/def', 'AWS_SECRET_ACCESS_KEY=***'],
  ['{"auths":{"x":{"auth":"QVdTOnB3"}}}', '{"auths":{"x":{"auth":"***"}}}'],
  ['{"SecretAccessKey": "abc", "password":"x y"}', '{"SecretAccessKey": "***", "password":"***"}'],
  [
    '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----',
    '-----BEGIN RSA PRIVATE KEY----- *** -----END RSA PRIVATE KEY-----',
  ],
  ['+ {\n+  "name": "USER",\n+  "value": "a\\"b"\n+ }', '+ {\n+  "name": "USER",\n+  "value": "***"\n+ }'],
  ['  "name": "USER",\n-  "value": "old"\n+  "value": "new"', '  "name": "USER",\n-  "value": "***"\n+  "value": "***"'],
  ['{"key": "a", "value": "b", "effect": "NoExecute"}', '{"key": "a", "value": "b", "effect": "NoExecute"}'],
  [
    `username = 'me'\npassword = 'hunter 2'\nauth = "QVdT"\nidentitytoken = ''`,
    `username = 'me'\npassword = '***'\nauth = "***"\nidentitytoken = ''`,
  ],
  ['users:\n- user:\n    token: abc.def\n    client-key-data: LS0t', 'users:\n- user:\n    token: ***\n    client-key-data: ***'],
  ["- password: 'hunter 2' # x", '- password: ***'],
  ['tokenAttributes:\n  a: b\nserviceAccountTokens: 3', 'tokenAttributes:\n  a: b\nserviceAccountTokens: 3'],
  ['key_password = x', 'key_password = x'],
  ["'--token' is no flag of any kubelet", "'--token' is no flag of any kubelet"],
  ['the token expired after 900 s', 'the token expired after 900 s'],
];

t.test('secrets are masked, their names stay', async (t) => {
  for (const [text, masked] of CASES) t.equal(redacted(text), masked, text);
});

t.test('masked texts stay as they are', async (t) => {
  for (const [, masked] of CASES) t.equal(redacted(masked), masked);
});

t.test('strings anywhere in a JSON value', async (t) => {
  t.same(redactedJson({ a: ['http://u:p@h', 1, null, true], b: { c: '--token=x' } }), {
    a: ['http://***@h', 1, null, true],
    b: { c: '--token=***' },
  });
});

t.test('time is linear in the length of a hostile text', async (t) => {
  for (const unit of [
    'a',
    'a://',
    '-',
    '--token',
    'token',
    '"auth"',
    '"name":"a","value":"',
    'Bearer ',
    '-----BEGIN ',
    'token: ',
    '- ',
    '\n  ',
  ]) {
    const started = performance.now();
    redacted(unit.repeat(200_000 / unit.length));
    t.ok(performance.now() - started < 2000, unit);
  }
});
