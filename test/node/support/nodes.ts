/** A small node: what it should be, as data; observing, planning and applying it in a directory. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Desired, Plan } from '../../../src/core/desired.ts';
import { pathsOf, planOf } from '../../../src/core/plan.ts';
import { type ApplyOptions, type ApplyResult, applyPlan } from '../../../src/node/apply.ts';
import { observe, readManifest } from '../../../src/node/observe.ts';
import type { Systemd } from '../../../src/node/systemd.ts';

export const BECAUSE = [{ rule: 'test', text: 'A test wants it.', inputs: [] }];

export const DROP_IN = '/etc/systemd/system/kubelet.service.d/10-kubelet-args.conf';
export const CONTAINERD = '/etc/containerd/config.toml';
export const SHARED = '/etc/kubernetes/kubelet/kubelet-config.json';

export interface Wish {
  readonly args?: string;
  readonly toml?: string;
  readonly maxPods?: number | undefined;
  readonly withoutDropIn?: true;
}

const UNIT = '[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n';

/** Two units, three files of ours and one that is shared. */
export const desiredOf = ({ args = '--v=2', toml = 'version = 2\n', maxPods, withoutDropIn }: Wish = {}): Desired => {
  const text = (path: string, text: string) => ({ path, mode: 0o644, content: { kind: 'text' as const, text }, because: BECAUSE });
  const entry = (key: string, value: number) => ({
    path: [key],
    value,
    policy: 'own' as const,
    because: BECAUSE[0] as (typeof BECAUSE)[number],
  });
  const entries = [entry('kubeAPIQPS', 10), ...(maxPods === undefined ? [] : [entry('maxPods', maxPods)])];
  return {
    target: 'amazon-linux-2',
    directories: [{ path: '/etc/cni/net.d', mode: 0o755, because: BECAUSE }],
    files: [
      text(CONTAINERD, toml),
      text('/etc/systemd/system/kubelet.service', UNIT),
      ...(withoutDropIn ? [] : [text(DROP_IN, `[Service]\nEnvironment='KUBELET_ARGS=${args}'\n`)]),
      { path: SHARED, mode: 0o644, content: { kind: 'json', entries, indent: 2 }, because: BECAUSE },
    ],
    units: [
      { name: 'containerd.service', inputs: [CONTAINERD], because: BECAUSE },
      { name: 'kubelet.service', inputs: ['/etc/systemd/system/kubelet.service', DROP_IN, SHARED], because: BECAUSE },
    ],
    decisions: [],
    warnings: [],
  };
};

export interface Place {
  readonly root: string;
  readonly live: boolean;
  readonly systemd: Systemd;
  readonly searchPath: string;
}

/** A directory with what an image brings: the unit of containerd. */
export const makeRoot = (dir: string): string => {
  writeBelow(dir, 'usr/lib/systemd/system/containerd.service', '[Service]\n[Install]\nWantedBy=multi-user.target\n');
  return dir;
};

export const writeBelow = (root: string, path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

export const planFor = async (place: Place, wish: Wish = {}): Promise<Plan> => {
  const desired = desiredOf(wish);
  const units = desired.units.map(({ name }) => name);
  const observed = await observe(pathsOf(desired, readManifest(place.root)), units, place);
  const { value, diagnostics } = planOf(desired, observed);
  if (value === undefined) throw new Error(JSON.stringify(diagnostics));
  return value;
};

export const apply = (plan: Plan, place: Place, options: Partial<ApplyOptions> = {}): Promise<ApplyResult> =>
  applyPlan(plan, { ...place, now: () => new Date('2026-01-02T03:04:05Z'), ...options });

/** Plans and applies; throws what stopped it. */
export const converge = async (place: Place, wish: Wish = {}, options: Partial<ApplyOptions> = {}): Promise<ApplyResult> => {
  const result = await apply(await planFor(place, wish), place, options);
  if (result.error) throw result.error;
  return result;
};

/** `make-directory /etc/x`, `start-unit kubelet.service`, by plan or result. */
export const namesOf = (actions: readonly { kind: string; path?: string; unit?: string }[]): string[] =>
  actions.map(({ kind, path, unit }) => [kind, path ?? unit].filter(Boolean).join(' '));

/** Every file below a directory: text or link by path. */
export const treeIn = (root: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => [join(entry.parentPath, entry.name), entry] as const)
      .map(
        ([path, entry]) =>
          [path.slice(root.length), entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, 'utf8')] as const,
      )
      .sort(([a], [b]) => a.localeCompare(b)),
  );

/** The same without bootwright's own records, which count generations and hold times. */
export const nodeIn = (root: string): Record<string, string> =>
  Object.fromEntries(Object.entries(treeIn(root)).filter(([path]) => !/^\/(var\/lib|run)\/bootwright\//.test(path)));

/** Inode and change time of everything: equal means untouched. */
export const stampsIn = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { ino, mtimeMs, ctimeMs } = statSync(join(root, path), { throwIfNoEntry: false }) ?? {};
      return `${path} ${ino} ${mtimeMs} ${ctimeMs}`;
    });
