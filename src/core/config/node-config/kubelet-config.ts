/**
 * A KubeletConfiguration that a user wrote: do the fields exist in this kubelet, and are their values of the kind it reads? By the field
 * tables that are generated of Kubernetes' own types. nodeadm passes it on as it is; the kubelet then does not start, or drops what it
 * does not know.
 */
import { KUBELET_CONFIG_FIELDS, KUBELET_FEATURE_GATES } from '../../data/kubelet-config.ts';
import { kindOf, type Tree } from '../../formats/tree.ts';
import { compareMinors } from '../../kubelet/versions.ts';
import { nearestOf } from '../../nearest.ts';
import { shown } from '../bootstrap-flags-values.ts';
import type { Findings, Path, TextCheck, TreeCheck } from './fields.ts';
import { checkDuration, checkIp, checkQualifiedName, checkQuantity, checkTaintEffect, checkWord, fault, isQuantity } from './values.ts';

interface Range {
  readonly first: string;
  readonly last: string;
}

interface KubeletField extends Range {
  readonly name: string;
  readonly form: string;
}

const rangeOf = (range: string): Range => {
  const [first = '', last = ''] = range.split('-');
  return { first, last };
};

/** The minors that the tables are about. */
export const KNOWN_MINORS: readonly string[] = ['1.28', '1.29', '1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36'];
const KNOWN: Range = { first: KNOWN_MINORS[0] ?? '', last: KNOWN_MINORS.at(-1) ?? '' };

/** All fields of a struct, of any minor. */
const fieldsOf = (struct: string): readonly KubeletField[] =>
  Object.entries(KUBELET_CONFIG_FIELDS).flatMap(([range, fields]) =>
    fields.split(' ').flatMap((field) => {
      if (!field.startsWith(`${struct}.`)) return [];
      const [name = '', form = ''] = field.slice(struct.length + 1).split('=');
      return [{ ...rangeOf(range), name, form }];
    }),
  );

/** Fields that some minor has at the top, for completion. */
export const KUBELET_CONFIG_KEYS: readonly string[] = fieldsOf('KubeletConfiguration').map(({ name }) => name);

/** A version outside of what the tables know is not judged. */
const judged = (version: string | undefined): string | undefined =>
  version !== undefined && compareMinors(version, KNOWN.first) >= 0 && compareMinors(version, KNOWN.last) <= 0 ? version : undefined;

const isIn = ({ first, last }: Range, version: string): boolean => compareMinors(version, first) >= 0 && compareMinors(version, last) <= 0;

const misfit = (what: string, range: Range, version: string) =>
  compareMinors(version, range.first) < 0
    ? fault('kubelet-field-too-new', `${what} exists from kubelet ${range.first} on; this node has ${version}`, 'Leave it out.')
    : fault('kubelet-field-removed', `${what} exists up to kubelet ${range.last}; this node has ${version}`, 'Leave it out.');

/** What more is known of a value than its kind, by its path below the configuration; `*` is any key or index. */
const TEXT_CHECKS: { readonly [path: string]: TextCheck } = {
  kind: checkWord(['KubeletConfiguration']),
  apiVersion: checkWord(['kubelet.config.k8s.io/v1beta1']),
  'clusterDNS.*': checkIp,
  'kubeReserved.*': checkQuantity,
  'systemReserved.*': checkQuantity,
  'evictionSoftGracePeriod.*': checkDuration,
  'evictionHard.*': (text) => checkThreshold(text),
  'evictionSoft.*': (text) => checkThreshold(text),
  'evictionMinimumReclaim.*': (text) => checkThreshold(text),
  containerLogMaxSize: checkQuantity,
  cgroupDriver: checkWord(['systemd', 'cgroupfs']),
  cpuManagerPolicy: checkWord(['none', 'static']),
  memoryManagerPolicy: checkWord(['None', 'Static']),
  topologyManagerPolicy: checkWord(['none', 'best-effort', 'restricted', 'single-numa-node']),
  topologyManagerScope: checkWord(['container', 'pod']),
  hairpinMode: checkWord(['promiscuous-bridge', 'hairpin-veth', 'none']),
  'registerWithTaints.*.effect': checkTaintEffect,
  'registerWithTaints.*.key': checkQualifiedName,
  'enforceNodeAllocatable.*': checkWord([
    ...['none', 'pods', 'system-reserved', 'kube-reserved', 'system-reserved-compressible', 'kube-reserved-compressible'],
  ]),
  reservedSystemCPUs: (text) =>
    /^\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?){0,200}$|^$/.test(text)
      ? undefined
      : fault('invalid-cpu-set', `${shown(text)} is no list of CPUs`, 'Write numbers and ranges: 0-1,8.'),
};

const checkThreshold: TextCheck = (text) =>
  isQuantity(text) || /^(?:100|\d{1,2})(?:\.\d{1,6})?%$/.test(text)
    ? undefined
    : fault('invalid-quantity', `${shown(text)} is neither a quantity nor a percentage`, 'Write 100Mi or 10%.');

/** Fields whose number may not be negative, or must be more. */
const LEAST: { readonly [path: string]: number } = {
  maxPods: 0,
  podsPerCore: 0,
  maxParallelImagePulls: 1,
  imageGCHighThresholdPercent: 0,
  imageGCLowThresholdPercent: 0,
};

