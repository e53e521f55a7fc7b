/** What a user's extra arguments do to the kubelet. They are only read here: they reach the unit as they were typed. */
import { knownRuntimeOf } from '../container-runtime.ts';
import { KUBELET_FLAGS } from '../data/kubelet-flags.ts';
import type { Facts } from '../facts.ts';
import { nearestOf } from '../nearest.ts';
import { isLocalOutpost } from '../outpost.ts';
import type { Checked, Diagnostic } from '../report.ts';
import type { ContainerRuntime, NodeSpec } from '../spec.ts';
import { compareMinors, gateHolds, kubeletVersionOf, SUPPORTED_KUBELETS } from './versions.ts';

interface Split {
  readonly words: readonly string[];
  /** A quote that is never closed: systemd takes the rest of the text as one word. */
  readonly hasOpenQuote: boolean;
}

/**
 * Words of the text as systemd makes them of `$KUBELET_EXTRA_ARGS` on a command line: split at white space, quotes group and are
 * removed, a backslash takes the next character as it is (systemd.service(5), EXTRACT_RELAX|EXTRACT_UNQUOTE).
 */
export const wordsOf = (text: string): Split => {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') {
      i++;
      word = `${word ?? ''}${text.charAt(i)}`;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = `${word ?? ''}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = `${word ?? ''}${char}`;
    }
  }
  if (word !== undefined) words.push(word);
  return { words, hasOpenQuote: quote !== '' };
};

interface KnownFlag {
  readonly first: string;
  readonly last: string;
  readonly isBoolean: boolean;
}

const knownFlagOf = (name: string): KnownFlag | undefined => {
  for (const [range, flags] of Object.entries(KUBELET_FLAGS)) {
    const list = ` ${flags} `;
    const isBoolean = list.includes(` ${name}! `);
    if (!isBoolean && !list.includes(` ${name} `)) continue;
    const [first = '', last = ''] = range.split('-');
    return { first, last, isBoolean };
  }
  return undefined;
};

/** Every name the kubelet ever had in the supported versions. */
const flagNames = (): readonly string[] => Object.values(KUBELET_FLAGS).flatMap((flags) => flags.replaceAll('!', '').split(' '));

/** Is this a flag of some supported kubelet? `name` with its dashes. */
export const isKubeletFlag = (name: string): boolean => knownFlagOf(name.replace(/^--/, '')) !== undefined;

export interface KubeletArg {
  /** Without dashes, underscores read as dashes. */
  readonly name: string;
  /** null: none given, as boolean flags may. */
  readonly value: string | null;
}

export interface KubeletArgs {
  /** In the order given: for most flags the last one counts. */
  readonly flags: readonly KubeletArg[];
  /** Words that belong to no flag; `***` for one behind a flag that is named like a secret. */
  readonly strays: readonly string[];
  readonly hasOpenQuote: boolean;
}

const SECRET_FLAG = /^--?[\w-]*(?:token|passw(?:or)?d|secret|api[_-]?key|access[_-]?key)[\w-]*$/i;

/** Reads words as the kubelet's flag parser (pflag) does: `--name=value`, `--name value`, `--switch`, `-v 4`. */
export const kubeletFlagsOf = (words: readonly string[]): Pick<KubeletArgs, 'flags' | 'strays'> => {
  const flags: KubeletArg[] = [];
  const strays: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const match = /^(?:--([A-Za-z0-9_-]+)|-([hv]))(?:=([\s\S]*))?$/.exec(word);
    if (match === null) {
      // What follows a flag that no kubelet has may be its value, and this text is shown.
      strays.push(SECRET_FLAG.test(words[i - 1] ?? '') ? '***' : word);
      continue;
    }
    const name = (match[1] ?? match[2] ?? '').replaceAll('_', '-');
    const takesNext = match[3] === undefined && knownFlagOf(name)?.isBoolean === false;
    flags.push({ name, value: match[3] ?? (takesNext ? (words[++i] ?? null) : null) });
  }
  return { flags, strays };
};

/** The same of a text, split as systemd does. */
export const kubeletArgsOf = (text: string): KubeletArgs => {
  const { words, hasOpenQuote } = wordsOf(text);
  return { ...kubeletFlagsOf(words), hasOpenQuote };
};

/** The value that counts of a flag (`max-pods`) in the extra arguments: the last one. */
export const extraArgOf = (spec: NodeSpec, name: string): string | undefined =>
  kubeletArgsOf(spec.kubelet.extraArgs?.value ?? '').flags.findLast((flag) => flag.name === name)?.value ?? undefined;

/** --max-pods in the extra arguments, if it is a number the kubelet takes. */
export const extraMaxPodsOf = (spec: NodeSpec): number | undefined => {
  const value = extraArgOf(spec, 'max-pods');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
};

/**
 * May kubelet-config.json name the reserved cgroups? Not beside --reserved-cpus, which the kubelet refuses together with them.
 * The old script looked for the bare text anywhere, and so do we: a comment-like mention counts the same on both.
 */
export const usesReservedCgroups = (spec: NodeSpec): boolean => !(spec.kubelet.extraArgs?.value ?? '').includes('--reserved-cpus');

/** Flags that stand before the extra arguments on the kubelet's command line, so that those win. */
const OURS: { readonly [name: string]: string } = {
  'node-ip': 'The address that bootwright chose is not used.',
  'hostname-override': 'The node then registers under that name, which the control plane must expect of this instance.',
  'cloud-provider': 'The node may never be made ready by EKS’s cloud controller.',
  config: 'The kubelet-config.json that bootwright writes is not read.',
  kubeconfig: 'The kubeconfig that bootwright writes is not used.',
  'container-runtime-endpoint': 'The containerd that bootwright configures may not be the one in use.',
  'image-credential-provider-config': 'The configuration that bootwright writes is not read.',
  'image-credential-provider-bin-dir': 'The ECR credential provider is looked for there.',
  'container-runtime': 'The runtime that bootwright configures may not be the one in use.',
  'network-plugin': 'Pods then do not get their addresses from the VPC CNI.',
  'bootstrap-kubeconfig': 'The kubeconfig for an Outpost that bootwright writes is not used.',
  'pod-infra-container-image':
    'containerd still uses the pause image that bootwright chose: use --pause-container-version or PAUSE_CONTAINER_IMAGE.',
};

/** Flags that say again what our kubelet-config.json says; on the command line they win. */
const CONFIGURED: { readonly [name: string]: string } = {
  'cluster-dns': 'Use --dns-cluster-ip instead.',
  'kube-reserved': 'Leave it out, or know that kubeReserved in kubelet-config.json no longer counts.',
  'eviction-hard': 'Leave it out, or know that evictionHard in kubelet-config.json no longer counts.',
  'provider-id': 'Leave it out: the cloud controller needs the instance’s own.',
  'cgroup-driver': 'Leave it out: it must be the one of the container runtime.',
};

const warning = (at: string, code: string, message: string, remedy: string): Diagnostic => ({
  severity: 'warning',
  code,
  path: at,
  message,
  remedy,
});

/** What decides which flags are ours. */
interface Node {
  /** undefined: of a kubelet that is refused anyway nothing is known. */
  readonly version: string | undefined;
  readonly runtime: ContainerRuntime | undefined;
  readonly isOutpost: boolean;
}

/** Does bootwright give this flag to a kubelet of this node, and with another value? */
const isDoubled = ({ name, value }: KubeletArg, { version, runtime, isOutpost }: Node): boolean => {
  if (name === 'bootstrap-kubeconfig') return isOutpost;
  if (version === undefined) return true;
  if (name === 'network-plugin') return runtime === 'dockerd' && value !== 'cni';
  if (name === 'container-runtime') return value !== (runtime === 'dockerd' ? 'docker' : 'remote');
  if (name === 'container-runtime-endpoint') return runtime !== 'dockerd';
  if (name === 'pod-infra-container-image') return gateHolds('pod-infra-container-image', version);
  const isExternal = gateHolds('cloud-provider-external', version);
  if (name === 'cloud-provider') return value !== (isExternal ? 'external' : 'aws');
  return name !== 'hostname-override' || isExternal;
};

const doubled = (at: string, arg: KubeletArg, node: Node): Diagnostic | undefined => {
  const { name } = arg;
  if (Object.hasOwn(OURS, name)) {
    if (!isDoubled(arg, node)) return undefined;
    return warning(
      at,
      'doubled-kubelet-flag',
      `'--${name}' is given here and by bootwright; the kubelet takes this one`,
      `Leave it out. ${OURS[name]}`,
    );
  }
  if (!Object.hasOwn(CONFIGURED, name)) return undefined;
  return warning(at, 'doubled-kubelet-flag', `'--${name}' beats what bootwright writes into kubelet-config.json`, CONFIGURED[name] ?? '');
};

/** That no kubelet, or not this one, has the flag (without dashes). `version` undefined: of no kubelet at all. */
export const unknownFlagOf = (at: string, name: string, version: string | undefined): Diagnostic | undefined => {
  const known = knownFlagOf(name === 'h' ? 'help' : name);
  if (known === undefined) {
    const near = nearestOf(name, flagNames());
    const message = `'--${name}' is no flag of any kubelet from ${SUPPORTED_KUBELETS.first} to ${SUPPORTED_KUBELETS.last}; the kubelet will not start with it`;
    return warning(at, 'unknown-kubelet-flag', message, near === undefined ? 'Leave it out.' : `Did you mean --${near}?`);
  }
  if (version === undefined) return undefined;
  if (compareMinors(version, known.first) < 0) {
    return warning(
      at,
      'kubelet-flag-too-new',
      `'--${name}' exists from kubelet ${known.first} on; kubelet ${version} will not start with it`,
      'Leave it out.',
    );
  }
  if (compareMinors(version, known.last) <= 0) return undefined;
  return warning(
    at,
    'kubelet-flag-removed',
    `'--${name}' exists up to kubelet ${known.last}; kubelet ${version} will not start with it`,
    'Leave it out.',
  );
};

const maxPodsWarning = (spec: NodeSpec, at: string): readonly Diagnostic[] => {
  const value = extraArgOf(spec, 'max-pods');
  if (value !== undefined && !/^\d{1,9}$/.test(value)) {
    return [
      warning(
        at,
        'invalid-max-pods',
        `--max-pods=${value} is no number; the kubelet will not start with it`,
        'Write a whole number, as in --max-pods=110.',
      ),
    ];
  }
  if (value === undefined || !spec.kubelet.useMaxPods.value) return [];
  const remedy = 'Add --use-max-pods false, so that only one of them is written.';
  return [
    warning(at, 'doubled-max-pods', `--max-pods=${value} is given here, and bootwright writes maxPods; the kubelet takes ${value}`, remedy),
  ];
};

/** Labels in Kubernetes' own namespaces that a kubelet may put on its node (k8s.io/kubelet/pkg/apis/well_known_labels.go); it exits over others. */
const OWN_LABELS =
  /^(?:(?:[^/]+\.)?(?:kubelet|node)\.kubernetes\.io\/|kubernetes\.io\/(?:hostname|os|arch)$|beta\.kubernetes\.io\/(?:instance-type|os|arch)$|(?:topology|failure-domain\.beta)\.kubernetes\.io\/(?:zone|region)$)/;
export const isForbiddenLabel = (key: string): boolean => /^(?:[^/]+\.)?(?:kubernetes|k8s)\.io\//.test(key) && !OWN_LABELS.test(key);

const labelWarnings = (args: KubeletArgs, at: string): readonly Diagnostic[] => {
  const keys = args.flags
    .filter(({ name }) => name === 'node-labels')
    .flatMap(({ value }) => (value ?? '').split(',').map((label) => label.split('=')[0]?.trim() ?? ''));
  return [...new Set(keys)].filter(isForbiddenLabel).map((key) => {
    const message = `the label ${key} is not for kubelets to set; the kubelet will not start with it`;
    return warning(at, 'forbidden-node-label', message, 'Use a label outside kubernetes.io and k8s.io, or set it through the API.');
  });
};

/** All that is wrong with, or surprising about, the extra arguments. The value is empty when none are given. */
export const extraArgsOf = (spec: NodeSpec, facts: Facts): Checked<KubeletArgs> => {
  const given = spec.kubelet.extraArgs;
  const args = kubeletArgsOf(given?.value ?? '');
  if (given === undefined) return { value: args, diagnostics: [] };
  const version = kubeletVersionOf(facts).value?.value;
  const node = {
    version,
    runtime: spec.target === 'amazon-linux-2' ? knownRuntimeOf(spec, facts) : ('containerd' as const),
    isOutpost: isLocalOutpost(spec, facts) === true,
  };
  const last = new Map(args.flags.map((flag) => [flag.name, flag]));
  const diagnostics = [...last.values()].flatMap(
    (flag) => unknownFlagOf(given.at, flag.name, version) ?? doubled(given.at, flag, node) ?? [],
  );
  diagnostics.push(...maxPodsWarning(spec, given.at), ...labelWarnings(args, given.at));
  for (const stray of args.strays) {
    diagnostics.push(
      warning(
        given.at,
        'stray-kubelet-word',
        `'${stray}' belongs to no flag; the kubelet will not start with it`,
        'Put a value with spaces in quotes.',
      ),
    );
  }
  if (args.hasOpenQuote)
    diagnostics.push(warning(given.at, 'open-quote', 'a quote is opened and never closed', 'Close it, or leave it out.'));
  return { value: args, diagnostics };
};
