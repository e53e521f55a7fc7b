/** A node of the rig and a real control plane: the node is told who it is, becomes Ready, and shows what its kubelet runs with. */
import { EXAMPLE_CREDENTIALS } from '../fakes/example.ts';
import { verifyToken } from '../fakes/token-verifier.ts';
import type { Authenticator, ControlPlane } from './control-plane.ts';
import { type RigNode, until } from './node.ts';
import { NODE_PARTS } from './parts.ts';

/** What it takes. */
export const JOIN_PARTS = [
  ...NODE_PARTS,
  'kubelet',
  'kubectl',
  'kube-apiserver',
  'kube-controller-manager',
  'etcd',
  'containerd-2',
  'containerd-1.7',
] as const;

/** What the machine of the rig cannot give a kubelet: cgroup v2 controllers and negative scores. */
export const RIG_ONLY = { cgroupsPerQOS: false, enforceNodeAllocatable: [], oomScoreAdj: 0 };

/** As EKS: the strict verifier, then the instance role's session becomes the node's name. */
export const authenticatorFor =
  (nodeName: string): Authenticator =>
  (token) => {
    const verdict = verifyToken(token, {
      clusterName: 'my-cluster',
      credentials: [EXAMPLE_CREDENTIALS],
      nowMs: Date.now(),
      hosts: ['sts.us-west-2.amazonaws.com'],
    });
    return verdict.ok ? { username: `system:node:${nodeName}`, groups: ['system:bootstrappers', 'system:nodes'] } : verdict.reason;
  };

export const becomesReady = (cluster: ControlPlane, name: string): Promise<string> =>
  until(`node ${name} is Ready`, 60_000, async () => {
    const status = await cluster.kubectl(
      'get',
      'nodes',
      '-o',
      `jsonpath={.items[?(@.metadata.name=="${name}")].status.conditions[?(@.type=="Ready")].status}`,
    );
    return status === 'True' ? status : undefined;
  });

export interface NodeObject {
  readonly metadata: { readonly labels: { readonly [name: string]: string } };
  readonly spec: { readonly providerID: string };
  readonly status: {
    readonly allocatable: { readonly pods: string };
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo: { readonly containerRuntimeVersion: string; readonly kubeletVersion: string };
  };
}

/** The kubelet's serving certificate has to be approved before the API server can ask it for its configuration. */
export const configz = async (cluster: ControlPlane, name: string): Promise<{ [key: string]: unknown }> => {
  await until('a serving certificate is asked for', 10_000, async () => {
    const requests = (await cluster.kubectl('get', 'csr', '-o', 'name')).split('\n').filter((line) => line !== '');
    return requests.length > 0 ? cluster.kubectl('certificate', 'approve', ...requests) : undefined;
  });
  const text = await until('the kubelet serves', 15_000, () =>
    cluster.kubectl('get', '--raw', `/api/v1/nodes/${name}/proxy/configz`).catch(() => undefined),
  );
  return (JSON.parse(text) as { kubeletconfig: { [key: string]: unknown } }).kubeletconfig;
};

/** With all that there is to read about it. */
export const whyNot = async ({ message }: Error, { verdicts }: ControlPlane, node: RigNode): Promise<never> => {
  const units = ['kubelet', 'containerd', 'sandbox-image', 'nodeadm-config', 'nodeadm-run'].flatMap((unit) => ['-u', unit]);
  const journal = await node.must(['journalctl', '--no-pager', '-o', 'cat', '-n', '60', ...units]);
  const output = node.read('var/log/cloud-init-output.log').slice(-3000);
  throw new Error([message, ...verdicts.slice(-3), output, journal].join('\n'));
};

/** The API server hears of the new boot, and the node is Ready in it. */
export const comesBackAfter = async (reboot: Promise<void>, cluster: ControlPlane, node: RigNode, name: string): Promise<void> => {
  await reboot;
  const bootId = (await node.must(['cat', '/proc/sys/kernel/random/boot_id'])).trim();
  await until('the kubelet reports the new boot', 30_000, async () => {
    const reported = await cluster.kubectl('get', 'node', name, '-o', 'jsonpath={.status.nodeInfo.bootID}');
    return reported === bootId || undefined;
  });
  await becomesReady(cluster, name);
};
