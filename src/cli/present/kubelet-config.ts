/** `--kubelet-config`: every key that somebody has set, who won it, and whom it beat. */
import { basename } from 'node:path';
import { redacted, redactedJson } from '../../core/redact.ts';
import type { Json } from '../../core/report.ts';
import type { KubeletView } from '../kubelet-config.ts';
import { diagnosticLine } from './diagnostics.ts';
import { indented } from './lines.ts';
import type { Paint } from './paint.ts';
import { valueText } from './values.ts';

type Key = KubeletView['keys'][number];

/** Files by their names: the heading says where they are. */
export const shortOf = (by: string): string => (by.startsWith('/') ? basename(by) : by);

/** Of a flag that stands twice only the last place is known. */
const placeOfBeaten = ({ placeOf }: KubeletView, { path, by }: Key, one: Key['beats'][number]): string | undefined =>
  one.at ?? (one.by === by ? undefined : placeOf(one.by, path));

const saidText = (by: string, place: string | undefined): string => {
  return redacted(`${shortOf(by)}${place === undefined ? '' : ` (${place})`}`);
};

/** `--max-pods (n.yaml, line 14); beats 50 of 40-nodeadm.conf (n.yaml, line 11), 29 of config.json`. */
export const whoText = (view: KubeletView, key: Key): string => {
  const { path, by, beats } = key;
  const beaten = beats.map((one) => `${valueText(one.value)} of ${saidText(one.by, placeOfBeaten(view, key, one))}`);
  return `${saidText(by, view.placeOf(by, path))}${beaten.length === 0 ? '' : `; beats ${beaten.join(', ')}`}`;
};

/** Absent: what there was is taken away. */
export const keyValueText = ({ value }: Key): string => (value === undefined ? '(unset)' : valueText(value));

const headOf = ({ files }: KubeletView, isWhole: boolean): readonly string[] => [
  `What the kubelet makes of ${files.join(', ')} and its flags, in this order. What nobody says is left out: there its own defaults hold.`,
  ...(isWhole ? [] : ['Drop-ins that a node has besides are not known here: --against DIR, or `bootwright plan` on the node.']),
];

const keyLines = (view: KubeletView, keys: readonly Key[], paint: Paint, width: number): readonly string[] =>
  keys.flatMap((key) => {
    const [name, value, who] = [key.path.join('.'), keyValueText(key), whoText(view, key)];
    const shown = `  ${paint.cyan(name)} = ${paint.bold(value)}`;
    return name.length + value.length + who.length + 7 <= width
      ? [`${shown}  ${paint.dim(who)}`]
      : [shown, ...indented([who], 6, width, paint.dim)];
  });

const section = (title: string, lines: readonly string[], paint: Paint): readonly string[] =>
  lines.length === 0 ? [] : ['', paint.bold(title), ...lines];

/** `isWhole`: the drop-ins of a real root are among them. */
export const kubeletConfigText = (view: KubeletView, paint: Paint, width: number, isWhole: boolean): string => {
  const [many, once] = [view.keys.filter(({ beats }) => beats.length > 0), view.keys.filter(({ beats }) => beats.length === 0)];
  return `${[
    ...indented(headOf(view, isWhole), 0, width, paint.dim),
    ...section('Warnings', indented(view.diagnostics.map(diagnosticLine), 2, width, paint.yellow), paint),
    ...section('Said more than once', keyLines(view, many, paint, width), paint),
    ...section('Said once', keyLines(view, once, paint, width), paint),
  ].join('\n')}\n`;
};

interface ShownKey {
  readonly key: string;
  readonly value?: Json;
  readonly by: string;
  readonly at?: string;
  readonly beats: readonly { readonly value: Json; readonly by: string; readonly at?: string }[];
}

/** As in plan.json: `kubeletConfig`. */
export const kubeletConfigJson = (view: KubeletView): readonly ShownKey[] =>
  view.keys.map((key) => {
    const { path, value, by, beats } = key;
    const placed = (who: string, at: string | undefined) => ({ by: who, ...(at === undefined ? {} : { at }) });
    return {
      key: path.join('.'),
      ...(value === undefined ? {} : { value: redactedJson(value) }),
      ...placed(by, view.placeOf(by, path)),
      beats: beats.map((one) => ({ value: redactedJson(one.value), ...placed(one.by, placeOfBeaten(view, key, one)) })),
    };
  });
