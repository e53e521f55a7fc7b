/**
 * systemd, through systemctl: argument vectors, a deadline on every call, and `systemctl show` as the one surface that is parsed (its
 * properties are stable, its prose is not; systemctl(1) "Parsable Output"). Works with 219 (Amazon Linux 2) and later.
 */
import { NodeError } from '../core/errors.ts';
import { decisiveLines, journalCauseOf } from '../core/journal-causes.ts';
import { disableInImage, enableInImage } from './image-units.ts';
import { complaintOf, type Outcome, runProgram } from './process.ts';

/** What `systemctl show` says of a unit. */
export interface UnitState {
  /** LoadState: `loaded`, `not-found`, `masked` … */
  readonly load: string;
  /** ActiveState and SubState: `active`, `running`. */
  readonly active: string;
  readonly sub: string;
  /** UnitFileState: `enabled`, `disabled`, `static`, `masked` … */
  readonly file: string;
  readonly type: string;
  /** `success`, `exit-code`, `start-limit-hit` … of the last run. */
  readonly result: string;
  readonly exitStatus: number;
  readonly mainPid: number;
  /** Automatic restarts; null: systemd before 235 does not count them. */
  readonly restarts: number | null;
  /** Its files on disk are newer than what systemd has read. */
  readonly needsReload: boolean;
  /** It was started at least once in this boot. */
  readonly hasRun: boolean;
}

export interface Deadlines {
  readonly queryMs: number;
  /** daemon-reload and enable. */
  readonly manageMs: number;
  /** A start waits for the units it is ordered after: containerd, and the pull of the pause image. */
  readonly startMs: number;
}
const DEADLINES: Deadlines = { queryMs: 10_000, manageMs: 90_000, startMs: 300_000 };

export interface SystemdOptions {
  readonly root: string;
  readonly live: boolean;
  /** PATH, for systemctl and journalctl. */
  readonly searchPath: string;
  readonly deadlines?: Partial<Deadlines>;
  readonly signal?: AbortSignal;
}

export interface Systemd {
  /** By the name asked for. One call for all. */
  readonly states: (units: readonly string[]) => Promise<ReadonlyMap<string, UnitState>>;
  readonly reload: () => Promise<void>;
  readonly enable: (units: readonly string[]) => Promise<void>;
  /** Its file must still be there: where its links are stands in it. */
  readonly disable: (unit: string) => Promise<void>;
  /** Forgets failures and start limits, so that the next start counts anew. Never fails. */
  readonly resetFailed: (units: readonly string[]) => Promise<void>;
  /** Resolve when the job is done. @throws NodeError OS with state and journal of the unit */
  readonly start: (unit: string) => Promise<void>;
  readonly restart: (unit: string) => Promise<void>;
  /** systemd takes each once, though one that another requires takes it along. @throws NodeError OS without naming the unit */
  readonly restartTogether: (units: readonly string[]) => Promise<void>;
  readonly stop: (unit: string) => Promise<void>;
  /** Last messages, oldest first; empty where there is no journal. */
  readonly journal: (unit: string, options?: { lines?: number; sinceMs?: number }) => Promise<string[]>;
}

const PROPERTIES = {
  LoadState: 'load',
  ActiveState: 'active',
  SubState: 'sub',
  UnitFileState: 'file',
  Type: 'type',
  Result: 'result',
  ExecMainStatus: 'exitStatus',
  MainPID: 'mainPid',
  NRestarts: 'restarts',
  NeedDaemonReload: 'needsReload',
  InactiveExitTimestampMonotonic: 'hasRun',
} as const;

