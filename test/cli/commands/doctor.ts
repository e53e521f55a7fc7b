import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { CHECKS } from '../../../src/checks/all.ts';
import { startFakes } from '../../fakes/main.ts';
import { needs } from '../../rig/parts.ts';
import { makeJoining } from '../support/joining.ts';
import { makeProgram } from '../support/program.ts';

const program = await makeProgram(t.teardown);
const flat = (text: string): string => text.replace(/\s+/g, ' ');

t.test('the list', async (t) => {
  const { code, stdout } = await program.run(['doctor', '--list']);
  t.equal(code, 0);
  t.match(stdout, /^CHECK +AFTER +PASSES WHEN\n/);
  for (const { id } of CHECKS) t.match(stdout, new RegExp(`^${id} `, 'm'));
});

t.test('a wrong line is refused with all that is wrong', async (t) => {
  const { code, stderr } = await program.run(['doctor', '--only', 'api-aut', '--skip', 'zzzzzzzz', '--json', '--junit']);
  t.equal(code, 64);
  t.match(flat(stderr), /there is no check 'api-aut'.*Did you mean api-auth\?.*'zzzzzzzz'.*--list.*--junit.*does not go together/);
});

t.test('an image: files alone, and the first fault on top', async (t) => {
  const root = t.testdir({});
  const run = await program.run(['doctor', '--root', root]);
  t.equal(run.code, 42);
  t.match(
    flat(run.stdout),
    /^Mend this first: kubeconfig there is no kubeconfig at .* What to do - kubeconfig: Run `bootwright bootstrap CLUSTER`/,
  );
  t.match(run.stdout, /^ {2}- +clock +asks over the network$/m);
  t.match(run.stdout, /^ {2}- +containerd +looks at a running machine$/m);
  t.equal(run.stderr, '');
});

t.test('a machine whose only fault is its access entry', async (t) => {
  const node = await makeJoining(t, program);
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const doctor = (...args: readonly string[]) => program.run(['doctor', ...args], { env: { ...fakes.env, ...node.env, NO_PROXY: '*' } });
  const before = await doctor('--only', 'api-authz');
  t.equal(before.code, 0, before.stdout);
  t.match(before.stdout, /^Nothing is wrong with what was looked at\.\n/);
  t.match(before.stdout, /^ {2}ok +api-authz +it may$/m);
  node.user = undefined;
  const after = await doctor('--only', 'api-authz', '--only', 'containerd', '--skip', 'containerd');
  t.equal(after.code, 42);
  t.match(
    flat(after.stdout),
    /^Mend this first: api-auth .*answered 401.* What to do - api-auth: One of these.*access entry of type EC2_LINUX/,
  );
  t.match(after.stdout, /^ {2}- +api-identity +not looked at, as api-auth failed$/m);
  t.match(after.stdout, /^ {2}- +containerd +left out by --skip$/m);
  t.notMatch(after.stdout, /k8s-aws-v1\.\w/);
});

t.test('what lets the role join is printed', async (t) => {
  const node = await makeJoining(t, program);
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const env = { ...fakes.env, ...node.env, NO_PROXY: '*' };
  const { code, stdout, stderr } = await program.run(['doctor', '--print', 'access-entry'], { env });
  t.equal(code, 0, stderr);
  t.match(
    stdout.replace(/ \\\n */g, ' '),
    /^# If the role has a path.*\naws eks create-access-entry --cluster-name my-cluster --region us-west-2 --principal-arn arn:aws:iam::123456789012:role\/my-node-role --type EC2_LINUX\n$/,
  );
  const wrong = await program.run(['doctor', '--print', 'yaml'], { env });
  t.equal(wrong.code, 65);
  t.match(wrong.stderr, /'yaml' is no form/);
  const none = await program.run(['doctor', '--print', 'eksctl', '--root', t.testdir({})], { env });
  t.equal(none.code, 78);
});