export const checkKubeletConfig: TreeCheck = (tree, path, findings) => {
  const version = judged(findings.kubelet);
  checkStruct(tree, 'KubeletConfiguration', { path, below: [], findings, version });
};

interface Place {
  readonly path: Path;
  /** Below the configuration. */
  readonly below: readonly string[];
  readonly findings: Findings;
  readonly version: string | undefined;
}

const inside = (place: Place, key: string | number): Place => ({
  ...place,
  path: [...place.path, key],
  below: [...place.below, typeof key === 'number' ? '*' : key],
});

const checkStruct = (tree: Tree, struct: string, place: Place): void => {
  if (tree.kind !== 'object') {
    sayKind(tree, 'an object', place);
    return;
  }
  const known = fieldsOf(struct);
  for (const [name, value] of tree.entries) {
    const field = known.find((candidate) => candidate.name === name);
    const here = inside(place, name);
    if (field === undefined) {
      const near = nearestOf(
        name,
        known.map((candidate) => candidate.name),
      );
      const message = `no kubelet from ${KNOWN.first} to ${KNOWN.last} has this field`;
      place.findings.say(
        fault('unknown-kubelet-field', message, near === undefined ? 'Leave it out.' : `Did you mean ${near}?`),
        here.path,
        value.at,
      );
    } else if (place.version !== undefined && !isIn(field, place.version))
      place.findings.say(misfit('this field', field, place.version), here.path, value.at);
    else checkForm(value, field.form, here);
  }
};

const KINDS: { readonly [form: string]: string } = {
  bool: 'true or false',
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  duration: 'a duration in quotes',
  quantity: 'a quantity',
};

const isKind = (value: boolean | number | string, form: string): boolean => {
  if (form === 'bool') return typeof value === 'boolean';
  if (form === 'int') return typeof value === 'number' && Number.isInteger(value);
  if (form === 'number') return typeof value === 'number';
  return typeof value === 'string' || (form === 'quantity' && typeof value === 'number');
};

/** null counts as not given everywhere. */
const checkForm = (tree: Tree, form: string, place: Place): void => {
  if (tree.kind === 'scalar' && tree.value === null) return;
  if (form.startsWith('map:')) {
    checkMap(tree, form.slice(4), place);
    return;
  }
  if (form.startsWith('[]')) {
    if (tree.kind !== 'array') {
      sayKind(tree, 'a list', place);
      return;
    }
    for (const [index, item] of tree.items.entries()) checkForm(item, form.slice(2), inside(place, index));
    return;
  }
  const [plain = '', other] = form.split('|');
  if (KINDS[plain] === undefined) {
    checkStruct(tree, plain, place);
    return;
  }
  if (tree.kind !== 'scalar' || tree.value === null) {
    sayKind(tree, KINDS[plain], place);
    return;
  }
  if (other !== undefined && isKind(tree.value, other)) return;
  if (!isKind(tree.value, plain)) {
    sayKind(tree, KINDS[plain], place);
    return;
  }
  checkScalar(tree, tree.value, plain, place);
};

const checkScalar = (tree: Tree, value: boolean | number | string, form: string, place: Place): void => {
  const key = place.below.join('.');
  if (typeof value === 'number' && value < (LEAST[key] ?? Number.NEGATIVE_INFINITY))
    place.findings.say(fault('invalid-number', `${value} is less than ${LEAST[key]}`, 'Write a larger number.'), place.path, tree.at);
  if (typeof value !== 'string') return;
  const check = form === 'duration' ? checkDuration : form === 'quantity' ? checkQuantity : textCheckOf(place.below);
  const finding = check?.(value);
  if (finding !== undefined) place.findings.say(finding, place.path, tree.at);
};

const textCheckOf = (below: readonly string[]): TextCheck | undefined =>
  TEXT_CHECKS[below.join('.')] ?? TEXT_CHECKS[[...below.slice(0, -1), '*'].join('.')];

const checkMap = (tree: Tree, form: string, place: Place): void => {
  if (tree.kind !== 'object') {
    sayKind(tree, 'an object', place);
    return;
  }
  for (const [key, value] of tree.entries) {
    const here = inside(place, key);
    if (here.below.join('.') === `featureGates.${key}`) checkGate(key, value, here);
    checkForm(value, form, here);
  }
};

const checkGate = (gate: string, { at }: Tree, { findings, path, version }: Place): void => {
  const ranges = Object.entries(KUBELET_FEATURE_GATES).filter(([, gates]) => ` ${gates} `.includes(` ${gate} `));
  const [found] = ranges;
  if (found === undefined) {
    const all = Object.values(KUBELET_FEATURE_GATES).flatMap((gates) => gates.split(' '));
    const near = nearestOf(gate, all);
    const message = `no kubelet from ${KNOWN.first} to ${KNOWN.last} has this feature gate; it will not start with it`;
    findings.say(fault('unknown-feature-gate', message, near === undefined ? 'Leave it out.' : `Did you mean ${near}?`), path, at);
  } else if (version !== undefined && !isIn(rangeOf(found[0]), version))
    findings.say(misfit('this feature gate', rangeOf(found[0]), version), path, at);
};

const sayKind = (tree: Tree, wanted: string, { findings, path }: Place): void => {
  const remedy = wanted === 'text' && tree.kind === 'scalar' ? 'Put it in quotes.' : `Write ${wanted}.`;
  findings.say(fault('invalid-type', `should be ${wanted}, not ${kindOf(tree)}`, remedy), path, tree.at);
};