/** One block of `systemctl show`. */
const stateOf = (block: string): UnitState => {
  const found = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
  const text = (name: keyof typeof PROPERTIES): string => found.get(name) ?? '';
  const number = (name: keyof typeof PROPERTIES): number => Number.parseInt(text(name), 10) || 0;
  return {
    load: text('LoadState'),
    active: text('ActiveState'),
    sub: text('SubState'),
    file: text('UnitFileState'),
    type: text('Type'),
    result: text('Result'),
    exitStatus: number('ExecMainStatus'),
    mainPid: number('MainPID'),
    restarts: found.has('NRestarts') ? number('NRestarts') : null,
    needsReload: text('NeedDaemonReload') === 'yes',
    hasRun: number('InactiveExitTimestampMonotonic') > 0,
  };
};

const NOT_BOOTED = /not been booted with systemd|Failed to (?:get D-Bus connection|connect to bus)|Host is down/;

const failed = (doing: string, outcome: Outcome, timeoutMs: number): NodeError => {
  const complaint = complaintOf(outcome, timeoutMs);
  return new NodeError('OS', `${doing} failed: ${complaint}`, {
    remedy: NOT_BOOTED.test(complaint)
      ? 'systemd does not run here. To prepare an image, give its directory by --root.'
      : `Run \`${doing}\` by hand; \`systemctl status\` and \`journalctl -b -p err\` say more.`,
  });
};

/** A systemctl or journalctl with what all its calls share. */
type Ask = (args: readonly string[], timeoutMs: number) => Promise<Outcome | undefined>;

const mustHave = (outcome: Outcome | undefined): Outcome => {
  if (outcome !== undefined) return outcome;
  throw new NodeError('CONFIG', 'there is no systemctl on PATH', {
    remedy: 'bootwright starts its units by systemd. To prepare an image, give its directory by --root.',
  });
};

export const createSystemd = ({ root, live, searchPath, deadlines, signal }: SystemdOptions): Systemd => {
  const { queryMs, manageMs, startMs } = { ...DEADLINES, ...deadlines };
  const ask =
    (program: string): Ask =>
    (args, timeoutMs) =>
      runProgram(program, args, { searchPath, timeoutMs, signal });
  const systemctl = ask('systemctl');
  const must = async (args: readonly string[], timeoutMs: number): Promise<string> => {
    const outcome = mustHave(await systemctl(args, timeoutMs));
    if (outcome.code !== 0) throw failed(`systemctl ${args.join(' ')}`, outcome, timeoutMs);
    return outcome.stdout;
  };
  const states = async (units: readonly string[]): Promise<ReadonlyMap<string, UnitState>> => {
    if (units.length === 0) return new Map();
    const properties = Object.keys(PROPERTIES).map((name) => `--property=${name}`);
    // Blocks come in the order of the arguments; an alias would come under another name.
    const blocks = (await must(['show', '--no-pager', ...properties, '--', ...units], queryMs)).trim().split(/\n\s*\n/);
    return new Map(units.map((unit, i) => [unit, stateOf(blocks[i] ?? '')]));
  };
  const changeFiles = async (
    verb: string,
    units: readonly string[],
    inImage: (root: string, units: readonly string[]) => void,
  ): Promise<void> => {
    if (live) return void (await must([verb, '--', ...units], manageMs));
    const outcome = await systemctl([`--root=${root}`, verb, '--', ...units], manageMs);
    if (outcome === undefined) return inImage(root, units); // macOS, or a container without systemd
    if (outcome.code !== 0) throw failed(`systemctl --root=${root} ${verb} ${units.join(' ')}`, outcome, manageMs);
  };
  const journal = journalReader(ask('journalctl'), queryMs);
  const run = async (verb: 'start' | 'restart' | 'stop', unit: string): Promise<void> => {
    const sinceMs = Date.now();
    const outcome = mustHave(await systemctl([verb, '--', unit], startMs));
    if (outcome.code === 0) return;
    const jobs = outcome.timedOut ? await systemctl(['list-jobs', '--no-legend', '--no-pager'], queryMs) : undefined;
    throw await failedStart({ verb, unit, outcome, startMs, jobs: jobs?.stdout ?? '', sinceMs }, states, journal);
  };
  return {
    states,
    journal,
    reload: async () => void (await must(['daemon-reload'], manageMs)),
    enable: (units) => changeFiles('enable', units, enableInImage),
    disable: (unit) => changeFiles('disable', [unit], disableInImage),
    resetFailed: async (units) => {
      if (units.length > 0) await systemctl(['reset-failed', '--', ...units], queryMs); // without a name it would mean all
    },
    start: (unit) => run('start', unit),
    restart: (unit) => run('restart', unit),
    restartTogether: async (units) => void (await must(['restart', '--', ...units], startMs)),
    stop: (unit) => run('stop', unit),
  };
};

