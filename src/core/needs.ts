/**
 * Which facts a decision still lacks. Preview, `facts` and bootstrap ask here, so that they agree: what the user gave is never fetched, and
 * an API that is not needed is never called.
 */
import { knownRuntimeOf } from './container-runtime.ts';
import type { FactName, Facts, Need } from './facts.ts';
import { fipsHostOf } from './images.ts';
import { areLimitsKnown } from './kubelet/image-limits.ts';
import { gateHolds, kubeletVersionOf } from './kubelet/versions.ts';
import { outpostHostOf } from './outpost.ts';
import {
  AMI_CONTAINERD_CONFIG,
  AMI_ENI_MAX_PODS,
  AMI_FIREWALL_UNIT,
  AMI_GPU_HELPER,
  AMI_KUBELET_UNIT,
  AMI_PULL_SANDBOX_IMAGE,
  AMI_SANDBOX_IMAGE_UNIT,
  BPF_MOUNT_UNIT,
  DOCKER_CONFIG,
  DOCKERD_PLACES,
  ECR_CREDENTIAL_PROVIDER,
  FIREWALL_RULES,
  IAM_AUTHENTICATOR,
  KUBELET_UNIT,
  NVIDIA_RUNTIME_PLACES,
} from './paths.ts';
import type { AmazonLinux2Spec, IpFamily, NodeSpec } from './spec.ts';
import { needsOfAmazonLinux2023 } from './targets/amazon-linux-2023-needs.ts';

const need = (fact: FactName, why: string, ...after: FactName[]): Need => ({ fact, after, why });

/** True when CA and endpoint were given, so that nobody asks EKS. */
const isGiven = (spec: AmazonLinux2Spec): boolean => spec.cluster.endpoint !== undefined && spec.cluster.certificateAuthority !== undefined;

/** The IP family as far as it can be told; undefined: DescribeCluster decides, and has not answered. */
const knownFamily = (spec: AmazonLinux2Spec, facts: Facts): IpFamily | undefined => {
  const { ipFamily, serviceIpv6Cidr } = spec.cluster;
  if (ipFamily !== undefined) return ipFamily.value;
  if (serviceIpv6Cidr !== undefined) return 'ipv6';
  if (isGiven(spec)) return 'ipv4';
  return facts.cluster === undefined ? undefined : (facts.cluster.ipFamily ?? 'ipv4');
};

/** Does cluster DNS have to be guessed by the VPC's CIDR blocks? */
const needsGuess = (spec: AmazonLinux2Spec, facts: Facts): boolean => {
  if (spec.cluster.dnsIps !== undefined || knownFamily(spec, facts) !== 'ipv4') return false;
  return isGiven(spec) ? spec.cluster.serviceIpv4Cidr === undefined : facts.cluster?.serviceIpv4Cidr === null;
};

const addressNeeds = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => {
  const { instance } = facts;
  const family = knownFamily(spec, facts);
  const needs: Need[] = [];
  if (instance.localIpv4 === undefined) {
    // EKS joins no node without a primary IPv4 address, whatever the family.
    needs.push(need('instance.localIpv4', family === 'ipv4' ? 'the node IP' : 'nodes need an IPv4 address, in IPv6 clusters too'));
  }
  if (family !== 'ipv4' && instance.ipv6s === undefined) {
    needs.push(need('instance.ipv6s', family ? 'the node IP' : 'the node IP, should the cluster be ipv6', 'instance.mac'));
  }
  const checksOverlap = isGiven(spec) && spec.cluster.serviceIpv4Cidr !== undefined;
  const guesses = needsGuess(spec, facts);
  if ((checksOverlap || guesses) && instance.vpcIpv4Cidrs === undefined) {
    const why = guesses ? 'the cluster DNS, guessed by the CIDR blocks of the VPC' : 'does the service CIDR overlap the VPC?';
    needs.push({ ...need('instance.vpcIpv4Cidrs', why, 'instance.mac'), ...(guesses ? {} : { optional: true }) });
  }
  const byMac = needs.filter(({ after }) => after.includes('instance.mac'));
  if (byMac.length > 0 && instance.mac === undefined) {
    const isOptional = byMac.every(({ optional }) => optional === true);
    needs.push({ ...need('instance.mac', 'the path of the primary network interface in IMDS'), ...(isOptional ? { optional: true } : {}) });
  }
  return needs;
};

const usesLimits = ({ kubelet }: AmazonLinux2Spec): boolean => kubelet.useMaxPods.value || kubelet.reserveFor.value === 'eni-max-pods';

const instanceNeeds = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => {
  const { id, type, region, availabilityZone, domain } = facts.instance;
  const needs: Need[] = [];
  if (id === undefined || type === undefined || region === undefined || availabilityZone === undefined) {
    needs.push(need('instance.identity', 'region, instance type, and the provider id'));
  }
  if (spec.options.pauseImage === undefined && domain === undefined)
    needs.push(need('instance.domain', "the host name of ECR in the pause image's name"));
  if (usesLimits(spec) && type !== undefined && !areLimitsKnown(facts, type)) {
    const why = `max pods: ${type} is not in the table of instance types`;
    needs.push(need('instance.typeLimits', why, 'instance.identity', `host.file:${AMI_ENI_MAX_PODS}`));
  }
  return needs;
};

