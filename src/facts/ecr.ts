/** ECR's password for pulling the pause image before the kubelet and its credential provider run. */
import type { Aws, Persistence } from './aws.ts';
import { explain, GarbledAnswer, grantBy } from './aws-failures.ts';
import { endpointOf } from './endpoints.ts';
import { jsonCall } from './signed-call.ts';
import { at, textIn } from './tree.ts';

/** Secret: never logged. */
export interface RegistryLogin {
  readonly user: string;
  readonly password: string;
}

const loginIn = (answer: unknown): RegistryLogin => {
  const data = at(answer, 'authorizationData');
  const token = textIn(Array.isArray(data) ? data[0] : undefined, 'authorizationToken');
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(token) ? Buffer.from(token, 'base64').toString('latin1') : '';
  const colon = decoded.indexOf(':');
  if (colon < 1) throw new GarbledAnswer('no authorizationToken');
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
};

/** @throws NodeError */
export const fetchRegistryLogin = async (aws: Aws, region: string, how: Persistence): Promise<RegistryLogin> => {
  const call = {
    operation: 'GetAuthorizationToken',
    service: 'ECR',
    permission: 'ecr:GetAuthorizationToken',
    grant: grantBy('AmazonEC2ContainerRegistryPullOnly', 'ecr:GetAuthorizationToken'),
    region,
    origin: new URL(endpointOf('ecr', region, aws.env)).origin,
    subject: 'the registry',
  };
  const answer = await jsonCall(aws, call, 'AmazonEC2ContainerRegistry_V20150921', {}, how);
  try {
    return loginIn(answer);
  } catch (error) {
    throw explain(call, error);
  }
};
