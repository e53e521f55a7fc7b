/** What lint says of a value, and what would come of it on the node. */
import type { Tree } from '../formats/tree.ts';

/**
 * `boot-fails`: early-boot-config rejects the whole document, and nothing comes up; `kubelet-fails`: the settings are stored, the node never
 * joins; `ignored`: stored, and nothing is made of it; `none`: it works, and one would still want to know.
 */
export type Effect = 'boot-fails' | 'kubelet-fails' | 'ignored' | 'none';

export interface Finding {
  readonly effect: Effect;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the document is for; undefined: not known, so that whatever any has is right. */
export interface LintTarget {
  readonly hasNvidia?: boolean | undefined;
  /** `1.57.0` */
  readonly os?: string | undefined;
  /** `1.34` */
  readonly kubernetes?: string | undefined;
}

/** What is wrong with a value; undefined: nothing. */
export type Rule = (tree: Tree, target: LintTarget) => Finding | undefined;

const found =
  (effect: Effect) =>
  (code: string, message: string, remedy: string): Finding => ({ effect, code, message, remedy });
export const refused = found('boot-fails');
export const deadly = found('kubelet-fails');
export const ignored = found('ignored');
export const advice = found('none');
