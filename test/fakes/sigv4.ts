/** Verifies Signature Version 4 as AWS does, from its specification with node:crypto alone: independent of what it judges. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FakeRequest } from './server.ts';

export interface KnownCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type Verdict =
  | { readonly ok: true; readonly service: string; readonly region: string }
  | {
      readonly ok: false;
      readonly code: 'MissingAuthenticationToken' | 'IncompleteSignature' | 'InvalidClientTokenId' | 'SignatureDoesNotMatch';
      readonly message: string;
    };

const refuse = (code: Extract<Verdict, { ok: false }>['code'], message: string): Verdict => ({ ok: false, code, message });

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** RFC 3986, as signatures want it. */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export const signatureOf = (stringToSign: string, secret: string, day: string, region: string, service: string): string =>
  hmac(hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request'), stringToSign).toString('hex');

/** Decoded pairs, in the order of the request. */
export const queryPairs = (query: string): [string, string][] =>
  query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...value] = part.split('=');
      return [decodeURIComponent(name), decodeURIComponent(value.join('='))];
    });

const canonicalQuery = (pairs: readonly [string, string][]): string =>
  pairs
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join('&');

/** The canonical request of the specification. `path` is taken as it was sent, encoded once more (every service but S3). */
export const canonicalRequest = (
  { method, path, headers }: Pick<FakeRequest, 'method' | 'path' | 'headers'>,
  signedHeaders: readonly string[],
  pairs: readonly [string, string][],
  payloadHash: string,
): string => {
  const uri = (path.split('?')[0] ?? '/').split('/').map(uriEncode).join('/');
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`).join('');
  return [method, uri, canonicalQuery(pairs), lines, signedHeaders.join(';'), payloadHash].join('\n');
};

/** `20261121T080000Z` in milliseconds; NaN for anything else. */
export const amzDateMs = (text: string): number => {
  const m = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  return m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`) : Number.NaN;
};

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly token: string | undefined;
  readonly pairs: readonly [string, string][];
  readonly payloadHash: string;
}

/** The checks that both forms share. `nowMs`: the server's clock; five minutes are tolerated, fifteen in a presigned URL. */
const judge = (
  request: Pick<FakeRequest, 'method' | 'path' | 'headers'>,
  claim: Claim,
  known: readonly KnownCredentials[],
  nowMs: number,
  toleranceMs: number,
): Verdict => {
  const [accessKeyId, day = '', region = '', service = '', end] = claim.credential.split('/');
  if (end !== 'aws4_request') return refuse('IncompleteSignature', `credential scope '${claim.credential}'`);
  const credentials = known.find((one) => one.accessKeyId === accessKeyId);
  if (!credentials) return refuse('InvalidClientTokenId', 'The security token included in the request is invalid.');
  if ((credentials.sessionToken ?? '') !== (claim.token ?? ''))
    return refuse('InvalidClientTokenId', 'The security token included in the request is invalid');
  const dateMs = amzDateMs(claim.date);
  if (Number.isNaN(dateMs) || !claim.date.startsWith(day))
    return refuse('IncompleteSignature', `Date in Credential scope does not match ${claim.date}`);
  if (dateMs < nowMs - toleranceMs)
    return refuse('SignatureDoesNotMatch', `Signature expired: ${claim.date} is now earlier than the server's time less the tolerance`);
  if (dateMs > nowMs + toleranceMs)
    return refuse(
      'SignatureDoesNotMatch',
      `Signature not yet current: ${claim.date} is still later than the server's time and the tolerance`,
    );
  const signedHeaders = claim.signedHeaders.split(';');
  if (!signedHeaders.includes('host')) return refuse('SignatureDoesNotMatch', "'Host' must be a SignedHeader");
  const canonical = canonicalRequest(request, signedHeaders, claim.pairs, claim.payloadHash);
  const toSign = ['AWS4-HMAC-SHA256', claim.date, `${day}/${region}/${service}/aws4_request`, sha256(canonical)].join('\n');
  if (!same(signatureOf(toSign, credentials.secretAccessKey, day, region, service), claim.signature)) {
    return refuse('SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
  }
  return { ok: true, service, region };
};

/** A request signed in its Authorization header. Every x-amz-* header must be covered. */
export const verifyHeader = (request: FakeRequest, known: readonly KnownCredentials[], nowMs: number): Verdict => {
  const { authorization = '', 'x-amz-date': date = '', 'x-amz-security-token': token } = request.headers;
  if (authorization === '') return refuse('MissingAuthenticationToken', 'Missing Authentication Token');
  const m = /^AWS4-HMAC-SHA256 Credential=([^, ]+), SignedHeaders=([^, ]+), Signature=([0-9a-f]{64})$/.exec(authorization);
  if (!m) return refuse('IncompleteSignature', `Authorization header '${authorization.slice(0, 40)}'`);
  const [, credential = '', signedHeaders = '', signature = ''] = m;
  const covered = signedHeaders.split(';');
  const bare = Object.keys(request.headers).find((name) => name.startsWith('x-amz-') && !covered.includes(name));
  if (bare) return refuse('SignatureDoesNotMatch', `header ${bare} is not signed`);
  const payloadHash = sha256(request.body);
  const declared = request.headers['x-amz-content-sha256'];
  if (declared !== undefined && declared !== payloadHash)
    return refuse('SignatureDoesNotMatch', 'x-amz-content-sha256 is not the hash of the body');
  const pairs = queryPairs(request.path.split('?')[1] ?? '');
  return judge(request, { credential, signedHeaders, signature, date, token, pairs, payloadHash }, known, nowMs, 5 * 60_000);
};

/** A presigned GET. `headers` are those of the caller. */
export const verifyPresigned = (
  request: Pick<FakeRequest, 'method' | 'path' | 'headers'>,
  known: readonly KnownCredentials[],
  nowMs: number,
): Verdict => {
  const pairs = queryPairs(request.path.split('?')[1] ?? '');
  const value = (name: string): string => pairs.find(([one]) => one === name)?.[1] ?? '';
  if (value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return refuse('MissingAuthenticationToken', 'Missing Authentication Token');
  const claim = {
    credential: value('X-Amz-Credential'),
    signedHeaders: value('X-Amz-SignedHeaders'),
    signature: value('X-Amz-Signature'),
    date: value('X-Amz-Date'),
    token: value('X-Amz-Security-Token') || undefined,
    pairs: pairs.filter(([name]) => name !== 'X-Amz-Signature'),
    payloadHash: sha256(''),
  };
  return judge(request, claim, known, nowMs, 15 * 60_000);
};
