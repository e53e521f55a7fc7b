/**
 * The bearer token of an EKS node: a presigned STS GetCallerIdentity URL that the API server's webhook calls in our name. Made
 * without network. The rules are aws-iam-authenticator's, whose verifier refuses whatever it does not know.
 */
import { timestampOf } from '../core/timestamp.ts';
import type { AwsCredentials } from '../facts/aws.ts';
import { regionalHost } from '../facts/endpoints.ts';
import { signerOf } from '../facts/sign.ts';
import type { Env } from '../facts/wait.ts';

export interface TokenQuestion {
  readonly clusterName: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Now, by this machine's clock: more than 15 minutes off, and the token is refused. */
  readonly now: Date;
  /** AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose the host. AWS_ENDPOINT_URL does not: the verifier knows AWS's hosts only. */
  readonly env?: Env;
}

export interface Token {
  /** Secret for 15 minutes. */
  readonly token: string;
  /** RFC 3339 in UTC, whole seconds. */
  readonly expiration: string;
}

/** What clients send. The verifier takes up to 900 and otherwise ignores it; very old ones (0.3.0) took no more than 60. */
const EXPIRES_SECONDS = 60;
/** Server and STS take a token for 15 minutes from its date; one minute is kept back for clocks and for the way. */
const LIFETIME_MS = 14 * 60_000;

/** RFC 3986: what encodeURIComponent leaves alone but a signature covers encoded. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** `2026-11-21T08:00:00Z` */
const secondsOf = (date: Date): string => `${timestampOf(date).slice(0, 19)}Z`;

/** `k8s-aws-v1.` and the URL in unpadded base64url. The cluster's name is signed as a header and not in the URL: the server adds its own. */
export const tokenOf = async ({ clusterName, region, credentials, now, env = {} }: TokenQuestion): Promise<Token> => {
  const host = regionalHost('sts', region, env);
  const signed = await signerOf('sts', region, credentials).presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: host,
      path: '/',
      headers: { host, 'x-k8s-aws-id': clusterName },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    },
    { expiresIn: EXPIRES_SECONDS, signingDate: now },
  );
  const query = Object.entries(signed.query ?? {}).map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`);
  const url = `https://${host}/?${query.join('&')}`;
  return { token: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`, expiration: secondsOf(new Date(now.getTime() + LIFETIME_MS)) };
};

const GROUP = 'client.authentication.k8s.io';

/** The version that the caller speaks, by KUBERNETES_EXEC_INFO; v1beta1 where it does not say. */
const versionIn = (execInfo: string | undefined): 'v1' | 'v1beta1' => {
  try {
    const info: unknown = JSON.parse(execInfo ?? 'null');
    return typeof info === 'object' && info !== null && 'apiVersion' in info && info.apiVersion === `${GROUP}/v1` ? 'v1' : 'v1beta1';
  } catch {
    return 'v1beta1'; // as the authenticator: a caller that garbles this variable still wants a token
  }
};

/** The ExecCredential document, one line of JSON without newline. */
export const execCredentialOf = ({ token, expiration }: Token, execInfo: string | undefined): string => {
  const version = versionIn(execInfo);
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: `${GROUP}/${version}`,
    spec: version === 'v1' ? { interactive: false } : {},
    status: { expirationTimestamp: expiration, token },
  });
};
