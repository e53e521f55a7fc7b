/** Who the API server takes this node for, and what it lets it do. */
import type { Answer, Failure } from '../core/csr/observation.ts';
import { eksTokenOf } from '../core/kubelet/kubeconfig-file.ts';
import { type Check, type Finding, fail, pass, skip } from './check.ts';

const EKS = 'https://docs.aws.amazon.com/eks/latest/userguide';
const PREFIX = 'system:node:';
const NODES = 'system:nodes';

const tokenBuild: Check = {
  id: 'token-build',
  title: 'a token for the cluster can be made',
  reach: 'network',
  after: ['kubeconfig', 'imds-role'],
  deadlineMs: 10_000,
  link: `${EKS}/cluster-auth.html`,
  run: async ({ kubeconfig, token }, signal) => {
    const { user, path } = await kubeconfig();
    if (user.certificate !== undefined) return skip('the kubeconfig holds a client certificate');
    if (user.exec === undefined) {
      if (user.token !== undefined || user.tokenFile !== undefined) return skip('the kubeconfig holds a token');
      return fail(`${path} names no user to call as`, 'Run `bootwright bootstrap` again: it writes the kubeconfig anew.');
    }
    const wish = eksTokenOf(user.exec);
    if (wish === undefined) return skip(`made by ${user.exec.command}, which only the kubelet runs`);
    await token(wish, signal);
    return pass(`for cluster ${wish.clusterName}, signed here`);
  },
};

/** In the order in which they are likely. */
const UNAUTHORIZED =
  'One of these, likely ones first: the role has no access entry of type EC2_LINUX (or no row in aws-auth; `bootwright doctor --print access-entry` and `--print aws-auth` say what to give it); it is one of another account or a deleted and made-again one; the cluster name in the kubeconfig is wrong; the clock is; the credentials are not the instance profile’s.';

const firstFailed = (answers: readonly (Answer<unknown> | undefined)[], kinds: readonly string[]): Failure | undefined => {
  for (const answer of answers) if (answer !== undefined && !answer.ok && kinds.includes(answer.failure.kind)) return answer.failure;
  return undefined;
};

const of = ({ text, remedy }: Failure): Finding => fail(text, remedy ?? 'Try again; if it stays, see the API server’s log.');

const apiAuth: Check = {
  id: 'api-auth',
  title: 'the API server knows this node’s role',
  reach: 'network',
  after: ['api-alive', 'token-build', 'clock'],
  deadlineMs: 35_000,
  link: `${EKS}/access-entries.html`,
  run: async ({ cluster }) => {
    const { identity, node, requests } = await cluster();
    const stranger = firstFailed([identity, node], ['unauthorized']);
    if (stranger !== undefined) return fail(stranger.text, UNAUTHORIZED);
    const broken = [identity, node, requests].find((answer) => answer?.ok === false && answer.failure.kind !== 'forbidden');
    if (broken?.ok === false) return of(broken.failure);
    return pass(
      identity?.ok
        ? `as ${identity.value.username}${identity.value.arn === undefined ? '' : `, ${identity.value.arn}`}`
        : 'it takes our token',
    );
  },
};

const apiIdentity: Check = {
  id: 'api-identity',
  title: 'it takes the node for itself, in system:nodes',
  reach: 'network',
  after: ['api-auth'],
  deadlineMs: 35_000,
  link: `${EKS}/access-entries.html`,
  run: async ({ cluster }) => {
    const { identity, nodeName } = await cluster();
    if (!identity?.ok) return skip('an API server before 1.28 does not say');
    const { username, groups } = identity.value;
    if (!username.startsWith(PREFIX))
      return fail(
        `it knows this node as '${username}', not as ${PREFIX}${nodeName}`,
        'Give the role an access entry of type EC2_LINUX, or in aws-auth the username system:node:{{EC2PrivateDNSName}}; a second row for the same role makes the username wrong.',
      );
    if (!groups.includes(NODES))
      return fail(
        `'${username}' is not in the group ${NODES}, but in ${groups.join(', ') || 'none'}`,
        'Give the role an access entry of type EC2_LINUX, or in aws-auth the groups system:bootstrappers and system:nodes.',
      );
    if (username !== `${PREFIX}${nodeName}`)
      return fail(
        `it knows this node as '${username}', but the kubelet calls itself '${nodeName}'`,
        'Both must be one: remove --hostname-override from the kubelet’s extra arguments; nodes named by instance id need an access entry of type EC2.',
      );
    return pass(`${username} in ${groups.join(', ')}`);
  },
};

const apiAuthz: Check = {
  id: 'api-authz',
  title: 'the node may read its own Node and requests',
  reach: 'network',
  after: ['api-identity'],
  deadlineMs: 35_000,
  link: 'https://kubernetes.io/docs/reference/access-authn-authz/node/',
  run: async ({ cluster }) => {
    const { node, requests } = await cluster();
    const refused = firstFailed([node, requests], ['forbidden']);
    if (refused === undefined) return pass('it may');
    return fail(
      refused.text,
      'The Node authorizer lets in who is system:node:NAME in the group system:nodes; see that nobody has taken away the ClusterRoleBinding eks:node-bootstrapper.',
    );
  },
};

export const IDENTITY_CHECKS: readonly Check[] = [tokenBuild, apiAuth, apiIdentity, apiAuthz];
