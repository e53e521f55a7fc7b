/** Scalars for the YAML texts whose bytes are fixed (a kubeconfig is a template of the field, not a dump of ours). */

/** Plain where YAML reads the same back: letters, digits and the punctuation of URLs and paths, and no word of YAML's own. */
const PLAIN = /^[A-Za-z/](?:[A-Za-z0-9/._~%+@=:[\]-]*[A-Za-z0-9/._~%+@=\]-])?$/;
const WORDS = /^(?:true|false|yes|no|on|off|y|n|null)$/i;

/** A string as a plain scalar if that is safe, else double-quoted. */
export const yamlScalar = (value: string): string => (PLAIN.test(value) && !WORDS.test(value) ? value : yamlQuoted(value));

/** A string as a double-quoted scalar: JSON strings are YAML, but for the line separators that YAML 1.1 folds. */
export const yamlQuoted = (value: string): string =>
  JSON.stringify(value).replaceAll('\u0085', '\\N').replaceAll('\u2028', '\\L').replaceAll('\u2029', '\\P').replaceAll('\u007f', '\\x7f');
