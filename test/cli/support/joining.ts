/**
 * A node that joins: a kubelet's files, flags and ports, a systemd that says it runs, and an API server that takes our tokens by the strict
 * verifier. Everything is a real server or process; a test plays approver and signer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type FakeApiServer, type FakeUser, startApiServer } from '../../fakes/api-server.ts';
import { EXAMPLE_CREDENTIALS } from '../../fakes/example.ts';
import { type FakeKubelet, startKubelet } from '../../fakes/kubelet.ts';
import { verifyToken } from '../../fakes/token-verifier.ts';
import { type FakeSystemd, makeFakeSystemd } from '../../node/support/fake-systemd.ts';
import type { Program, Run, RunOptions } from './program.ts';

export const NODE = 'ip-10-0-0-1.us-west-2.compute.internal';
export const USER: FakeUser = { username: `system:node:${NODE}`, groups: ['system:bootstrappers', 'system:nodes', 'system:authenticated'] };
const ADDRESSES = [
  { type: 'InternalIP', address: '10.0.0.1' },
  { type: 'InternalDNS', address: NODE },
  { type: 'Hostname', address: NODE },
];
export const NAMES = { dns: [NODE], ips: ['10.0.0.1'] };

export interface Joining {
  readonly server: FakeApiServer;
  readonly kubelet: FakeKubelet;
  readonly systemd: FakeSystemd;
  /** Of the kubelet's files. */
  readonly dir: string;
  readonly pki: string;
  /** Who the API server takes the node for; undefined: nobody. */
  user: FakeUser | undefined;
  /** The kubelet registers its node. */
  register(): void;
  /** The kubelet asks for a certificate; returns the request's name. */
  ask(ageSeconds?: number, by?: FakeUser): string;
  /** Approved and signed, as EKS does it. */
  grant(name: string): void;
  /** As the kubelet reacts: it stores and serves the certificate. */
  join(): string;
  /** With the credentials of the instance role. */
  readonly env: Readonly<Record<string, string>>;
  /** `bootwright csr ARGS` on this node. */
  csr(args?: readonly string[], options?: RunOptions): Promise<Run>;
}

interface Options {
  readonly config?: object;
  readonly clockMs?: number;
  readonly isRegistered?: boolean;
}

const kubeconfigText = (server: string, ca: string): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': ca } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
    users: [
      {
        name: 'u',
        user: { exec: { command: '/usr/bin/bootwright', args: ['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'] } },
      },
    ],
  });

/** A process with a kubelet's command line. */
const startProcess = (flags: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)', '--', ...flags], { stdio: 'ignore' });

export const makeJoining = async (t: Test, { run }: Program, options: Options = {}): Promise<Joining> => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-joining-'));
  const pki = join(dir, 'pki');
  mkdirSync(pki);
  const kubelet = await startKubelet();
  const state: { user: FakeUser | undefined } = { user: USER };
  const authenticate = (token: string): FakeUser | undefined => {
    const known = { clusterName: 'my-cluster', credentials: [EXAMPLE_CREDENTIALS], hosts: ['sts.us-west-2.amazonaws.com'] };
    return verifyToken(token, { ...known, nowMs: Date.now() }).ok ? state.user : undefined;
  };
  const server = await startApiServer({ authenticate, clockMs: options.clockMs ?? 0 });
  const register = (): void => server.addNode({ name: NODE, addresses: ADDRESSES });
  if (options.isRegistered !== false) register();
  writeFileSync(join(dir, 'ca.crt'), server.ca);
  writeFileSync(join(dir, 'kubeconfig'), kubeconfigText(server.url, join(dir, 'ca.crt')));
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ serverTLSBootstrap: true, port: kubelet.port, ...options.config }));
  const process = startProcess([
    ...[`--config=${dir}/config.json`, `--kubeconfig=${dir}/kubeconfig`, `--cert-dir=${pki}`],
    ...[`--hostname-override=${NODE}`, '--cloud-provider=external'],
  ]);
  const systemd = makeFakeSystemd(join(dir, 'systemd'));
  systemd.setUnit('kubelet.service', { MainPID: process.pid ?? 0 });
  t.teardown(async () => {
    process.kill();
    await kubelet.close();
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const ask: Joining['ask'] = (ageSeconds = 0, by = USER) =>
    server.addCsr({ cn: USER.username, organizations: ['system:nodes'], ...NAMES, by, ageSeconds });
  const grant = (name: string): void => {
    server.condition(name, 'Approved', 'AutoApproved', 'Auto approving kubelet server certificate');
    kubelet.store(pki, server.issue(name));
  };
  const env = {
    PATH: `${systemd.searchPath}:/usr/bin:/bin`,
    AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
    AWS_SESSION_TOKEN: EXAMPLE_CREDENTIALS.sessionToken,
  };
  return Object.assign(state, {
    server,
    kubelet,
    register,
    systemd,
    env,
    dir,
    pki,
    ask,
    grant,
    join: () => {
      const name = ask();
      grant(name);
      return name;
    },
    csr: (args: readonly string[] = [], more: RunOptions = {}) => run(['csr', ...args], { ...more, env: { ...env, ...more.env } }),
  });
};
