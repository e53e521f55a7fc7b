/**
 * `spec.bootwright`: what users of nodeadm have asked for since 2024 and it does not do. nodeadm ignores fields that it does not know, so
 * that one document serves both programs.
 */
import type { Tree } from '../../formats/tree.ts';
import { bool, count, type Findings, list, map, object, type Path, text } from './fields.ts';
import * as check from './values.ts';

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

interface ImageCredentialProvider {
  readonly name: string;
  readonly apiVersion?: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheDuration: string;
  readonly args?: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

export interface Hook {
  readonly command: readonly string[];
  /** `30s`; an hour at most. */
  readonly deadline?: string;
}

export type MaxPodsMode = 'eni' | 'prefix-delegation' | 'custom-networking' | 'custom-networking-prefix-delegation';
const MODES: readonly MaxPodsMode[] = ['eni', 'prefix-delegation', 'custom-networking', 'custom-networking-prefix-delegation'];

export interface NodeConfigBootwright {
  readonly describeCluster?: boolean;
  readonly kubeletDropIns?: boolean;
  readonly labels?: { readonly [key: string]: string };
  readonly taints?: readonly Taint[];
  /** Each absent field leaves the number as it is. */
  readonly maxPods?: { readonly mode?: string; readonly cap?: number; readonly reserve?: number };
  /** Quantities by resource beat those of the preset. */
  readonly systemReserved?: {
    readonly preset?: string;
    readonly cpu?: string;
    readonly memory?: string;
    readonly 'ephemeral-storage'?: string;
    readonly pid?: string;
  };
  /** Exactly one of the two. */
  readonly reservedSystemCPUs?: { readonly count?: number; readonly percent?: number };
  readonly proxy?: { readonly http?: string; readonly https?: string; readonly noProxy?: readonly string[] };
  readonly sysctls?: { readonly [name: string]: string };
  readonly registryMirrors?: { readonly [registry: string]: readonly string[] };
  readonly imageCredentialProviders?: readonly ImageCredentialProvider[];
  readonly hooks?: { readonly pre?: readonly Hook[]; readonly post?: readonly Hook[] };
}

interface Reserved {
  readonly cpu: string;
  readonly memory: string;
  readonly 'ephemeral-storage': string;
}

/** What `systemReserved.preset` stands for. For sshd, journald, systemd, chronyd and the SSM agent; `large` with agents of security tools beside them. */
export const SYSTEM_RESERVED_PRESETS: { readonly [preset in 'none' | 'standard' | 'large']: Reserved | undefined } = {
  none: undefined,
  standard: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '1Gi' },
  large: { cpu: '200m', memory: '512Mi', 'ephemeral-storage': '2Gi' },
};

const quantity = (about: string) => text(about, { check: check.checkQuantity, takesNumbers: true, form: 'quantity' });

const LONGEST_HOOK_SECONDS = 3600;
const UNITS: { readonly [unit: string]: number } = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, μs: 1e-6, ns: 1e-9 };

export const HOOK_DEADLINE = '30s';

/** Seconds of a duration that `checkDuration` accepts. */
export const secondsOf = (duration: string): number =>
  [...duration.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0),
    0,
  );

const checkDeadline = (duration: string) => {
  const wrong = check.checkDuration(duration);
  if (wrong !== undefined) return wrong;
  const seconds = duration.startsWith('-') ? -1 : secondsOf(duration);
  return seconds > 0 && seconds <= LONGEST_HOOK_SECONDS
    ? undefined
    : check.fault('invalid-duration', `${duration} is not between 1s and 1h`, 'Give the hook the time that it needs at most.');
};

const hook = () =>
  object<Hook>(
    'a program to run',
    {
      command: list('program and arguments; no shell unless it is named', text('a word', { check: check.checkEnvValue, keepsEmpty: true })),
      deadline: text('when it is killed and the run fails', { check: checkDeadline, fallback: HOOK_DEADLINE, form: 'duration' }),
    },
    { required: ['command'] },
  );

/** Exactly one of count and percent. */
const checkCpus = (tree: Tree, path: Path, { say }: Findings): void => {
  if (tree.kind !== 'object' || tree.entries.size === 1) return;
  const message = tree.entries.size === 0 ? 'says neither count nor percent' : 'says both count and percent';
  say(check.fault('cpus-either-or', message, 'Give one of the two.'), path, tree.at);
};

