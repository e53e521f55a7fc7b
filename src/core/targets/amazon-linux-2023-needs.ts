/** Which facts an Amazon Linux 2023 node still lacks. */

import type { FactName, Facts, Need } from '../facts.ts';
import { tabledLimitsOf } from '../kubelet/instance-limits.ts';
import { gateHolds, kubeletVersionOf } from '../kubelet/versions.ts';
import { outpostHostOf } from '../outpost.ts';
import { AWS_CLI_PLACES, NVIDIA_RUNTIME } from '../paths.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { knownFamilyOf, looksAtVpc, needsDescription } from './amazon-linux-2023-cluster.ts';
import { migrationInputOf } from './amazon-linux-2023-containerd.ts';
import { providerProgramsOf } from './amazon-linux-2023-credentials.ts';

const need = (fact: FactName, why: string, ...after: FactName[]): Need => ({ fact, after, why });

const WHY_VPC = {
  guess: 'the cluster DNS, guessed by the CIDR blocks of the VPC',
  proxy: 'what is not asked through the proxy',
  check: 'does the service CIDR overlap the VPC?',
};

const addressNeeds = (spec: AmazonLinux2023Spec, facts: Facts): readonly Need[] => {
  const { instance } = facts;
  const family = knownFamilyOf(spec, facts);
  const needs: Need[] = [];
  // Before the cluster is described both are asked, so that its answer is not waited for.
  if (family !== 'ipv6' && instance.localIpv4 === undefined) needs.push(need('instance.localIpv4', 'the node IP'));
  if (family !== 'ipv4' && instance.ipv6s === undefined)
    needs.push(need('instance.ipv6s', family ? 'the node IP' : 'the node IP, should the cluster be ipv6', 'instance.mac'));
  const vpc = looksAtVpc(spec);
  if (vpc !== undefined && instance.vpcIpv4Cidrs === undefined) {
    needs.push({ ...need('instance.vpcIpv4Cidrs', WHY_VPC[vpc], 'instance.mac'), ...(vpc === 'check' ? { optional: true } : {}) });
  }
  const byMac = needs.filter(({ after }) => after.includes('instance.mac'));
  if (byMac.length === 0 || instance.mac !== undefined) return needs;
  const isOptional = byMac.every(({ optional }) => optional === true);
  return [
    ...needs,
    { ...need('instance.mac', 'the path of the primary network interface in IMDS'), ...(isOptional ? { optional: true } : {}) },
  ];
};

const instanceNeeds = (spec: AmazonLinux2023Spec, facts: Facts): readonly Need[] => {
  const { id, type, region, availabilityZone, privateDnsName } = facts.instance;
  const needs: Need[] = [];
  if (id === undefined || type === undefined || region === undefined || availabilityZone === undefined)
    needs.push(need('instance.identity', 'region, instance type, and the provider id'));
  if (type !== undefined && tabledLimitsOf(type) === undefined && !Object.hasOwn(facts.instanceTypes ?? {}, type)) {
    const why = `max pods: ${type} is not in the table of instance types`;
    needs.push({ ...need('instance.typeLimits', why, 'instance.identity'), otherwise: { instanceTypes: { [type]: null } } });
  }
  if (spec.kubelet.nodeName.value === 'private-dns-name' && privateDnsName === undefined)
    needs.push(need('instance.privateDnsName', 'the name that the control plane expects of the node', 'instance.identity'));
  if (needsDescription(spec) && facts.cluster === undefined)
    needs.push(need('cluster', 'what was not said of the cluster', 'instance.identity'));
  return needs;
};

const programsOf = (spec: AmazonLinux2023Spec, { host }: Facts): readonly string[] => {
  const plugins =
    spec.credentialPlugin.value === 'auto' && !AWS_CLI_PLACES.some((path) => host.executables?.[path] === true) ? AWS_CLI_PLACES : [];
  return [...providerProgramsOf(spec), NVIDIA_RUNTIME, ...plugins];
};

const hostNeeds = (spec: AmazonLinux2023Spec, facts: Facts): readonly Need[] => {
  const { host } = facts;
  const { fastImagePull, containerdConfigFile, extras, localDisks } = spec.options;
  const version = kubeletVersionOf(facts).value?.value;
  const labelsGpu = version !== undefined && gateHolds('gpu-label', version);
  const needs: readonly (readonly [boolean, FactName, string, ...FactName[]])[] = [
    [host.kubeletVersion === undefined, 'host.kubeletVersion', 'version gates'],
    [host.containerdVersion === undefined, 'host.containerdVersion', "the format of containerd's configuration"],
    [host.arch === undefined, 'host.arch', 'is this architecture supported?'],
    [host.onlineCpus === undefined, 'host.onlineCpus', 'kubeReserved.cpu'],
    [host.onlineCpus === null && host.cpus === undefined, 'host.cpus', 'kubeReserved.cpu, as sysfs does not say', 'host.onlineCpus'],
    [extras.reservedSystemCpus !== undefined && host.cpuCores === undefined, 'host.cpuCores', 'which CPUs share a core?'],
    [
      localDisks !== undefined && localDisks.mode.value !== 'none' && host.localDisks === undefined,
      'host.localDisks',
      'which disks does the instance store have, and what is on them?',
    ],
    [fastImagePull.value && host.onlineMemory === undefined, 'host.onlineMemory', 'is there memory enough for SOCI?'],
    [labelsGpu && host.nvidiaDevice === undefined, 'host.nvidiaDevice', 'is there a GPU to label the node by?', 'host.kubeletVersion'],
  ];
  const asked: Need[] = needs.filter(([isMissing]) => isMissing).map(([, fact, why, ...after]) => need(fact, why, ...after));
  const file = containerdConfigFile?.value;
  if (file !== undefined && host.files?.[file] === undefined)
    asked.push(need(`host.file:${file}`, "containerd's configuration, merged over ours"));
  for (const { device } of spec.options.volumes?.value ?? [])
    if (host.volumes !== null && host.volumes?.[device] === undefined) asked.push(need(`host.volume:${device}`, 'what is on the volume?'));
  const apiServer = outpostHostOf(spec, facts);
  if (apiServer !== undefined && host.addresses?.[apiServer] === undefined)
    asked.push(need(`host.addresses:${apiServer}`, 'the API server’s line in /etc/hosts'));
  for (const path of programsOf(spec, facts))
    if (host.executables?.[path] === undefined) asked.push(need(`host.executable:${path}`, 'is it on this node?'));
  return asked;
};

/** What containerd itself has to convert, once it is known what that is. */
const migrationNeeds = (spec: AmazonLinux2023Spec, facts: Facts): readonly Need[] => {
  const input = migrationInputOf(spec, facts);
  if (input === undefined || Object.hasOwn(facts.host.migrated ?? {}, input.digest)) return [];
  return [
    { ...need(`host.migrated:${input.digest}`, "a configuration of containerd 1's in the format of containerd 2"), text: input.text },
  ];
};

/** All facts that are missing, those that can be asked for at once and those that must wait (`after`). */
export const needsOfAmazonLinux2023 = (spec: AmazonLinux2023Spec, facts: Facts): readonly Need[] => {
  const needs = [...hostNeeds(spec, facts), ...instanceNeeds(spec, facts), ...addressNeeds(spec, facts)];
  return [...needs, ...migrationNeeds(spec, facts)];
};
