/**
 * User data as Bottlerocket on EC2 takes it: TOML, or gzip of it. No second base64, no MIME, no script; blank text is no data
 * (early-boot-config in bottlerocket-core-kit).
 */
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import { onOneLine } from '../config/node-config/decode.ts';
import type { Gunzip, RawSource } from '../config/node-config/user-data.ts';
import { advice, type Finding, type LintTarget, refused } from './finding.ts';
import { type LintProblem, lintBottlerocket } from './lint.ts';

const MOST_BYTES = 1024 * 1024;
/** Of EC2, before its base64. */
const EC2_LIMIT = 16_384;

const FORMS: readonly (readonly [RegExp, string, string])[] = [
  [/^(?:MIME-Version|Content-Type)\s*:/i, 'this is MIME, which Bottlerocket does not read', 'Give the TOML alone.'],
  [/^#!/, 'this is a script, which Bottlerocket does not run', 'Give settings as TOML; scripts go into a bootstrap container.'],
  [/^#cloud-config/, 'this is for cloud-init, which Bottlerocket does not have', 'Give settings as TOML.'],
  [/^\{/, 'this is JSON, which Bottlerocket does not read', 'Write it as TOML.'],
  [/^(?:apiVersion|kind)\s*:/, 'this is YAML, which Bottlerocket does not read', 'Write it as TOML.'],
];

/** All problems of one source. */
export const lintSource = (source: RawSource, target: LintTarget, gunzip: Gunzip): readonly LintProblem[] => {
  const { label, bytes } = source;
  const said = (finding: Finding): LintProblem => ({
    severity: finding.effect === 'none' ? 'warning' : 'error',
    ...finding,
    message: onOneLine(finding.message),
    path: label,
    field: '',
  });
  const size =
    bytes.length > EC2_LIMIT
      ? [
          said(
            refused(
              'too-large',
              `${bytes.length} bytes are more than the ${EC2_LIMIT} that EC2 takes`,
              'Compress it, which Bottlerocket reads: gzip -9 FILE.',
            ),
          ),
        ]
      : [];
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const unpacked = isGzip ? gunzip(bytes, MOST_BYTES) : { bytes };
  if ('wrong' in unpacked) {
    const message = unpacked.wrong === 'broken' ? 'this is gzip that cannot be unpacked (cut off?)' : 'more than 1 MiB comes out of it';
    return [...size, said(refused('broken-gzip', message, 'Compress it again: gzip -9 FILE.'))];
  }
  const text = textOfUtf8(unpacked.bytes);
  if (text === undefined) return [...size, said(refused('not-utf8', 'this is not UTF-8', 'Save it as UTF-8.'))];
  if (text.trim() === '')
    return [...size, said(advice('no-user-data', 'it is empty, and the node has its defaults alone', 'Nothing, where that is meant.'))];
  const wrong = FORMS.find(([form]) => form.test(text));
  if (wrong !== undefined) return [...size, said(refused('not-toml', wrong[1], wrong[2]))];
  if (bytesOfBase64(text) !== undefined)
    return [
      ...size,
      said(refused('not-toml', 'this is base64; what EC2 decodes is read, and no second base64', 'Decode it: base64 -d FILE.')),
    ];
  return [...size, ...lintBottlerocket(label, text, target)];
};
