/** Where each fact comes from, for reasons: its natural source, unless the facts themselves say otherwise. */
import type { Facts } from './facts.ts';
import type { Input, Json, Origin, Sourced } from './report.ts';

interface Source {
  readonly origin: Origin;
  /** The place a person would look. */
  readonly at: string;
}

const IDENTITY: Source = { origin: 'imds', at: 'latest/dynamic/instance-identity/document' };
const macs = (facts: Facts, leaf: string): Source => ({
  origin: 'imds',
  at: `latest/meta-data/network/interfaces/macs/${facts.instance.mac ?? '<mac>'}/${leaf}`,
});

const SOURCES: { readonly [path: string]: (facts: Facts) => Source } = {
  'instance.id': () => IDENTITY,
  'instance.type': () => IDENTITY,
  'instance.region': () => IDENTITY,
  'instance.availabilityZone': () => IDENTITY,
  'instance.domain': () => ({ origin: 'imds', at: 'latest/meta-data/services/domain' }),
  'instance.mac': () => ({ origin: 'imds', at: 'latest/meta-data/mac' }),
  'instance.localIpv4': () => ({ origin: 'imds', at: 'latest/meta-data/local-ipv4' }),
  'instance.ipv6s': (facts) => macs(facts, 'ipv6s'),
  'instance.vpcIpv4Cidrs': (facts) => macs(facts, 'vpc-ipv4-cidr-blocks'),
  'instance.privateDnsName': () => ({ origin: 'describe-instances', at: 'PrivateDnsName' }),
  'cluster.name': () => ({ origin: 'describe-cluster', at: 'name' }),
  'cluster.status': () => ({ origin: 'describe-cluster', at: 'status' }),
  'cluster.endpoint': () => ({ origin: 'describe-cluster', at: 'endpoint' }),
  'cluster.certificateAuthority': () => ({ origin: 'describe-cluster', at: 'certificateAuthority.data' }),
  'cluster.ipFamily': () => ({ origin: 'describe-cluster', at: 'kubernetesNetworkConfig.ipFamily' }),
  'cluster.serviceIpv4Cidr': () => ({ origin: 'describe-cluster', at: 'kubernetesNetworkConfig.serviceIpv4Cidr' }),
  'cluster.serviceIpv6Cidr': () => ({ origin: 'describe-cluster', at: 'kubernetesNetworkConfig.serviceIpv6Cidr' }),
  'cluster.id': () => ({ origin: 'describe-cluster', at: 'id' }),
  'cluster.outpostArn': () => ({ origin: 'describe-cluster', at: 'outpostConfig.outpostArns[0]' }),
  'host.arch': () => ({ origin: 'host', at: 'uname -m' }),
  'host.cpus': () => ({ origin: 'host', at: 'nproc' }),
  'host.onlineCpus': () => ({ origin: 'host-file', at: '/sys/devices/system/cpu/online' }),
  'host.cpuCores': () => ({ origin: 'host-file', at: '/sys/devices/system/cpu/cpu*/topology/thread_siblings_list' }),
  'host.onlineMemory': () => ({ origin: 'host-file', at: '/sys/devices/system/memory' }),
  'host.kubeletVersion': () => ({ origin: 'host', at: 'kubelet --version' }),
  'host.containerdVersion': () => ({ origin: 'host', at: 'containerd --version' }),
  'host.nvidiaDevice': () => ({ origin: 'host-file', at: '/sys/bus/pci/devices' }),
  'host.fips': () => ({ origin: 'host-file', at: '/proc/sys/crypto/fips_enabled' }),
  'host.firewallRules': () => ({ origin: 'host', at: 'iptables-save' }),
  'host.localDisks': () => ({ origin: 'host', at: '/dev/disk/by-id, blkid' }),
  'host.bpfMounts': () => ({ origin: 'host-file', at: '/proc/self/mounts' }),
};

/** Families of facts with a name of their own behind the prefix: a path, a host name, an instance type. */
const PREFIXES: readonly (readonly [string, (rest: string) => Source])[] = [
  ['host.files.', (path) => ({ origin: 'host-file', at: path })],
  ['host.executables.', (path) => ({ origin: 'host-file', at: path })],
  ['host.addresses.', (name) => ({ origin: 'host', at: `DNS look-up of ${name}` })],
  ['host.volumes.', (device) => ({ origin: 'host', at: `${device}, blkid` })],
  ['host.migrated.', () => ({ origin: 'host', at: 'containerd config migrate' })],
  ['host.resolves.', (name) => ({ origin: 'host', at: `DNS look-up of ${name}` })],
  ['instanceTypes.', (type) => ({ origin: 'describe-instance-types', at: type })],
];

const naturalSourceOf = (facts: Facts, path: string): Source => {
  const known = Object.hasOwn(SOURCES, path) ? SOURCES[path] : undefined;
  if (known !== undefined) return known(facts);
  for (const [prefix, source] of PREFIXES) if (path.startsWith(prefix)) return source(path.slice(prefix.length));
  throw new Error(`unknown fact: ${path}`);
};

/** What the facts say of a path or of what contains it: `cluster` speaks for `cluster.endpoint`. */
const statedSourceOf = (facts: Facts, path: string): Source | undefined => {
  const stated = facts.provenance ?? {};
  if (Object.hasOwn(stated, path)) return stated[path];
  const group = path.slice(0, path.indexOf('.'));
  return Object.hasOwn(stated, group) ? stated[group] : undefined;
};

/** Where a fact comes from. `path` as in `instance.localIpv4`, `cluster.endpoint`, `host.files./etc/x`. @throws Error for an unknown path (a bug). */
export const originOf = (facts: Facts, path: string): Source => statedSourceOf(facts, path) ?? naturalSourceOf(facts, path);

/** A fact as an input of a decision. */
export const inputOf = (facts: Facts, path: string, value: Json): Input => ({ name: path, value, ...originOf(facts, path) });

/** What a user gave, as an input of a decision. */
export const given = (name: string, { value, origin, at }: Sourced<Json>): Input => ({ name, value, origin, at });
