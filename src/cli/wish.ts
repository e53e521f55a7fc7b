/** The words by which a user of `preview` describes a machine. */
import { servedMinors } from '../core/kubelet/versions.ts';
import { type Diagnostic, errorAt } from '../core/report.ts';
import { archOf, type Wish } from './assume.ts';
import { type Context, type Option, Refused } from './command.ts';
import { readNamed } from './files.ts';
import type { Parsed } from './options.ts';
import { INSTANCE_TYPE_RULE, mistakesOf, REGION_RULE, type ValueRule } from './value-rules.ts';

export const WISH_OPTIONS: readonly Option[] = [
  { name: 'instance-type', value: 'TYPE', text: 'EC2 instance type (m5.large)' },
  { name: 'region', value: 'REGION', text: 'AWS region (AWS_REGION, else us-west-2)' },
  { name: 'kubernetes-version', value: 'VERSION', choices: servedMinors(), text: 'of the kubelet: 1.32 or 1.32.3 (1.32)' },
  { name: 'containerd-version', value: 'VERSION', text: 'of containerd (1.7.27)' },
  { name: 'cpus', value: 'N', text: 'CPUs the kubelet sees (by the size of the type)' },
  { name: 'arch', value: 'ARCH', choices: ['x86_64', 'aarch64'], text: 'x86_64 or aarch64 (by the family of the type)' },
  { name: 'disks', value: 'N', text: 'blank disks of the instance store, for --local-disks (2; 4 for raid10)' },
  { name: 'local-ipv4', value: 'IP', text: 'primary address (192.168.1.10)' },
  { name: 'vpc-cidr', value: 'CIDR', multiple: true, text: 'a block of the VPC, may be repeated (192.168.0.0/16)' },
  {
    name: 'host-file',
    value: 'PATH=LOCAL',
    multiple: true,
    text: 'content of a file that is on the node, from a file here; may be repeated',
  },
];

const RULES: readonly ValueRule[] = [
  INSTANCE_TYPE_RULE,
  REGION_RULE,
  { name: 'kubernetes-version', pattern: /^1\.\d{1,2}(?:\.\d{1,3})?$/, wanted: 'a version of Kubernetes', like: '1.32 or 1.32.3' },
  { name: 'containerd-version', pattern: /^\d\.\d{1,2}(?:\.\d{1,3})?$/, wanted: 'a version of containerd', like: '1.7.27' },
  { name: 'cpus', pattern: /^[1-9]\d{0,3}$/, wanted: 'a number of CPUs', like: '4' },
  { name: 'disks', pattern: /^(?:0|[1-9]|[1-5]\d|6[0-4])$/, wanted: 'a number of disks up to 64', like: '2' },
  { name: 'arch', pattern: /^(?:x86_64|aarch64|amd64|arm64)$/, wanted: 'an architecture', like: 'x86_64 or aarch64' },
  { name: 'local-ipv4', pattern: /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/, wanted: 'an IPv4 address', like: '192.168.1.10' },
  {
    name: 'vpc-cidr',
    pattern: /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!\/)|(?=\/))){4}\/(?:3[0-2]|[12]?\d)$/,
    wanted: 'an IPv4 CIDR block',
    like: '192.168.0.0/16',
  },
  { name: 'host-file', pattern: /^\/[^=]{1,4000}=.{1,4000}$/, wanted: 'an absolute path and a file', like: '/etc/x.toml=./x.toml' },
];

const ARCHES: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** Facts of a real node and words about a made-up one are two machines. A file's content may go with both. */
const clashesOf = (options: Parsed): Diagnostic[] => {
  const words = WISH_OPTIONS.filter(({ name }) => name !== 'host-file' && options.texts(name).length > 0).map(({ name }) => `--${name}`);
  if (options.text('facts') === undefined || words.length === 0) return [];
  const message = `says what the machine is, and so ${words.length === 1 ? 'does' : 'do'} ${words.join(', ')}`;
  return [errorAt('option-conflict', '--facts', message, 'choose one of them; a copy of the file can be edited')];
};

/** By option, variable or, where AWS is asked at all, the profile that gives the credentials. */
const regionFrom = async (options: Parsed, { env }: Context): Promise<Pick<Wish, 'region' | 'regionAt'>> => {
  const given = options.text('region');
  if (given !== undefined) return { region: given };
  const regionAt = ['AWS_REGION', 'AWS_DEFAULT_REGION'].find((name) => Boolean(env[name]));
  if (regionAt !== undefined) return { region: env[regionAt] ?? '', regionAt };
  if (!options.flag('describe')) return {};
  const { profileRegion } = await import('../facts/profile.ts');
  const region = await profileRegion(env);
  return region === undefined ? {} : { region, regionAt: `profile ${env['AWS_PROFILE'] || 'default'}` };
};

/** A type has one architecture, and a preview of the other would be of no node. */
const archClash = (options: Parsed): Diagnostic[] => {
  const [type, arch] = [options.text('instance-type'), options.text('arch')];
  const known = arch === undefined ? undefined : (ARCHES[arch] ?? arch);
  if (type === undefined || !['x86_64', 'aarch64'].includes(known ?? '') || archOf(type) === known) return [];
  return [errorAt('option-conflict', '--arch', `${arch} is not what ${type} is made of: ${archOf(type)}`, 'leave --arch out')];
};

/** What the options say about the machine. Throws Refused with every wrong value, NodeError for an unreadable file. */
export const wishOf = async (options: Parsed, context: Context): Promise<Wish> => {
  const mistakes = [...clashesOf(options), ...mistakesOf(options, RULES), ...archClash(options)];
  if (mistakes.length > 0) throw new Refused(mistakes);
  const { region, regionAt } = await regionFrom(options, context);
  const arch = options.text('arch');
  const cpus = options.text('cpus');
  const disks = options.text('disks');
  const vpcCidrs = options.texts('vpc-cidr');
  const given = {
    instanceType: options.text('instance-type'),
    region,
    regionAt,
    kubernetesVersion: options.text('kubernetes-version'),
    containerdVersion: options.text('containerd-version'),
    cpus: cpus === undefined ? undefined : Number(cpus),
    arch: arch === undefined ? undefined : (ARCHES[arch] ?? arch),
    disks: disks === undefined ? undefined : Number(disks),
    localIpv4: options.text('local-ipv4'),
    vpcCidrs: vpcCidrs.length === 0 ? undefined : vpcCidrs,
  };
  const files: Record<string, string> = {};
  for (const pair of options.texts('host-file')) {
    const at = pair.indexOf('=');
    files[pair.slice(0, at)] = await readNamed(pair.slice(at + 1), '--host-file', context);
  }
  return { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), files };
};
