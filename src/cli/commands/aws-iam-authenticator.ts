import { type Command, type Option, Refused } from '../command.ts';
import { parsedOf } from '../options.ts';
import { versionOf } from '../version.ts';
import { checkTokenWish, printToken } from './token.ts';

/** The words of aws-iam-authenticator's `token` that a kubelet or kubectl passes. */
const OPTIONS: readonly Option[] = [
  { name: 'cluster-id', short: 'i', value: 'NAME', text: 'name of the cluster (or KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID)' },
  { name: 'region', value: 'REGION', text: 'region of STS' },
  { name: 'role', short: 'r', value: 'ARN', text: 'assume this role first (or DEFAULT_ROLE)' },
  { name: 'session-name', short: 's', value: 'NAME', text: 'name of that role’s session' },
  { name: 'token-only', text: 'print the token alone' },
  { name: 'forward-session-name', text: 'taken, and without effect here' },
  { name: 'cache', text: 'taken, and without effect here' },
];

export const awsIamAuthenticatorCommand: Command = {
  name: 'aws-iam-authenticator',
  summary: 'the token plugin under its predecessor’s name',
  usage: ['aws-iam-authenticator token -i NAME [--region REGION] [--role ARN]', 'aws-iam-authenticator version'],
  options: OPTIONS,
  examples: [{ line: 'aws-iam-authenticator token -i my-cluster --region us-west-2', text: 'what kubeconfigs of EKS nodes name' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'token', options: OPTIONS, positionals: 1 });
    const word = options.positionals[0];
    if (word === 'version') {
      const { version, commit } = versionOf();
      context.stdout.write(`${JSON.stringify({ Version: `bootwright ${version}`, Commit: commit })}\n`);
      return 0;
    }
    if (word !== 'token') {
      const message = word === undefined ? 'a command is missing' : 'is no command that bootwright stands in for';
      throw new Refused([
        { severity: 'error', code: 'unknown-command', path: word ?? 'aws-iam-authenticator', message, remedy: 'use token or version' },
      ]);
    }
    const clusterName = options.text('cluster-id') ?? (context.env['KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID'] || undefined);
    const [region, role] = [options.text('region'), options.text('role') ?? (context.env['DEFAULT_ROLE'] || undefined)];
    checkTokenWish({ clusterName, region, role }, '--cluster-id');
    await printToken(
      { clusterName: clusterName ?? '', region, role, sessionName: options.text('session-name'), tokenOnly: options.flag('token-only') },
      context,
    );
    return 0;
  },
};
