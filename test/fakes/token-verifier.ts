/** Judges an EKS token as the API server's webhook and STS behind it do: whatever is not expressly allowed is refused. */
import { amzDateMs, type KnownCredentials, queryPairs, verifyPresigned } from './sigv4.ts';

export interface VerifierOptions {
  /** What the server believes to be called: it sends this name in x-k8s-aws-id. */
  readonly clusterName: string;
  readonly credentials: readonly KnownCredentials[];
  readonly nowMs: number;
  /** STS hosts that this server accepts. */
  readonly hosts: readonly string[];
}

export type TokenVerdict = { readonly ok: true; readonly accessKeyId: string } | { readonly ok: false; readonly reason: string };

const PREFIX = 'k8s-aws-v1.';
const MAX_TOKEN_BYTES = 4096;
const LIFETIME_MS = 15 * 60_000;
/** In lower case, as the webhook compares them. */
const ALLOWED = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);

const refuse = (reason: string): TokenVerdict => ({ ok: false, reason });

const parameterProblem = (pairs: readonly [string, string][], nowMs: number): string | undefined => {
  const seen = new Map<string, string>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    if (!ALLOWED.has(key)) return `non-whitelisted query parameter ${name}`;
    if (seen.has(key)) return `query parameter with multiple values: ${name}`;
    seen.set(key, value);
  }
  if (seen.get('action') !== 'GetCallerIdentity') return 'unexpected action parameter';
  if (seen.get('version') !== '2011-06-15') return 'unexpected version parameter';
  if (!(seen.get('x-amz-signedheaders') ?? '').split(';').includes('x-k8s-aws-id')) return 'client did not sign the x-k8s-aws-id header';
  const expires = seen.get('x-amz-expires') ?? '';
  if (!/^\d+$/.test(expires) || Number(expires) > 900) return `invalid X-Amz-Expires ${expires}`;
  const dateMs = amzDateMs(seen.get('x-amz-date') ?? '');
  if (Number.isNaN(dateMs)) return 'invalid X-Amz-Date';
  if (dateMs + LIFETIME_MS < nowMs) return 'X-Amz-Date parameter is expired (15 minute expiration)';
  return undefined;
};

/** The whole way: shape of the token, the URL in it, its parameters, and the signature with the server's own cluster name. */
export const verifyToken = (token: string, { clusterName, credentials, nowMs, hosts }: VerifierOptions): TokenVerdict => {
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return refuse('token is too large');
  if (!token.startsWith(PREFIX)) return refuse('token is missing expected "k8s-aws-v1." prefix');
  const encoded = token.slice(PREFIX.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return refuse('illegal base64 data'); // padding is illegal, too
  const url = URL.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  if (!url) return refuse('not a URL');
  if (url.protocol !== 'https:') return refuse(`unexpected scheme ${url.protocol}`);
  if (!hosts.includes(url.host)) return refuse(`unexpected hostname ${url.host}`);
  if (url.pathname !== '/') return refuse(`unexpected path ${url.pathname}`);
  const pairs = queryPairs(url.search.slice(1));
  const problem = parameterProblem(pairs, nowMs);
  if (problem !== undefined) return refuse(problem);
  const verdict = verifyPresigned(
    { method: 'GET', path: `/${url.search}`, headers: { host: url.host, 'x-k8s-aws-id': clusterName } },
    credentials,
    nowMs,
  );
  if (!verdict.ok) return refuse(`sts: ${verdict.code}: ${verdict.message}`);
  if (verdict.service !== 'sts') return refuse(`signed for ${verdict.service}`);
  const credential = pairs.find(([name]) => name === 'X-Amz-Credential')?.[1] ?? '';
  return { ok: true, accessKeyId: credential.split('/')[0] ?? '' };
};