export const BOOTWRIGHT = object<NodeConfigBootwright>('fields of our own; nodeadm ignores them', {
  describeCluster: bool('ask EKS for endpoint, certificate authority and service CIDR where they are left out', { fallback: 'true' }),
  kubeletDropIns: bool('read the kubelet’s drop-in directory (/etc/kubernetes/kubelet/config.json.d) also without `kubelet.config`', {
    fallback: 'false',
  }),
  labels: map('labels of the node', 'label', text('its value', { check: check.checkLabelValue, keepsEmpty: true }), {
    checkKey: check.checkLabelKey,
  }),
  taints: list(
    'taints that the node registers with',
    object<Taint>(
      'a taint',
      {
        key: text('as in kubectl taint', { check: check.checkQualifiedName }),
        value: text('as in kubectl taint', { check: check.checkLabelValue }),
        effect: text('what happens to pods that do not tolerate it', { words: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] }),
      },
      { required: ['key', 'effect'] },
    ),
  ),
  maxPods: object('how many pods, where neither maxPodsExpression nor kubelet.config.maxPods says it; kubeReserved follows', {
    mode: text('how the VPC CNI gives out addresses', { words: MODES, fallback: 'eni' }),
    cap: count('at most so many', 1, 100_000),
    reserve: count('so many less, for what takes addresses beside pods', 0, 10_000, { fallback: '0' }),
  }),
  systemReserved: object('systemReserved of the kubelet, which is empty else', {
    preset: text('values that suit most nodes', { words: Object.keys(SYSTEM_RESERVED_PRESETS), fallback: 'none' }),
    cpu: quantity('beats the preset'),
    memory: quantity('beats the preset'),
    'ephemeral-storage': quantity('beats the preset'),
    pid: quantity('number of processes'),
  }),
  reservedSystemCPUs: object(
    'CPUs for the system, from the first core on and with their siblings',
    { count: count('so many', 1, 1024), percent: count('so many of a hundred, rounded up', 1, 90) },
    { check: checkCpus },
  ),
  proxy: object('for kubelet, containerd and bootwright', {
    http: text('for http', { check: check.checkProxy, isSecret: true, form: 'URL' }),
    https: text('for https', { check: check.checkProxy, isSecret: true, form: 'URL' }),
    noProxy: list(
      'not through it; localhost, IMDS, the service CIDR, the VPC and the endpoint are added',
      text('a host or network', { check: check.checkNoProxy }),
    ),
  }),
  sysctls: map('kernel parameters', 'name', text('its value', { check: check.checkOneLine, takesNumbers: true }), {
    checkKey: check.checkSysctl,
  }),
  registryMirrors: map(
    'where containerd asks instead, first to last, then the registry itself',
    'registry',
    list('URLs', text('a mirror', { check: check.checkMirror, form: 'URL' })),
    { checkKey: check.checkRegistry },
  ),
  imageCredentialProviders: list(
    'credential providers of the kubelet, beside the one for ECR',
    object<ImageCredentialProvider>(
      'a provider',
      {
        name: text('its program', { check: check.checkProgram }),
        apiVersion: text('of the request', {
          words: ['credentialprovider.kubelet.k8s.io/v1'],
          fallback: 'credentialprovider.kubelet.k8s.io/v1',
        }),
        matchImages: list('for which images', text('a pattern', { check: check.checkImagePattern })),
        defaultCacheDuration: text('how long an answer counts that does not say it', { check: check.checkDuration, form: 'duration' }),
        args: list('arguments', text('a word', { check: check.checkEnvValue, keepsEmpty: true })),
        env: map('environment', 'variable', text('its value', { check: check.checkEnvValue, isSecret: true, keepsEmpty: true }), {
          checkKey: check.checkEnvName,
        }),
      },
      { required: ['name', 'matchImages', 'defaultCacheDuration'] },
    ),
  ),
  hooks: object('programs run by `init`, in order', {
    pre: list('before anything is written', hook()),
    post: list('after the kubelet has started', hook()),
  }),
});
