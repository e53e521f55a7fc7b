/** What the machine, or the image, is: the files and units that a plan asks about. Reads only. */
import type { Observed, ObservedUnit } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import { readBootId } from './boot.ts';
import { readObserved } from './filesystem.ts';
import { hasUnitFile, isEnabledInImage } from './image-units.ts';
import { garbageWarning, lastManifestOf, readState, type State } from './state.ts';
import { isActive, isEnabled, type Systemd, type UnitState } from './systemd.ts';

export interface ObserveOptions {
  readonly root: string;
  readonly live: boolean;
  readonly systemd: Pick<Systemd, 'states'>;
  readonly warn?: (text: string) => void;
  /** Only to look: where systemd cannot be asked (a container, a laptop) that is a warning, and units count as stopped. */
  readonly tolerant?: boolean;
}

type Units = { readonly units: Observed['units']; readonly unitsStale: boolean };

/** Paths inside the root (pathsOf names them) and units by name. @throws NodeError */
export const observe = async (paths: readonly string[], units: readonly string[], options: ObserveOptions): Promise<Observed> => {
  const { root, live, warn } = options;
  const state = readState(root);
  for (const garbage of state.garbage) warn?.(garbageWarning(garbage));
  const interrupted = live ? interruptedIn(state) : { restarts: [], reload: false };
  const seen = live ? await liveUnits(units, options) : imageUnits(root, units);
  return {
    root,
    live,
    files: Object.fromEntries(paths.map((path) => [path, readObserved(root, path)])),
    units: seen.units,
    unitsStale: seen.unitsStale || interrupted.reload,
    manifest: lastManifestOf(root, state),
    interruptedRestarts: interrupted.restarts,
  };
};

/** What a run of this boot did not come to; in another boot all units have started anew. */
const interruptedIn = ({ intent }: State): { restarts: readonly string[]; reload: boolean } =>
  intent !== null && intent.bootId === readBootId()
    ? { restarts: intent.restarts, reload: intent.reload }
    : { restarts: [], reload: false };

const liveUnits = async (units: readonly string[], { root, systemd, warn, tolerant = false }: ObserveOptions): Promise<Units> => {
  try {
    return observedUnits(root, units, await systemd.states(units));
  } catch (error) {
    if (!tolerant || !(error instanceof NodeError)) throw error;
    warn?.(`the states of units are not known: ${error.message}`);
    return imageUnits(root, units);
  }
};

const observedUnits = (root: string, units: readonly string[], states: ReadonlyMap<string, UnitState>): Units => ({
  units: Object.fromEntries(units.map((unit) => [unit, observedUnit(states.get(unit))])),
  // A unit that systemd once looked for in vain stays `not-found` until it reads its files anew, and NeedDaemonReload is silent about it.
  unitsStale: units.some((unit) => states.get(unit)?.needsReload || (states.get(unit)?.load === 'not-found' && hasUnitFile(root, unit))),
});

const observedUnit = (state: UnitState | undefined): ObservedUnit =>
  state === undefined ? { enabled: false, active: false } : { enabled: isEnabled(state), active: isActive(state) };

const imageUnits = (root: string, units: readonly string[]): Units => ({
  units: Object.fromEntries(units.map((unit) => [unit, { enabled: isEnabledInImage(root, unit), active: false }])),
  unitsStale: false,
});

/** The manifest alone, for the paths it names. @throws NodeError */
export const readManifest = (root: string): Observed['manifest'] => lastManifestOf(root, readState(root));
