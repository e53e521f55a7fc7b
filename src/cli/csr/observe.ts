/** One look at a node's serving certificate: this machine's files and port, then the API server. */

import { X509Certificate } from 'node:crypto';
import type { Api } from '../../cluster/api.ts';
import { answerOf, type FoundCsr, fetchIdentity, fetchNode, fetchRequests, isAbout } from '../../cluster/csr-source.ts';
import type { Answer, Certificate, Csr, Identity, Observation } from '../../core/csr/observation.ts';
import { isUndecided } from '../../core/csr/situation.ts';
import { NodeError } from '../../core/errors.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { certificateSeen, probeServing, readStored } from '../../facts/serving-certificate.ts';
import type { Context } from '../command.ts';
import { isElsewhere, SHORT_IMDS } from '../elsewhere.ts';
import type { Machine } from '../machine.ts';
import { journalCause, type KubeletHere, seeKubelet } from './kubelet.ts';

const PROBE_MS = 5_000;

/** What gives the API; absent: --offline. Throws where there is no usable kubeconfig. */
export type ApiSource = (kubelet: KubeletHere) => { readonly api: Api; readonly authorities: readonly X509Certificate[] };

export interface Look {
  readonly machine: Machine;
  readonly context: Context;
  readonly source: ApiSource;
  readonly isOffline: boolean;
}

interface FromApi {
  readonly identity?: Answer<Identity>;
  readonly node: NonNullable<Observation['node']>;
  readonly requests: Answer<readonly FoundCsr[]>;
}

/** Newest first would be enough for a verdict, but a person wants to see all. */
const askApi = async (api: Api, nodeName: string, signal: AbortSignal): Promise<FromApi> => {
  const identity = await answerOf(fetchIdentity(api, signal));
  // Who is not let in need not knock twice more.
  if (!identity.ok && identity.failure.kind !== 'forbidden') return { identity, node: identity, requests: identity };
  const username = identity.ok ? identity.value?.username : undefined;
  const [node, requests] = await Promise.all([
    answerOf(fetchNode(api, nodeName, signal)),
    answerOf(fetchRequests(api, isAbout(nodeName, username), signal)),
  ]);
  const known = identity.ok ? identity.value : undefined;
  return { ...(known ? { identity: { ok: true, value: known } as const } : {}), node, requests };
};

const nameFrom = (kubelet: KubeletHere, username: string | undefined): string => {
  const mapped = username?.startsWith('system:node:') ? username.slice('system:node:'.length) : undefined;
  return kubelet.isNameGuessed && mapped !== undefined && kubelet.config.ok ? mapped : kubelet.nodeName;
};

/** The certificate of the newest request that has one. */
export const issuedIn = (found: readonly FoundCsr[], authorities: readonly X509Certificate[]): Certificate | undefined => {
  const [newest] = found
    .filter(({ certificate }) => certificate !== '')
    .sort((a, b) => Date.parse(b.csr.createdAt) - Date.parse(a.csr.createdAt));
  if (newest === undefined) return undefined;
  try {
    return certificateSeen(new X509Certificate(newest.certificate), [], authorities);
  } catch {
    return undefined;
  }
};

const csrsOf = (requests: Answer<readonly FoundCsr[]>): Answer<readonly Csr[]> =>
  requests.ok ? { ok: true, value: requests.value.map(({ csr }) => csr) } : requests;

const offlineParts = async ({ machine, context }: Look, kubelet: KubeletHere, authorities: readonly X509Certificate[]) => {
  const { host, port, certificateDir } = kubelet.serving;
  const { signal } = context;
  const [stored, serving] = await Promise.all([
    readStored(machine.root, certificateDir, authorities, signal),
    machine.live && kubelet.config.ok ? probeServing({ host, port, timeoutMs: PROBE_MS, authorities, signal }) : undefined,
  ]);
  return { stored, ...(serving ? { serving } : {}) };
};

/** Only a request that waits too long is worth asking IMDS. */
const WORTH_ASKING_S = 120;

/** The addresses that EC2 gives this instance: what a request names besides is never approved. */
const instanceIpsFor = async ({ context }: Look, requests: FromApi['requests']): Promise<readonly string[] | undefined> => {
  const open = requests.ok && requests.value.some(({ csr }) => isUndecided(csr) && isOld(csr, context.now()));
  if (!open || isElsewhere()) return undefined;
  const { createImds } = await import('../../facts/imds.ts');
  const imds = createImds({ env: context.env, random: context.random, deadlines: SHORT_IMDS.imds ?? {} });
  try {
    const { fetchInstanceAddresses } = await import('../../facts/instance-addresses.ts');
    const addresses = await fetchInstanceAddresses(imds, context.signal);
    return addresses.length === 0 ? undefined : addresses;
  } catch (error) {
    if (error instanceof NodeError) return undefined; // then it is not known
    throw error;
  } finally {
    await imds.close();
  }
};

const isOld = ({ createdAt }: Csr, now: Date): boolean => now.getTime() - Date.parse(createdAt) > WORTH_ASKING_S * 1000;

export const observeCsr = async (look: Look): Promise<Observation> => {
  const { machine, context, source, isOffline } = look;
  const now = context.now();
  const kubelet = await seeKubelet(machine, now);
  const connection = await answerOf((async () => source(kubelet))());
  const authorities = connection.ok ? connection.value.authorities : [];
  const [local, cause, remote] = await Promise.all([
    offlineParts(look, kubelet, authorities),
    journalCause(machine, now),
    isOffline || !machine.live
      ? undefined
      : connection.ok
        ? askApi(connection.value.api, kubelet.nodeName, context.signal)
        : { identity: connection, node: connection, requests: connection },
  ]);
  const username = remote?.identity?.ok ? remote.identity.value.username : undefined;
  const nodeName = nameFrom(kubelet, username);
  const again = remote !== undefined && nodeName !== kubelet.nodeName && connection.ok;
  const answers = again ? await askApi(connection.value.api, nodeName, context.signal) : remote;
  const instanceIps = answers === undefined ? undefined : await instanceIpsFor(look, answers.requests);
  const skew = connection.ok ? connection.value.api.clockSkewSeconds() : undefined;
  return {
    now: timestampOf(now),
    nodeName,
    config: kubelet.config,
    ...(kubelet.unit ? { unit: kubelet.unit } : {}),
    ...local,
    ...(answers === undefined
      ? {}
      : { ...(answers.identity ? { identity: answers.identity } : {}), node: answers.node, requests: csrsOf(answers.requests) }),
    ...(instanceIps ? { instanceIps } : {}),
    ...(skew === undefined ? {} : { clockSkewSeconds: skew }),
    ...(cause ? { cause } : {}),
  };
};
