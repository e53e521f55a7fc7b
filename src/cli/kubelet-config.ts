/** The kubelet's own view of a plan: its files, the drop-ins that are there besides, its flags; with the places where a user said it. */
import { pathText } from '../core/config/node-config/decode.ts';
import { explained } from '../core/config/node-config/dump.ts';
import { mergedOf } from '../core/config/node-config/merge.ts';
import { fieldOfFlag } from '../core/kubelet/config-flags.ts';
import { kubeletArgsOf } from '../core/kubelet/extra-args.ts';
import type { MergedKey } from '../core/kubelet/merged-config.ts';
import { dropInDirectoryOf, type PlannedKubeletConfig, plannedKubeletConfigOf } from '../core/kubelet/planned-config.ts';
import { NODEADM_KUBELET_DROP_IN } from '../core/paths.ts';
import { readKubeletDropIns } from '../facts/kubelet-drop-ins.ts';
import type { PlanView } from './present/plan-text.ts';

export interface KubeletView extends PlannedKubeletConfig {
  /** Where the user said what `by` says of a key; undefined: the user did not. */
  readonly placeOf: (by: string, path: readonly string[]) => string | undefined;
}

/** undefined: the kubelet reads none of our files. */
export const kubeletViewOf = ({ spec, plan, facts, documents, root }: PlanView): KubeletView | undefined => {
  const directory = dropInDirectoryOf(spec);
  const found = root === undefined || directory === undefined ? [] : readKubeletDropIns(root, directory);
  const config = plannedKubeletConfigOf(spec, plan, found, facts.host.kubeletVersion ?? '');
  return config && { ...config, keys: withDocuments(config.keys, documents), placeOf: placesIn(documents) };
};

/** Documents beat each other before the drop-in is made of them: EKS's own may come before or behind a user's. */
const withDocuments = (keys: readonly MergedKey[], documents: PlanView['documents']): readonly MergedKey[] => {
  if (documents === undefined || documents.length < 2) return keys;
  const beaten = new Map(explained(documents).map(({ path, beats }) => [path, beats]));
  return keys.map((key) => {
    const found = beaten.get(pathText(['spec', 'kubelet', 'config', ...key.path])) ?? [];
    const said = found.map(({ value, at }) => ({ value, by: NODEADM_KUBELET_DROP_IN, at }));
    if (said.length === 0) return key;
    const index = key.by === NODEADM_KUBELET_DROP_IN ? 0 : key.beats.findIndex(({ by }) => by === NODEADM_KUBELET_DROP_IN) + 1;
    return { ...key, beats: [...key.beats.slice(0, index), ...said.reverse(), ...key.beats.slice(index)] };
  });
};

const placesIn = (documents: PlanView['documents']): KubeletView['placeOf'] => {
  if (documents === undefined || documents.length === 0) return () => undefined;
  const merged = mergedOf(documents);
  const flags = (merged.spec.kubelet?.flags ?? []).map((item) => kubeletArgsOf(item).flags.map(({ name }) => name));
  return (by, path) => {
    if (by === NODEADM_KUBELET_DROP_IN) return merged.placeOf(['kubelet', 'config', ...path]).at;
    const index = by.startsWith('--') ? flags.findLastIndex((names) => names.includes(by.slice(2))) : -1;
    return index === -1 ? undefined : merged.placeOf(['kubelet', 'flags', index]).at;
  };
};

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** What `--explain` may mean: a key, all keys below one, or the flag that stands for it. */
export const keysNamed = ({ keys }: KubeletView, name: string): readonly MergedKey[] => {
  const wanted = fieldOfFlag(name.replace(/^--/, ''))?.join('.') ?? name;
  const exact = keys.filter(({ path }) => same(path.join('.'), wanted));
  return exact.length > 0 ? exact : keys.filter(({ path }) => path.join('.').toLowerCase().startsWith(`${wanted.toLowerCase()}.`));
};
