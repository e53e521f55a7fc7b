import t from 'tap';
import { kubeconfigText } from '../../../src/core/kubelet/kubeconfig.ts';
import { eksTokenOf, kubeconfigOf } from '../../../src/core/kubelet/kubeconfig-file.ts';

const OURS = {
  path: '/var/lib/kubelet/kubeconfig',
  text: kubeconfigText({ endpoint: 'https://x.eks.amazonaws.com', tokenCluster: 'my-cluster', region: 'us-west-2', plugin: 'bootwright' }),
};

t.test('what bootstrap writes', async (t) => {
  const { user, ...rest } = kubeconfigOf([OURS]);
  t.same(rest, {
    path: OURS.path,
    server: 'https://x.eks.amazonaws.com',
    authority: { path: '/etc/kubernetes/pki/ca.crt', beside: OURS.path },
  });
  t.same(user.exec && eksTokenOf(user.exec), { clusterName: 'my-cluster', region: 'us-west-2' });
});

const LAPTOP = `
apiVersion: v1
clusters:
- {name: c, cluster: {server: "https://c/", certificate-authority-data: Y2E=, tls-server-name: kube}}
contexts:
- {name: one, context: {cluster: c, user: u}}
- {name: two, context: {cluster: c, user: nobody}}
- {name: three, context: {cluster: gone}}
current-context: one
users:
- name: u
  user: {client-certificate: u.crt, client-key-data: a2V5, token: secret, tokenFile: t}
`;

t.test('what a laptop has', async (t) => {
  const text = { path: '/home/u/.kube/config', text: LAPTOP };
  t.same(kubeconfigOf([text]), {
    path: text.path,
    server: 'https://c',
    serverName: 'kube',
    authority: { base64: 'Y2E=' },
    user: {
      token: 'secret',
      tokenFile: { path: 't', beside: text.path },
      certificate: { path: 'u.crt', beside: text.path },
      key: { base64: 'a2V5' },
    },
  });
  t.same(kubeconfigOf([text], 'two').user, {});
  const other = { path: '/b', text: 'current-context: x\nusers: [{name: u, user: {token: other}}]' };
  t.equal(kubeconfigOf([other, text], 'one').user.token, 'other', 'of several files the first counts');
  for (const [texts, context, message] of [
    [[text], 'four', /has no context 'four'/],
    [[text], 'three', /names no https server/],
    [[{ ...text, text: 'clusters: []' }], undefined, /has no current-context/],
    [[{ ...text, text: '- 1' }], undefined, /is no kubeconfig/],
    [[{ ...text, text: '{' }], undefined, /is no kubeconfig: not valid YAML/],
    [[{ ...text, text: LAPTOP.replace('https://c/', 'http://c/') }], undefined, /names no https server/],
  ] as const)
    t.throws(() => kubeconfigOf(texts, context), { code: 'CONFIG', message });
});

t.test('plugins whose token we make ourselves', async (t) => {
  const token = (line: string, env: Readonly<Record<string, string>> = {}) => {
    const [command = '', ...args] = line.split(' ');
    return eksTokenOf({ command, args, env, apiVersion: '' });
  };
  t.same(token('/usr/bin/aws-iam-authenticator token -i c --region r'), { clusterName: 'c', region: 'r' });
  t.same(token('aws --region r eks get-token --cluster-name c --output json'), { clusterName: 'c', region: 'r' });
  t.same(token('aws eks get-token --cluster-name=c --role-arn arn'), { clusterName: 'c', role: 'arn' });
  for (const line of [
    'aws eks get-token',
    'aws sts get-token --cluster-name c',
    'gke token -i c',
    'aws eks get-token --cluster-name c --profile p',
  ])
    t.equal(token(line), undefined, line);
  t.equal(token('aws eks get-token --cluster-name c', { AWS_PROFILE: 'p' }), undefined);
});
