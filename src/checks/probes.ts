/** What checks may ask: capabilities that read, each with its own deadline. A check decides by nothing else. */
import type { Observation } from '../core/csr/observation.ts';
import type { ClusterFacts } from '../core/facts.ts';
import type { EksToken, Kubeconfig } from '../core/kubelet/kubeconfig-file.ts';
import type { Diagnostic, JsonObject } from '../core/report.ts';
import type { AwsCredentials } from '../facts/aws.ts';
import type { Imds } from '../facts/imds.ts';
import type { Space } from '../facts/machine-state.ts';
import type { TcpAnswer, TlsAnswer } from '../facts/reach.ts';
import type { UnitState } from '../node/systemd.ts';

/** An HTTP answer to somebody whom nobody knows, or why there was none. */
export type AnonymousAnswer = { readonly ok: true; readonly status: number } | { readonly ok: false; readonly text: string };

export interface Probes {
  /** This machine's clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly imds: Pick<Imds, 'get' | 'fetchToken'>;
  /** @throws NodeError */
  readonly credentials: (signal: AbortSignal) => Promise<AwsCredentials>;
  /** @throws NodeError */
  readonly region: (signal: AbortSignal) => Promise<string>;
  /** The ARN that STS knows us by. @throws NodeError */
  readonly callerArn: (signal: AbortSignal) => Promise<string>;
  /** The kubelet's own. @throws NodeError */
  readonly kubeconfig: () => Promise<Kubeconfig>;
  /** PEM; undefined: the system's authorities. @throws NodeError */
  readonly authorities: () => Promise<string | undefined>;
  /** @throws NodeError */
  readonly token: (wish: EksToken, signal: AbortSignal) => Promise<string>;
  /** Addresses of a name; none: there is no such name. */
  readonly lookUp: (host: string) => Promise<readonly string[] | { readonly failure: string }>;
  readonly tcp: (host: string, port: number, signal: AbortSignal) => Promise<TcpAnswer>;
  readonly tls: (
    wish: { host: string; port: number; servername?: string; ca: string | undefined },
    signal: AbortSignal,
  ) => Promise<TlsAnswer>;
  /** GET at the API server, without a token. */
  readonly anonymous: (path: string, signal: AbortSignal) => Promise<AnonymousAnswer>;
  /** This machine's clock against that of one of them, in seconds, positive: ahead; undefined: it does not answer. */
  readonly clockSkew: (against: 'api-server' | 'sts' | 'imds', signal: AbortSignal) => Promise<number | undefined>;
  /** The proxy by which a host is reached; undefined: directly. */
  readonly proxyFor: (url: string) => string | undefined;
  /** By this machine alone: units, files and port of the kubelet. One look for all checks. */
  readonly local: () => Promise<Observation>;
  /** And the API server. One look for all checks. */
  readonly cluster: () => Promise<Observation>;
  /** @throws NodeError without systemd */
  readonly unit: (name: string) => Promise<UnitState>;
  /** Messages of the last minutes, oldest first. */
  readonly journal: (unit: string) => Promise<readonly string[]>;
  /** What the kubelet's health port says; undefined: `ok`, or the port is off. */
  readonly health: (signal: AbortSignal) => Promise<string | undefined>;
  /** The kubelet's configuration and its drop-ins as one; nothing where they cannot be read, which kubelet-config tells. */
  readonly kubeletFields: () => Promise<JsonObject>;
  /** The region is by default this instance's. @throws NodeError */
  readonly describeCluster: (name: string, region: string | undefined, signal: AbortSignal) => Promise<ClusterFacts>;
  /** Of those that a node needs; `failure`: why one does not answer. */
  readonly awsEndpoints: (
    signal: AbortSignal,
  ) => Promise<readonly { readonly service: string; readonly host: string; readonly failure?: string }[]>;
  /** What is wrong with the NodeConfigs in this instance's user data, and how many there are. @throws NodeError */
  readonly userData: (signal: AbortSignal) => Promise<{ readonly count: number; readonly diagnostics: readonly Diagnostic[] }>;
  /** Paths are the root's. null: no such file. @throws NodeError */
  readonly text: (path: string) => string | null;
  /** Names in a directory; none where it is not there. */
  readonly names: (directory: string) => readonly string[];
  /** Is somebody listening at the Unix socket? The complaint, else undefined. */
  readonly socket: (path: string, signal: AbortSignal) => Promise<string | undefined>;
  /** Of the file system that a path is on. */
  readonly space: (path: string) => Space | undefined;
}
