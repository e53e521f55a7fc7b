/** What flags on the kubelet's command line say of its configuration: they are read after all files. */
import { KUBELET_CONFIG_FLAGS } from '../data/kubelet-config-flags.ts';
import type { Json } from '../report.ts';
import { kubeletArgsOf } from './extra-args.ts';
import type { Layer } from './merged-config.ts';

interface ConfigFlag {
  readonly name: string;
  readonly form: string;
  readonly path: readonly string[];
}

const configFlagOf = (name: string): ConfigFlag | undefined => {
  for (const [form, flags] of Object.entries(KUBELET_CONFIG_FLAGS)) {
    const found = flags.split(' ').find((flag) => flag.startsWith(`${name}=`));
    if (found !== undefined) return { name, form, path: found.slice(name.length + 1).split('.') };
  }
  return undefined;
};

/** The path of the field that a flag (without dashes) stands for. */
export const fieldOfFlag = (name: string): readonly string[] | undefined => configFlagOf(name)?.path;

/** In the order in which flags are first given; one that replaces itself comes as often as it is given. */
export const flagLayersOf = (words: string): readonly Layer[] => {
  const given = new Map<string, string[]>();
  for (const { name, value } of kubeletArgsOf(words).flags) given.set(name, [...(given.get(name) ?? []), value ?? 'true']);
  return [...given].flatMap(([name, values]): readonly Layer[] => {
    const flag = configFlagOf(name);
    if (flag === undefined) return [];
    // A map that a flag gives replaces the file's; only feature gates are added to it (kubeletConfigFlagPrecedence).
    const replaces = flag.form === 'gates' ? [] : [flag.path];
    return (ADDED_UP.has(flag.form) ? [values] : values.map((value) => [value])).map((some) => {
      const patch = flag.path.reduceRight<Json>((below, key) => ({ [key]: below }), fieldValueOf(flag.form, some));
      return { by: `--${name}`, patch: patch as { readonly [key: string]: Json }, replaces };
    });
  });
};

/** Lists and maps of a flag that stands twice are put together; of all else, taints among them, the last one counts. */
const ADDED_UP = new Set(['list', 'map=', 'map<', 'gates']);

const fieldValueOf = (form: string, values: readonly string[]): Json => {
  const last = values.at(-1) ?? '';
  switch (form) {
    case 'bool':
      return /^(?:1|t|true)$/i.test(last) ? true : /^(?:0|f|false)$/i.test(last) ? false : last;
    case 'number':
      return /^[-+]?\d{1,15}$/.test(last) ? Number(last) : last;
    case 'list':
      return values.flatMap((value) => value.split(',')).filter((item) => item !== '');
    case 'map=':
      return Object.fromEntries(pairsOf(values, '='));
    case 'map<':
      return Object.fromEntries(pairsOf(values, '<'));
    case 'gates':
      return Object.fromEntries(pairsOf(values, '=').map(([gate, value]) => [gate, /^(?:1|t|true)$/i.test(value)]));
    case 'taints':
      return last.split(',').map(taintOf);
    default:
      return last;
  }
};

const pairsOf = (values: readonly string[], separator: string): readonly (readonly [string, string])[] =>
  values
    .flatMap((value) => value.split(','))
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf(separator);
      return at === -1 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    });

/** `key=value:Effect`, `key:Effect`. */
const taintOf = (text: string): Json => {
  const colon = text.lastIndexOf(':');
  const [key = '', ...value] = text.slice(0, colon === -1 ? undefined : colon).split('=');
  return {
    key,
    ...(value.length === 0 ? {} : { value: value.join('=') }),
    ...(colon === -1 ? {} : { effect: text.slice(colon + 1) }),
  };
};
