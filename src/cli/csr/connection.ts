/** The API server, as the kubelet of this machine or a laptop's user calls it. */

import type { X509Certificate } from 'node:crypto';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { Api } from '../../cluster/api.ts';
import { authoritiesOf, type Connection, connect } from '../../cluster/connect.ts';
import { NodeError } from '../../core/errors.ts';
import { type EksToken, type Kubeconfig, kubeconfigOf } from '../../core/kubelet/kubeconfig-file.ts';
import { readText } from '../../facts/files.ts';
import { certificatesIn } from '../../facts/serving-certificate.ts';
import type { World } from '../../facts/world.ts';
import type { Context } from '../command.ts';
import type { ApiSource } from './observe.ts';

const readOne = (path: string): string | null => {
  try {
    return readText(path, path);
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const isDenied = /denied|not permitted/.test(error.message);
    throw new NodeError(isDenied ? 'NO_PERMISSION' : 'CONFIG', `the kubeconfig ${error.message}`, {
      remedy: isDenied ? 'Run it as root.' : 'On a node `bootwright bootstrap` writes it anew.',
      path,
      cause: error,
    });
  }
};

/** @throws NodeError */
export const readKubeconfig = (paths: readonly string[], context?: string): Kubeconfig => {
  const texts = paths.flatMap((path) => {
    const text = readOne(path);
    return text === null ? [] : [{ path, text }];
  });
  if (texts.length > 0) return kubeconfigOf(texts, context);
  throw new NodeError('CONFIG', `there is no kubeconfig at ${paths.join(' or ')}`, {
    remedy: 'On a node `bootwright bootstrap` writes it; elsewhere name one by --kubeconfig or KUBECONFIG.',
    path: paths[0] ?? 'kubeconfig',
  });
};

/** --kubeconfig, KUBECONFIG (several files), ~/.kube/config. */
export const laptopKubeconfigs = (given: string | undefined, { env, cwd }: Context): readonly string[] => {
  if (given !== undefined) return [resolve(cwd, given)];
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return named.length > 0 ? named.map((path) => resolve(cwd, path)) : [join(env['HOME'] || homedir(), '.kube/config')];
};

/** The authorities that a kubeconfig names; none where they cannot be read, which the API server's TLS then tells. */
export const authoritiesIn = (kubeconfig: Kubeconfig): readonly X509Certificate[] => {
  try {
    return certificatesIn(authoritiesOf(kubeconfig) ?? '');
  } catch {
    return [];
  }
};

const makeToken =
  (world: World, context: Context) =>
  async ({ clusterName, region, role }: EksToken, signal?: AbortSignal): Promise<string> => {
    const { tokenOf } = await import('../../cluster/token.ts');
    const [own, where] = await Promise.all([world.credentials(signal), region ?? world.region(signal)]);
    const credentials = role === undefined ? own : await world.assumeRole(where, role, `bootwright-${context.now().getTime()}`, signal);
    return (await tokenOf({ clusterName, region: where, credentials, now: context.now(), env: context.env })).token;
  };

export const connectTo = (kubeconfig: Kubeconfig, world: World, context: Context): Connection =>
  connect({
    kubeconfig,
    env: context.env,
    makeToken: makeToken(world, context),
    random: context.random,
    clock: () => context.now().getTime(),
  });

export interface KubeletConnection {
  readonly source: ApiSource;
  /** undefined before the first look, or where there is no usable kubeconfig. */
  readonly api: () => Api | undefined;
  readonly close: () => Promise<void>;
}

/** The API server as the kubelet of this machine calls it, or by another kubeconfig: connected at the first look, once. */
export const kubeletConnection = (
  world: World,
  context: Context,
  given: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined } = {},
): KubeletConnection => {
  let made: (Connection & { readonly authorities: readonly X509Certificate[] }) | undefined;
  return {
    source: ({ kubeconfig: own }) => {
      if (made !== undefined) return made;
      const kubeconfig = readKubeconfig([given.kubeconfig === undefined ? own : resolve(context.cwd, given.kubeconfig)], given.context);
      made = { ...connectTo(kubeconfig, world, context), authorities: authoritiesIn(kubeconfig) };
      return made;
    },
    api: () => made?.api,
    close: async () => made?.close(),
  };
};
