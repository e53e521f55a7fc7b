import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { schemasOf } from '../../../build/docs/schemas.ts';
import { CA } from '../../core/support/plain.ts';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const GOOD = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.com
    certificateAuthority: ${CA}
    cidr: 10.100.0.0/16
`;
const OURS = `${GOOD}  kubelet:\n    config: {maxPods: 110}\n    flags: [--node-labels=a=b]\n  kublet: {}\n`;
const MIME = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: text/x-shellscript

#!/bin/sh
--//
Content-Type: application/node.eks.aws

${OURS.replace('10.100.0.0/16', 'banana')}
--//--
`;

const BANANA =
  "spec.cluster.cidr: 'banana' is not a CIDR block. Give the service CIDR of the cluster: aws eks describe-cluster --query cluster.kubernetesNetworkConfig.";
const KUBLET = 'spec.kublet: there is no such field. Did you mean kubelet?';

t.test('a good document', async (t) => {
  const cwd = t.testdir({ 'node.yaml': GOOD });
  const checked = await run(['config', 'check', 'node.yaml'], { cwd });
  t.strictSame(checked, { code: 0, signal: null, stdout: '', stderr: 'the NodeConfig is good: 1 document (node.yaml)\n' });
  t.equal((await run(['config', 'check'], { cwd, input: GOOD, as: 'nodeadm' })).code, 1, 'without source: IMDS, which is shut');
  t.equal((await run(['config', 'check', '-c', '-'], { input: gzipSync(GOOD).toString('base64'), as: 'nodeadm' })).code, 0);
});

t.test('all that is wrong, with part, line and column', async (t) => {
  const cwd = t.testdir({ 'user-data.txt': MIME });
  const { code, stdout, stderr } = await run(['config', 'check', 'user-data.txt'], { cwd });
  t.equal(code, 65);
  t.equal(stdout, '');
  const part = 'user-data.txt part 2 (application/node.eks.aws)';
  t.equal(stderr, `error: ${part}, line 8, column 5: ${BANANA}\nerror: ${part}, line 12, column 3: ${KUBLET}\n`);
});

t.test('under the name nodeadm: what nodeadm takes is no error', async (t) => {
  const cwd = t.testdir({ 'node.yaml': OURS, 'bad.txt': MIME });
  const check = (...args: readonly string[]) => run(['config', 'check', ...args], { cwd, as: 'nodeadm' });
  const good = await check('-c', 'file://node.yaml');
  t.equal(good.code, 0);
  t.equal(good.stderr, `warning: node.yaml, line 12, column 3: ${KUBLET}\nthe NodeConfig is good: 1 document (node.yaml)\n`);
  t.equal((await check('--config-source=file://node.yaml', '--strict')).code, 1);
  t.equal((await check('-c', 'file://bad.txt')).code, 1);
  t.equal((await check('-c', 'file://nothing')).code, 1);
  t.equal((await run(['-d', 'config', 'check', '-c', 'file://node.yaml'], { cwd, as: 'nodeadm' })).code, 0);
  for (const [args, code] of [
    [[], 2],
    [['config'], 2],
    [['config', 'chekc'], 2],
    [['config', 'check', '--nothing'], 2],
    [['config', 'check', '-c'], 2],
    [['config', 'check', 'node.yaml'], 2],
    [['conf'], 2],
    [['--help'], 0],
    [['config', '--help'], 0],
    [['--version'], 0],
  ] as const)
    t.equal((await run(args, { cwd, as: 'nodeadm' })).code, code, `nodeadm ${args.join(' ')}`);
});

