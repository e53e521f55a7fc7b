/** What is wrong with several settings together, each of which is right. */
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import { certificatesOf } from '../certificate.ts';
import { type Mark, markAt, type Tree } from '../formats/tree.ts';
import type { Json } from '../report.ts';
import { advice, deadly, type Finding, ignored, refused } from './finding.ts';

type Path = readonly string[];
export type Say = (finding: Finding, path: Path, at: Mark) => void;

interface Whole {
  readonly tree: Tree;
  readonly say: Say;
}

const nodeAt = ({ tree }: Whole, path: Path): Tree | undefined =>
  path.reduce<Tree | undefined>((node, key) => (node?.kind === 'object' ? node.entries.get(key) : undefined), tree);
const valueAt = (whole: Whole, path: Path): Json | undefined => {
  const node = nodeAt(whole, path);
  return node?.kind === 'scalar' ? node.value : undefined;
};
const keysAt = (whole: Whole, path: Path): readonly string[] => {
  const node = nodeAt(whole, path);
  return node?.kind === 'object' ? [...node.entries.keys()] : [];
};
const sayAt = ({ tree, say }: Whole, finding: Finding, path: Path): void => say(finding, path, markAt(tree, path));

const K = ['settings', 'kubernetes'];
const k = (...path: Path): Path => [...K, ...path];

/** Three settings say which cluster; managed node groups, eksctl and Karpenter write all of them, so that none is right, too. */
const identity = (whole: Whole): void => {
  const names = ['cluster-name', 'api-server', 'cluster-certificate'];
  const missing = names.filter((name) => nodeAt(whole, k(name)) === undefined);
  if (missing.length === 0 || missing.length === names.length) return;
  const message = `says which cluster, but not ${missing.join(' and ')}; the node cannot join unless what launches it adds that`;
  sayAt(whole, advice('missing-setting', message, 'Write all three, or leave them to the managed node group, eksctl or Karpenter.'), K);
};

const certificate = (whole: Whole): void => {
  const value = valueAt(whole, k('cluster-certificate'));
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined;
  if (bytes === undefined) return;
  const found = certificatesOf(textOfUtf8(bytes) ?? '');
  if ('code' in found)
    sayAt(
      whole,
      deadly(found.code, `${found.message}; the kubelet does not trust the cluster`, 'Give certificateAuthority.data of the cluster.'),
      k('cluster-certificate'),
    );
};

const eviction = (whole: Whole): void => {
  const graced = keysAt(whole, k('eviction-soft-grace-period'));
  for (const key of keysAt(whole, k('eviction-soft')))
    if (!graced.includes(key))
      sayAt(
        whole,
        deadly('missing-grace-period', 'has no grace period; the kubelet does not start', `Write eviction-soft-grace-period."${key}".`),
        k('eviction-soft', key),
      );
  const hard = keysAt(whole, k('eviction-hard'));
  const missing = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available'].filter((key) => !hard.includes(key));
  if (hard.some((key) => key.includes('.')) && missing.length > 0)
    sayAt(
      whole,
      advice(
        'partial-eviction',
        `replaces all defaults of the kubelet: there is no limit for ${missing.join(', ')} any more`,
        'Write those, too.',
      ),
      k('eviction-hard'),
    );
};

const percentAt = (whole: Whole, path: Path): number | undefined => {
  const value = valueAt(whole, path);
  return value === undefined || value === null || value === '' ? undefined : Number(value);
};

const images = (whole: Whole): void => {
  const [high = 85, low = 80] = [k('image-gc-high-threshold-percent'), k('image-gc-low-threshold-percent')].map((path) =>
    percentAt(whole, path),
  );
  if (high > low) return;
  const path =
    nodeAt(whole, k('image-gc-high-threshold-percent')) === undefined
      ? k('image-gc-low-threshold-percent')
      : k('image-gc-high-threshold-percent');
  sayAt(
    whole,
    deadly(
      'image-gc-order',
      `image collection would begin at ${high} % and end at ${low} %; the kubelet does not start`,
      'Make high more than low (85 and 80 where not given).',
    ),
    path,
  );
};

