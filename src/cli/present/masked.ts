/** Values of a user's environment are nobody else's: a plan that is shown has their names alone. */
import type { Action } from '../../core/desired.ts';
import type { PlanView } from './plan-text.ts';

const ENVIRONMENT_FILE = /^\/etc\/systemd\/system(?:\.conf\.d|\/[^/]+\.d)\/environment\.conf$/;
/** What is computed, or has its password masked anyway. */
const SHOWN = /^(?:https?_proxy|no_proxy)$/i;
const LINE = /^((?:Default)?Environment="([A-Za-z_]\w*)=)(.*)"$/gm;

const valuesIn = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(LINE)].map(([, , name = '', value = '']) => [name, value]));

/** `before`: a value that is another one there says so. */
const maskedText = (text: string, before?: string | null): string => {
  const earlier = valuesIn(before ?? '');
  return text.replace(LINE, (line: string, head: string, name: string, value: string) => {
    if (SHOWN.test(name)) return line;
    return `${head}***"${earlier.has(name) && earlier.get(name) !== value ? ' (changed)' : ''}`;
  });
};

const maskedAction = (action: Action): Action => {
  if (action.kind === 'write-file' && ENVIRONMENT_FILE.test(action.path))
    return {
      ...action,
      before: action.before === null ? null : maskedText(action.before),
      after: maskedText(action.after, action.before),
    };
  return action.kind === 'remove-file' && ENVIRONMENT_FILE.test(action.path) ? { ...action, before: maskedText(action.before) } : action;
};

export const withoutSecrets = (view: PlanView): PlanView => ({
  ...view,
  plan: {
    ...view.plan,
    actions: view.plan.actions.map(maskedAction),
    files: view.plan.files.map((file) => (ENVIRONMENT_FILE.test(file.path) ? { ...file, text: maskedText(file.text) } : file)),
  },
});
