import { spawn } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { path, run } = await makeProgram(t.teardown);
const MAC = 'latest/meta-data/mac';
const SWIFT = { IMDS_RETRIES: '0' };

const scene = async (env: Readonly<Record<string, string>> = {}) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const { imds } = fakes;
  const ask = (word: string, more: Readonly<Record<string, string>> = {}, as = 'imds') =>
    run(as === 'imds' ? [word] : ['imds', word], { as, env: { ...fakes.env, ...env, ...more } });
  return { imds, ask, env: fakes.env };
};

t.test('what is at a path, by both names, with or without a slash in front', async (t) => {
  const { ask, imds } = await scene();
  const expected = { code: 0, signal: null, stdout: '02:29:15:c0:c3:d1\n', stderr: '' };
  for (const word of [MAC, `/${MAC}`]) {
    t.same(await ask(word), expected);
    t.same(await ask(word, {}, 'bootwright'), expected);
  }
  t.equal((await ask('latest/meta-data/placement/')).stdout, 'availability-zone\nregion\n');
  t.equal((await ask('/')).stdout, 'latest/\n');
  t.ok(imds.exchanges.some(({ headers }) => headers['x-aws-ec2-metadata-token-ttl-seconds'] === '900'));
});

t.test('text ends with one newline and is not taken for a format', async (t) => {
  const { ask, imds } = await scene();
  for (const [text, printed] of [
    ['a\nb\n\n\n', 'a\nb\n'],
    ['100% \\n \\t %s %d', '100% \\n \\t %s %d\n'],
    ['', '\n'],
    ['\ufeffé', '\ufeffé\n'],
  ] as const) {
    imds.tree.set('latest/user-data', text);
    t.equal((await ask('latest/user-data')).stdout, printed);
  }
});

t.test('bytes that are no text come as they are', async (t) => {
  const { imds, env } = await scene();
  const data = gzipSync('#cloud-config\n');
  imds.tree.set('latest/user-data', data);
  const child = spawn(process.execPath, [path, 'latest/user-data'], { argv0: 'imds', env: { ...env } });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  t.ok(Buffer.concat(chunks).equals(data));
  t.equal(String(gunzipSync(Buffer.concat(chunks))), '#cloud-config\n');
});

t.test('a token, which works', async (t) => {
  const { ask, imds } = await scene();
  const { code, stdout } = await ask('token', { IMDS_TOKEN_TTL_SECONDS: '60', IMDS_TOKEN: 'not-this-one' });
  t.equal(code, 0);
  t.match(imds.exchanges[0], { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } });
  const before = imds.count('latest/api/token');
  t.equal((await ask(MAC, { IMDS_TOKEN: stdout.trim() })).code, 0);
  t.equal(imds.count('latest/api/token'), before, 'no other one was asked for');
});

t.test('a token that has expired is renewed', async (t) => {
  const { ask, imds } = await scene();
  const { code, stdout } = await ask(MAC, { IMDS_TOKEN: 'expired-long-ago' });
  t.same([code, stdout], [0, '02:29:15:c0:c3:d1\n']);
  t.same(
    imds.exchanges.map(({ status }) => status),
    [401, 200, 200],
  );
});

t.test('refusals: the status modulo 256, the answer and what it means on stderr; under our own name the table of exit codes', async (t) => {
  for (const [status, dropIn, own, message] of [
    [404, 148, 69, "IMDS has no latest/meta-data/mac (404). See what there is: bootwright imds 'latest/meta-data/'."],
    [
      403,
      147,
      77,
      'IMDS answers 403 for latest/meta-data/mac: the metadata service is disabled for this instance. Enable it: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled (in a launch template: MetadataOptions.HttpEndpoint).',
    ],
    [
      401,
      145,
      76,
      'IMDS answers 401 for latest/meta-data/mac, also with a fresh token. Check that nothing between this program and IMDS drops the X-aws-ec2-metadata-token header, and that no other service answers at its address.',
    ],
    [
      500,
      244,
      69,
      'IMDS still answers 500 for latest/meta-data/mac after 0 s. Try again later; if it persists, reduce what else asks IMDS on this instance (it throttles per instance) or stop and start the instance.',
    ],
  ] as const) {
    const { ask, imds } = await scene(SWIFT);
    imds.fault({ on: MAC, kind: 'status', status, body: 'the answer\n' });
    const refused = await ask(MAC);
    t.same(refused, { code: dropIn, signal: null, stdout: '', stderr: `the answer\nerror: ${message}\n` });
    t.same(await ask(MAC, {}, 'bootwright'), { code: own, signal: null, stdout: '', stderr: `error: ${message}\n` });
  }
});

