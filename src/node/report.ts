/** The report of a run, for people and programs that come later: /run/bootwright/report.json. */
import { REPORT, RUN_DIR } from '../core/paths.ts';
import { redactedJson } from '../core/redact.ts';
import type { Decision, Diagnostic } from '../core/report.ts';
import type { ApplyOutcome } from './apply.ts';
import { makeDirectory, writeAtomic } from './filesystem.ts';
import type { ActionResult } from './perform.ts';
import type { VerifyResult } from './verify.ts';

export interface Report {
  readonly schemaVersion: 1;
  readonly version: string;
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Where the time went, in order: `facts`, `decide`, `apply`, `verify` … */
  readonly stages: readonly { readonly name: string; readonly ms: number }[];
  readonly outcome: ApplyOutcome;
  readonly root: string;
  readonly actions: readonly ActionResult[];
  readonly decisions: readonly Decision[];
  readonly warnings: readonly Diagnostic[];
  readonly verify?: VerifyResult;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
  readonly exitCode: number;
}

/** Everybody may read it; secrets are masked. @throws NodeError */
export const writeReport = (root: string, report: Report): void => {
  makeDirectory(root, RUN_DIR, 0o755);
  writeAtomic(root, { path: REPORT, text: `${JSON.stringify(redactedJson(report), null, 2)}\n`, mode: 0o644 });
};
