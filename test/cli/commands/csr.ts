import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CSR_STATES, type CsrState } from '../../../src/core/csr/states.ts';
import { needs } from '../../rig/parts.ts';
import { makeJoining, NAMES, NODE, USER } from '../support/joining.ts';
import { makeProgram, type Run } from '../support/program.ts';

const program = await makeProgram(t.teardown);

/** Without the line breaks of a narrow terminal. */
const flat = (text: string): string => text.replace(/\s+/g, ' ');

/** Ends with the code of that state, and names it first. */
const says = (t: Test, { code, stdout, stderr }: Run, state: CsrState, text: RegExp, exit: number = CSR_STATES[state].exit): void => {
  t.equal(stdout.split(' ')[0], state, `${state}${stderr}`);
  t.equal(code, exit);
  t.match(flat(stdout), text);
};

t.test('a healthy node: a certificate, and no request', async (t) => {
  const node = await makeJoining(t, program);
  node.server.removeCsr(node.join());
  const run = await node.csr();
  says(t, run, 'Issued', /The kubelet serves by a certificate valid until .*, 44 days from now\./);
  t.match(flat(run.stdout), /ok +config +asks the cluster for its certificate \(serverTLSBootstrap in .*config\.json\)/);
  t.match(flat(run.stdout), /ok +port +presents the certificate on disk/);
  t.match(flat(run.stdout), /ok +identity +system:node:ip-10-0-0-1/);
  t.equal(run.stderr, '');
  const { stdout, code } = await node.csr(['--json']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    schemaVersion: 1,
    state: 'Issued',
    severity: 'ok',
    exitCode: 0,
    isSettled: true,
    node: { name: NODE, expectedUsername: USER.username, registered: true, ready: true },
    identity: { username: USER.username },
    certificate: { path: join(node.pki, 'kubelet-server-current.pem'), cn: USER.username, isTrusted: true, percentUsed: 0 },
    serving: { kind: 'certificate', matchesFile: true },
    csrs: [],
  });
  t.notMatch(stdout, /PRIVATE KEY|k8s-aws-v1\.|CERTIFICATE REQUEST/);
  node.server.clearFaults();
  const before = node.server.exchanges.length;
  says(t, await node.csr(['--offline']), 'Issued', /44 days from now/);
  t.equal(node.server.exchanges.length, before, '--offline asks nobody');
});

t.test('the way of a request', async (t) => {
  const node = await makeJoining(t, program);
  says(t, await node.csr(), 'Starting', /started \d s ago/);
  const name = node.ask();
  const pending = await node.csr();
  says(t, pending, 'Pending', new RegExp(`${name} was made \\d s ago and waits for its approval`));
  t.match(pending.stdout, /What to do/);
  node.server.condition(name, 'Approved');
  says(t, await node.csr(), 'Pending', /was approved \d s ago; the certificate is being signed/);
  const pair = node.server.issue(name);
  says(t, await node.csr(), 'Starting', /was issued; the kubelet is fetching/);
  node.kubelet.store(node.pki, pair);
  says(t, await node.csr(), 'Issued', /serves by/);
  node.ask();
  says(t, await node.csr(), 'Rotating', /asks for the next one/);
});

t.test('--wait watches the request and ends when the certificate is there', async (t) => {
  const node = await makeJoining(t, program);
  const name = node.ask();
  const waiting = node.csr(['--wait=1m']);
  while (node.server.watchers() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  node.server.endWatches('gone');
  node.server.compact();
  while (node.server.count('WATCH csr') < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  node.server.endWatches('cut');
  node.grant(name);
  says(t, await waiting, 'Issued', /./);
});

t.test('--wait gives up at its deadline, and at once where waiting changes nothing', async (t) => {
  const node = await makeJoining(t, program);
  node.ask();
  says(t, await node.csr(['--wait=1s']), 'Pending', /./);
  node.server.condition(node.ask(), 'Denied', 'Nope', 'not from here');
  says(t, await node.csr(['--wait=10m']), 'Denied', /\(Nope: not from here\)/);
});

t.test('--watch tells every change', async (t) => {
  const node = await makeJoining(t, program);
  const name = node.ask();
  let lines = '';
  const run = node.csr(['--watch', '--json'], {
    onStdout: (text, kill) => {
      lines = text;
      if (text.split('\n').length === 2) node.grant(name);
      if (text.includes('"Issued"')) kill('SIGINT');
    },
  });
  t.equal((await run).code, 130);
  t.same(
    lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).state)
      .filter((state) => state !== 'Starting'),
    ['Pending', 'Issued'],
  );
});

t.test('for cron every state is a success', async (t) => {
  const node = await makeJoining(t, program, { isRegistered: false });
  t.equal((await node.csr(['--exit-zero'])).code, 0);
});

