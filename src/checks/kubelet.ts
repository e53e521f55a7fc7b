/** The kubelet of this machine, what it stands on, and its node. */
import type { Observation } from '../core/csr/observation.ts';
import { secondsBetween, spanText } from '../core/csr/time.ts';
import { verdictOf } from '../core/csr/verdict.ts';
import { decisiveLines, type JournalCause } from '../core/journal-causes.ts';
import { CONTAINERD_SOCKET } from '../core/paths.ts';
import type { UnitState } from '../node/systemd.ts';
import { type Check, type Finding, fail, pass, skip, warn } from './check.ts';
import type { Probes } from './probes.ts';

const EKS = 'https://docs.aws.amazon.com/eks/latest/userguide';
const TROUBLE = `${EKS}/troubleshooting.html`;
const KUBELET = 'kubelet.service';
const CONTAINERD = 'containerd.service';
const MANY_RESTARTS = 3;

const stateText = ({ active, sub, result, exitStatus, restarts }: UnitState): string => {
  const why = result === '' || result === 'success' ? '' : `: ${result}${exitStatus ? `, exit status ${exitStatus}` : ''}`;
  return `${active}/${sub}${restarts ? `, restarted ${restarts} times` : ''}${why}`;
};

const isUp = ({ active }: UnitState): boolean => active === 'active' || active === 'reloading';

const containerd: Check = {
  id: 'containerd',
  title: 'containerd runs and takes connections',
  reach: 'machine',
  after: [],
  deadlineMs: 12_000,
  link: 'https://github.com/containerd/containerd/blob/main/docs/getting-started.md',
  run: async (probes, signal) => {
    const state = await probes.unit(CONTAINERD);
    if (state.load === 'not-found') return fail(`there is no ${CONTAINERD}`, 'Install containerd, or use an image that has it.');
    if (!isUp(state)) {
      const lines = decisiveLines(await probes.journal(CONTAINERD));
      return fail(
        `${CONTAINERD} is ${stateText(state)}`,
        'Correct what its journal names (`containerd config dump` reads the configuration), then `systemctl restart containerd`.',
        lines,
      );
    }
    const complaint = await probes.socket(CONTAINERD_SOCKET, signal);
    if (complaint === 'EACCES') return pass(`${CONTAINERD} is active (its socket is root’s)`);
    return complaint === undefined
      ? pass(`${CONTAINERD} is active, and its socket answers`)
      : fail(
          `${CONTAINERD} is active, but ${CONTAINERD_SOCKET} does not answer (${complaint})`,
          'See `journalctl -u containerd`, and grpc.address in its configuration.',
        );
  },
};

const WRITTEN =
  'Run `bootwright bootstrap CLUSTER` or `bootwright init`: they write it; /var/log/cloud-init-output.log tells why user data did not.';

const kubeletConfig: Check = {
  id: 'kubelet-config',
  title: 'the kubelet’s configuration can be read',
  reach: 'files',
  after: [],
  deadlineMs: 5_000,
  link: 'https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/',
  run: async ({ local }) => {
    const { config } = await local();
    if (config === undefined) return skip('not looked at');
    if (config.ok) return pass(`as ${config.value.at} shows`);
    const { kind, text, remedy } = config.failure;
    if (kind === 'unreadable') return skip(text);
    return fail(text, text.startsWith('there is no') ? WRITTEN : (remedy ?? WRITTEN));
  },
};

/** What the journal says is why, where it says something. */
const withCause = async ({ journal, local }: Probes, text: string, remedy: string): Promise<Finding> => {
  const { cause } = await local();
  const lines = decisiveLines(await journal(KUBELET));
  if (cause === undefined) return fail(text, remedy, lines);
  return fail(`${text}; likely cause: ${cause.cause} (see ${cause.check})`, cause.remedy, [
    cause.line,
    ...lines.filter((line) => line !== cause.line),
  ]);
};

