/** Facts from a file: saved by `bootwright facts`, or written by hand. Loaded only where such a file is read. */
import * as v from 'valibot';
import { shown } from './config/bootstrap-flags-values.ts';
import type { Facts } from './facts.ts';
import type { Checked, Diagnostic } from './report.ts';

/** A text of a form; `what` ends the sentence "… is not". */
const text = (form: RegExp, what: string) => v.pipe(v.string(), v.regex(form, what));

const Region = text(/^[a-z]{2,6}(?:-[a-z]{1,20}){1,3}-\d{1,2}$/, 'a region');
const Zone = text(/^[a-z]{2,6}(?:-[a-z0-9]{1,20}){2,6}$/, 'an availability zone');
const Domain = text(/^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}$/, 'a domain name');
const HostName = text(/^[A-Za-z0-9.-]{1,253}$/, 'a host name');
const Version = text(/^\d{1,4}\.\d{1,4}\.\d{1,4}(?:[.+-][0-9A-Za-z.+-]{1,64})?$/, 'a version like 1.32.3');
const Ipv4 = v.pipe(v.string(), v.ipv4('an IPv4 address'));
const Ipv6 = v.pipe(v.string(), v.ipv6('an IPv6 address'));
const Address = text(/^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/, 'an IP address');
const Ipv4Cidr = text(/^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/, 'an IPv4 CIDR block');
const Ipv6Cidr = text(/^[0-9a-fA-F:.]{2,45}\/\d{1,3}$/, 'an IPv6 CIDR block');
const Count = v.pipe(
  v.number(),
  v.integer('a whole number'),
  v.minValue(1, 'a number from 1 on'),
  v.maxValue(100_000, 'a number up to 100000'),
);
const InstanceType = text(/^[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}$/, 'an instance type');
const Bytes = v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a number of bytes'));
const CpuNumber = v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'the number of a CPU'));
const Digest = text(/^sha256:[0-9a-f]{64}$/, 'a digest like sha256:…');
const AbsolutePath = text(/^\//, 'an absolute path');

const InstanceSchema = v.strictObject({
  id: v.exactOptional(text(/^i-[0-9a-f]{8,17}$/, 'an instance id')),
  type: v.exactOptional(InstanceType),
  region: v.exactOptional(Region),
  availabilityZone: v.exactOptional(Zone),
  domain: v.exactOptional(Domain),
  mac: v.exactOptional(text(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/, 'a MAC address in lower case')),
  localIpv4: v.exactOptional(v.nullable(Ipv4)),
  ipv6s: v.exactOptional(v.nullable(v.array(Ipv6))),
  vpcIpv4Cidrs: v.exactOptional(v.nullable(v.array(Ipv4Cidr))),
  privateDnsName: v.exactOptional(HostName),
});

const ClusterSchema = v.strictObject({
  name: v.string(),
  status: v.string(),
  endpoint: v.string(),
  certificateAuthority: v.string(),
  ipFamily: v.nullable(v.picklist(['ipv4', 'ipv6'])),
  serviceIpv4Cidr: v.nullable(Ipv4Cidr),
  serviceIpv6Cidr: v.nullable(Ipv6Cidr),
  id: v.nullable(v.string()),
  outpostArn: v.nullable(v.string()),
});

/** Names of devices, units and programs as the kernel and systemd allow them, without white space. */
const Name = text(/^[!-~]{1,255}$/, 'a name without spaces');
const DevicePath = text(/^\/dev\/[!-~]{1,250}$/, 'a device in /dev');
const DataKind = text(/^[ -~]{1,64}$/, 'a kind of data like xfs');
const Signature = v.nullable(
  v.strictObject({
    type: DataKind,
    uuid: v.exactOptional(text(/^[0-9A-Za-z:-]{1,64}$/, 'a UUID')),
    unfinished: v.exactOptional(v.literal(true)),
  }),
);
const disk = {
  path: DevicePath,
  id: Name,
  bytes: v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'a number from 0 on')),
  signature: Signature,
  partitions: v.array(Name),
  holders: v.array(Name),
  isSwap: v.boolean(),
};
const LocalDisksSchema = v.strictObject({
  disks: v.array(v.strictObject(disk)),
  arrays: v.array(
    v.strictObject({
      path: DevicePath,
      level: v.string(),
      state: v.string(),
      members: v.array(DevicePath),
      signature: Signature,
      holders: v.array(Name),
    }),
  ),
  mounts: v.record(AbsolutePath, v.string()),
  units: v.record(text(/^[!-.0-~]{1,255}\.mount$/, 'a mount unit'), v.string()),
  programs: v.record(Name, v.nullable(AbsolutePath)),
});