t.test('no token: the same codes', async (t) => {
  const { ask, imds } = await scene(SWIFT);
  imds.disable();
  const { code, stderr } = await ask('token');
  t.equal(code, 147);
  t.match(stderr, /^Forbidden\nerror: IMDS answers 403 for latest\/api\/token: /);
});

t.test('what passes is tried again as often as IMDS_RETRIES says, and 404 is not', async (t) => {
  const { ask, imds } = await scene({ IMDS_RETRIES: '2', IMDS_RETRY_DELAY_SECONDS: '0' });
  imds.fault({ on: MAC, kind: 'status', status: 503, times: 2 });
  t.equal((await ask(MAC)).code, 0);
  t.equal(imds.count(MAC), 3);
  imds.fault({ on: MAC, kind: 'status', status: 503, times: 3 });
  t.equal((await ask(MAC)).code, 247);
  t.equal(imds.count(MAC), 6);
  t.equal((await ask('latest/none')).code, 148);
  t.equal(imds.count('latest/none'), 1);
});

t.test('nobody there: 1', async (t) => {
  const { code, stdout, stderr } = await run([MAC], { as: 'imds', env: { IMDS_ENDPOINT: '127.0.0.1:1', ...SWIFT } });
  t.same([code, stdout], [1, '']);
  t.match(
    stderr,
    /^error: IMDS could not be asked for latest\/api\/token after 0 s: http:\/\/127\.0\.0\.1:1 refused the connection\. Check /,
  );
});

t.test('IMDS_DEBUG=true tells on stderr what is asked; no token is in it', async (t) => {
  const { ask, imds } = await scene({ IMDS_DEBUG: 'true', IMDS_RETRY_DELAY_SECONDS: '0' });
  imds.fault({ on: MAC, kind: 'status', status: 503, times: 1 });
  const { stdout, stderr } = await ask(MAC);
  t.equal(stdout, '02:29:15:c0:c3:d1\n');
  t.equal(stderr, `imds: asking for /${MAC}\nimds: IMDS answers 503 for ${MAC}; trying again\nimds: 17 bytes\n`);
  t.equal((await ask('token')).stderr, 'imds: asking for a token\nimds: 56 bytes\n');
});

const BAD: readonly (readonly [readonly string[], Readonly<Record<string, string>>, number, string])[] = [
  [[], {}, 64, 'error: PATH: is missing. Write a path like latest/meta-data/mac, or the word token.\n'],
  [['a', 'b'], {}, 64, 'error: b: is one word too many. `bootwright help imds` shows the form.\n'],
  [
    [MAC],
    { IMDS_RETRIES: 'many', IMDS_RETRY_DELAY_SECONDS: '-1', IMDS_TOKEN_TTL_SECONDS: '21601', IMDS_TOKEN: 'a b' },
    65,
    "error: IMDS_TOKEN_TTL_SECONDS: '21601' is not a whole number from 1 to 21600. Give one, or unset it.\n" +
      "error: IMDS_RETRIES: 'many' is not a whole number from 0 to 1000. Give one, or unset it.\n" +
      "error: IMDS_RETRY_DELAY_SECONDS: '-1' is not a whole number from 0 to 3600. Give one, or unset it.\n" +
      'error: IMDS_TOKEN: is not a token. Give what `imds token` prints, or unset it.\n',
  ],
  [
    [MAC],
    { IMDS_ENDPOINT: 'http://x/y' },
    65,
    "error: IMDS_ENDPOINT='http://x/y' is no IMDS endpoint. Set IMDS_ENDPOINT to HOST, HOST:PORT or http://HOST:PORT, or unset it.\n",
  ],
];
for (const [args, env, code, message] of BAD) {
  t.test(`refused: ${args.join(' ')} ${Object.keys(env).join(' ')}`, async (t) => {
    t.same(await run(args, { as: 'imds', env }), { code: 1, signal: null, stdout: '', stderr: message });
    t.same(await run(['imds', ...args], { env }), { code, signal: null, stdout: '', stderr: message });
  });
}