t.test('without rights the handshake tells', async (t) => {
  if (!needs(t, 'root')) return;
  const node = await makeJoining(t, program);
  node.join();
  chmodSync(node.dir, 0o755);
  const run = await node.csr([], { uid: 65534 });
  says(t, run, 'Issued', /serves by a certificate/);
  t.match(flat(run.stdout), /note certificate .*may not be read \(permission denied\)/);
});

t.test('a kubeconfig that is not for our eyes', async (t) => {
  if (!needs(t, 'root')) return;
  const node = await makeJoining(t, program);
  chmodSync(node.dir, 0o755);
  chmodSync(join(node.dir, 'kubeconfig'), 0o600);
  says(t, await node.csr([], { uid: 65534 }), 'Unknown', /kubeconfig may not be read \(permission denied\)\. Run it as root\./, 77);
});

t.test('10,000 requests in bounded memory', async (t) => {
  const node = await makeJoining(t, program);
  node.join();
  node.server.addMany(10_000);
  const run = await node.csr([], { env: { NODE_OPTIONS: '--max-old-space-size=64' } });
  says(t, run, 'Issued', /./);
  t.ok(node.server.count('LIST csr') >= 40, 'in pages');
});

const ADMIN = { username: 'admin', groups: ['system:masters'] };

t.test('the cluster from a laptop', async (t) => {
  const node = await makeJoining(t, program);
  const { server } = node;
  server.users.set('admin-token', ADMIN);
  const kubeconfig = join(node.dir, 'admin.conf');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.ca).toString('base64') } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user: { token: 'admin-token' } }],
    }),
  );
  node.join();
  const addresses = [{ type: 'InternalIP', address: '10.0.0.9' }];
  server.addNode({ name: 'old', addresses });
  server.addNode({
    name: 'broken',
    addresses,
    proxied: 'error trying to reach service: remote error: tls: internal error',
  });
  server.addNode({ name: 'other-ca', addresses, proxied: 'error trying to reach service: x509: certificate signed by unknown authority' });
  server.addCsr({
    cn: 'system:node:new',
    organizations: ['system:nodes'],
    ...NAMES,
    by: { ...USER, username: 'system:node:new' },
    ageSeconds: 5000,
  });
  const { code, stdout, stderr } = await program.run(['csr', '--all'], { env: { KUBECONFIG: kubeconfig, COLUMNS: '140' } });
  t.equal(code, CSR_STATES.NotRequested.exit, `of the first row: ${stderr}`);
  const lines = stdout.split('\n');
  t.match(lines[0], /^STATE +NODE +SINCE +ATTEMPTS +WHY$/);
  for (const line of [
    /^StuckPending +new +83 min/,
    /^WrongCA +other-ca .*The API server says: error/,
    /^NotRequested +broken/,
    /^Issued +old .*The API server reaches/,
    new RegExp(`^Issued +${NODE}`),
  ])
    t.ok(
      lines.some((one) => line.test(one)),
      `${line}\n${stdout}`,
    );
  t.match(stdout, /^5 nodes: /m);
  const one = await program.run(['csr', '--node', 'new', '--json', '--kubeconfig', kubeconfig]);
  t.equal(one.code, CSR_STATES.StuckPending.exit, one.stderr);
  t.match(JSON.parse(one.stdout), { state: 'StuckPending', node: { name: 'new', registered: false } });
  const without = await program.run(['csr', '--all'], { env: { KUBECONFIG: '/no/such' } });
  t.equal(without.code, 78);
  t.match(without.stderr, /there is no kubeconfig at \/no\/such/);
});

t.test('an image', async (t) => {
  const dir = t.testdir({ etc: { kubernetes: { kubelet: { 'kubelet-config.json': '{"serverTLSBootstrap": true}' } } } });
  const run = await program.run(['csr', '--root', dir]);
  says(t, run, 'Unknown', /tells nothing/, 69);
  t.match(flat(run.stdout), /note +certificate +\/var\/lib\/kubelet\/pki\/kubelet-server-current\.pem is not there/);
});

t.test('wrong command lines', async (t) => {
  for (const [args, message] of [
    [['--wait=soon'], /--wait: 'soon' is no duration/],
    [['--all', '--node', 'n', '--watch'], /--node: does not go together with --all.*\n.*--watch: does not go together with --all/],
    [['--offline', '--kubeconfig', 'x'], /--kubeconfig: does not go/],
    [['--json=yes'], /--json: takes no value/],
    [['node'], /node: is one word too many/],
  ] as const) {
    const { code, stderr } = await program.run(['csr', ...args]);
    t.ok(code === 64 || code === 65, String(code));
    t.match(stderr, message);
  }
});
