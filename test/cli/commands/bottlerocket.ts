import { gzipSync } from 'node:zlib';
import t from 'tap';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const GOOD = '[settings.kubernetes]\nmax-pods = 29\n';
const BAD = '[settings.kubernetes]\nmaxpods = 29\nids-per-pod = 65536\n';
const MAXPODS = 'user-data.toml, line 2, column 1: settings.kubernetes.maxpods: there is no such setting. Did you mean max-pods?';

t.test('a good document, plain, as gzip, from standard input', async (t) => {
  const expected = { code: 0, signal: null, stdout: '', stderr: 'a node boots with it\n' };
  const cwd = t.testdir({ 'user-data.toml': GOOD, 'user-data.gz': gzipSync(GOOD) });
  t.strictSame(await run(['bottlerocket', 'lint', 'user-data.toml', 'user-data.gz'], { cwd }), expected);
  t.strictSame(await run(['bottlerocket', 'lint', '-'], { input: GOOD }), expected);
});

t.test('a bad one: text, JSON, SARIF', async (t) => {
  const cwd = t.testdir({ 'user-data.toml': BAD });
  const text = await run(['bottlerocket', 'lint', 'user-data.toml'], { cwd });
  t.equal(text.code, 65);
  t.equal(text.stdout, '');
  t.equal(text.stderr, `error: ${MAXPODS}\na node would not boot: Bottlerocket rejects the whole document\n`);

  const json = await run(['bottlerocket', 'lint', '--json', '--variant', 'aws-k8s-1.32', 'user-data.toml'], { cwd });
  t.equal(json.code, 65);
  t.match(JSON.parse(json.stdout), {
    kind: 'bottlerocket-lint',
    ok: false,
    diagnostics: [
      { effect: 'boot-fails', code: 'unknown-setting', line: 2, column: 1 },
      { effect: 'ignored', code: 'ignored-by-kubernetes', line: 3, severity: 'warning' },
    ],
  });

  const sarif = await run(['bottlerocket', 'lint', '--sarif', '--os-version', 'v1.50.0', 'user-data.toml'], { cwd });
  t.equal(sarif.code, 65);
  const place = { physicalLocation: { artifactLocation: { uri: 'user-data.toml' }, region: { startLine: 3, startColumn: 1 } } };
  t.match(JSON.parse(sarif.stdout), { runs: [{ results: [{}, { ruleId: 'not-in-version', locations: [place] }] }] });
});

t.test('what fails later has its own verdict', async (t) => {
  const { code, stderr } = await run(['bottlerocket', 'lint', '-'], { input: 'settings.kubernetes.cpu-manager-policy = "Static"\n' });
  t.equal(code, 65);
  t.match(stderr, /\na node would boot and not join: the kubelet fails\n$/);
});

t.test('wrong command lines', async (t) => {
  const cwd = t.testdir({ 'user-data.toml': GOOD });
  for (const [args, code, message] of [
    [[], 64, /says not what to do/],
    [['lnit', 'user-data.toml'], 64, /is not lint/],
    [['lint'], 64, /names no file/],
    [['lint', '--variant', 'aws-ecs-2', 'user-data.toml'], 65, /no variant with Kubernetes/],
    [['lint', '--os-version', 'new', 'user-data.toml'], 65, /is no version/],
    [['lint', '--variant', 'aws-k8s-1.34', '--kubernetes-version', '1.33', 'user-data.toml'], 64, /has Kubernetes 1\.34/],
    [['lint', 'nothing.toml'], 66, /nothing\.toml/],
  ] as const) {
    const said = await run(['bottlerocket', ...args], { cwd });
    t.equal(said.code, code, args.join(' '));
    t.match(said.stderr, message);
  }
});
