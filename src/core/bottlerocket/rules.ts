/**
 * Scalars of Bottlerocket's settings: what its API takes. Facts: bottlerocket-settings-sdk, bottlerocket-settings-models/modeled-types.
 * A document is turned into JSON and nothing is converted on the way, so that "29" is no number.
 */
import { shown } from '../config/bootstrap-flags-values.ts';
import { kindOf, type Tree } from '../formats/tree.ts';
import { addressOf } from '../kubelet/cidr.ts';
import { compareMinors } from '../kubelet/versions.ts';
import { nearestOf } from '../nearest.ts';
import { type Finding, type Rule, refused } from './finding.ts';

/** In the words of TOML. */
const kindName = (tree: Tree): string => (tree.kind === 'object' ? 'a table' : kindOf(tree));

export const wrongType = (tree: Tree, wanted: string): Finding => {
  const isQuoted = tree.kind === 'scalar' && typeof tree.value === 'string' && tree.form === undefined;
  const remedy =
    wanted === 'text' && tree.kind === 'scalar'
      ? 'Put it in quotes.'
      : isQuoted && /^(?:true|false|-?\d+)$/.test(String(tree.value))
        ? 'Write it without quotes.'
        : `Write ${wanted}.`;
  return refused('invalid-type', `should be ${wanted}, not ${kindName(tree)}`, remedy);
};

/** Longer texts are no names, numbers or words. */
const LONGEST = 4096;

type TextCheck = (text: string) => Finding | undefined;

const invalid = (text: string, what: string, remedy: string): Finding => refused('invalid-value', `${shown(text)} is not ${what}`, remedy);

/** A rule for texts; everything else has the wrong type. */
export const textRule =
  (check: TextCheck): Rule =>
  (tree) => {
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string' || tree.form !== undefined) return wrongType(tree, 'text');
    return check(tree.value);
  };

export const test = (isRight: (text: string) => boolean, what: string, remedy: string): Rule =>
  textRule((text) => (isRight(text) ? undefined : invalid(text, what, remedy)));
export const form = (pattern: RegExp, what: string, remedy: string): Rule =>
  test((text) => text.length <= LONGEST && pattern.test(text), what, remedy);

/** One of the words; `since`: those that older systems do not have. */
export const words =
  (all: readonly string[], since: { readonly [word: string]: string } = {}): Rule =>
  (tree, target) =>
    textRule((text) => {
      const first = since[text];
      if (first !== undefined && target.os !== undefined && compareMinors(target.os, first) < 0)
        return refused('not-in-version', `${text} came with Bottlerocket ${first}`, 'Use a newer image, or another word.');
      if (all.includes(text)) return undefined;
      const near = nearestOf(text, all);
      const list = `one of ${all.map((word) => (word === '' ? '""' : word)).join(', ')}`;
      return invalid(text, list, near === undefined || near === '' ? `Write ${list}.` : `Did you mean ${near}?`);
    })(tree, target);

/** The first finding of several rules. */
export const both =
  (...rules: readonly Rule[]): Rule =>
  (tree, target) => {
    for (const rule of rules) {
      const finding = rule(tree, target);
      if (finding !== undefined) return finding;
    }
    return undefined;
  };

const numberOf = (tree: Tree): number | undefined => (tree.kind === 'scalar' && typeof tree.value === 'number' ? tree.value : undefined);
const isFloat = (tree: Tree): boolean => tree.kind === 'scalar' && tree.form === 'float';

export const whole =
  (min: number, max: number): Rule =>
  (tree) => {
    const value = numberOf(tree);
    if (value === undefined || isFloat(tree)) return wrongType(tree, 'a whole number');
    return value >= min && value <= max
      ? undefined
      : refused('invalid-value', `${value} is not a whole number from ${min} to ${max}`, 'Write one of those.');
  };

export const flag: Rule = (tree) =>
  tree.kind === 'scalar' && typeof tree.value === 'boolean' ? undefined : wrongType(tree, 'true or false');
export const text: Rule = textRule(() => undefined);
export const singleLine = test(
  (value) => !/\p{Cc}|[\u2028\u2029]/u.test(value),
  'one line without control characters',
  'Write it on one line.',
);

const I32 = 2 ** 31;
export const i32 = whole(-I32, I32 - 1);
export const nonNegative = whole(0, I32 - 1);
export const u32 = whole(0, 2 ** 32 - 1);
export const u8 = whole(0, 255);
export const i64 = whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

export const base64 = test(
  (value) => value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
  'base64',
  'Encode it on one line: base64 -w0 FILE.',
);
export const ip = test((value) => addressOf(value) !== undefined, 'an IP address', 'Give one like 10.100.0.10.');

