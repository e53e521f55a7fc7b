/** What is wrong with a merged NodeConfig as a whole: nodeadm's five checks, and contradictions that it does not see. */
import type { Diagnostic } from '../../report.ts';
import type { NodeConfigBootwright } from './bootwright-fields.ts';
import { pathText } from './decode.ts';
import type { NodeConfigSpec } from './document.ts';
import type { Finding, Path } from './fields.ts';
import type { LocatedNodeConfig } from './merge.ts';
import { advice, fatal, fault } from './values.ts';

export interface RuleOptions {
  readonly isStrict: boolean;
  /** As nodeadm, which never asks EKS: endpoint, certificate authority and CIDR are required. */
  readonly isCompat: boolean;
}

type Say = (finding: Finding, path: Path) => void;

/** Each with the place of the value, or of what stands above it. */
export const ruleDiagnostics = ({ spec, locate }: LocatedNodeConfig, { isStrict, isCompat }: RuleOptions): readonly Diagnostic[] => {
  const diagnostics: Diagnostic[] = [];
  const say: Say = ({ weight, code, message, remedy }, path) => {
    const severity = weight === 'fatal' || (weight === 'fault' && isStrict) ? 'error' : 'warning';
    const { label, mark } = locate(path);
    const where = { path: label, line: mark.line, column: mark.column };
    diagnostics.push({ severity, code, ...where, field: pathText(['spec', ...path]), message, remedy });
  };
  const ours = (spec.bootwright ?? {}) as NodeConfigBootwright;
  sayCluster(spec, isCompat || ours.describeCluster === false, say);
  sayPods(spec, ours, say);
  sayVolumes(spec, say);
  return diagnostics;
};

const DESCRIBED = ['apiServerEndpoint', 'certificateAuthority', 'cidr'] as const;

const sayCluster = ({ cluster = {} }: NodeConfigSpec, isRequired: boolean, say: Say): void => {
  if (cluster.name === undefined) say(fatal('no-cluster-name', 'is missing', 'Write the name of the EKS cluster.'), ['cluster', 'name']);
  const absent = DESCRIBED.filter((name) => cluster[name] === undefined);
  for (const name of isRequired ? absent : [])
    say(fatal('missing-field', 'is missing, and EKS shall not be asked', `Write the value of aws eks describe-cluster.`), [
      'cluster',
      name,
    ]);
  if (!isRequired && absent.length > 0) {
    const list = absent.join(', ');
    const remedy = 'Write them if the role of the node may not call eks:DescribeCluster.';
    say(
      advice(
        'cluster-described',
        `${list} ${absent.length === 1 ? 'is' : 'are'} left out: EKS is asked; nodeadm would refuse this`,
        remedy,
      ),
      ['cluster'],
    );
  }
  if (cluster.enableOutpost === true && cluster.id === undefined)
    say(fatal('no-cluster-id', 'is missing, and enableOutpost is true', 'Write the id of the local cluster.'), ['cluster', 'id']);
};

const sayPods = ({ kubelet = {} }: NodeConfigSpec, ours: NodeConfigBootwright, say: Say): void => {
  const isFixed = kubelet.config?.['maxPods'] !== undefined;
  const byFlag = kubelet.flags?.findIndex((flag) => /^--max[-_]pods(?:=|$|\s)/.test(flag)) ?? -1;
  const winner = byFlag >= 0 ? 'the flag --max-pods' : 'kubelet.config.maxPods';
  if (byFlag >= 0 && isFixed)
    say(advice('doubled-max-pods', 'has no effect: the flag --max-pods beats it', 'Give one of the two.'), [
      'kubelet',
      'config',
      'maxPods',
    ]);
  if (kubelet.maxPodsExpression !== undefined && (isFixed || byFlag >= 0))
    say(advice('doubled-max-pods', `has no effect: ${winner} beats it`, 'Give one of the two.'), ['kubelet', 'maxPodsExpression']);
  if (ours.maxPods !== undefined && (isFixed || byFlag >= 0 || kubelet.maxPodsExpression !== undefined)) {
    const beatenBy = isFixed || byFlag >= 0 ? winner : 'kubelet.maxPodsExpression';
    say(advice('doubled-max-pods', `has no effect: ${beatenBy} beats it`, 'Give one of the two.'), ['bootwright', 'maxPods']);
  }
  for (const name of ['systemReserved', 'reservedSystemCPUs'] as const)
    if (ours[name] !== undefined && kubelet.config?.[name] !== undefined)
      say(advice('doubled-field', `has no effect: kubelet.config.${name} beats it`, 'Give one of the two.'), ['bootwright', name]);
};

/** Directories that go onto the array, and the word that leaves them where they are. */
const ON_THE_ARRAY: readonly (readonly [string, string | undefined])[] = [
  ['/var/lib/kubelet', undefined],
  ['/var/lib/containerd', 'Containerd'],
  ['/var/lib/soci-snapshotter-grpc', 'SOCI'],
  ['/var/log/pods', 'PodLogs'],
];

const sayOnArray = ({ instance }: NodeConfigSpec, directory: string, path: Path, say: Say): void => {
  const { strategy = '', disabledMounts = [] } = instance?.localStorage ?? {};
  const [, word] = ON_THE_ARRAY.find(([one]) => one === directory) ?? [undefined, ''];
  if (!/^raid/i.test(strategy) || word === '' || disabledMounts.some((one) => one === word)) return;
  const remedy = word === undefined ? 'Mount the volume elsewhere.' : `Add ${word} to spec.instance.localStorage.disabledMounts.`;
  say(fatal('doubled-mount', `${directory} goes onto the disks of the instance (${strategy}), too`, remedy), path);
};

const sayVolumes = (spec: NodeConfigSpec, say: Say): void => {
  const { instance } = spec;
  const seen = new Set<string>();
  for (const [index, volume] of (instance?.storage?.volumes ?? []).entries()) {
    for (const [at, target] of (volume.mountTargets ?? []).entries()) {
      const directory = target.replace(/\/+$/, '');
      const path = ['instance', 'storage', 'volumes', index, 'mountTargets', at];
      if (seen.has(directory)) say(fault('doubled-mount', `${directory} is the target of two mounts`, 'Mount one volume there.'), path);
      seen.add(directory);
      sayOnArray(spec, directory, path, say);
    }
  }
};
