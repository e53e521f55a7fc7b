/**
 * A node on which nothing is wrong, in a directory: IMDS, AWS and API server on loopback, a kubelet's files, process and ports, a containerd's
 * socket, a systemd that says that both run. Tests break one thing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { CHECKS } from '../../../src/checks/all.ts';
import { type CheckResult, runChecks } from '../../../src/checks/check.ts';
import type { Context } from '../../../src/cli/command.ts';
import { openProbes } from '../../../src/cli/doctor/probes.ts';
import type { Machine } from '../../../src/cli/machine.ts';
import type { ClusterFacts } from '../../../src/core/facts.ts';
import type { Space } from '../../../src/facts/machine-state.ts';
import { type FakeApiServer, type FakeUser, startApiServer } from '../../fakes/api-server.ts';
import { EXAMPLE_CREDENTIALS, exampleCluster, exampleFacts } from '../../fakes/example.ts';
import { type FakeKubelet, startKubelet } from '../../fakes/kubelet.ts';
import { type Fakes, startFakes } from '../../fakes/main.ts';
import type { Pair } from '../../fakes/pki.ts';
import { verifyToken } from '../../fakes/token-verifier.ts';
import { type FakeSystemd, makeFakeSystemd } from '../../node/support/fake-systemd.ts';

const { privateDnsName } = exampleFacts().instance;
export const NODE = privateDnsName ?? '';
export const USER: FakeUser = { username: `system:node:${NODE}`, groups: ['system:bootstrappers', 'system:nodes', 'system:authenticated'] };
export const ADDRESSES = [
  { type: 'InternalIP', address: '192.168.1.10' },
  { type: 'InternalDNS', address: NODE },
];
export const NAMES = { dns: [NODE], ips: ['192.168.1.10'] };
export const USER_DATA = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster: {name: my-cluster}
`;
const CONTAINERD = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true
`;
const FILES: readonly (readonly [string, string])[] = [
  ['/etc/containerd/config.toml', CONTAINERD],
  ['/etc/cni/net.d/10-aws.conflist', '{}'],
  ['/proc/meminfo', 'MemTotal:       8000000 kB\nMemAvailable:    6000000 kB\n'],
  ['/proc/swaps', 'Filename\tType\tSize\tUsed\tPriority\n'],
  ['/proc/sys/net/ipv4/ip_forward', '1\n'],
  ['/proc/sys/vm/overcommit_memory', '1\n'],
  ['/proc/sys/kernel/panic', '10\n'],
  ['/proc/sys/kernel/panic_on_oops', '1\n'],
  ['/var/lib/kubelet/cpu_manager_state', '{"policyName":"none","defaultCpuSet":"","checksum":1}'],
];
const LINK = '/var/lib/kubelet/pki/kubelet-server-current.pem';

export interface HealthyNode {
  readonly root: string;
  readonly api: FakeApiServer;
  readonly fakes: Fakes;
  readonly kubelet: FakeKubelet;
  readonly systemd: FakeSystemd;
  /** Of the kubelet. */
  health: { readonly status: number; readonly body: string };
  /** Who the API server takes the node for; undefined: nobody. */
  user: FakeUser | undefined;
  /** Of this machine, against the true time. */
  clockMs: number;
  /** Of every file system: this machine's own disk is nobody's business. */
  space: Space;
  /** Besides what points at the fakes. */
  env: { readonly [name: string]: string };
  write(path: string, text: string): void;
  remove(path: string): void;
  kubeconfig(change?: { readonly server?: string; readonly cluster?: string; readonly ca?: string; readonly user?: object }): void;
  /** What EKS says of the cluster. */
  describe(change: Partial<ClusterFacts>): void;
  kubeletConfig(more: object): void;
  /** The kubelet is started with these besides. */
  restart(flags: readonly string[]): void;
  /** Stores and serves a pair, as the kubelet does. */
  store(pair: Pair): void;
  stopContainerd(): Promise<void>;
  diagnose(options?: { readonly skipped?: readonly string[]; readonly isOffline?: boolean }): Promise<readonly CheckResult[]>;
}

const listening = <T extends Server | HttpServer>(server: T, where: string | number): Promise<T> =>
  new Promise((resolve) => {
    const done = (): void => resolve(server);
    if (typeof where === 'string') server.listen(where, done);
    else server.listen(where, '127.0.0.1', done);
  });
const closed = (server: Server | HttpServer): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const quiet = { write: () => undefined, isTty: false, columns: 100 };

const startProcess = (flags: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)', '--', ...flags], { stdio: 'ignore' });

