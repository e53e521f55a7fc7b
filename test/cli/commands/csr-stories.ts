/** Every way in which a certificate may not be there, told by the whole program: one line each in STORIES. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CSR_STATES, type CsrState } from '../../../src/core/csr/states.ts';
import { TEST_AUTHORITY_PEM } from '../../fakes/certificates.ts';
import { makeAuthority, makeCertificate } from '../../fakes/pki.ts';
import { type Joining, makeJoining, NAMES, NODE, USER } from '../support/joining.ts';
import { makeProgram } from '../support/program.ts';

const program = await makeProgram(t.teardown);

interface Story {
  readonly what: string;
  readonly prepare: (node: Joining) => void;
  readonly state: CsrState;
  readonly text: RegExp;
  readonly exit?: number;
  readonly options?: Parameters<typeof makeJoining>[2];
}

const approveThen = (type: string, reason: string) => (node: Joining) => {
  const name = node.ask(70);
  node.server.condition(name, 'Approved');
  node.server.condition(name, type, reason, 'bad');
};
const STRANGER = { username: 'arn:aws:sts::111122223333:assumed-role/node/i-1', groups: ['system:authenticated'] };
const long = (days: number) => new Date(Date.now() + days * 86_400_000);

const STORIES: readonly Story[] = [
  { what: 'denied', prepare: (node) => node.server.condition(node.ask(), 'Denied', 'KubectlDeny'), state: 'Denied', text: /KubectlDeny/ },
  {
    what: 'the signer refuses',
    prepare: approveThen('Failed', 'SignerValidationFailure'),
    state: 'Failed',
    text: /SignerValidationFailure: bad/,
  },
  {
    what: 'never approved',
    prepare: (node) => [2000, 1100, 10].forEach((age) => void node.ask(age)),
    state: 'StuckPending',
    text: /asked 3 times in the last hour/,
  },
  { what: 'waiting for ten minutes', prepare: (node) => node.ask(620), state: 'PendingSlow', text: /has waited 10 min/ },
  {
    what: 'not signed',
    prepare: (node) => node.server.condition(node.ask(4000), 'Approved'),
    state: 'Pending',
    text: /was approved \d s ago/,
  },
  { what: 'made by the role', prepare: (node) => node.ask(5, STRANGER), state: 'IdentityMismatch', text: /was made by 'arn:aws:sts/ },
  {
    what: 'taken for somebody else',
    prepare: (node) => {
      node.user = STRANGER;
    },
    state: 'IdentityMismatch',
    text: /knows this node as 'arn:aws:sts.*access entry of type EC2_LINUX/,
  },
  {
    what: 'another node name',
    prepare: (node) => {
      node.user = { ...USER, username: 'system:node:i-0123456789abcdef0' };
    },
    state: 'IdentityMismatch',
    text: /the kubelet calls itself 'ip-10-0-0-1/,
  },
  {
    what: 'not registered',
    prepare: () => undefined,
    options: { isRegistered: false },
    state: 'NodeNotRegistered',
    text: /has no node 'ip-10-0-0-1/,
  },
  {
    what: 'no addresses',
    prepare: (node) => node.server.addNode({ name: NODE, taints: ['node.cloudprovider.kubernetes.io/uninitialized'] }),
    state: 'WaitingForAddresses',
    text: /carries the taint .*providerID is aws:\/\/\//,
  },
  {
    what: 'kubelet down',
    prepare: (node) => {
      node.systemd.setUnit('kubelet.service', { ActiveState: 'failed', MainPID: 0 });
      node.systemd.write(
        'journal',
        'E1121 12:00:00.1 1 run.go:72] "command failed" err="failed to parse kubelet flag: unknown flag: --foo"\n',
      );
    },
    state: 'KubeletDown',
    text: /kubelet\.service is failed.* Likely cause: this kubelet does not know one of its arguments/,
  },
  {
    what: 'no bootstrap',
    prepare: () => undefined,
    options: { config: { serverTLSBootstrap: false } },
    state: 'NotApplicable',
    text: /is off/,
  },
  {
    what: 'expired',
    prepare: (node) => node.kubelet.store(node.pki, node.server.issue(node.ask(), { notBefore: long(-40), notAfter: long(-1) })),
    state: 'Expired',
    text: /ended 24 h ago/,
  },
  {
    what: 'overdue',
    prepare: (node) => node.kubelet.store(node.pki, node.server.issue(node.ask(), { notBefore: long(-39), notAfter: long(1) })),
    state: 'RotationOverdue',
    text: /97 % of the lifetime/,
  },
  {
    what: 'stale',
    prepare: (node) => {
      node.join();
      node.kubelet.present(makeCertificate({ cn: USER.username, ...NAMES, by: node.server.authority }));
    },
    state: 'ServingStaleCert',
    text: /holds another/,
  },
  {
    what: 'wrong authority',
    prepare: (node) => node.kubelet.store(node.pki, makeCertificate({ cn: USER.username, ...NAMES, by: makeAuthority() })),
    state: 'WrongCA',
    text: /none of the cluster’s authorities/,
  },
  {
    what: 'no address in it',
    prepare: (node) => node.kubelet.store(node.pki, makeCertificate({ cn: USER.username, dns: [NODE], by: node.server.authority })),
    state: 'SanMissing',
    text: /lacks 10\.0\.0\.1/,
  },
  {
    what: 'a plain file',
    prepare: (node) => {
      const link = node.kubelet.store(node.pki, makeCertificate({ cn: USER.username, ...NAMES, by: node.server.authority }));
      rmSync(link);
      writeFileSync(link, 'x');
    },
    state: 'InvalidCert',
    text: /is a file, not the kubelet’s link/,
  },
  {
    what: 'garbage',
    prepare: (node) => writeFileSync(node.kubelet.store(node.pki, makeCertificate({ cn: 'x' })), 'garbage'),
    state: 'InvalidCert',
    text: /holds no certificate/,
  },
  {
    what: 'clock behind',
    prepare: (node) => void node.ask(0),
    options: { clockMs: 1_200_000 },
    state: 'Pending',
    text: /(?:19|20) min behind the API server’s/,
  },
  {
    what: 'nobody',
    prepare: (node) => {
      node.user = undefined;
    },
    state: 'Unknown',
    text: /answered 401 .*Unauthorized.*access entry/,
    exit: 77,
  },
  {
    what: 'no right',
    prepare: (node) => node.server.fault({ on: /csr|node/, kind: 'status', status: 403, body: '{"kind":"Status","message":"no"}' }),
    state: 'Unknown',
    text: /answered 403 to GET/,
    exit: 77,
  },
  {
    what: 'a proxy’s page',
    prepare: (node) => node.server.fault({ kind: 'html' }),
    state: 'Unknown',
    text: /no JSON object \(text\/html\)/,
    exit: 76,
  },
  {
    what: 'half JSON',
    prepare: (node) => node.server.fault({ on: 'LIST csr', kind: 'status', status: 200, body: '{"items":[{' }),
    state: 'Unknown',
    text: /no JSON/,
    exit: 76,
  },
  {
    what: 'trouble there',
    prepare: (node) => node.server.fault({ kind: 'status', status: 500 }),
    state: 'Unknown',
    text: /answered 500/,
    exit: 69,
  },
  {
    what: 'throttled, and slow',
    prepare: (node) => {
      node.join();
      node.server.fault({ kind: 'status', status: 429, headers: { 'retry-after': '1' }, times: 1 });
      node.server.fault({ kind: 'delay', delayMs: 500 });
    },
    state: 'Issued',
    text: /serves by a certificate/,
  },
  {
    what: 'cut off',
    prepare: (node) => node.server.fault({ kind: 'reset' }),
    state: 'Unknown',
    text: /broke the connection off/,
    exit: 69,
  },
  {
    what: 'another CA',
    prepare: (node) => writeFileSync(join(node.dir, 'ca.crt'), TEST_AUTHORITY_PEM),
    state: 'Unknown',
    text: /failed the TLS handshake/,
    exit: 69,
  },
  {
    what: 'CA missing',
    prepare: (node) => rmSync(join(node.dir, 'ca.crt')),
    state: 'Unknown',
    text: /ca\.crt, the certificate-authority of .*is not there/,
    exit: 78,
  },
  {
    what: 'CA garbage',
    prepare: (node) => writeFileSync(join(node.dir, 'ca.crt'), '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'),
    state: 'Unknown',
    text: /are none/,
    exit: 78,
  },
  {
    what: 'kubeconfig missing',
    prepare: (node) => rmSync(join(node.dir, 'kubeconfig')),
    state: 'Unknown',
    text: /there is no kubeconfig at/,
    exit: 78,
  },
  {
    what: 'kubeconfig garbage',
    prepare: (node) => writeFileSync(join(node.dir, 'kubeconfig'), '{'),
    state: 'Unknown',
    text: /is no kubeconfig/,
    exit: 78,
  },
  {
    what: 'configuration garbage',
    prepare: (node) => writeFileSync(join(node.dir, 'config.json'), '{'),
    state: 'Unknown',
    text: /is no kubelet configuration/,
    exit: 78,
  },
];

t.test('every story is told', async (t) => {
  t.jobs = 2;
  for (const { what, prepare, state, text, exit = CSR_STATES[state].exit, options } of STORIES)
    t.test(what, { buffered: true }, async (t) => {
      const node = await makeJoining(t, program, options);
      prepare(node);
      const { code, stdout, stderr } = await node.csr(['--json']);
      t.equal(code, exit, stderr);
      const { checks, ...verdict } = JSON.parse(stdout);
      t.equal(verdict.state, state);
      t.match(JSON.stringify([verdict.message, verdict.remediation, checks]), text);
    });
});
