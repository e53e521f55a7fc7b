/** Stories of a serving certificate, told by `bootwright csr` on a real node of a real control plane. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeRequest } from '../fakes/pki.ts';
import { type ClusterNode, makeClusterNode, nextRequest } from '../rig/cluster-node.ts';
import { JOIN_PARTS } from '../rig/join.ts';
import { until } from '../rig/node.ts';
import { needs } from '../rig/parts.ts';

interface Told {
  readonly code: number | null;
  readonly state: string;
  readonly message: string;
  readonly checks: readonly { readonly id: string; readonly result: string }[];
  readonly [key: string]: unknown;
}

const tells = async ({ node }: ClusterNode, ...args: readonly string[]): Promise<Told> => {
  const { code, stdout, stderr } = await node.exec(['/usr/bin/bootwright', 'csr', '--json', ...args]);
  if (stdout === '') throw new Error(`exit ${code}: ${stderr}`);
  return { ...(JSON.parse(stdout) as Told), code };
};

const says = (t: Test, told: Told, code: number, state: string, message: RegExp): void => {
  t.match(told, { code, state, message });
  t.comment(`${told.state}: ${told.message}`);
};

/** The kubelet loses its certificate and asks anew, as after `rm PKI/kubelet-server-*`. */
const askAnew = async (story: ClusterNode, before: readonly string[]): Promise<string> => {
  const { node, cluster } = story;
  await node.must(['bash', '-c', 'systemctl stop kubelet; rm -f /var/lib/kubelet/pki/kubelet-server-*; systemctl start kubelet']);
  return nextRequest(cluster, before);
};

/** From bootstrap to the certificate: it waits for it, and says where the time went. */
const joins = async (t: Test, story: ClusterNode): Promise<string> => {
  const { node, cluster } = story;
  await node.boot();
  const bootstrap = node.exec(['/usr/bin/bootwright', 'bootstrap', 'my-cluster']);
  const first = await nextRequest(cluster);
  says(t, await tells(story), 10, 'Pending', new RegExp(`^${first} was made .* ago and waits for its approval`));
  says(t, await tells(story, '--wait=3s'), 10, 'Pending', /waits for its approval/);
  says(t, await tells(story, '--offline'), 14, 'Starting', /was started/);
  const waiting = tells(story, '--wait=1m');
  await cluster.kubectl('certificate', 'approve', first);
  says(t, await waiting, 0, 'Issued', /serves by a certificate valid until/);
  const { code, stderr } = await bootstrap;
  t.equal(code, 0, stderr);
  const line = /joined after .*/.exec(stderr)?.[0] ?? stderr;
  t.match(line, /^joined after [\d.]+ s: facts .*, decide .*, observe .*, write .*, containerd .*, kubelet .*, registered .*, issued /);
  t.comment(line);
  return first;
};

const isHealthy = async (t: Test, story: ClusterNode): Promise<void> => {
  const healthy = await tells(story);
  says(t, healthy, 0, 'Issued', /serves by/);
  t.match(healthy, {
    node: { name: story.nodeName, registered: true },
    identity: { username: `system:node:${story.nodeName}` },
    certificate: { cn: `system:node:${story.nodeName}`, isTrusted: true, ips: [story.network.node] },
    serving: { kind: 'certificate', matchesFile: true },
  });
  const bad = healthy.checks.filter(({ result }) => result === 'fail');
  t.same(bad, [], 'nothing is wrong');
  says(t, await tells(story, '--offline'), 0, 'Issued', /serves by/);
};

const isDenied = async (t: Test, story: ClusterNode, before: readonly string[]): Promise<readonly string[]> => {
  const name = await askAnew(story, before);
  await story.cluster.kubectl('certificate', 'deny', name);
  const again = await nextRequest(story.cluster, [...before, name]);
  says(t, await tells(story), 30, 'Denied', new RegExp(`^${name} was denied \\(KubectlDeny.*The kubelet asked again: ${again}, pending`));
  return [...before, name, again];
};

/** Approved while nobody signs, then signed at once. */
const isSignedLate = async (t: Test, story: ClusterNode, before: readonly string[]): Promise<readonly string[]> => {
  const { cluster } = story;
  await cluster.signer('off');
  const name = await askAnew(story, before);
  await cluster.kubectl('certificate', 'approve', name);
  says(t, await tells(story), 10, 'Pending', new RegExp(`^${name} was approved .*; the certificate is being signed`));
  says(t, await tells(story, '--wait=2m'), 32, 'ApprovedNotIssued', /was approved 6\d s ago, and no certificate came/);
  await cluster.signer('on');
  const { state } = await until('it is signed', 60_000, async () => {
    const told = await tells(story);
    return told.state === 'Issued' ? told : undefined;
  });
  t.equal(state, 'Issued');
  return [...before, name];
};

/** A request in the node's name that breaks a rule of the signer, approved all the same. */
const isRefused = async (t: Test, story: ClusterNode): Promise<void> => {
  const { cluster, nodeName, node, network } = story;
  const username = `system:node:${nodeName}`;
  const request = makeRequest({
    cn: username,
    organizations: ['system:nodes'],
    dns: [nodeName],
    ips: [network.node],
    uris: ['spiffe://x/y'],
  });
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'with-uri' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'server auth'],
    },
  };
  const file = join(t.testdir({}), 'csr.json');
  writeFileSync(file, JSON.stringify(object));
  await cluster.kubectl('create', '-f', file, '--as', username, '--as-group', 'system:nodes', '--as-group', 'system:bootstrappers');
  await cluster.kubectl('certificate', 'approve', 'with-uri');
  await until('the signer has refused', 30_000, async () => {
    const types = await cluster.kubectl('get', 'csr', 'with-uri', '-o', 'jsonpath={.status.conditions[*].type}');
    return types.includes('Failed') || undefined;
  });
  says(
    t,
    await tells(story),
    31,
    'Failed',
    /^The signer refused with-uri \(SignerValidationFailure.*spiffe:\/\/x\/y is not allowed.*the present certificate serves/,
  );
  await cluster.kubectl('delete', 'csr', 'with-uri');
  const { stdout } = await node.exec(['/usr/bin/bootwright', 'csr']);
  t.match(stdout, /^Issued/);
};

t.test('pending, approved, issued, denied, not signed, refused', { timeout: 300_000 }, async (t) => {
  if (!needs(t, ...JOIN_PARTS)) return;
  const story = await makeClusterNode(t, { kubelet: 'built', containerd: '2' });
  const first = await joins(t, story);
  await isHealthy(t, story);
  const denied = await isDenied(t, story, [first]);
  await isSignedLate(t, story, denied);
  await isRefused(t, story);
  await story.node.must(['systemctl', 'stop', 'kubelet']);
  says(t, await tells(story), 36, 'KubeletDown', /kubelet\.service is inactive, and port 10250 refuses connections/);
});