const journalReader =
  (journalctl: Ask, timeoutMs: number): Systemd['journal'] =>
  async (unit, { lines = 50, sinceMs } = {}) => {
    // `@` and seconds: every systemd takes that, whatever the time zone.
    const since = sinceMs === undefined ? ['--boot'] : [`--since=@${Math.floor(sinceMs / 1000)}`];
    const outcome = await journalctl([`--unit=${unit}`, `--lines=${lines}`, '--output=cat', '--no-pager', '--quiet', ...since], timeoutMs);
    return outcome?.code === 0 ? outcome.stdout.split('\n').filter((line) => line.trim() !== '') : [];
  };

interface Failed {
  readonly verb: string;
  readonly unit: string;
  readonly outcome: Outcome;
  readonly startMs: number;
  readonly jobs: string;
  readonly sinceMs: number;
}

const stateText = (state: UnitState | undefined): string =>
  state === undefined || state.active === ''
    ? ''
    : ` (${[state.load !== 'loaded' ? state.load : '', `${state.active}/${state.sub}`, state.result !== 'success' ? state.result : '']
        .concat(state.exitStatus ? `exit status ${state.exitStatus}` : '')
        .filter((part) => part !== '')
        .join(', ')})`;

/** What `systemctl status` would show: the state, and the lines of the journal that decide. */
const failedStart = async (
  { verb, unit, outcome, startMs, jobs, sinceMs }: Failed,
  states: Systemd['states'],
  journal: Systemd['journal'],
): Promise<NodeError> => {
  // What failed is worth more than that asking about it fails too.
  const state = await states([unit])
    .then((all) => all.get(unit))
    .catch(() => undefined);
  const lines = await journal(unit, { sinceMs }).catch((): string[] => []);
  const cause = journalCauseOf(lines);
  const waiting = jobs
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const message = [
    `systemctl ${verb} ${unit} failed: ${complaintOf(outcome, startMs)}${stateText(state)}`,
    ...(cause ? [`likely cause: ${cause.cause}`] : []),
    ...waiting.map((line) => `waiting job: ${line}`),
    ...decisiveLines(lines).map((line) => `journal: ${line}`),
  ].join('\n');
  return new NodeError('OS', message, {
    remedy:
      cause?.remedy ??
      `See \`systemctl status ${unit}\` and \`journalctl -u ${unit}\`. The files are written; the next run starts what is missing.`,
    path: unit,
  });
};

/** A stand-in for systemctl, as test suites put on PATH, that does as it is told and says nothing: systemd itself always names a LoadState. */
export const isSilent = ({ load, active }: UnitState): boolean => load === '' && active === '';

/** UnitFileStates in which `systemctl enable` has nothing to do: done, or the unit has no [Install] of its own. */
const ENABLED = new Set(['enabled', 'static', 'indirect', 'generated', 'alias']);
export const isEnabled = ({ file }: UnitState): boolean => ENABLED.has(file);

/** A oneshot without RemainAfterExit is `inactive` after it has done its work well; that is as active as it gets. */
export const isActive = ({ active, type, result, hasRun }: UnitState): boolean =>
  active === 'active' || active === 'reloading' || (active === 'inactive' && type === 'oneshot' && result === 'success' && hasRun);