/** As the API reads it: a URL, or what becomes one with http:// before it. */
const isUrl = (value: string): boolean =>
  value !== '' && !/[\p{Cc}\s]/u.test(value) && (URL.canParse(value) || URL.canParse(`http://${value}`));
export const url = test(isUrl, 'a URL', 'Write it with its scheme: https://example.com/path.');
/** A proxy may carry a password. */
export const secretUrl = textRule((value) =>
  isUrl(value) ? undefined : refused('invalid-value', 'this is not a URL', 'Write http://host:port.'),
);

export const hostname = test(
  (value) =>
    /^[0-9a-z.-]{1,253}$/.test(value) && value.split('.').every((part) => part.length > 0 && part.length <= 63 && !part.startsWith('-')),
  'a host name',
  'Write it in small letters without a dot at its end.',
);
export const domain = test(
  (value) => {
    if (value.startsWith('.') || /[\s/\\?#@:[\]<>^|%]/.test(value) || !URL.canParse(`http://${value}`)) return false;
    return !/^[\d.]+$/.test(new URL(`http://${value}`).hostname);
  },
  'a domain name',
  'Write a name like cluster.local.',
);
export const imageRef = test((value) => /^[!-~]+$/.test(value) && isUrl(value), 'an image', 'Write it like public.ecr.aws/team/image:v1.');

const SEMVER =
  /^v?(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?$/;
export const friendlyVersion = test(
  (value) => value === 'latest' || (value.length <= 128 && SEMVER.test(value)),
  'a version',
  'Write latest, or a version like 1.57.0.',
);

export const identifier = form(/^[A-Za-z0-9-]{0,76}$/, 'a name', 'Use up to 76 letters, digits and hyphens.');
export const sysctlKey = test(
  (value) => /^[a-zA-Z0-9/_-][a-zA-Z0-9./_-]{0,127}$/.test(value) && !value.startsWith('/') && !value.includes('..'),
  'the name of a kernel parameter',
  'Write it as sysctl does: net.core.somaxconn.',
);
export const kmodKey = form(/^[A-Za-z0-9_-]{0,56}$/, 'the name of a kernel module', 'Use up to 56 letters, digits, _ and -.');
export const bootConfigKey = form(
  /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
  'a key of the boot configuration',
  'Write words with dots between.',
);
export const bootConfigValue = test(
  (value) => /^[ -~]*$/.test(value) && !(value.includes('"') && value.includes("'")),
  'a value of the boot configuration',
  'Use printable ASCII, and one kind of quotes at most.',
);

/** A list whose items follow a rule, as one value. */
const itemsOf = (tree: Tree): readonly Tree[] | undefined => (tree.kind === 'array' ? tree.items : undefined);

export const apiclientCommand: Rule = (tree, target) => {
  const items = itemsOf(tree);
  if (items === undefined) return wrongType(tree, 'a list');
  for (const item of items) {
    const wrong = text(item, target);
    if (wrong !== undefined) return wrong;
  }
  const [first] = items;
  return first?.kind === 'scalar' && first.value === 'apiclient'
    ? undefined
    : refused('invalid-value', 'the command does not begin with apiclient', 'Write it like ["apiclient", "set", "motd=hello"].');
};

export const etcHosts: Rule = (tree, target) => {
  const items = itemsOf(tree);
  if (items === undefined) return wrongType(tree, 'a list');
  for (const item of items) {
    const [address, names, ...more] = itemsOf(item) ?? [];
    const listed = names === undefined ? undefined : itemsOf(names);
    if (address === undefined || listed === undefined || more.length > 0)
      return refused('invalid-type', 'should hold pairs of an address and a list of names', 'Write [["10.0.0.1", ["name.example.com"]]].');
    const wrong = [ip(address, target), ...listed.map((name) => hostname(name, target))].find((one) => one !== undefined);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

/** `-1` and `unlimited` mean the same. */
export const limit: Rule = (tree) => {
  const value = numberOf(tree);
  if (value !== undefined && !isFloat(tree) && value >= -1) return undefined;
  if (tree.kind === 'scalar' && tree.value === 'unlimited') return undefined;
  return refused('invalid-value', 'this is neither a whole number nor unlimited', 'Write a number, -1 or "unlimited".');
};

export const byteSize: Rule = (tree, target) =>
  numberOf(tree) === undefined
    ? form(/^(?:\d+(?:\.\d*)?|\.\d+)(?:[kmgt]i?)?b$/i, 'a size', 'Write a number of bytes, or a size like "8mib".')(tree, target)
    : whole(0, Number.MAX_SAFE_INTEGER)(tree, target);
export const byteSizeOrUnlimited: Rule = (tree, target) =>
  tree.kind === 'scalar' && tree.value === 'unlimited' ? undefined : byteSize(tree, target);
