/** Masks secrets in texts that people see: log lines, reasons, diffs. Linear patterns only: the texts come from outside. */

const MASK = '***';

/** What a secret looks like, and what stays of it. Each keeps the name, so that a reader sees that something was there. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // http://user:password@proxy:3128
  [/\b([a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/@'"]{1,512}@/gi, `$1${MASK}@`],
  // HTTPS_PROXY=user:password@proxy:3128, which Go and curl take without a scheme
  [/\b(\w{0,40}_proxy=)[^\s/@'"]{1,512}@/gi, `$1${MASK}@`],
  // EKS bearer tokens: fifteen minutes of the node's identity
  [/\bk8s-aws-v1\.[\w-]+/g, `k8s-aws-v1.${MASK}`],
  [/\b(Bearer|Basic) +[\w.~+/=-]{8,}/g, `$1 ${MASK}`],
  [/(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s'"]+/gi, `$1${MASK}`],
  // {"name": "X", "value": "x"}: environments of credential providers, also across the lines of a diff, where two values may follow a name
  [/("name"\s{0,4}:\s{0,4}"\w{1,256}",[\s+-]{0,100}"value"\s{0,4}:\s{0,4}")(?:[^"\\]|\\.)+/g, `$1${MASK}`],
  [/("value"\s{0,4}:\s{0,4}"\*\*\*"[\s+-]{1,100}"value"\s{0,4}:\s{0,4}")(?:[^"\\]|\\.)+/g, `$1${MASK}`],
  // --bootstrap-token=x, --token x, PASSWORD=x, "auth": "x"
  [/(\B--[a-z-]{0,40}(?:token|password|secret)(?:=| +)['"]?)[^\s'"]+/gi, `$1${MASK}`],
  [/\b([\w-]{0,40}(?:token|password|passwd|secret|secret_?access_?key|api_?key)=['"]?)[^\s'"&,}]+/gi, `$1${MASK}`],
  // auth = 'x' of a registry in containerd's TOML
  [/(\b(?:auth|identitytoken|password)\s{0,4}=\s{0,4}['"])[^'"\n]+/g, `$1${MASK}`],
  [/("[\w-]{0,40}(?:token|password|passwd|secret|secretAccessKey|apiKey)"\s{0,4}:\s{0,4}")[^"]+/gi, `$1${MASK}`],
  // token: x, client-key-data: x in YAML, also in a list; not what is masked already, a block, an anchor or a sentence
  [
    /^([+\- \t]{0,40}['"]?[\w-]{0,40}(?:token|password|passwd|secret|key-data|api_?key)['"]?:[ \t]{1,4})(?!['"]?\*\*\*)(?:'[^'\n]*'|"[^"\n]*"|[^\s|>&{['"]\S*)(?:[ \t]{1,40}#[^\n]*)?(?=[ \t]*$)/gim,
    `$1${MASK}`,
  ],
  [/("auth"\s{0,4}:\s{0,4}")[^"]+/g, `$1${MASK}`],
  [/(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)[^-]*/g, `$1 ${MASK} `],
];

/** The text with its secrets replaced by `***`. */
export const redacted = (text: string): string =>
  PATTERNS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);

/** A JSON value with every string in it redacted; the same shape. */
export const redactedJson = <T>(value: T): T => {
  if (typeof value === 'string') return redacted(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => redactedJson(item)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, redactedJson(item)])) as T;
};
