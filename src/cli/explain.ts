/** The answer to `--explain KEY`: a decision, a key of the kubelet's configuration, or a flag of the kubelet. */
import type { JsonEntry, PlannedFile } from '../core/desired.ts';
import { parsedJson } from '../core/formats/json.ts';
import { fieldOfFlag } from '../core/kubelet/config-flags.ts';
import { same as sameJson } from '../core/merge.ts';
import { KUBELET_CONFIG } from '../core/paths.ts';
import type { Decision, Input, Json } from '../core/report.ts';
import { type KubeletView, keysNamed } from './kubelet-config.ts';
import { keyValueText, shortOf, whoText } from './present/kubelet-config.ts';
import type { PlanView } from './present/plan-text.ts';
import { valueText } from './present/values.ts';

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path like `authentication.webhook`, and the path as the file spells it. */
const found = (value: Json, names: readonly string[]): { readonly path: readonly string[]; readonly value: Json } | undefined => {
  let at: Json | undefined = value;
  const path: string[] = [];
  for (const [index, name] of names.entries()) {
    if (!isObject(at)) return undefined;
    // A key may hold dots itself: evictionHard's memory.available.
    const rest = names.slice(index).join('.');
    const keys: readonly string[] = Object.keys(at);
    const whole: string | undefined = keys.find((key) => same(key, rest));
    const key: string | undefined = whole ?? keys.find((key) => same(key, name));
    if (key === undefined) return undefined;
    path.push(key);
    at = at[key];
    if (whole !== undefined) break;
  }
  return at === undefined ? undefined : { path, value: at };
};

const startsAs = (path: readonly string[], above: readonly string[]): boolean => above.every((name, index) => path[index] === name);

/** A key of kubelet-config.json as it will be, ours or not. */
const keyOf = (entries: readonly JsonEntry[], file: PlannedFile, key: string): Decision | undefined => {
  const { value: config } = parsedJson(file.text, file.path);
  const hit = config === undefined ? undefined : found(config, key.split('.'));
  if (hit === undefined) return undefined;
  const name = hit.path.join('.');
  const entry = entries.find(({ path, policy }) => policy !== 'absent' && (startsAs(path, hit.path) || startsAs(hit.path, path)));
  const input = { name, value: hit.value, origin: 'host-file', at: file.path } as const;
  const foreign = { rule: 'merge.foreign', text: 'It stands in the file, and nothing here speaks of it: it stays.', inputs: [input] };
  const kept = { rule: 'merge.file-wins', text: "The file's own value counts before the default.", inputs: [input] };
  const givesWay = entry?.policy === 'default' && entry.path.length === hit.path.length && !sameJson(entry.value, hit.value);
  return {
    key: name,
    value: hit.value,
    because: givesWay ? kept : (entry?.because ?? foreign),
    changes: entry?.policy === 'own' ? [] : [`another value in ${file.path}`],
  };
};

/** A flag of the kubelet's: `node-ip`, `--v`. */
const flagOf = ({ plan }: PlanView, key: string): Decision | undefined => {
  const args = plan.decisions.find((decision) => decision.key === 'kubeletArgs' || decision.key === 'kubeletFlags');
  const word = String(args?.value ?? '')
    .split(' ')
    .find((flag) => same(flag.split('=')[0] ?? '', `--${key.replace(/^--/, '')}`));
  if (args === undefined || word === undefined) return undefined;
  const [name = '', ...value] = word.split('=');
  return { ...args, key: name, value: value.join('=') };
};

type Key = KubeletView['keys'][number];

/** Somebody else than the file has a say. */
const isContested = ({ files }: KubeletView, { by, beats }: Key): boolean => by !== files[0] || beats.length > 0;

/** Decisions by which some keys of the file are written, where the names differ. */
const DECIDED_BY: Readonly<Record<string, string>> = {
  systemReservedCgroup: 'reservedCgroups',
  kubeReservedCgroup: 'reservedCgroups',
  shutdownGracePeriodCriticalPods: 'shutdownGracePeriod',
};

