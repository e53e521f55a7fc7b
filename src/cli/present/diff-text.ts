/** Changed files as one unified diff that `patch -p1` takes, then the steps that are no file. */
import { unifiedDiff } from '../../core/diff.ts';
import { redacted } from '../../core/redact.ts';
import type { Paint } from './paint.ts';
import { doneHere, type PlanView } from './plan-text.ts';

const painted = (line: string, paint: Paint): string => {
  if (line.startsWith('+++') || line.startsWith('---')) return paint.bold(line);
  if (line.startsWith('@@')) return paint.cyan(line);
  if (line.startsWith('+')) return paint.green(line);
  return line.startsWith('-') ? paint.red(line) : line;
};

/** Secrets are masked, so a diff of a file that holds one shows the change but is no patch for it. */
export const diffText = ({ plan }: PlanView, paint: Paint): string => {
  const diffs = doneHere(plan).flatMap((action) => {
    if (action.kind === 'write-file') return [unifiedDiff(action.path, action.before, action.after)];
    return action.kind === 'remove-file' ? [unifiedDiff(action.path, action.before, null)] : [];
  });
  return diffs
    .map((diff) => redacted(diff))
    .join('')
    .split('\n')
    .map((line) => painted(line, paint))
    .join('\n');
};
