/** Many instance types at once from DescribeInstanceTypes, page by page. For people and their laptops: no boot loads it. */
import { INSTANCE_TYPE, type InstanceType } from '../core/kubelet/instance-types.ts';
import type { Aws, Persistence } from './aws.ts';
import { GarbledAnswer } from './aws-failures.ts';
import { callOf, explained, itemsOf, limitsOf, VERSION } from './ec2.ts';
import { queryCall } from './signed-call.ts';
import { at, textIn } from './tree.ts';

/** EC2 takes 5 to 100; 100 types come near the size that an answer may have here. */
const PAGE = '50';
/** Values of one filter, by EC2's own limit of 200. */
const NAMES = 200;
/** EC2 has some 1000 types in its largest region. */
const MOST_PAGES = 400;

const countIn = (tree: unknown, ...names: string[]): number | undefined => {
  const text = textIn(tree, ...names);
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
};

const archIn = (item: unknown): 'amd64' | 'arm64' | undefined => {
  const arches = itemsOf(at(item, 'processorInfo', 'supportedArchitectures'));
  if (arches.some((arch) => arch === 'arm64' || arch === 'arm64_mac')) return 'arm64';
  return arches.some((arch) => arch === 'x86_64' || arch === 'x86_64_mac') ? 'amd64' : undefined;
};

/** undefined: a type without network limits, on which no node can run. */
const typeOf = (item: unknown): InstanceType | undefined => {
  const type = textIn(item, 'instanceType');
  if (!INSTANCE_TYPE.test(type)) throw new GarbledAnswer(`instanceType ${JSON.stringify(type.slice(0, 60))}`);
  const limits = limitsOf(item);
  if (limits === undefined) return undefined;
  const networkCards = countIn(item, 'networkInfo', 'maximumNetworkCards');
  const hypervisor = textIn(item, 'hypervisor');
  const bareMetal = textIn(item, 'bareMetal');
  const vcpus = countIn(item, 'vCpuInfo', 'defaultVCpus');
  const memoryMib = countIn(item, 'memoryInfo', 'sizeInMiB');
  const arch = archIn(item);
  return {
    type,
    ...limits,
    ...(networkCards ? { networkCards } : {}),
    ...(hypervisor === 'nitro' || hypervisor === 'xen' ? { hypervisor } : {}),
    ...(bareMetal === 'true' || bareMetal === 'false' ? { bareMetal: bareMetal === 'true' } : {}),
    ...(vcpus ? { vcpus } : {}),
    ...(memoryMib ? { memoryMib } : {}),
    ...(arch ? { arch } : {}),
  };
};

const filterOf = (names: readonly string[]): { readonly [name: string]: string } => ({
  'Filter.1.Name': 'instance-type',
  ...Object.fromEntries(names.map((name, i) => [`Filter.1.Value.${i + 1}`, name])),
});

/** All pages of one question. A page that fails is asked again by itself; one that cannot be had fails the whole. */
const describeAll = async (aws: Aws, region: string, subject: string, filter: { readonly [name: string]: string }, how: Persistence) => {
  const call = callOf(aws, 'DescribeInstanceTypes', region, subject);
  const found: InstanceType[] = [];
  const seen = new Set<string>();
  for (let next = ''; ; ) {
    const page = { Action: call.operation, Version: VERSION, MaxResults: PAGE, ...(next === '' ? {} : { NextToken: next }) };
    const answer = await queryCall(aws, call, 'ec2', { ...page, ...filter }, how);
    found.push(...explained(call, () => itemsOf(at(answer, 'instanceTypeSet')).flatMap((item) => typeOf(item) ?? [])));
    next = textIn(answer, 'nextToken');
    if (next === '') return found;
    explained(call, () => {
      if (seen.has(next) || seen.size === MOST_PAGES) throw new GarbledAnswer('the same page over and over');
    });
    seen.add(next);
  }
};

/**
 * Types of a region; those of these names, or all. A name that the region does not have is simply missing, and so is a type without network.
 * @throws NodeError
 */
export const describeTypes = async (
  aws: Aws,
  region: string,
  names: readonly string[] | undefined,
  how: Persistence,
): Promise<readonly InstanceType[]> => {
  if (names === undefined) return describeAll(aws, region, `all types of ${region}`, {}, how);
  const found: InstanceType[] = [];
  for (let i = 0; i < names.length; i += NAMES) {
    const some = names.slice(i, i + NAMES);
    const subject = some.length === 1 ? `type ${some[0]}` : `${some.length} types`;
    found.push(...(await describeAll(aws, region, subject, filterOf(some), how)));
  }
  return found;
};