export const makeHealthyNode = async (t: Test): Promise<HealthyNode> => {
  const root = mkdtempSync(join(tmpdir(), 'bootwright-node-'));
  chmodSync(root, 0o755);
  const write: HealthyNode['write'] = (path, text) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const state: Pick<HealthyNode, 'user' | 'health' | 'clockMs' | 'env' | 'space'> = {
    user: USER,
    health: { status: 200, body: 'ok' },
    clockMs: 0,
    env: {},
    space: { free: 0.6, freeInodes: 0.9, freeBytes: 2 ** 34 },
  };
  const authenticate = (token: string): FakeUser | undefined => {
    const known = { clusterName: 'my-cluster', credentials: [EXAMPLE_CREDENTIALS], hosts: ['sts.us-west-2.amazonaws.com'] };
    return verifyToken(token, { ...known, nowMs: Date.now() }).ok ? state.user : undefined;
  };
  const [fakes, api, kubelet] = await Promise.all([startFakes({ userData: USER_DATA }), startApiServer({ authenticate }), startKubelet()]);
  const healthz = await listening(
    createHttp((_, response) => response.writeHead(state.health.status).end(state.health.body)),
    0,
  );
  mkdirSync(join(root, 'run/containerd'), { recursive: true });
  const containerd = await listening(
    createServer((socket) => socket.destroy()),
    join(root, 'run/containerd/containerd.sock'),
  );
  const systemd = makeFakeSystemd(join(root, 'systemd'));
  systemd.setUnit('containerd.service');

  const kubeconfig: HealthyNode['kubeconfig'] = ({ server, cluster = 'my-cluster', ca = '/etc/kubernetes/pki/ca.crt', user } = {}) => {
    const args = ['token', '--cluster-name', cluster, '--region', 'us-west-2'];
    const document = {
      clusters: [{ name: 'c', cluster: { server: server ?? `https://localhost:${api.port}`, 'certificate-authority': join(root, ca) } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user: user ?? { exec: { command: '/usr/bin/bootwright', args } } }],
    };
    write('/var/lib/kubelet/kubeconfig', JSON.stringify(document));
  };
  const kubeletConfig = (more: object): void => {
    const ports = { port: kubelet.port, healthzPort: (healthz.address() as AddressInfo).port };
    write(
      '/etc/kubernetes/kubelet/config.json',
      JSON.stringify({ serverTLSBootstrap: true, cgroupDriver: 'systemd', protectKernelDefaults: true, ...ports, ...more }),
    );
  };
  const describe: HealthyNode['describe'] = (change) => {
    const known = fakes.aws.state.facts;
    fakes.aws.state.facts = { ...known, cluster: { ...(known.cluster ?? exampleCluster()), ...change } };
  };
  const store = (pair: Pair): void => {
    kubelet.store(join(root, dirname(LINK)), pair);
    // As it looks from inside the root.
    rmSync(join(root, LINK));
    symlinkSync(join(dirname(LINK), 'kubelet-server-2026-11-21-12-00-00.pem'), join(root, LINK));
  };
  let kubeletProcess: ChildProcess | undefined;
  const restart = (flags: readonly string[]): void => {
    kubeletProcess?.kill();
    kubeletProcess = startProcess(['--cloud-provider=external', `--hostname-override=${NODE}`, ...flags]);
    systemd.setUnit('kubelet.service', { MainPID: kubeletProcess.pid ?? 0 });
  };
  systemd.setUnit('cloud-final.service', { Type: 'oneshot', SubState: 'exited', MainPID: 0 });
  for (const [path, text] of FILES) write(path, text);
  describe({ endpoint: `https://localhost:${api.port}`, certificateAuthority: Buffer.from(api.ca).toString('base64') });
  write('/etc/kubernetes/pki/ca.crt', api.ca);
  kubeconfig();
  kubeletConfig({});
  restart([]);
  api.addNode({ name: NODE, addresses: ADDRESSES });
  const request = api.addCsr({ cn: USER.username, organizations: ['system:nodes'], ...NAMES, by: USER });
  api.condition(request, 'Approved', 'AutoApproved');
  store(api.issue(request));
  api.removeCsr(request);
  t.teardown(async () => {
    kubeletProcess?.kill();
    await Promise.all([kubelet.close(), api.close(), fakes.close(), closed(healthz), closed(containerd)]);
    rmSync(root, { recursive: true, force: true });
  });

  const diagnose: HealthyNode['diagnose'] = async ({ skipped = [], isOffline = false } = {}) => {
    const signal = new AbortController().signal;
    const env = { ...fakes.env, HOME: '/proc/nonexistent', PATH: systemd.searchPath, NO_PROXY: '*', AWS_REGION: 'us-west-2', ...state.env };
    const machine: Machine = { root, live: true, searchPath: systemd.searchPath, systemd: systemd.systemd };
    const now = (): Date => new Date(Date.now() + state.clockMs);
    const context: Context = {
      ...{ calledAs: 'bootwright', style: 'own', env, stdout: quiet, stderr: quiet, signal },
      ...{ now, random: () => 0.5, uid: 0, cwd: '/' },
    };
    const { probes: real, close } = openProbes(machine, context);
    const probes = { ...real, space: () => state.space };
    const reaches = isOffline ? (['files', 'machine'] as const) : (['files', 'machine', 'network'] as const);
    try {
      return await runChecks(CHECKS, { probes, reaches, skipped, totalMs: 60_000, signal, clock: () => performance.now() });
    } finally {
      await close();
    }
  };
  return Object.assign(state, {
    ...{ root, api, fakes, kubelet, systemd, write, describe, kubeconfig, kubeletConfig, restart, store, diagnose },
    remove: (path: string) => rmSync(join(root, path), { recursive: true, force: true }),
    stopContainerd: () => closed(containerd),
  });
};
