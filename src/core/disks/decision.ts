/** The disks of the instance store: from what is on them to what must happen, with reasons. Nothing that holds data is ever formatted. */
import type { Action, DesiredFile, DesiredStorage } from '../desired.ts';
import type { Facts, LocalDiskFacts } from '../facts.ts';
import { LOCAL_DISKS_DIR, LOCAL_DISKS_STAMP } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, hasErrors, type Input, warningAt } from '../report.ts';
import { LOCAL_DISKS_BINDS, type LocalDisksMode, type LocalDisksSpec } from '../spec.ts';
import { arrayPlan } from './array.ts';
import { BINDS } from './binds.ts';
import { singlesPlan } from './singles.ts';
import { MOUNT_UNIT_PATTERN } from './units.ts';

export interface LocalDisks {
  readonly decision: Decided<string>;
  readonly storage?: DesiredStorage;
  /** Mount units of an earlier run whose disks are gone: a boot would wait for each of them in vain. */
  readonly stale: readonly DesiredFile[];
}

/** How the modes share their work. */
export interface DiskPlan {
  readonly value: string;
  readonly because: Because;
  readonly storage: DesiredStorage;
  /** Mount units of mounts that stay as they are. */
  readonly keeps: readonly string[];
}

export type ActiveMode = Exclude<LocalDisksMode, 'none'>;

export interface DiskRequest {
  readonly mode: ActiveMode;
  readonly spec: LocalDisksSpec;
  readonly seen: LocalDiskFacts;
  readonly inputs: readonly Input[];
}

const NOTHING: DesiredStorage = { steps: [], mounts: [], files: [] };

/** Needs host.localDisks unless the mode is `none`. */
export const localDisksOf = (spec: LocalDisksSpec | undefined, facts: Facts): Checked<LocalDisks> => {
  const mode = spec?.mode.value ?? 'none';
  const asked: readonly Input[] = spec ? [{ ...spec.mode, name: wordOf(spec.mode) }] : [];
  if (spec === undefined || mode === 'none') return left('not-wanted', 'Nothing was asked for: the disks are left as they are.', asked);
  const seen = facts.host.localDisks;
  if (seen === undefined) throw new Error('host.localDisks is not known yet');
  if (seen === null) {
    const diagnostic = warningAt(
      'local-disks-in-image',
      spec.mode.at,
      'an image has no disks: they are left alone',
      'Nothing to do here; give it on the node.',
    );
    const { value } = left('image', 'An image has no disks of its own.', asked);
    return { ...(value ? { value } : {}), diagnostics: [diagnostic] };
  }
  const paths = seen.disks.map(({ path }) => path);
  const inputs = [...asked, inputOf(facts, 'host.localDisks', paths)];
  const helper = spec.delegates ? (seen.programs['setup-local-disks'] ?? null) : null;
  if (helper !== null) return { value: delegated(helper, { mode, spec, seen, inputs }), diagnostics: [] };
  if (seen.disks.length === 0) {
    const { value, diagnostics } = left('no-disks', 'This instance has no disks of the instance store.', inputs);
    return { ...(value ? { value: { ...value, stale: staleOf(seen, []) } } : {}), diagnostics };
  }
  const { value: plan, diagnostics } =
    mode === 'mount' ? singlesPlan({ mode, spec, seen, inputs }) : arrayPlan({ mode, spec, seen, inputs });
  if (plan === undefined || hasErrors(diagnostics)) return { diagnostics };
  const { value, because, storage, keeps } = plan;
  const wanted = [...storage.mounts.map(({ unit }) => unit), ...keeps];
  return { value: { decision: decided(value, because), storage, stale: staleOf(seen, wanted) }, diagnostics };
};

const decided = (value: string, because: Because): Decided<string> => ({
  key: 'localDisks',
  value,
  because,
  changes: ['--local-disks (LOCAL_DISKS)', 'an instance type with other disks', 'what is on the disks (lsblk -f)'],
});

/** A flag or a variable is its own name; a place in a document is none. */
const wordOf = ({ origin, at }: LocalDisksSpec['mode']): string => (origin === 'flag' || origin === 'env' ? at : 'strategy');

const left = (rule: string, text: string, inputs: readonly Input[]): Checked<LocalDisks> => ({
  value: { decision: decided('left alone', { rule: `local-disks.${rule}`, text, inputs }), stale: [] },
  diagnostics: [] as readonly Diagnostic[],
});

const staleOf = ({ units }: LocalDiskFacts, wanted: readonly string[]): readonly DesiredFile[] =>
  Object.keys(units)
    .filter((unit) => !wanted.includes(unit))
    .sort()
    .map((unit) => ({
      path: `/etc/systemd/system/${unit}`,
      mode: 0o644,
      content: { kind: 'absent', ours: MOUNT_UNIT_PATTERN },
      because: [
        {
          rule: 'local-disks.stale-unit',
          text: 'It mounts what is not there, or not wanted, any more: boots would wait for it.',
          inputs: [],
        },
      ],
    }));

/** What setup-local-disks is told where it is not what it does by itself. The kubelet's directory it always moves, but for an option of its own. */
const helperOptions = ({ directory, binds }: LocalDisksSpec): readonly string[] => [
  ...(directory.value === LOCAL_DISKS_DIR ? [] : ['--dir', directory.value]),
  ...LOCAL_DISKS_BINDS.filter((bind) => !binds.includes(bind)).map((bind) => `--no-bind-${bind}`),
];

/** Called once for each boot and set of disks, as often as it could have anything to do; what it does is its own affair. */
const delegated = (program: string, { mode, spec, seen, inputs }: DiskRequest): LocalDisks => {
  const because: Because = {
    rule: 'local-disks.helper',
    text: `${program} is on PATH and not ours, so it sets the disks up.`,
    inputs: [...inputs, { name: 'setup-local-disks', value: program, origin: 'host', at: 'PATH' }],
  };
  const args = [mode, ...helperOptions(spec)];
  const run: Action = { kind: 'run-program', program, args, because: [because] };
  const text = `${[[program, ...args].join(' '), ...seen.disks.map(({ path, id }) => `${path} ${id}`)].join('\n')}\n`;
  const stamp: DesiredFile = { path: LOCAL_DISKS_STAMP, mode: 0o644, content: { kind: 'text', text }, because: [because] };
  const covers = Object.values(BINDS).map(({ directory }) => directory);
  return { decision: decided(program, because), storage: { ...NOTHING, helper: { run, stamp, covers } }, stale: [] };
};
