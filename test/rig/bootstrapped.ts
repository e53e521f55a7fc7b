/** What tests ask of a node on which bootstrap ran. */
import type { Test } from 'tap';
import { type RigNode, until } from './node.ts';

const UNITS = ['kubelet.service', 'containerd.service', 'sandbox-image.service'] as const;

/** Every file that a run may write: path, change time, inode, mode, owner, size. Two equal answers: nothing was touched. */
export const filesOf = (node: RigNode): Promise<string> =>
  node.must([
    ...['find', '/etc', '/var/lib/kubelet/kubeconfig', '/var/lib/bootwright', '-xdev', '-not', '-type', 'd'],
    ...['-not', '-path', '/etc/mtab', '-printf', '%p %T@ %i %m %U:%G %s\n'],
  ]);

/** By unit; a start or restart gives a unit another invocation. */
export const invocationsOf = async (node: RigNode): Promise<{ [unit: string]: string }> => {
  const texts = await Promise.all(UNITS.map((unit) => node.must(['systemctl', 'show', '-P', 'InvocationID', unit])));
  return Object.fromEntries(UNITS.map((unit, i) => [unit, texts[i]?.trim() ?? '']));
};

/** systemd's message for a unit that has come up, a oneshot that has ended included (sd-messages.h, SD_MESSAGE_UNIT_STARTED). */
const UNIT_STARTED = '39f53479d3a045ac8e11786248231fbf';

/** How often each unit was started or restarted in this boot. */
export const startsOf = async (node: RigNode): Promise<{ [unit: string]: number }> => {
  const starts: { [unit: string]: number } = {};
  const lines = await node.must(['journalctl', '-b', '-q', '-o', 'json', '--output-fields=UNIT', `MESSAGE_ID=${UNIT_STARTED}`]);
  for (const line of lines.trim().split('\n')) {
    const { UNIT } = JSON.parse(line) as { readonly UNIT: string };
    starts[UNIT] = (starts[UNIT] ?? 0) + 1;
  }
  return starts;
};

/** What the stand-in for the kubelet was started with. */
export const kubeletArguments = (node: RigNode): string[] => JSON.parse(node.read('var/tmp/kubelet-arguments.json')) as string[];

/** The kubelet runs and answers. */
export const answers = async (t: Test, node: RigNode): Promise<void> => {
  const healthz = 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:10248/healthz").read().decode())';
  const answer = await until('the kubelet answers', 20_000, async () => {
    const { code, stdout } = await node.exec(['python3', '-c', healthz]);
    return code === 0 ? stdout.trim() : undefined;
  });
  t.equal(answer, 'ok', 'the kubelet is healthy');
};

/** That, and both units come back after a reboot. */
export const comesUp = async (t: Test, node: RigNode): Promise<void> => {
  await answers(t, node);
  const states = await node.must(['systemctl', 'is-enabled', 'kubelet', 'containerd']);
  t.equal(states, 'enabled\nenabled\n', 'kubelet and containerd are enabled');
};

/** Contents of what bootstrap writes on a node, by path. bootwright's own records are left out: they count generations and hold times. */
export const contentsOf = async (node: RigNode): Promise<{ [path: string]: string }> => {
  const places = ['/etc/kubernetes', '/etc/containerd', '/etc/eks', '/etc/systemd/system', '/var/lib/kubelet/kubeconfig'];
  const lines = await node.must(['find', ...places, '-type', 'f', '-exec', 'sha256sum', '{}', '+']);
  return Object.fromEntries(
    lines
      .trim()
      .split('\n')
      .map((line) => [line.slice(66), line.slice(0, 64)] as const)
      .sort(),
  );
};
