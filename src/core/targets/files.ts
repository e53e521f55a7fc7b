/** The words in which a target says its files. */
import type { DesiredFile } from '../desired.ts';
import type { Because } from '../report.ts';

export const MODE = 0o644;
/** Of what may hold a password and only root's programs read. */
export const SECRET_MODE = 0o600;

export const because = (rule: string, text: string): readonly Because[] => [{ rule, text, inputs: [] }];

/** A file that is ours alone. */
export const textFile = (path: string, text: string, reasons: readonly Because[]): DesiredFile => ({
  path,
  mode: MODE,
  content: { kind: 'text', text },
  because: reasons,
});