const inputsOf = (kubelet: KubeletView, { path, value = null, by, beats }: Key): readonly Input[] =>
  [{ value, by }, ...beats].map((said: Key['beats'][number]) => {
    const at = said.at ?? kubelet.placeOf(said.by, path) ?? (said.by.startsWith('--') ? '' : said.by);
    const origin = said.by.startsWith('--') ? 'flag' : said.by.startsWith('/') ? 'host-file' : 'default';
    return { name: `${path.join('.')} of ${shortOf(said.by)}`, value: said.value, origin, at };
  });

/** What would stand there if the winner said nothing. */
const withoutWinner = (kubelet: KubeletView, { path, by, beats: [next] }: Key): string => {
  if (next === undefined) return `without ${shortOf(by)} it is what the kubelet takes by itself`;
  // Two documents make one drop-in.
  const winner = next.by === by ? (kubelet.placeOf(by, path) ?? by) : shortOf(by);
  return `without ${winner} it is ${valueText(next.value)}, of ${next.by === by ? next.at : shortOf(next.by)}`;
};

/** Keys as the kubelet takes them: who won, and how the file came to its own value. */
const mergedDecision = (view: PlanView, kubelet: KubeletView, keys: readonly Key[], name: string): Decision => {
  const [first] = keys;
  const length = fieldOfFlag(name.replace(/^--/, ''))?.length ?? Math.min(name.split('.').length, first?.path.length ?? 0);
  const isOne = keys.length === 1;
  const above = isOne ? (first?.path ?? []) : (first?.path.slice(0, length) ?? []);
  const top = above[0] ?? '';
  const written = view.plan.decisions.find(({ key }) => key === (DECIDED_BY[top] ?? top));
  const contested = keys.filter((key) => isContested(kubelet, key));
  const who = (key: Key): string =>
    isOne ? `From ${whoText(kubelet, key)}.` : `${key.path.slice(length).join('.')}=${keyValueText(key)} from ${whoText(kubelet, key)}.`;
  const own = written === undefined ? 'Every node has it so in this file.' : written.because.text;
  const isOfFile = keys.some(({ by, beats }) => [by, ...beats.map((one) => one.by)].includes(kubelet.files[0] ?? ''));
  return {
    key: above.join('.'),
    value: isOne ? (first?.value ?? null) : Object.fromEntries(keys.map(({ path, value = null }) => [path.slice(length).join('.'), value])),
    because: {
      rule: contested.length > 0 ? 'kubelet-config.merged' : (written?.because.rule ?? 'kubelet-config.file'),
      text: [
        ...contested.map(who),
        ...(isOfFile ? [`${contested.length > 0 ? `In ${shortOf(kubelet.files[0] ?? '')}: ` : ''}${own}`] : []),
      ].join(' '),
      inputs: [...contested.flatMap((key) => inputsOf(kubelet, key)), ...(isOfFile ? (written?.because.inputs ?? []) : [])],
    },
    changes: [...contested.map((one) => withoutWinner(kubelet, one)), ...(isOfFile ? (written?.changes ?? []) : [])],
  };
};

/** undefined: nothing has this name. */
export const explainedOf = (view: PlanView, key: string, kubelet: KubeletView | undefined): Decision | undefined => {
  const keys = kubelet === undefined ? [] : keysNamed(kubelet, key);
  const merged = (): Decision | undefined => (kubelet && keys.length > 0 ? mergedDecision(view, kubelet, keys, key) : undefined);
  if (kubelet && keys.some((one) => isContested(kubelet, one))) return merged();
  const decision = view.plan.decisions.find((d) => same(d.key, key));
  if (decision) return decision;
  const content = view.desired.files.find(({ path }) => path === KUBELET_CONFIG)?.content;
  const file = view.plan.files.find(({ path }) => path === KUBELET_CONFIG);
  const entries = content?.kind === 'json' ? content.entries : [];
  return (file && keyOf(entries, file, key)) ?? merged() ?? flagOf(view, key);
};
