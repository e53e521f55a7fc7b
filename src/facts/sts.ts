/** Who we are to STS (`doctor`), and AssumeRole (`token --role`). */
import type { Aws, AwsCredentials, Persistence } from './aws.ts';
import { explain, GarbledAnswer } from './aws-failures.ts';
import { endpointOf } from './endpoints.ts';
import { queryCall } from './signed-call.ts';
import { at, textIn } from './tree.ts';

/** Credentials of another role for an hour at most, as that role allows. @throws NodeError */
export const assumeRole = async (
  aws: Aws,
  region: string,
  roleArn: string,
  sessionName: string,
  how: Persistence,
): Promise<AwsCredentials> => {
  const call = {
    operation: 'AssumeRole',
    service: 'STS',
    permission: 'sts:AssumeRole',
    grant: `Allow sts:AssumeRole on ${roleArn} to these credentials, and name them in the role's trust policy.`,
    region,
    origin: new URL(endpointOf('sts', region, aws.env)).origin,
    subject: roleArn,
  };
  const parameters = { Action: call.operation, Version: '2011-06-15', RoleArn: roleArn, RoleSessionName: sessionName };
  const answer = at(await queryCall(aws, call, 'sts', parameters, how), 'AssumeRoleResult', 'Credentials');
  const credentials = {
    accessKeyId: textIn(answer, 'AccessKeyId'),
    secretAccessKey: textIn(answer, 'SecretAccessKey'),
    sessionToken: textIn(answer, 'SessionToken'),
    expiration: new Date(textIn(answer, 'Expiration')),
  };
  if (
    credentials.accessKeyId &&
    credentials.secretAccessKey &&
    credentials.sessionToken &&
    Number.isFinite(credentials.expiration.getTime())
  )
    return credentials;
  throw explain(call, new GarbledAnswer('no whole credentials'));
};

/** The ARN of these credentials. Nobody needs a permission for that. @throws NodeError */
export const callerArn = async (aws: Aws, region: string, how: Persistence): Promise<string> => {
  const call = {
    operation: 'GetCallerIdentity',
    service: 'STS',
    permission: 'sts:GetCallerIdentity',
    grant: 'A policy denies it explicitly (a service control policy, or that of the VPC endpoint): allow it there.',
    region,
    origin: new URL(endpointOf('sts', region, aws.env)).origin,
    subject: 'these credentials',
  };
  const parameters = { Action: call.operation, Version: '2011-06-15' };
  const arn = textIn(at(await queryCall(aws, call, 'sts', parameters, how), 'GetCallerIdentityResult'), 'Arn');
  if (arn === '') throw explain(call, new GarbledAnswer('no ARN'));
  return arn;
};