const VolumeSchema = v.strictObject({ ...disk, mounts: LocalDisksSchema.entries.mounts });

const HostSchema = v.strictObject({
  arch: v.exactOptional(text(/^\w{1,32}$/, 'an architecture like x86_64')),
  cpus: v.exactOptional(Count),
  onlineCpus: v.exactOptional(v.nullable(Count)),
  cpuCores: v.exactOptional(v.nullable(v.array(v.pipe(v.array(CpuNumber), v.minLength(1, 'a core with a CPU'))))),
  onlineMemory: v.exactOptional(v.nullable(Bytes)),
  kubeletVersion: v.exactOptional(v.nullable(Version)),
  containerdVersion: v.exactOptional(v.nullable(Version)),
  fips: v.exactOptional(v.boolean()),
  nvidiaDevice: v.exactOptional(v.boolean()),
  bpfMounts: v.exactOptional(v.array(AbsolutePath)),
  firewallRules: v.exactOptional(v.nullable(v.string())),
  addresses: v.exactOptional(v.record(HostName, v.pipe(v.array(Address), v.minLength(1, 'a list of addresses')))),
  localDisks: v.exactOptional(v.nullable(LocalDisksSchema)),
  volumes: v.exactOptional(v.nullable(v.record(AbsolutePath, v.nullable(VolumeSchema)))),
  resolves: v.exactOptional(v.record(Domain, v.boolean())),
  files: v.exactOptional(v.record(AbsolutePath, v.nullable(v.string()))),
  executables: v.exactOptional(v.record(AbsolutePath, v.boolean())),
  migrated: v.exactOptional(
    v.record(Digest, v.nullable(v.union([v.strictObject({ text: v.string() }), v.strictObject({ error: v.string() })]))),
  ),
});

const ORIGINS = [
  ...(['flag', 'env', 'user-data', 'imds', 'describe-cluster', 'describe-instances', 'describe-instance-types'] as const),
  ...(['host-file', 'host', 'rule', 'default', 'assumed', 'fallback'] as const),
];

/** The shape of a facts file; the JSON Schema in the documentation is made of it. */
export const FactsSchema = v.strictObject({
  schemaVersion: v.literal(1),
  now: v.pipe(v.string(), v.isoTimestamp('a time like 2026-11-21T08:00:00Z')),
  instance: InstanceSchema,
  cluster: v.exactOptional(ClusterSchema),
  host: HostSchema,
  instanceTypes: v.exactOptional(v.record(InstanceType, v.nullable(v.strictObject({ enis: Count, ipv4PerEni: Count })))),
  provenance: v.exactOptional(v.record(v.string(), v.strictObject({ origin: v.picklist(ORIGINS), at: v.string() }))),
});

const messageOf = (issue: v.BaseIssue<unknown>): string => {
  if (issue.kind === 'validation')
    return `${typeof issue.input === 'string' ? shown(issue.input) : JSON.stringify(issue.input)} is not ${issue.message}`;
  if (issue.expected === 'never') return 'there is no such fact';
  return issue.received === 'undefined'
    ? 'is missing'
    : `should be ${issue.expected?.replaceAll('"', "'")}, not ${issue.received.replaceAll('"', "'")}`;
};

const diagnosticOf = (issue: v.BaseIssue<unknown>): Diagnostic => {
  const path = v.getDotPath(issue) ?? 'facts';
  return {
    severity: 'error',
    code: 'invalid-fact',
    path,
    message: messageOf(issue),
    remedy:
      path === 'schemaVersion'
        ? 'Make the file with `bootwright facts` of this version.'
        : 'Correct the file, or make it with `bootwright facts`.',
  };
};

/** Facts of any JSON value. All that is wrong is said at once, with paths like `instance.localIpv4`. */
export const decodeFacts = (json: unknown): Checked<Facts> => {
  const parsed = v.safeParse(FactsSchema, json);
  return parsed.success ? { value: parsed.output, diagnostics: [] } : { diagnostics: parsed.issues.map(diagnosticOf) };
};
