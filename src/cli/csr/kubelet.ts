/** The kubelet of this machine, or of an image: how it serves, by its own files and flags, and whether it runs. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Answer, ServingConfig, Unit } from '../../core/csr/observation.ts';
import { type ConfigFile, type KubeletServing, kubeletServingOf } from '../../core/csr/serving-config.ts';
import { NodeError } from '../../core/errors.ts';
import { environmentValueIn } from '../../core/formats/unit.ts';
import { type JournalCause, journalCauseOf } from '../../core/journal-causes.ts';
import { type KubeletArg, kubeletArgsOf, kubeletFlagsOf } from '../../core/kubelet/extra-args.ts';
import {
  KUBECONFIG,
  KUBELET_ARGS_DROP_IN,
  KUBELET_CONFIG,
  KUBELET_EXTRA_ARGS_DROP_IN,
  NODEADM_KUBELET_CONFIG,
  NODEADM_KUBELET_DROP_IN_DIR,
  NODEADM_KUBELET_ENVIRONMENT,
} from '../../core/paths.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { fileInRoot, readText } from '../../facts/files.ts';
import { namesIn } from '../../node/filesystem.ts';
import { type KubeletProcess, readKubeletProcess } from '../../node/kubelet-process.ts';
import type { Machine } from '../machine.ts';

const UNIT = 'kubelet.service';

export interface KubeletHere {
  readonly nodeName: string;
  /** Before 1.26 the cloud provider in the kubelet asks EC2 for the name; and of a kubelet that nothing is known of, it is a guess, too. */
  readonly isNameGuessed: boolean;
  readonly config: Answer<ServingConfig>;
  readonly serving: Omit<KubeletServing, 'config'>;
  readonly kubeconfig: string;
  readonly unit?: Unit;
}

const secondsBefore = (now: Date, seconds: number): string => timestampOf(new Date(now.getTime() - seconds * 1000));

const readIn = (root: string, path: string): string | null => readText(fileInRoot(root, path), path);

/** A file that cannot be read is no reason not to look at the rest. */
const triedText = (root: string, path: string): string => {
  try {
    return readIn(root, path) ?? '';
  } catch (error) {
    if (error instanceof NodeError) return '';
    throw error;
  }
};

/** Of what runs; else of the files that start it. */
const flagsOf = (root: string, process: KubeletProcess | undefined): readonly KubeletArg[] => {
  if (process !== undefined) return kubeletFlagsOf(process.args).flags;
  const dropIns = [KUBELET_ARGS_DROP_IN, KUBELET_EXTRA_ARGS_DROP_IN].map((path) => environmentValueIn(triedText(root, path)) ?? '');
  const environment = /^NODEADM_KUBELET_ARGS="?(.*?)"?$/m.exec(triedText(root, NODEADM_KUBELET_ENVIRONMENT))?.[1] ?? '';
  return [...dropIns, environment].flatMap((text) => kubeletArgsOf(text).flags);
};

const flagIn = (flags: readonly KubeletArg[], name: string): string | undefined =>
  flags.findLast((flag) => flag.name === name)?.value || undefined;

/** @throws NodeError */
const configFiles = (root: string, flags: readonly KubeletArg[]): readonly ConfigFile[] => {
  const given = flagIn(flags, 'config');
  const candidates = given === undefined ? [NODEADM_KUBELET_CONFIG, KUBELET_CONFIG] : [given];
  for (const path of candidates) {
    const text = readIn(root, path);
    if (text === null) continue;
    const dir =
      flagIn(flags, 'config-dir') ?? (given === undefined && path === NODEADM_KUBELET_CONFIG ? NODEADM_KUBELET_DROP_IN_DIR : undefined);
    const names =
      dir === undefined
        ? []
        : namesIn(root, dir)
            .filter((name) => name.endsWith('.conf'))
            .sort();
    return [{ path, text }, ...names.map((name) => ({ path: join(dir ?? '', name), text: readIn(root, join(dir ?? '', name)) ?? '' }))];
  }
  throw new NodeError('CONFIG', `there is no kubelet configuration (${candidates.join(', ')})`, {
    remedy: 'Run `bootwright csr` on a node, or --all with a kubeconfig.',
  });
};

const seenUnit = async ({ live, systemd }: Machine, now: Date): Promise<{ readonly unit?: Unit; readonly process?: KubeletProcess }> => {
  if (!live) return {};
  const state = await systemd.states([UNIT]).then(
    (states) => states.get(UNIT),
    (error: unknown) => {
      if (error instanceof NodeError) return undefined; // no systemd here
      throw error;
    },
  );
  if (state === undefined) return {};
  const process = readKubeletProcess(state.mainPid);
  const active = state.load === 'not-found' ? '' : state.active;
  const since = process === undefined ? {} : { since: secondsBefore(now, process.secondsUp) };
  return { unit: { active, hasFailed: state.active === 'failed' || state.load !== 'loaded', ...since }, ...(process ? { process } : {}) };
};

export const seeKubelet = async (machine: Machine, now: Date): Promise<KubeletHere> => {
  const { root } = machine;
  const { unit, process } = await seenUnit(machine, now);
  const flags = flagsOf(root, process);
  const override = flagIn(flags, 'hostname-override');
  const { config, ...serving } = servingOf(root, flags);
  return {
    nodeName: (override ?? hostname()).trim().toLowerCase(),
    isNameGuessed: flags.length === 0 || flagIn(flags, 'cloud-provider') === 'aws',
    config,
    serving,
    kubeconfig: flagIn(flags, 'kubeconfig') ?? KUBECONFIG,
    ...(unit ? { unit } : {}),
  };
};

const servingOf = (
  root: string,
  flags: readonly KubeletArg[],
): Omit<KubeletServing, 'config'> & { readonly config: Answer<ServingConfig> } => {
  try {
    const { config, ...rest } = kubeletServingOf(flags, configFiles(root, flags));
    return { config: { ok: true, value: config }, ...rest };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const { code, message: text, remedy } = error;
    const { config: _, ...rest } = kubeletServingOf(flags, []);
    const kind = code === 'NO_INPUT' ? 'unreadable' : 'no-kubelet-config';
    return { ...rest, config: { ok: false, failure: { kind, code: 'CONFIG', text, ...(remedy === undefined ? {} : { remedy }) } } };
  }
};

/** What the kubelet's journal of the last minutes says. */
export const journalCause = async ({ live, systemd }: Machine, now: Date): Promise<JournalCause | undefined> => {
  if (!live) return undefined;
  const lines = await systemd.journal(UNIT, { lines: 300, sinceMs: now.getTime() - 15 * 60_000 }).catch((): string[] => []);
  return journalCauseOf(lines);
};
