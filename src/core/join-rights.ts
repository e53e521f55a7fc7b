/** What makes a role one that nodes may join with, as text to paste: an access entry or a row of aws-auth, in each tool's words. */

/** Who joins, and how its nodes are named. */
export interface JoinRole {
  readonly clusterName: string;
  readonly region: string;
  /** Without the path of the role: STS does not tell it. */
  readonly roleArn: string;
  readonly system: 'linux' | 'windows';
  /** Nodes named by instance id, not by their private DNS name. */
  readonly byInstanceId: boolean;
}

/**
 * The ARN of the role behind a session: `arn:aws:sts::1:assumed-role/NAME/SESSION` has no path any more, `arn:aws:iam::1:role/a/b/NAME` loses
 * it. aws-auth refuses ARNs with a path (https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html). undefined: it is no role.
 */
export const roleArnOf = (arn: string): string | undefined => {
  const [, partition, account, kind, rest = ''] =
    /^arn:([a-z-]+):(?:sts|iam)::(\d{12}):(assumed-role|role)\/([\w+=,.@/-]+)$/.exec(arn) ?? [];
  const parts = rest.split('/');
  const name = kind === 'assumed-role' ? parts[0] : parts.at(-1);
  return partition === undefined || !name ? undefined : `arn:${partition}:iam::${account}:role/${name}`;
};

/** https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html */
const typeOf = ({ system, byInstanceId }: JoinRole): string => {
  if (system === 'windows') return 'EC2_WINDOWS';
  return byInstanceId ? 'EC2' : 'EC2_LINUX';
};

const groupsOf = ({ system }: JoinRole): readonly string[] => [
  'system:bootstrappers',
  'system:nodes',
  ...(system === 'windows' ? ['eks:kube-proxy-windows'] : []),
];

const usernameOf = ({ byInstanceId }: JoinRole): string => `system:node:{{${byInstanceId ? 'SessionName' : 'EC2PrivateDNSName'}}}`;

const awsAuth = (role: JoinRole): string =>
  [
    '# kubectl -n kube-system edit configmap aws-auth: add this below mapRoles, once for the role.',
    `- rolearn: ${role.roleArn}`,
    `  username: ${usernameOf(role)}`,
    '  groups:',
    ...groupsOf(role).map((group) => `    - ${group}`),
  ].join('\n');

/** EKS looks the role up, and finds it under its whole ARN only; from a node the path cannot be seen. */
const PATH_NOTE = '# If the role has a path, give its whole ARN: aws iam get-role --role-name NAME --query Role.Arn';

const accessEntry = (role: JoinRole): string =>
  `${PATH_NOTE}\n${[
    'aws eks create-access-entry',
    `--cluster-name ${role.clusterName} --region ${role.region}`,
    `--principal-arn ${role.roleArn}`,
    `--type ${typeOf(role)}`,
  ].join(' \\\n  ')}`;

const eksctl = (role: JoinRole): string =>
  [
    '# eksctl create accessentry -f FILE',
    PATH_NOTE,
    'apiVersion: eksctl.io/v1alpha5',
    'kind: ClusterConfig',
    'metadata:',
    `  name: ${role.clusterName}`,
    `  region: ${role.region}`,
    'accessConfig:',
    '  accessEntries:',
    `    - principalARN: ${role.roleArn}`,
    `      type: ${typeOf(role)}`,
  ].join('\n');

const terraform = (role: JoinRole): string =>
  [
    PATH_NOTE,
    'resource "aws_eks_access_entry" "nodes" {',
    `  cluster_name  = ${JSON.stringify(role.clusterName)}`,
    `  principal_arn = ${JSON.stringify(role.roleArn)}`,
    `  type          = ${JSON.stringify(typeOf(role))}`,
    '}',
  ].join('\n');

const cloudformation = (role: JoinRole): string =>
  [
    PATH_NOTE,
    'NodeAccessEntry:',
    '  Type: AWS::EKS::AccessEntry',
    '  Properties:',
    `    ClusterName: ${role.clusterName}`,
    `    PrincipalArn: ${role.roleArn}`,
    `    Type: ${typeOf(role)}`,
  ].join('\n');

const FORMS = { 'aws-auth': awsAuth, 'access-entry': accessEntry, eksctl, terraform, cloudformation } as const;

export type JoinForm = keyof typeof FORMS;
export const JOIN_FORMS = Object.keys(FORMS) as readonly JoinForm[];

export const joinRightsText = (form: JoinForm, role: JoinRole): string => `${FORMS[form](role)}\n`;