const kubeletUnit: Check = {
  id: 'kubelet-unit',
  title: 'the kubelet runs and says that it is healthy',
  reach: 'machine',
  after: ['containerd', 'kubelet-config'],
  deadlineMs: 12_000,
  link: TROUBLE,
  run: async (probes, signal) => {
    const state = await probes.unit(KUBELET);
    if (state.load === 'not-found')
      return fail(`there is no ${KUBELET}`, 'Run `bootwright bootstrap CLUSTER`, or `bootwright init`: they write and start it.');
    if (!isUp(state))
      return withCause(
        probes,
        `${KUBELET} is ${stateText(state)}`,
        `See \`journalctl -u ${KUBELET}\`; then \`systemctl restart ${KUBELET}\`.`,
      );
    const complaint = await probes.health(signal);
    if (complaint !== undefined)
      return withCause(probes, `${KUBELET} is ${stateText(state)}, but ${complaint}`, `See \`journalctl -u ${KUBELET}\`.`);
    if ((state.restarts ?? 0) < MANY_RESTARTS) return pass(`${KUBELET} is ${stateText(state)}`);
    return warn(`${KUBELET} is ${stateText(state)}`, `See why it ended: \`journalctl -u ${KUBELET} -p err\`.`);
  },
};

/** Seen while everything is well, or only a consequence. */
const NO_REASON: readonly string[] = ['cni-ready', 'node-registration'];
const reasonIn = (cause: JournalCause | undefined): JournalCause | undefined =>
  cause && !NO_REASON.includes(cause.check) ? cause : undefined;

const nodeRegistered: Check = {
  id: 'node-registered',
  title: 'the API server has the node',
  reach: 'network',
  after: ['kubelet-unit', 'api-authz'],
  deadlineMs: 35_000,
  link: `${EKS}/troubleshooting.html#worker-node-fail`,
  run: async ({ cluster, journal }) => {
    const { node, nodeName, cause, now } = await cluster();
    if (!node?.ok) return skip('not answered');
    if (node.value !== null) return pass(`${node.value.name}, registered ${spanText(secondsBetween(node.value.createdAt, now))} ago`);
    const reason = reasonIn(cause);
    const text = `it has no node '${nodeName}'`;
    const lines = decisiveLines(await journal(KUBELET));
    if (reason !== undefined) return fail(`${text}; likely cause: ${reason.cause} (see ${reason.check})`, reason.remedy, lines);
    return fail(text, `A kubelet registers within seconds: see \`journalctl -u ${KUBELET}\`, and whether registerNode is false.`, lines);
  },
};

const UNINITIALIZED = 'node.cloudprovider.kubernetes.io/uninitialized';

const nodeReady: Check = {
  id: 'node-ready',
  title: 'the node is Ready',
  reach: 'network',
  after: ['node-registered', 'cni-ready'],
  deadlineMs: 35_000,
  link: TROUBLE,
  run: async ({ cluster }) => {
    const { node } = await cluster();
    const found = node?.ok ? node.value : null;
    if (found === null) return skip('not answered');
    if (found.taints.includes(UNINITIALIZED))
      return fail(
        `it carries the taint ${UNINITIALIZED}; its providerID is ${found.providerId ?? 'not set'}`,
        'The cloud controller has not found the instance: see that the node’s name is its private DNS name (or instance id), and that the instance carries the tag kubernetes.io/cluster/NAME=owned.',
      );
    if (found.ready === 'True') return pass('Ready');
    const said = found.readyMessage ?? 'without a reason';
    if (/cni|network plugin/i.test(said))
      return fail(
        `not Ready: ${said}`,
        'That is the aws-node pod: see `kubectl -n kube-system get pods -o wide` for this node, its log, and its IAM role (AmazonEKS_CNI_Policy).',
      );
    return fail(`not Ready: ${said}`, `See \`kubectl describe node ${found.name}\`.`);
  },
};

const certificateOf = (seen: Observation): Finding => {
  const { severity, message, remediation, state } = verdictOf(seen);
  const text = `${state}: ${message}`;
  const remedy = remediation.map((advice) => advice.text).join(' ') || '`bootwright csr` says more.';
  if (severity === 'ok') return pass(text);
  if (severity === 'unknown') return skip(text);
  return severity === 'waiting' ? warn(text, remedy) : fail(text, remedy);
};

const csr: Check = {
  id: 'csr',
  title: 'the kubelet serves by a certificate of the cluster',
  reach: 'network',
  after: ['node-registered'],
  deadlineMs: 35_000,
  link: `${EKS}/cert-signing.html`,
  run: async ({ cluster }) => certificateOf(await cluster()),
};

export const KUBELET_CHECKS: readonly Check[] = [containerd, kubeletConfig, kubeletUnit, nodeRegistered];
export const NODE_CHECKS: readonly Check[] = [nodeReady, csr];
