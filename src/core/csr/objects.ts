/** API objects as the API server sends them, reduced to what a verdict needs. What else they hold is not looked at. */
import * as v from 'valibot';
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import type { Csr, Identity, NodeSeen } from './observation.ts';
import { requestOfPem } from './request.ts';

const Text = v.optional(v.string(), '');
const Texts = v.optional(v.array(v.string()), []);
const Extra = v.optional(v.record(v.string(), v.array(v.string())), {});

const CsrSchema = v.object({
  metadata: v.object({ name: v.string(), uid: Text, creationTimestamp: v.string(), resourceVersion: Text }),
  spec: v.object({
    request: Text,
    signerName: Text,
    usages: Texts,
    username: Text,
    groups: Texts,
    extra: Extra,
    expirationSeconds: v.optional(v.number()),
  }),
  status: v.optional(
    v.object({
      conditions: v.optional(
        v.array(v.object({ type: v.string(), reason: Text, message: Text, lastUpdateTime: v.optional(v.nullable(v.string())) })),
        [],
      ),
      certificate: Text,
    }),
    {},
  ),
});

const NodeSchema = v.object({
  metadata: v.object({ name: v.string(), creationTimestamp: v.string() }),
  spec: v.optional(v.object({ providerID: v.optional(v.string()), taints: v.optional(v.array(v.object({ key: v.string() })), []) }), {}),
  status: v.optional(
    v.object({
      addresses: v.optional(v.array(v.object({ type: v.string(), address: v.string() })), []),
      conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string(), message: Text })), []),
    }),
    {},
  ),
});

const ReviewSchema = v.object({ status: v.object({ userInfo: v.object({ username: Text, groups: Texts, extra: Extra }) }) });

/** Others wrote these texts, and they end on a terminal: no control characters, no novels. */
const plain = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').slice(0, 1000);

const arnIn = (extra: Readonly<Record<string, readonly string[]>>): { arn?: string } => {
  const [arn] = extra['arn'] ?? extra['canonicalArn'] ?? [];
  return arn === undefined ? {} : { arn: plain(arn) };
};

export interface CsrObject {
  readonly csr: Csr;
  readonly signerName: string;
  readonly resourceVersion: string;
  /** PEM; '' before it is issued. */
  readonly certificate: string;
}

const decoded = (base64: string): string => textOfUtf8(bytesOfBase64(base64) ?? new Uint8Array()) ?? '';

/** undefined: no CertificateSigningRequest. A request that cannot be read is one for nobody. */
export const csrOf = (object: unknown): CsrObject | undefined => {
  const parsed = v.safeParse(CsrSchema, object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.output;
  const { conditions = [], certificate = '' } = status;
  const request = requestOfPem(decoded(spec.request));
  const csr: Csr = {
    name: plain(metadata.name),
    uid: plain(metadata.uid),
    createdAt: plain(metadata.creationTimestamp),
    username: plain(spec.username),
    groups: spec.groups.map(plain),
    ...arnIn(spec.extra),
    usages: spec.usages.map(plain),
    ...(spec.expirationSeconds === undefined ? {} : { expirationSeconds: spec.expirationSeconds }),
    cn: request?.cn ?? '',
    organizations: request?.organizations ?? [],
    dns: request?.dns ?? [],
    ips: request?.ips ?? [],
    others: request?.others ?? [],
    conditions: conditions.map(({ type, reason, message, lastUpdateTime }) => ({
      type,
      reason: plain(reason),
      message: plain(message),
      ...(lastUpdateTime ? { at: lastUpdateTime } : {}),
    })),
    isIssued: certificate !== '',
  };
  return { csr, signerName: spec.signerName, resourceVersion: metadata.resourceVersion, certificate: decoded(certificate) };
};

/** undefined: no Node. */
export const nodeOf = (object: unknown): NodeSeen | undefined => {
  const parsed = v.safeParse(NodeSchema, object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.output;
  const { addresses = [], conditions = [] } = status;
  const ready = conditions.find(({ type }) => type === 'Ready');
  return {
    name: plain(metadata.name),
    addresses: addresses.map(({ type, address }) => ({ type: plain(type), address: plain(address) })),
    taints: (spec.taints ?? []).map(({ key }) => plain(key)),
    ...(spec.providerID === undefined ? {} : { providerId: plain(spec.providerID) }),
    createdAt: plain(metadata.creationTimestamp),
    ready: ready?.status ?? '',
    ...(ready ? { readyMessage: plain(ready.message) } : {}),
  };
};

/** Of a SelfSubjectReview; undefined: it is none. */
export const identityOf = (object: unknown): Identity | undefined => {
  const parsed = v.safeParse(ReviewSchema, object);
  if (!parsed.success) return undefined;
  const { username, groups, extra } = parsed.output.status.userInfo;
  return { username: plain(username), groups: groups.map(plain), ...arnIn(extra) };
};
