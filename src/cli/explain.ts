/** The answer to `--explain KEY`: a decision, a key of the kubelet's configuration, or a flag of the kubelet. */
import type { JsonEntry, PlannedFile } from '../core/desired.ts';
import { parsedJson } from '../core/formats/json.ts';
import { same as sameJson } from '../core/merge.ts';
import { KUBELET_CONFIG } from '../core/paths.ts';
import type { Decision, Json } from '../core/report.ts';
import type { PlanView } from './present/plan-text.ts';

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

/** A flag of KUBELET_ARGS: `node-ip`, `--v`. */
const flagOf = ({ plan }: PlanView, key: string): Decision | undefined => {
  const args = plan.decisions.find((decision) => decision.key === 'kubeletArgs');
  const word = String(args?.value ?? '')
    .split(' ')
    .find((flag) => same(flag.split('=')[0] ?? '', `--${key.replace(/^--/, '')}`));
  if (args === undefined || word === undefined) return undefined;
  const [name = '', ...value] = word.split('=');
  return { ...args, key: name, value: value.join('=') };
};

/** undefined: nothing has this name. */
export const explainedOf = (view: PlanView, key: string): Decision | undefined => {
  const decision = view.plan.decisions.find((d) => same(d.key, key));
  if (decision) return decision;
  const content = view.desired.files.find(({ path }) => path === KUBELET_CONFIG)?.content;
  const file = view.plan.files.find(({ path }) => path === KUBELET_CONFIG);
  const entries = content?.kind === 'json' ? content.entries : [];
  return (file && keyOf(entries, file, key)) ?? flagOf(view, key);
};