const nodeNameNeeds = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => {
  const version = kubeletVersionOf(facts).value?.value;
  if (spec.kubelet.nodeName.value !== 'private-dns-name' || facts.instance.privateDnsName !== undefined) return [];
  if (version === undefined || !gateHolds('cloud-provider-external', version)) return [];
  return [
    need('instance.privateDnsName', 'the name that the control plane expects of the node', 'instance.identity', 'host.kubeletVersion'),
  ];
};

/** Until the runtime is known, containerd's part is asked for: it is nearly always the one. */
const isDockerd = (spec: AmazonLinux2Spec, facts: Facts): boolean => knownRuntimeOf(spec, facts) === 'dockerd';

/** Files of the node that are used as they are, if they are there. */
const filesOf = (spec: AmazonLinux2Spec, facts: Facts): readonly string[] => [
  ...(isDockerd(spec, facts)
    ? [KUBELET_UNIT, AMI_FIREWALL_UNIT, FIREWALL_RULES, ...(spec.options.dockerConfigJson ? [] : [DOCKER_CONFIG])]
    : [AMI_KUBELET_UNIT, AMI_SANDBOX_IMAGE_UNIT, spec.options.containerdConfigFile?.value ?? AMI_CONTAINERD_CONFIG]),
  ...(usesLimits(spec) ? [AMI_ENI_MAX_PODS] : []),
  // An own unit of an earlier run must stay wanted when its mount is seen.
  ...(spec.options.mountBpfFs.value ? [BPF_MOUNT_UNIT] : []),
];

const programsOf = (spec: AmazonLinux2Spec, facts: Facts): readonly string[] => [
  AMI_GPU_HELPER,
  ...(facts.host.nvidiaDevice === true ? NVIDIA_RUNTIME_PLACES : []),
  ...(isDockerd(spec, facts) ? DOCKERD_PLACES : [AMI_PULL_SANDBOX_IMAGE]),
  ECR_CREDENTIAL_PROVIDER,
  ...(spec.credentialPlugin.value === 'auto' ? [IAM_AUTHENTICATOR] : []),
];

/** Where the API server of a local cluster on an Outpost is. */
const apiServerNeeds = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => {
  const host = outpostHostOf(spec, facts);
  if (host === undefined || facts.host.addresses?.[host] !== undefined) return [];
  return [need(`host.addresses:${host}`, 'the API server’s line in /etc/hosts')];
};

const hostNeeds = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => {
  const { host } = facts;
  const fipsHost = fipsHostOf(spec, facts);
  const isDocker = isDockerd(spec, facts);
  const needs: readonly (readonly [boolean, FactName, string, ...FactName[]])[] = [
    [host.kubeletVersion === undefined, 'host.kubeletVersion', 'version gates'],
    [!isDocker && host.containerdVersion === undefined, 'host.containerdVersion', "the format of containerd's configuration"],
    [host.executables?.[AMI_GPU_HELPER] === true && host.nvidiaDevice === undefined, 'host.nvidiaDevice', 'is there a GPU to set up?'],
    [isDocker && host.files?.[FIREWALL_RULES] === null && host.firewallRules === undefined, 'host.firewallRules', 'what docker may change'],
    [host.arch === undefined, 'host.arch', 'is this architecture supported?'],
    [host.cpus === undefined, 'host.cpus', 'kubeReserved.cpu'],
    [spec.options.mountBpfFs.value && host.bpfMounts === undefined, 'host.bpfMounts', 'is bpffs mounted already?'],
    [
      spec.options.localDisks !== undefined && spec.options.localDisks.mode.value !== 'none' && host.localDisks === undefined,
      'host.localDisks',
      'which disks does the instance store have, and what is on them?',
    ],
    [spec.options.pauseImage === undefined && host.fips === undefined, 'host.fips', 'does the pause image come from a FIPS host?'],
  ];
  const asked: Need[] = needs.filter(([isMissing]) => isMissing).map(([, fact, why, ...after]) => need(fact, why, ...after));
  if (fipsHost !== undefined && host.resolves?.[fipsHost] === undefined) {
    asked.push(
      need(`host.resolves:${fipsHost}`, 'does the region have a FIPS host of ECR?', 'instance.identity', 'instance.domain', 'host.fips'),
    );
  }
  for (const path of filesOf(spec, facts))
    if (host.files?.[path] === undefined) asked.push(need(`host.file:${path}`, 'used as it is, if it is there'));
  for (const path of programsOf(spec, facts))
    if (host.executables?.[path] === undefined) asked.push(need(`host.executable:${path}`, 'is it on this node?'));
  return asked;
};

const needsOfAmazonLinux2 = (spec: AmazonLinux2Spec, facts: Facts): readonly Need[] => [
  ...hostNeeds(spec, facts),
  ...apiServerNeeds(spec, facts),
  ...instanceNeeds(spec, facts),
  ...addressNeeds(spec, facts),
  ...(!isGiven(spec) && facts.cluster === undefined
    ? [need('cluster', 'endpoint, certificate authority, IP family and service CIDR', 'instance.identity')]
    : []),
  ...nodeNameNeeds(spec, facts),
];

/** All facts that are still missing, those that can be asked for at once and those that must wait (`after`). Empty: ready to decide. */
export const needsOf = (spec: NodeSpec, facts: Facts): readonly Need[] =>
  spec.target === 'amazon-linux-2' ? needsOfAmazonLinux2(spec, facts) : needsOfAmazonLinux2023(spec, facts);