t.test('--compat: the cluster is not described, bad user data is none', async (t) => {
  const cwd = t.testdir({
    'name.yaml': 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {cluster: {name: a}}\n',
    'good.yaml': GOOD,
  });
  const name = await run(['config', 'check', 'name.yaml'], { cwd });
  t.equal(name.code, 0);
  t.match(
    name.stderr,
    /^warning: name\.yaml, line 3, column 8: spec\.cluster: apiServerEndpoint, certificateAuthority, cidr are left out: EKS is asked/,
  );
  const compat = await run(['config', 'check', '--compat', 'name.yaml'], { cwd });
  t.equal(compat.code, 65);
  t.equal(compat.stderr.split('\n').filter((line) => /^error: .*is missing, and EKS shall not be asked/.test(line)).length, 3);
  const args = ['config', 'check', '-', 'good.yaml'];
  t.equal((await run(args, { cwd, input: MIME })).code, 65);
  const old = await run([...args, '--compat'], { cwd, input: MIME });
  t.equal(old.code, 0, old.stderr);
  t.match(old.stderr, /^warning: standard input part 2 .*banana/);
});

t.test('--kubernetes-version', async (t) => {
  const cwd = t.testdir({ 'node.yaml': `${GOOD}  kubelet: {config: {crashLoopBackOff: {}}}\n` });
  const check = (version: string) => run(['config', 'check', '--kubernetes-version', version, 'node.yaml'], { cwd });
  t.equal((await check('1.34')).code, 0);
  t.equal((await check('v1.32.3')).code, 0);
  t.match(await check('1.31'), { code: 65, stderr: /crashLoopBackOff: this field exists from kubelet 1\.32 on; this node has 1\.31/ });
  t.match(await check('1.9'), { code: 65, stderr: /--kubernetes-version: 1\.9 is none of 1\.28/ });
});

t.test('for programs: --json and --sarif', async (t) => {
  const cwd = t.testdir({ 'user-data.txt': MIME });
  const json = await run(['config', 'check', '--json', 'user-data.txt'], { cwd });
  t.equal(json.code, 65);
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  t.ok(ajv.compile(schemasOf()['config-check'] ?? false)(JSON.parse(json.stdout)));
  t.match(JSON.parse(json.stdout), {
    ok: false,
    diagnostics: [{ field: 'spec.cluster.cidr', line: 8, column: 5 }, { code: 'unknown-field' }],
  });

  const sarif = await run(['config', 'check', '--sarif', 'user-data.txt'], { cwd });
  t.equal(sarif.code, 65);
  const { version, runs } = JSON.parse(sarif.stdout);
  t.equal(version, '2.1.0');
  const [first] = runs[0].results;
  t.equal(first.ruleId, 'invalid-cidr');
  t.strictSame(first.locations[0].physicalLocation, {
    artifactLocation: { uri: 'user-data.txt' },
    region: { startLine: 18, startColumn: 5 },
  });
  t.equal(MIME.split('\n')[17], '    cidr: banana', 'the line of the file');
});

t.test('dump: the merged document, to standard output or a file', async (t) => {
  const cwd = t.testdir({ d: { '10.yaml': GOOD, '20.yaml': OURS.replace('my-cluster', 'other') } });
  const dump = await run(['config', 'dump', '-c', 'file://d'], { cwd, as: 'nodeadm' });
  t.equal(dump.code, 0);
  t.match(dump.stderr, /^warning: d\/20\.yaml, line 12, column 3: spec\.kublet/);
  t.equal(
    dump.stdout,
    `{"kind":"NodeConfig","apiVersion":"node.eks.aws/v1alpha1","metadata":{},"spec":{"cluster":{"name":"other","apiServerEndpoint":"https://example.com","certificateAuthority":"${CA}","cidr":"10.100.0.0/16"},"containerd":{},"instance":{"localStorage":{},"network":{}},"kubelet":{"config":{"maxPods":110},"flags":["--node-labels=a=b"]}}}\n`,
  );
  t.equal((await run(['config', 'dump', '-c', 'file://d', '-o', 'out/deep/config.json'], { cwd, as: 'nodeadm' })).stdout, '');
  t.equal(readFileSync(join(cwd, 'out/deep/config.json'), 'utf8'), dump.stdout);
  const again = await run(['config', 'dump', 'out/deep/config.json'], { cwd });
  t.equal(again.stdout, dump.stdout, 'a dump is a document');
});

