/**
 * What can be seen of a kubelet's serving certificate, from cheap to dear. A part that is absent was not looked at: --offline leaves the API
 * server out, a laptop the machine.
 */
import type { ErrorCode } from '../errors.ts';
import type { JournalCause } from '../journal-causes.ts';
import type { Names } from './addresses.ts';

/** An answer, or why there is none. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export interface Failure {
  /** Stable id: `unauthorized`, `forbidden`, `unreachable`, `not-json` … */
  readonly kind: string;
  readonly code: ErrorCode;
  readonly text: string;
  readonly remedy?: string;
}

/** What decides how the kubelet gets its certificate: its configuration file, drop-ins and flags together. */
export interface ServingConfig {
  readonly bootstraps: boolean;
  /** Given certificate file; the kubelet then asks for none. */
  readonly tlsCertFile?: string;
  /** Where it says so, for a person. */
  readonly at: string;
}

export interface Unit {
  /** ActiveState of kubelet.service; '' where there is none. */
  readonly active: string;
  /** Since when it is active; ISO 8601. */
  readonly since?: string;
  /** systemd has given it up. */
  readonly hasFailed: boolean;
}

export interface Certificate extends Names {
  readonly subject: string;
  readonly cn: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint256: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Signed by one of the cluster's authorities? undefined: they are not known. */
  readonly isTrusted?: boolean;
}

/** kubelet-server-current.pem. */
export type StoredCertificate =
  | { readonly kind: 'missing' | 'unreadable'; readonly path: string; readonly text: string }
  /** `not-a-link`: a file stands where the kubelet wants its own link, and it never replaces one. */
  | {
      readonly kind: 'damaged' | 'not-a-link';
      readonly path: string;
      readonly text: string;
    }
  | {
      readonly kind: 'certificate';
      readonly path: string;
      readonly target: string;
      readonly certificate: Certificate;
      readonly storedAt: string;
    };

/** What answers a TLS handshake on the kubelet's port. */
export type Serving =
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** The API server itself was asked to speak to it, and could. */
  | { readonly kind: 'verified'; readonly text: string }
  /** The API server could, and does not accept its certificate. */
  | { readonly kind: 'rejected'; readonly text: string }
  /** It ends the handshake: it has no certificate yet. */
  | { readonly kind: 'alert'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'silent'; readonly text: string };

export interface NodeSeen {
  readonly name: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  /** Keys of taints. */
  readonly taints: readonly string[];
  readonly providerId?: string;
  readonly createdAt: string;
  /** Status of its condition; '' where there is none. */
  readonly ready: string;
  readonly readyMessage?: string;
}

export interface Identity {
  readonly username: string;
  readonly groups: readonly string[];
  /** The IAM principal, where the authenticator says so. */
  readonly arn?: string;
}

export interface Condition {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly at?: string;
}

/** A CertificateSigningRequest without the request's own bytes. */
export interface Csr extends Identity, Names {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly usages: readonly string[];
  readonly expirationSeconds?: number;
  readonly cn: string;
  readonly organizations: readonly string[];
  readonly others: readonly string[];
  readonly conditions: readonly Condition[];
  readonly isIssued: boolean;
}

export interface Observation {
  /** ISO 8601, UTC; of this machine. */
  readonly now: string;
  /** Under this name the kubelet registers. */
  readonly nodeName: string;
  readonly config?: Answer<ServingConfig>;
  readonly unit?: Unit;
  readonly stored?: StoredCertificate;
  readonly serving?: Serving;
  readonly identity?: Answer<Identity>;
  /** null: the API server knows no node of that name. */
  readonly node?: Answer<NodeSeen | null>;
  /** Of this signer, by this node or for its name; any order. */
  readonly requests?: Answer<readonly Csr[]>;
  /** The certificate of the newest issued request. */
  readonly issued?: Certificate;
  /** Addresses that EC2 gives the instance. */
  readonly instanceIps?: readonly string[];
  /** This machine's clock against the API server's, positive: ahead. */
  readonly clockSkewSeconds?: number;
  /** What the kubelet's journal says. */
  readonly cause?: JournalCause;
}
