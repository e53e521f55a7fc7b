/** All that is known of an EC2 instance type. Beside the boot's own table of limits: who asks for more loads this. */
import { INSTANCE_DETAILS } from '../data/instance-details.ts';
import { INSTANCE_LIMITS } from '../data/instance-limits.ts';
import type { InstanceLimits } from '../facts.ts';
import { tabledLimitsOf, valueIn } from './instance-limits.ts';

/** As DescribeInstanceTypes describes it; an absent key is not known. Network counts are those of the default card. */
export interface InstanceType extends InstanceLimits {
  /** `m5.large` */
  readonly type: string;
  readonly networkCards?: number;
  /** EC2 names none for bare metal. */
  readonly hypervisor?: 'nitro' | 'xen';
  readonly bareMetal?: boolean;
  readonly vcpus?: number;
  readonly memoryMib?: number;
  readonly arch?: 'amd64' | 'arm64';
  /** `none`, `nvidia`, `neuron` … */
  readonly accelerator?: string;
}

/** The form of a type's name. */
export const INSTANCE_TYPE = /^[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}$/;

/** Every type of the table, in its order. */
export const tabledTypes = (): readonly string[] =>
  Object.values(INSTANCE_LIMITS)
    .flatMap((types) => {
      let family = '';
      return types.split(' ').map((word) => {
        const dot = word.indexOf('.');
        if (dot >= 0) family = word.slice(0, dot);
        return `${family}.${word.slice(dot + 1)}`;
      });
    })
    .sort();

/** What the table says of a type; undefined: nothing. */
export const tabledTypeOf = (type: string): InstanceType | undefined => {
  const limits = tabledLimitsOf(type);
  if (limits === undefined) return undefined;
  const [vcpus = '', hypervisor, bareMetal, arch] = (valueIn(INSTANCE_DETAILS, type) ?? '').split(',');
  return {
    type,
    ...limits,
    ...(vcpus === '' ? {} : { vcpus: Number(vcpus) }),
    ...(hypervisor === 'nitro' || hypervisor === 'xen' ? { hypervisor } : {}),
    ...(bareMetal === 'true' || bareMetal === 'false' ? { bareMetal: bareMetal === 'true' } : {}),
    ...(arch === 'amd64' || arch === 'arm64' ? { arch } : {}),
  };
};