t.test('a bundle holds the evidence and none of the secrets', async (t) => {
  const root = t.testdir({});
  const plant = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const secrets = ['hunter2', 'aHR0cHM6Ly9zdHM', 'QVdTOnB3', 'MIIEpAIBAAKCAQEA', 'LS0tLS1CRUdJTg', 'wJalrXUtnFEMI'];
  plant(
    'var/lib/kubelet/kubeconfig',
    `users:\n- name: u\n  user:\n    token: k8s-aws-v1.${secrets[1]}\n    client-key-data: ${secrets[4]}\n`,
  );
  plant('etc/containerd/config.toml', `version = 2\n[a.auth]\nauth = "${secrets[2]}"\npassword = "${secrets[0]}"\n`);
  plant('etc/systemd/system/kubelet.service.d/proxy.conf', `[Service]\nEnvironment='HTTPS_PROXY=http://u:${secrets[0]}@proxy:3128'\n`);
  plant('etc/eks/image-credential-provider/config.json', `{"env":[{"name":"AWS_SECRET_ACCESS_KEY","value":"${secrets[5]}"}]}`);
  plant('etc/kubernetes/kubelet/config.json', `{"x": "-----BEGIN RSA PRIVATE KEY-----\\n${secrets[3]}\\n-----END RSA PRIVATE KEY-----"}`);
  plant('var/lib/kubelet/pki/kubelet-server-current.pem', secrets.join('\n'));
  plant('etc/hosts', '127.0.0.1 localhost\n');
  const file = join(root, 'out.tar');
  const { code, stderr } = await program.run(['doctor', '--root', root, '--bundle', 'out.tar'], { cwd: root });
  t.equal(code, 42);
  t.match(stderr, /^out\.tar: \d+ files, secrets masked/);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const archive = readFileSync(file, 'utf8');
  for (const secret of secrets) t.notMatch(archive, secret);
  const { stdout } = spawnSync('tar', ['--list', `--file=${file}`], { encoding: 'utf8' });
  for (const name of [
    'doctor.txt',
    'doctor.json',
    'files/etc/hosts',
    'files/var/lib/kubelet/kubeconfig',
    'files/etc/containerd/config.toml',
  ])
    t.match(stdout, `bootwright-doctor/${name}\n`);
  t.notMatch(stdout, 'pki');
  t.match(archive, 'HTTPS_PROXY=http://***@proxy:3128');
  const piped = await program.run(['doctor', '--root', root, '--bundle', '-']);
  t.match(piped.stdout, /^bootwright-doctor\/doctor\.txt\0/);
  const nowhere = await program.run(['doctor', '--root', root, '--bundle', '/proc/nonexistent/x.tar']);
  t.equal(nowhere.code, 73, nowhere.stderr);
});

t.test('without rights it says what it may not read', async (t) => {
  if (!needs(t, 'root')) return;
  const root = t.testdir({});
  for (const path of ['etc/kubernetes/pki', 'var/lib/kubelet']) mkdirSync(join(root, path), { recursive: true });
  const secret = join(root, 'var/lib/kubelet/kubeconfig');
  writeFileSync(secret, '{}', { mode: 0o600 });
  const { code, stdout } = await program.run(['doctor', '--root', root, '--only', 'kubeconfig'], { uid: 65534, cwd: '/' });
  t.equal(code, 0, stdout);
  t.match(flat(stdout), /kubeconfig may not be read \(permission denied\); run it as root/);
});

t.test('offline nobody is asked', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const { stdout } = await program.run(['doctor', '--offline', '--json'], { env: fakes.env });
  t.equal(fakes.imds.exchanges.length + fakes.aws.exchanges.length, 0);
  const { checks } = JSON.parse(stdout);
  t.equal(checks.length, CHECKS.length);
});

t.test('JUnit', async (t) => {
  const root = t.testdir({});
  mkdirSync(join(root, 'var/lib/kubelet'), { recursive: true });
  writeFileSync(join(root, 'var/lib/kubelet/kubeconfig'), '<&"\u0001');
  const { code, stdout } = await program.run(['doctor', '--root', root, '--junit']);
  t.equal(code, 42);
  t.match(
    stdout,
    /^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuite name="bootwright doctor" tests="\d+" failures="2" skipped="\d+">\n/,
  );
  t.match(stdout, /<testcase classname="bootwright.doctor" name="kubeconfig" time="[\d.]+"><failure message="/);
  t.match(stdout, /<testcase [^>]* name="clock" [^>]*><skipped message=/);
  t.notMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u);
});
