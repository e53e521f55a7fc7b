/** What the kubelet of a root is configured by, as far as checks ask. */
import type { Probes } from '../../checks/probes.ts';
import { NodeError } from '../../core/errors.ts';
import { jsonOf } from '../../core/formats/tree.ts';
import { yamlTree } from '../../core/formats/yaml-tree.ts';
import {
  KUBELET_CONFIG,
  KUBELET_DROP_IN_DIR,
  MANAGER_ENVIRONMENT,
  NODEADM_KUBELET_CONFIG,
  NODEADM_KUBELET_DROP_IN_DIR,
  NODEADM_KUBELET_ENVIRONMENT,
} from '../../core/paths.ts';
import { isJsonObject, type JsonObject } from '../../core/report.ts';
import { fileInRoot, readText } from '../../facts/files.ts';
import { readSpace } from '../../facts/machine-state.ts';
import { reachSocket } from '../../facts/reach.ts';
import { namesIn } from '../../node/filesystem.ts';
import { fetchHealth } from '../../node/verify.ts';
import type { Context } from '../command.ts';
import type { Machine } from '../machine.ts';

/** KubeletConfiguration's defaults. */
const DEFAULT_HEALTHZ = { port: 10248, address: '127.0.0.1' };
const GLANCE_MS = 4_000;

/** As one object; later over earlier, as the kubelet merges drop-ins at the top. */
const fieldsOf = (texts: readonly string[]): JsonObject =>
  Object.assign(
    {},
    ...texts.map((text) => {
      const { tree } = yamlTree(text);
      const value = tree === undefined ? undefined : jsonOf(tree);
      return isJsonObject(value) ? value : {};
    }),
  );

/** Where the kubelet's health port is; undefined: it is off. */
const healthUrl = ({ healthzPort = DEFAULT_HEALTHZ.port, healthzBindAddress }: JsonObject): string | undefined => {
  const address = typeof healthzBindAddress === 'string' && healthzBindAddress !== '0.0.0.0' ? healthzBindAddress : DEFAULT_HEALTHZ.address;
  const host = address === '::' ? '[::1]' : address.includes(':') ? `[${address}]` : address;
  return Number(healthzPort) > 0 ? `http://${host}:${Number(healthzPort)}/healthz` : undefined;
};

export const fileProbes = ({ root, live }: Machine): Pick<Probes, 'text' | 'names' | 'space' | 'socket' | 'health' | 'kubeletFields'> => {
  const text = (path: string): string | null => readText(fileInRoot(root, path), path);
  const kubeletFields: Probes['kubeletFields'] = async () => {
    try {
      const dropIns = namesIn(root, NODEADM_KUBELET_DROP_IN_DIR).filter((name) => name.endsWith('.conf'));
      const paths = [...dropIns.sort().map((name) => `${NODEADM_KUBELET_DROP_IN_DIR}/${name}`)];
      const main = text(NODEADM_KUBELET_CONFIG);
      return fieldsOf(main === null ? [text(KUBELET_CONFIG) ?? ''] : [main, ...paths.map((path) => text(path) ?? '')]);
    } catch (error) {
      if (error instanceof NodeError) return {};
      throw error;
    }
  };
  return {
    text,
    names: (directory) => namesIn(root, directory),
    space: (path) => readSpace(fileInRoot(root, path)),
    socket: (path, signal) => reachSocket(fileInRoot(root, path), GLANCE_MS, signal),
    kubeletFields,
    health: async () => {
      const url = live ? healthUrl(await kubeletFields()) : undefined;
      const said = url === undefined ? undefined : await fetchHealth(url, GLANCE_MS);
      return said === undefined ? undefined : `${url} ${said}`;
    },
  };
};

/** Where a kubelet gets its proxy from; later over earlier. */
export const kubeletProxy = ({ root }: Machine): Context['env'] => {
  const drops = namesIn(root, KUBELET_DROP_IN_DIR).map((name) => `${KUBELET_DROP_IN_DIR}/${name}`);
  const texts = [MANAGER_ENVIRONMENT, NODEADM_KUBELET_ENVIRONMENT, ...drops.sort()].map((path) => {
    try {
      return readText(fileInRoot(root, path), path) ?? '';
    } catch (error) {
      if (error instanceof NodeError) return ''; // not ours to read, or no file
      throw error;
    }
  });
  return Object.fromEntries(
    [...texts.join('\n').matchAll(/\b((?:https?|no)_proxy)=([^\s"']+)/gi)].map(([, name = '', value]) => [name, value]),
  );
};
