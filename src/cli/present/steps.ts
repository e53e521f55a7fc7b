/** The actions of a plan in order, neighbours of a kind on one line. */
import type { Action } from '../../core/desired.ts';
import { columns, counted } from './lines.ts';
import type { Paint } from './paint.ts';

const VERBS: Readonly<Record<Action['kind'], string>> = {
  'make-directory': 'make',
  'write-file': 'write',
  'remove-file': 'remove',
  'reload-units': 'reload',
  'enable-unit': 'enable',
  'disable-unit': 'disable',
  'start-unit': 'start',
  'restart-unit': 'restart',
  'stop-unit': 'stop',
  'create-array': 'create',
  'make-file-system': 'format',
  'announce-device': 'announce',
  'copy-directory': 'copy',
  'run-program': 'run',
};

const objectOf = (action: Action): string => {
  if (action.kind === 'reload-units') return 'systemd’s unit files';
  if (action.kind === 'make-directory') return `${action.path}/`;
  if (action.kind === 'create-array') return `${action.device}, ${action.level} of ${action.members.join(', ')}`;
  if (action.kind === 'make-file-system') return `${action.device} as ${action.type}`;
  if (action.kind === 'copy-directory') return `${action.from}/ to ${action.path}/`;
  if (action.kind === 'run-program') return [action.program, ...action.args].join(' ');
  if (action.kind === 'announce-device') return `${action.device} to udev`;
  return 'path' in action ? action.path : action.unit;
};

interface Group {
  readonly first: number;
  readonly actions: Action[];
}

const groupsOf = (actions: readonly Action[]): readonly Group[] => {
  const groups: Group[] = [];
  for (const [i, action] of actions.entries()) {
    const last = groups.at(-1);
    const same = last?.actions[0]?.kind === action.kind && last.actions[0].skipped === action.skipped;
    if (last && same) last.actions.push(action);
    else groups.push({ first: i + 1, actions: [action] });
  }
  return groups;
};

const objectsText = ([first, ...rest]: readonly Action[]): string => {
  if (first === undefined) return '';
  const objects = [first, ...rest].map(objectOf);
  const noun = first.kind === 'make-directory' ? 'directory' : first.kind === 'write-file' ? 'file' : undefined;
  // The files stand in their own list, with reasons; directories follow from them.
  if (noun === undefined || objects.length === 1) return objects.join(', ');
  return noun === 'file' ? counted(objects.length, noun) : `${objects.length} directories`;
};

export const stepLines = (actions: readonly Action[], paint: Paint, width: number): string[] => {
  const rows = groupsOf(actions).map(({ first, actions: group }) => {
    const last = first + group.length - 1;
    const [action] = group;
    const skipped = action?.skipped === undefined ? '' : ` (skipped: ${action.skipped})`;
    return [first === last ? String(first) : `${first}–${last}`, action ? VERBS[action.kind] : '', `${objectsText(group)}${skipped}`];
  });
  return columns(rows, { width, styles: [paint.dim, paint.cyan] });
};