const UNITS = [3_600_000, 60_000, 1000, 1];
const millisecondsOf = (value: Json | undefined): number | undefined => {
  const parts = /^(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/.exec(String(value ?? 'none'));
  return parts === null ? undefined : UNITS.reduce((sum, unit, index) => sum + unit * Number(parts[index + 1] ?? 0), 0);
};

const shutdown = (whole: Whole): void => {
  const path = k('shutdown-grace-period-for-critical-pods');
  const critical = millisecondsOf(valueAt(whole, path));
  const all = millisecondsOf(valueAt(whole, k('shutdown-grace-period'))) ?? 0;
  if (critical !== undefined && critical > all)
    sayAt(
      whole,
      deadly(
        'shutdown-order',
        'is longer than shutdown-grace-period, of which it is a part; the kubelet does not start',
        'Make it shorter.',
      ),
      path,
    );
};

const dns = (whole: Whole): void => {
  const node = nodeAt(whole, k('cluster-dns-ip'));
  if (node?.kind === 'array' && node.items.length === 0 && nodeAt(whole, k('node-ip')) === undefined)
    sayAt(
      whole,
      refused(
        'empty-list',
        'is empty, and the family of the node’s address is that of the first one; pluto ends there',
        'Name an address, or set node-ip.',
      ),
      k('cluster-dns-ip'),
    );
};

const memory = (whole: Whole): void => {
  const path = k('memory-manager-policy');
  const reserved = k('memory-manager-reserved-memory');
  if (nodeAt(whole, path) === undefined || keysAt(whole, reserved).some((id) => valueAt(whole, [...reserved, id, 'enabled']) === true))
    return;
  sayAt(
    whole,
    ignored(
      'ignored-setting',
      'counts only where memory of a NUMA node is reserved',
      'Write memory-manager-reserved-memory.0 with enabled = true.',
    ),
    path,
  );
};

const tls = (whole: Whole): void => {
  const [certificate, key] = [k('server-certificate'), k('server-key')];
  for (const [one, other] of [
    [certificate, key],
    [key, certificate],
  ] as const)
    if (nodeAt(whole, one) !== undefined && nodeAt(whole, other) === undefined)
      sayAt(whole, ignored('ignored-setting', `counts only together with ${other.at(-1)}`, 'Write both or none.'), one);
  if (nodeAt(whole, k('bootstrap-token')) !== undefined && valueAt(whole, k('authentication-mode')) !== 'tls')
    sayAt(
      whole,
      ignored('ignored-setting', 'counts only with authentication-mode = "tls"', 'Remove it: on AWS nodes show their IAM role.'),
      k('bootstrap-token'),
    );
};

/** Templates take these values as absent. */
const ABSENT: readonly (readonly [Path, Json, string])[] = [
  [k('eviction-max-pod-grace-period'), 0, 'Leave it away, or write 1.'],
  [k('max-parallel-image-pulls'), 0, 'Leave it away: without it there is no limit.'],
  [k('single-process-oom-kill'), false, 'Leave it away.'],
  [k('topology-manager-policy-options', 'prefer-closest-numa-nodes'), false, 'Leave it away.'],
];
const absent = (whole: Whole): void => {
  for (const [path, value, remedy] of ABSENT)
    if (valueAt(whole, path) === value) sayAt(whole, ignored('ignored-setting', `${value} is not passed on to the kubelet`, remedy), path);
};

/** Two containers have their settings by default; every other one needs all of them (bottlerocket #1385). */
const containers = (whole: Whole): void => {
  for (const id of keysAt(whole, ['settings', 'host-containers'])) {
    const path = ['settings', 'host-containers', id];
    const missing = ['enabled', 'superpowered', 'source'].filter((key) => nodeAt(whole, [...path, key]) === undefined);
    if (!['admin', 'control'].includes(id) && missing.length > 0)
      sayAt(
        whole,
        ignored('missing-setting', `has no ${missing.join(', no ')}; it does not run`, 'Write all of enabled, superpowered and source.'),
        path,
      );
  }
  for (const id of keysAt(whole, ['settings', 'bootstrap-containers'])) {
    const path = ['settings', 'bootstrap-containers', id];
    if (nodeAt(whole, [...path, 'source']) === undefined)
      sayAt(whole, ignored('missing-setting', 'has no source; it does not run', 'Write the image.'), path);
  }
};

const signal = (whole: Whole): void => {
  const path = ['settings', 'cloudformation'];
  if (valueAt(whole, [...path, 'should-signal']) !== true) return;
  const missing = ['stack-name', 'logical-resource-id'].filter((key) => (valueAt(whole, [...path, key]) ?? '') === '');
  if (missing.length > 0)
    sayAt(whole, ignored('missing-setting', `has no ${missing.join(', no ')}; CloudFormation hears nothing`, 'Write both names.'), path);
};

const CHECKS = [identity, certificate, eviction, images, shutdown, dns, memory, tls, absent, containers, signal];

/** All of it. */
export const sayWhole = (tree: Tree, say: Say): void => {
  for (const check of CHECKS) check({ tree, say });
};
