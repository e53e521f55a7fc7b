/**
 * NodeConfig, `node.eks.aws/v1alpha1`: the one description of the document. Decoding, strict checks, merging, docs/schema/node-config.json
 * and the README's table are all made of it. Fields as in nodeadm's api/v1alpha1, plus `instance.storage` (its PR #2759) and `bootwright`.
 */
import { kindOf, type Tree } from '../../formats/tree.ts';
import { kubeletArgsOf, unknownFlagOf } from '../../kubelet/extra-args.ts';
import type { Json } from '../../report.ts';
import { shown } from '../bootstrap-flags-values.ts';
import { BOOTWRIGHT, type NodeConfigBootwright } from './bootwright-fields.ts';
import type {
  NodeConfigCluster,
  NodeConfigContainerd,
  NodeConfigInstance,
  NodeConfigKubelet,
  NodeConfigSpec,
  NodeConfigVolume,
} from './document.ts';
import { bool, type Findings, free, list, map, object, type Path, text, toml } from './fields.ts';
import { checkKubeletConfig } from './kubelet-config.ts';
import * as check from './values.ts';

export const API_VERSION = 'node.eks.aws/v1alpha1';
export const KIND = 'NodeConfig';
/** The media type of a MIME part that holds one. */
export const MEDIA_TYPE = 'application/node.eks.aws';
/** nodeadm's feature gates; it ignores every other. */
const FEATURE_GATES = ['InstanceIdNodeName', 'FastImagePull'];

const cluster = object<NodeConfigCluster>('the cluster to join', {
  name: text('its name; required', { check: check.checkClusterName }),
  apiServerEndpoint: text('URL of its API server', { check: check.checkUrl, fallback: 'EKS is asked', form: 'URL' }),
  certificateAuthority: text('its certificate authorities: PEM as base64', {
    check: check.checkCa,
    fallback: 'EKS is asked',
    form: 'base64',
  }),
  cidr: text('the network of its services (not of the VPC): the cluster DNS is address 10 of it', {
    check: check.checkServiceCidr,
    fallback: 'EKS is asked',
    form: 'CIDR',
  }),
  enableOutpost: bool('the control plane runs on an Outpost', { fallback: 'false' }),
  id: text('its id; required on an Outpost', { check: check.checkClusterName }),
});

/** Every flag must be one of the kubelet's; `--flag value` may stand in one item or in two. */
const checkFlags = (tree: Tree, path: Path, { say, kubelet }: Findings): void => {
  if (tree.kind !== 'array') return;
  let isValueAwaited = false;
  for (const [index, item] of tree.items.entries()) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const here = [...path, index];
    const { flags, strays, hasOpenQuote } = kubeletArgsOf(item.value);
    if (hasOpenQuote) say(check.fault('open-quote', 'a quote is not closed', 'Close it.'), here, item.at);
    for (const { name } of flags) {
      const unknown = unknownFlagOf('', name, kubelet);
      if (unknown !== undefined) say(check.fault(unknown.code, unknown.message, unknown.remedy), here, item.at);
    }
    if (flags.length === 0 && strays.length > 0 && !isValueAwaited)
      say(check.fault('stray-kubelet-word', `${shown(strays[0] ?? '')} belongs to no flag`, 'Write --flag=value.'), here, item.at);
    isValueAwaited = flags.at(-1)?.value === null;
  }
};

const kubelet = object<NodeConfigKubelet>('the kubelet', {
  config: free('fields of KubeletConfiguration; they beat what is generated', 'KubeletConfiguration', { check: checkKubeletConfig }),
  flags: list('flags behind the generated ones; those of later documents are added', text('a flag', { check: check.checkOneLine }), {
    appends: true,
    check: checkFlags,
  }),
  maxPodsExpression: text('CEL for the number of pods; it knows default_enis, ips_per_eni and max_pods', { form: 'CEL' }),
});

const containerd = object<NodeConfigContainerd>('containerd', {
  config: toml('merged into the generated config.toml'),
  baseRuntimeSpec: free('merged into the runtime specification that every container starts from', 'OCI runtime spec'),
});

const localStorage = object<NonNullable<NodeConfigInstance['localStorage']>>('disks of the instance', {
  strategy: text('what is made of the instance store', {
    words: ['RAID0', 'RAID10', 'Mount', 'None'],
    ignoresCase: true,
    weight: 'fault',
    fallback: 'left alone',
  }),
  mountPath: text('where it is mounted', { check: check.checkPath, fallback: '/mnt/k8s-disks' }),
  disabledMounts: list('what stays on the root disk', text('a word', { words: ['Containerd', 'PodLogs', 'SOCI'], weight: 'fault' })),
});

const volume = object<NodeConfigVolume>(
  'an EBS volume',
  {
    device: text('its device', { check: check.checkDevice }),
    mountTargets: list('where it is mounted', text('a directory', { check: check.checkPath })),
    fsType: text('made where there is none', { check: check.checkFsType, fallback: 'xfs' }),
  },
  { required: ['device', 'mountTargets'] },
);

const instance = object<NodeConfigInstance>('the machine', {
  localStorage,
  environment: map(
    'variables by service; `default`: for all of systemd and for bootwright itself',
    'service',
    map('its variables', 'variable', text('its value', { check: check.checkEnvValue, isSecret: true, keepsEmpty: true }), {
      checkKey: check.checkEnvName,
    }),
    { checkKey: check.checkService },
  ),
  network: object('names', {
    nameservers: list('DNS servers for systemd-resolved', text('an address', { check: check.checkNameserver, form: 'address' })),
    domains: list('search domains', text('a domain', { check: check.checkDomain })),
  }),
  storage: object('more disks', { volumes: list('EBS volumes', volume) }),
});

/** As the contract has it, with our own fields typed. */
type Spec = Omit<NodeConfigSpec, 'bootwright'> & { readonly bootwright?: NodeConfigBootwright };

export const SPEC = object<Spec>('what the node shall be', {
  cluster,
  containerd,
  instance,
  kubelet,
  featureGates: map(
    'InstanceIdNodeName: the instance id is the name of the node; FastImagePull: SOCI unpacks images in parallel',
    'gate',
    bool('on or off', { fallback: 'false' }),
    { checkKey: check.checkWord(FEATURE_GATES) },
  ),
  bootwright: BOOTWRIGHT,
});

interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly [key: string]: Json };
  readonly spec?: Spec;
}

export const DOCUMENT = object<Document>(
  'a node of an EKS cluster',
  {
    apiVersion: text('', { words: [API_VERSION], weight: 'fatal' }),
    kind: text('', { words: [KIND], weight: 'fatal' }),
    metadata: free('without effect', 'ObjectMeta'),
    spec: SPEC,
  },
  {
    required: ['apiVersion', 'kind'],
    check: (tree, path, { say }) => {
      if (tree.kind !== 'object')
        say(
          check.fatal('not-a-node-config', `this is ${kindOf(tree)} and no document`, `Begin with apiVersion: ${API_VERSION}.`),
          path,
          tree.at,
        );
    },
  },
);
