import t from 'tap';
import { parse } from 'yaml';
import { kubeconfigText } from '../../../src/core/kubelet/kubeconfig.ts';

const INPUT = { endpoint: 'https://EXAMPLE.gr7.us-west-2.eks.amazonaws.com', tokenCluster: 'my-cluster', region: 'us-west-2' } as const;

t.test('byte for byte the text that bootstrap.sh leaves behind', async (t) => {
  t.equal(
    kubeconfigText({ ...INPUT, plugin: 'aws-iam-authenticator' }),
    `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /etc/kubernetes/pki/ca.crt
    server: https://EXAMPLE.gr7.us-west-2.eks.amazonaws.com
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubelet
  name: kubelet
current-context: kubelet
users:
- name: kubelet
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: /usr/bin/aws-iam-authenticator
      args:
        - "token"
        - "-i"
        - "my-cluster"
        - --region
        - "us-west-2"
`,
  );
});

t.test('our own plugin', async (t) => {
  const [user] = parse(kubeconfigText({ ...INPUT, plugin: 'bootwright' })).users;
  t.same(user.user.exec, {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: '/usr/bin/bootwright',
    args: ['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'],
  });
});

t.test('values cannot break out of their place', async (t) => {
  const text = kubeconfigText({ endpoint: 'https://x: #y', tokenCluster: 'a"\n- b', region: '\\"', plugin: 'aws-iam-authenticator' });
  const config = parse(text);
  t.equal(config.clusters[0].cluster.server, 'https://x: #y');
  t.same(config.users[0].user.exec.args, ['token', '-i', 'a"\n- b', '--region', '\\"']);
});
