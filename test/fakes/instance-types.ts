/** DescribeInstanceTypes as EC2 answers it: by name, by filter, in pages. */
import type { InstanceType } from '../../src/core/kubelet/instance-types.ts';

export interface TypesQuestion {
  readonly form: URLSearchParams;
  readonly types: readonly InstanceType[];
}

/** What EC2 refuses: code and message. */
export class TypesRefusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const tag = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : `<${name}>${value}</${name}>`;

const cardsOf = ({ enis, networkCards = 1 }: InstanceType): string =>
  Array.from(
    { length: networkCards },
    (_, i) =>
      `<item>${tag('networkCardIndex', i)}${tag('networkPerformance', 'Up to 10 Gigabit')}${tag('maximumNetworkInterfaces', enis)}</item>`,
  ).join('');

const itemOf = (type: InstanceType): string => {
  const { networkCards = 1, enis, arch } = type;
  const arches = arch === 'amd64' ? ['x86_64', 'i386'] : arch === undefined ? [] : [arch];
  return `<item>${tag('instanceType', type.type)}${tag('bareMetal', type.bareMetal)}${tag('hypervisor', type.hypervisor)}
    <processorInfo><supportedArchitectures>${arches.map((one) => tag('item', one)).join('')}</supportedArchitectures></processorInfo>
    <vCpuInfo>${tag('defaultVCpus', type.vcpus)}</vCpuInfo><memoryInfo>${tag('sizeInMiB', type.memoryMib)}</memoryInfo>
    <networkInfo>${tag('maximumNetworkInterfaces', enis * networkCards)}${tag('maximumNetworkCards', networkCards)}
    <defaultNetworkCardIndex>0</defaultNetworkCardIndex><networkCards>${cardsOf(type)}</networkCards>
    ${tag('ipv4AddressesPerInterface', type.ipv4PerEni)}</networkInfo></item>`;
};

const listed = (form: URLSearchParams, prefix: string): string[] =>
  [...form].filter(([name]) => new RegExp(`^${prefix}\\.\\d+$`).test(name)).map(([, value]) => value);

const byName = (types: readonly InstanceType[], names: readonly string[]): readonly InstanceType[] => {
  const unknown = names.filter((name) => !types.some(({ type }) => type === name));
  if (unknown.length > 0)
    throw new TypesRefusal('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
  return types.filter(({ type }) => names.includes(type));
};

/** The token of a page is the index of its first type, disguised. */
const startOf = (token: string | null, count: number): number => {
  if (token === null) return 0;
  const start = Number(Buffer.from(token, 'base64').toString());
  if (!(Number.isInteger(start) && start > 0 && start < count)) throw new TypesRefusal('InvalidNextToken', 'The token is not valid');
  return start;
};

/** The content of the answer's root element. Throws TypesRefusal. */
export const instanceTypesContent = ({ form, types }: TypesQuestion): string => {
  const names = listed(form, 'InstanceType');
  const size = form.get('MaxResults');
  if (names.length > 0 && size !== null)
    throw new TypesRefusal('InvalidParameterCombination', 'The parameter instanceTypes cannot be used with maxResults');
  if (names.length > 100) throw new TypesRefusal('InvalidParameterValue', 'At most 100 instance types');
  if (size !== null && !(Number(size) >= 5 && Number(size) <= 100))
    throw new TypesRefusal(
      'InvalidParameterValue',
      `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value between 5 and 100.`,
    );
  const wanted = listed(form, 'Filter\\.1\\.Value');
  if (wanted.length > 200) throw new TypesRefusal('FilterLimitExceeded', 'The maximum number of filter values is 200');
  const isFiltered = form.get('Filter.1.Name') === 'instance-type';
  const found = names.length > 0 ? byName(types, names) : types.filter(({ type }) => !isFiltered || wanted.includes(type));
  const start = startOf(form.get('NextToken'), found.length);
  const end = start + (size === null ? 100 : Number(size));
  const next = end < found.length ? `<nextToken>${Buffer.from(String(end)).toString('base64')}</nextToken>` : '';
  return `<instanceTypeSet>${found.slice(start, end).map(itemOf).join('')}</instanceTypeSet>${next}`;
};
