/** The kubelet's configuration as it will be by a plan: files that the plan writes, drop-ins that are there besides, flags. */
import type { Plan } from '../desired.ts';
import { jsonTree } from '../formats/json-tree.ts';
import { jsonOf } from '../formats/tree.ts';
import { yamlTree } from '../formats/yaml-tree.ts';
import * as paths from '../paths.ts';
import { type Diagnostic, type Json, warningAt } from '../report.ts';
import type { NodeSpec } from '../spec.ts';
import { flagLayersOf } from './config-flags.ts';
import { kubeletArgsOf } from './extra-args.ts';
import { type Layer, type MergedKey, mergedKubeletConfigOf } from './merged-config.ts';

/** A file below the directory of drop-ins. */
export interface DropInFile {
  readonly path: string;
  /** null: it cannot be read. */
  readonly text: string | null;
}

export interface PlannedKubeletConfig {
  /** In the order in which the kubelet reads them. */
  readonly files: readonly string[];
  readonly keys: readonly MergedKey[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Where the kubelet of a target looks for drop-ins, if it is told to. */
export const dropInDirectoryOf = ({ target }: NodeSpec): string | undefined =>
  target === 'amazon-linux-2023' ? paths.NODEADM_KUBELET_DROP_IN_DIR : undefined;

/** All words behind `kubelet`. On Amazon Linux 2 some stand in the unit itself. */
const commandLineOf = (spec: NodeSpec, { decisions, files }: Plan): string => {
  const decided = (key: string): string => String(decisions.find((decision) => decision.key === key)?.value ?? '');
  if (spec.target === 'amazon-linux-2023') return decided('kubeletFlags');
  const unit = files.find(({ path }) => path === paths.KUBELET_UNIT)?.text.replaceAll(/\\\n/g, ' ') ?? '';
  const start = /^ExecStart=\S+(.*)$/m.exec(unit)?.[1]?.replaceAll(/\$\{?KUBELET_(?:EXTRA_)?ARGS\}?/g, '') ?? '';
  return [start, decided('kubeletArgs'), spec.kubelet.extraArgs?.value ?? ''].join(' ');
};

/** As filepath.WalkDir goes: by name, directory by directory. */
const inWalkOrder = (a: string, b: string): number => {
  const [left, right] = [a, b].map((path) => path.replaceAll('/', '\0'));
  return (left ?? '') < (right ?? '') ? -1 : 1;
};

interface Read {
  readonly layers: readonly Layer[];
  readonly diagnostics: readonly Diagnostic[];
}

const NOT_STARTED = 'the kubelet does not start with it';

const layerOf = ({ path, text }: DropInFile): Read => {
  const bad = (why: string, remedy: string): Read => ({
    layers: [],
    diagnostics: [warningAt('bad-kubelet-drop-in', path, `${why}: ${NOT_STARTED}`, remedy)],
  });
  if (text === null) return bad('it cannot be read', 'Make it a regular file that root may read, or remove it.');
  const { tree, faults } = /^\s*\{/.test(text) ? jsonTree(text) : yamlTree(text);
  if (tree?.kind !== 'object')
    return bad(`it is no object (${faults[0]?.message ?? 'another kind of value'})`, 'Correct it, or remove it.');
  const patch = jsonOf(tree) as { readonly [key: string]: Json };
  if (patch['kind'] !== 'KubeletConfiguration' || patch['apiVersion'] !== 'kubelet.config.k8s.io/v1beta1')
    return bad('it is no KubeletConfiguration', 'Write apiVersion: kubelet.config.k8s.io/v1beta1 and kind: KubeletConfiguration.');
  return { layers: [{ by: path, patch }], diagnostics: [] };
};

const unread = (files: readonly DropInFile[], directory: string): readonly Diagnostic[] =>
  files.map(({ path }) => {
    const isNamed = path.endsWith('.conf');
    return isNamed
      ? warningAt(
          'unread-kubelet-drop-in',
          path,
          'the kubelet does not read it: it is given no --config-dir',
          `Give it ${directory} by a flag, or by spec.bootwright.kubeletDropIns in a NodeConfig.`,
        )
      : warningAt('unread-kubelet-drop-in', path, 'the kubelet does not read it: its name does not end in .conf', 'Rename it.');
  });

/** undefined: what the kubelet reads is none of our files. `found`: what is in the directory of drop-ins now. */
export const plannedKubeletConfigOf = (
  spec: NodeSpec,
  plan: Plan,
  found: readonly DropInFile[],
  kubeletVersion: string,
): PlannedKubeletConfig | undefined => {
  const words = commandLineOf(spec, plan);
  const flagOf = (name: string): string | undefined =>
    kubeletArgsOf(words).flags.findLast((flag) => flag.name === name)?.value ?? undefined;
  const file = plan.files.find(({ path }) => path === flagOf('config'));
  const base = file === undefined ? undefined : layerBelow(file.path, file.text);
  if (file === undefined || base === undefined) return undefined;
  const directory = flagOf('config-dir');
  const written = plan.files.filter(({ path }) => directory !== undefined && path.startsWith(`${directory}/`));
  const removed = new Set(plan.actions.flatMap((action) => (action.kind === 'remove-file' ? [action.path] : [])));
  const others = found.filter(({ path }) => !removed.has(path) && !written.some((one) => one.path === path));
  const isRead = ({ path }: DropInFile): boolean => directory !== undefined && path.startsWith(`${directory}/`) && path.endsWith('.conf');
  const dropIns = [...written, ...others.filter(isRead)].sort((a, b) => inWalkOrder(a.path, b.path)).map(layerOf);
  const layers = dropIns.flatMap((one) => one.layers);
  const keys = mergedKubeletConfigOf({ file: base, dropIns: layers, flags: flagLayersOf(words) }, kubeletVersion);
  return {
    files: [base, ...layers].map(({ by }) => by),
    keys,
    diagnostics: [
      ...dropIns.flatMap((one) => one.diagnostics),
      ...unread(
        others.filter((one) => !isRead(one)),
        directory ?? dropInDirectoryOf(spec) ?? '',
      ),
    ],
  };
};

const layerBelow = (by: string, text: string): Layer | undefined => {
  const { tree } = jsonTree(text);
  return tree?.kind === 'object' ? { by, patch: jsonOf(tree) as Layer['patch'] } : undefined;
};
