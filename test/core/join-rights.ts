import t from 'tap';
import { JOIN_FORMS, type JoinRole, joinRightsText, roleArnOf } from '../../src/core/join-rights.ts';

const ROLE: JoinRole = {
  clusterName: 'my-cluster',
  region: 'us-west-2',
  roleArn: 'arn:aws:iam::123456789012:role/nodes',
  system: 'linux',
  byInstanceId: false,
};

t.test('the role of a session, without path', async (t) => {
  t.equal(roleArnOf('arn:aws:sts::123456789012:assumed-role/nodes/i-1'), ROLE.roleArn);
  t.equal(roleArnOf('arn:aws-cn:iam::123456789012:role/team/a/nodes'), 'arn:aws-cn:iam::123456789012:role/nodes');
  t.equal(roleArnOf('arn:aws-us-gov:sts::123456789012:assumed-role/nodes/i-1'), 'arn:aws-us-gov:iam::123456789012:role/nodes');
  for (const arn of ['arn:aws:iam::123456789012:user/me', 'arn:aws:sts::123456789012:federated-user/me', 'nodes', ''])
    t.equal(roleArnOf(arn), undefined);
});

t.test('aws-auth', async (t) => {
  t.match(
    joinRightsText('aws-auth', ROLE),
    /^- rolearn: arn:aws:iam::123456789012:role\/nodes\n {2}username: system:node:\{\{EC2PrivateDNSName\}\}\n {2}groups:\n {4}- system:bootstrappers\n {4}- system:nodes\n$/m,
  );
  t.match(joinRightsText('aws-auth', { ...ROLE, system: 'windows' }), /- eks:kube-proxy-windows\n$/);
  t.match(joinRightsText('aws-auth', { ...ROLE, byInstanceId: true }), /username: system:node:\{\{SessionName\}\}/);
});

t.test('the type of the access entry', async (t) => {
  for (const form of JOIN_FORMS.filter((one) => one !== 'aws-auth')) {
    t.match(joinRightsText(form, ROLE), /\bEC2_LINUX\b/);
    t.match(joinRightsText(form, { ...ROLE, system: 'windows' }), /\bEC2_WINDOWS\b/);
    t.match(joinRightsText(form, { ...ROLE, byInstanceId: true }), /\bEC2"?\n/);
    t.match(joinRightsText(form, ROLE), ROLE.roleArn);
    t.match(joinRightsText(form, ROLE), 'my-cluster');
  }
});
