/** Where AWS credentials come from: on a node the instance role, on a laptop whatever AWS's own tools would use. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { NodeError } from '../core/errors.ts';
import { timestampOf } from '../core/timestamp.ts';
import type { AwsCredentials } from './aws.ts';
import type { Http } from './http.ts';
import type { Imds } from './imds.ts';
import { malformed } from './imds-failures.ts';
import { sdkHandler } from './sdk-http.ts';
import { type Env, once } from './wait.ts';

export interface CredentialOptions {
  readonly env: Env;
  readonly imds: Imds;
  readonly http: Http;
  readonly clock: () => number;
  readonly requestMs: number;
  readonly warn: (message: string) => void;
}

export const ROLE_PATH = 'latest/meta-data/iam/security-credentials/';
/** As the SDKs: not used in their last five minutes, as a request made with them would die with them. */
const MARGIN_MS = 300_000;

const isSet = (env: Env, ...names: string[]): boolean => names.some((name) => Boolean(env[name]));

const staticCredentials = (env: Env): AwsCredentials | undefined => {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKeyId || !secretAccessKey || env.AWS_PROFILE) return undefined; // a named profile wins, as in the SDK
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
};

/** Is there anything that only the SDK's own providers can read? */
const wantsSdk = (env: Env): boolean => {
  if (
    isSet(env, 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
  )
    return true;
  const home = env.HOME || homedir();
  return [env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws/credentials'), env.AWS_CONFIG_FILE || join(home, '.aws/config')].some(
    (file) => existsSync(file),
  );
};

const noCredentials = (cause: unknown): NodeError =>
  new NodeError('NO_PERMISSION', `no AWS credentials: ${(cause as Error).message}`, {
    remedy: 'Log in (aws configure, aws sso login), set AWS_PROFILE, or give the instance a role.',
    cause,
  });

/**
 * The SDK's chain, but with our own last link. Its fromInstanceMetadata would open a second connection, take a second token and
 * not know IMDS_ENDPOINT; ours shares the client, the token and the deadline with all other reads of IMDS.
 */
const chain = async (options: CredentialOptions, instance: () => Promise<AwsCredentials>): Promise<AwsCredentials> => {
  const { env, http, requestMs } = options;
  const sdk = await import('@aws-sdk/credential-providers');
  const clientConfig = { requestHandler: sdkHandler(http, requestMs), ...(env.AWS_REGION ? { region: env.AWS_REGION } : {}) };
  const profile = env.AWS_PROFILE ? { profile: env.AWS_PROFILE } : {};
  const links: (() => Promise<AwsCredentials>)[] = [
    ...(env.AWS_PROFILE ? [] : [sdk.fromEnv()]),
    sdk.fromIni({ ...profile, clientConfig }),
    sdk.fromProcess(profile),
    ...(isSet(env, 'AWS_WEB_IDENTITY_TOKEN_FILE') ? [sdk.fromTokenFile({ clientConfig })] : []),
    ...(isSet(env, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI') ? [sdk.fromHttp({})] : []),
    ...(env.AWS_PROFILE ? [] : [instance]),
  ];
  try {
    return await sdk.createCredentialChain(...links)();
  } catch (error) {
    throw error instanceof NodeError ? error : noCredentials(error);
  }
};

const noRole = (): NodeError =>
  new NodeError('NO_PERMISSION', 'this instance has no IAM role (IMDS has no iam/security-credentials/)', {
    remedy:
      'Attach an instance profile whose role has AmazonEKSWorkerNodePolicy: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=PROFILE.',
    path: ROLE_PATH,
  });

const roleFailed = (role: string, code: string, message: string): NodeError =>
  new NodeError('NO_PERMISSION', `EC2 has no credentials for role ${role}: ${code}${message ? ` (${message})` : ''}`, {
    remedy: `Check that the role ${role} exists and that its trust policy allows ec2.amazonaws.com to assume it.`,
    path: `${ROLE_PATH}${role}`,
  });

const text = (document: { readonly [name: string]: unknown }, name: string): string => {
  const value = document[name];
  return typeof value === 'string' ? value : '';
};

/** Never quotes the document: it holds a secret. */
const roleCredentials = (role: string, body: string): AwsCredentials & { readonly expiration: Date } => {
  const path = `${ROLE_PATH}${role}`;
  let document: { readonly [name: string]: unknown };
  try {
    document = JSON.parse(body) ?? {};
  } catch {
    throw malformed(path, '', 'a credentials document');
  }
  const code = text(document, 'Code');
  if (code !== '' && code !== 'Success') throw roleFailed(role, code, text(document, 'Message'));
  const credentials = {
    accessKeyId: text(document, 'AccessKeyId'),
    secretAccessKey: text(document, 'SecretAccessKey'),
    sessionToken: text(document, 'Token'),
    expiration: new Date(text(document, 'Expiration')),
  };
  const isWhole =
    credentials.accessKeyId && credentials.secretAccessKey && credentials.sessionToken && Number.isFinite(credentials.expiration.getTime());
  if (!isWhole) throw malformed(path, '', 'a whole credentials document');
  return credentials;
};

/** The role's name. A profile that is attached while the instance boots appears a moment later. */
const fetchRole = async ({ imds }: CredentialOptions): Promise<string> => {
  const listing = await imds.get(ROLE_PATH, { mayAppear: true });
  const role = listing?.split('\n')[0]?.trim() ?? '';
  if (role === '') throw noRole();
  if (!/^[\w+=,.@-]{1,64}$/.test(role)) throw malformed(ROLE_PATH, role, 'the name of a role');
  return role;
};

const fetchRoleCredentials = async ({ imds, clock, warn }: CredentialOptions, role: string): Promise<AwsCredentials> => {
  const body = await imds.get(`${ROLE_PATH}${role}`, { mayAppear: true });
  if (body === null) throw noRole();
  const credentials = roleCredentials(role, body);
  if (credentials.expiration.getTime() <= clock()) {
    // Used all the same: if it is this machine's clock that is wrong, AWS takes them, and the first answer corrects the clock.
    const expired = timestampOf(credentials.expiration);
    warn(`IMDS gives credentials of role ${role} that expired at ${expired}: check this machine's clock (chronyc tracking)`);
  }
  return credentials;
};

export interface Credentials {
  /** Asks once, shares the answer, asks again shortly before it expires. @throws NodeError */
  get(): Promise<AwsCredentials>;
  /** They may be needed: the first of the two reads that the instance role takes is started. A failure shows when they are. */
  anticipate(): void;
}

export const createCredentials = (options: CredentialOptions): Credentials => {
  const given = staticCredentials(options.env);
  if (given) return { get: async () => given, anticipate: () => undefined };
  const viaSdk = wantsSdk(options.env);
  let role = once(() => fetchRole(options));
  let freshUntil = Number.NEGATIVE_INFINITY;
  let current: AwsCredentials | undefined;
  const instance = async (): Promise<AwsCredentials> => fetchRoleCredentials(options, await role());
  const fetch = async (): Promise<AwsCredentials> => {
    const credentials = viaSdk ? await chain(options, instance) : await instance();
    // Documents that are stale already are not asked for again at once: IMDS hands out the same one for a while.
    freshUntil = credentials.expiration
      ? Math.max(credentials.expiration.getTime() - MARGIN_MS, options.clock() + 60_000)
      : Number.POSITIVE_INFINITY;
    current = credentials;
    return credentials;
  };
  let pending = once(fetch);
  return {
    get: async () => {
      if (current && options.clock() < freshUntil) return current;
      if (current) {
        current = undefined;
        role = once(() => fetchRole(options)); // another profile may have been attached
        pending = once(fetch);
      }
      return pending();
    },
    anticipate: () => {
      if (!viaSdk && !current) role().catch(() => undefined);
    },
  };
};