t.test('dump: a document that does not decode writes nothing', async (t) => {
  const cwd = t.testdir({ 'bad.yaml': GOOD.replace('my-cluster', '[1]') });
  const { code, stderr } = await run(['config', 'dump', 'bad.yaml', '-o', 'out.json'], { cwd });
  t.equal(code, 65);
  t.match(stderr, /spec\.cluster\.name: should be text, not a list/);
  t.notOk(existsSync(join(cwd, 'out.json')));
});

t.test('dump --explain: who won, whom it beat, and the other order', async (t) => {
  const cwd = t.testdir({
    'a.yaml': OURS.replace('  kublet: {}\n', '  instance: {environment: {default: {HTTPS_PROXY: "http://u:secret@p"}}}\n'),
    'b.yaml': 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet: {config: {maxPods: 17}}\n',
  });
  const { code, stdout } = await run(['config', 'dump', '--explain', 'a.yaml', 'b.yaml'], { cwd });
  t.equal(code, 0);
  t.match(
    stdout,
    'spec.kubelet.config.maxPods = 17\n    b.yaml, line 4, column 22\n    beats 110 (a.yaml, line 10, column 14)\n    in the opposite order of documents: 110\n',
  );
  t.match(stdout, 'spec.instance.environment.default.HTTPS_PROXY = "***"\n    a.yaml, line 12, column 38\n');
  t.match(stdout, /Behind yours, its own may beat .*spec\.kubelet\.config\.maxPods\.\n/);
  t.notMatch(stdout, /secret/);
  const json = await run(['config', 'dump', '--explain', '--json', 'a.yaml', 'b.yaml'], { cwd });
  t.ok(new Ajv2020({ strict: false }).compile(schemasOf()['config-explain'] ?? false)(JSON.parse(json.stdout)));
  t.notMatch(json.stdout, /secret/);
});

t.test('user data of the instance', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  fakes.imds.bytes.set('latest/user-data', gzipSync(MIME.replace('banana', '10.100.0.0/16')));
  const { code, stdout, stderr } = await run(['config', 'dump', '--explain'], { env: fakes.env });
  t.equal(code, 0, stderr);
  t.match(stdout, 'spec.cluster.cidr = 10.100.0.0/16\n    imds://user-data part 2 (application/node.eks.aws), line 8, column 5\n');
  t.notMatch(stdout, /Behind yours/, 'the part of EKS is among them');
  t.equal(fakes.imds.count('latest/user-data'), 1);
  t.equal(fakes.imds.count('latest/api/token'), 1);
});

t.test('the cache stands in where no source has a document', async (t) => {
  const cwd = t.testdir({
    empty: {},
    'cache.json': '{"metadata":{},"spec":{"cluster":{"name":"cached"}},"status":{"kubeletVersion":"v1.34.1"}}',
    'broken.json': '{',
  });
  const dump = (cache: string) => run(['config', 'dump', '-c', 'file://empty', '--config-cache', cache], { cwd, as: 'nodeadm' });
  const { code, stdout, stderr } = await dump('cache.json');
  t.equal(code, 0, stderr);
  t.equal(JSON.parse(stdout).spec.cluster.name, 'cached');
  t.match(stderr, /^warning: empty: no file in it ends in \.yaml/);
  t.match(stderr, /warning: cache\.json: no source has a document: the cached one counts\./);
  for (const cache of ['broken.json', 'nothing.json'])
    t.match(await dump(cache), { code: 1, stdout: '', stderr: /error: file:\/\/empty: no source holds a NodeConfig/ });
});

t.test('what it cannot be asked', async (t) => {
  const cwd = t.testdir({});
  writeFileSync(join(cwd, 'x.yaml'), GOOD);
  t.match(await run(['config'], { cwd }), { code: 64, stderr: /error: config: says not what to do\. Write config check or config dump\./ });
  t.match(await run(['config', 'check', 'nothing.yaml', 'x.yaml'], { cwd }), {
    code: 66,
    stderr: /error: nothing\.yaml: there is no such file or directory\. Check the path\./,
  });
  t.match(await run(['config', 'check'], { cwd }), { code: 69, stderr: /Give the document as a file/ });
});
