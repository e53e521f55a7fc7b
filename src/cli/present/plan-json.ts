/** A plan as JSON for programs: docs/schema/plan.json describes it. Secrets are masked as in the text. */
import { redacted, redactedJson } from '../../core/redact.ts';
import type { Because, Decision } from '../../core/report.ts';
import type { KubeletView } from '../kubelet-config.ts';
import { kubeletConfigJson } from './kubelet-config.ts';
import { doneHere, type PlanView } from './plan-text.ts';

const shownBecause = (because: Because): Because => ({
  ...because,
  inputs: because.inputs.map((input) => (input.secret ? { ...input, value: '***' } : input)),
});

/** A decision with its secret inputs masked. */
export const shownDecision = (decision: Decision): Decision => redactedJson({ ...decision, because: shownBecause(decision.because) });

/** The document: what `preview --json` and `plan --json` print. */
export const planDocument = ({ spec, desired, plan, against }: PlanView, kubelet: KubeletView | undefined): object => ({
  schemaVersion: 1,
  kind: 'plan',
  cluster: redacted(spec.cluster.name.value),
  target: desired.target,
  against,
  live: plan.live,
  converged: doneHere(plan).length === 0,
  warnings: redactedJson(plan.warnings),
  decisions: plan.decisions.map(shownDecision),
  files: plan.files.map((file) => redactedJson({ ...file, because: file.because.map(shownBecause) })),
  units: desired.units.map((unit) => redactedJson({ ...unit, because: unit.because.map(shownBecause) })),
  ...(kubelet === undefined ? {} : { kubeletConfig: kubeletConfigJson(kubelet) }),
  steps: plan.actions.map((action) => redactedJson({ ...action, because: action.because.map(shownBecause) })),
});

/** JSON text with a newline at the end. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
