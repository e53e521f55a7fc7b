/** Which program this is. The build puts version and commit in; run from its sources it does not know them. */
import { ECR_ACCOUNTS_DATE } from '../core/data/ecr-accounts.ts';
import { INSTANCE_LIMITS_DATE } from '../core/data/instance-limits.ts';
import { PARTITIONS_DATE } from '../core/data/partitions.ts';

declare const BOOTWRIGHT_VERSION: string | undefined;
declare const BOOTWRIGHT_COMMIT: string | undefined;

export interface Version {
  readonly version: string;
  readonly commit: string;
  /** When each table of data was collected. */
  readonly data: Readonly<Record<'ecrAccounts' | 'instanceLimits' | 'partitions', string>>;
}

export const versionOf = (): Version => ({
  version: typeof BOOTWRIGHT_VERSION === 'string' ? BOOTWRIGHT_VERSION : 'from sources',
  commit: typeof BOOTWRIGHT_COMMIT === 'string' ? BOOTWRIGHT_COMMIT : 'unknown',
  data: { ecrAccounts: ECR_ACCOUNTS_DATE, instanceLimits: INSTANCE_LIMITS_DATE, partitions: PARTITIONS_DATE },
});
