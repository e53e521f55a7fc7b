/** AWS partitions: which regions they hold and how their hosts are called. */

/** Endpoints as the STS verifier of EKS accepts them (aws-iam-authenticator, pkg/token) and as AWS's endpoint rule sets spell them. */
export const PARTITIONS_DATE = '2026-11-21';

export interface Partition {
  /** `aws`, `aws-cn` … */
  readonly name: string;
  /** Suffix of regional hosts: `sts.<region>.<dnsSuffix>`. */
  readonly dnsSuffix: string;
  /** Suffix of hosts with IPv4 and IPv6 addresses. */
  readonly dualStackDnsSuffix: string;
}

/** The form of a region's name; the region need not be one that exists. */
export const REGION_PATTERN = /^[a-z]{2,6}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/;

interface Row extends Partition {
  /** Regions start with one of these. */
  readonly prefixes: readonly string[];
}

// Longer prefixes stand before those that they start with, though the dash keeps `us-iso-` and `us-isob-` apart anyway.
const PARTITIONS: readonly Row[] = [
  { name: 'aws-cn', prefixes: ['cn-'], dnsSuffix: 'amazonaws.com.cn', dualStackDnsSuffix: 'api.amazonwebservices.com.cn' },
  { name: 'aws-us-gov', prefixes: ['us-gov-'], dnsSuffix: 'amazonaws.com', dualStackDnsSuffix: 'api.aws' },
  { name: 'aws-iso', prefixes: ['us-iso-'], dnsSuffix: 'c2s.ic.gov', dualStackDnsSuffix: 'api.aws.ic.gov' },
  { name: 'aws-iso-b', prefixes: ['us-isob-'], dnsSuffix: 'sc2s.sgov.gov', dualStackDnsSuffix: 'api.aws.scloud' },
  { name: 'aws-iso-e', prefixes: ['eu-isoe-'], dnsSuffix: 'cloud.adc-e.uk', dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk' },
  { name: 'aws-iso-f', prefixes: ['us-isof-', 'eu-isof-'], dnsSuffix: 'csp.hci.ic.gov', dualStackDnsSuffix: 'api.aws.hci.ic.gov' },
  { name: 'aws-eusc', prefixes: ['eusc-'], dnsSuffix: 'amazonaws.eu', dualStackDnsSuffix: 'api.amazonwebservices.eu' },
];

const AWS: Partition = { name: 'aws', dnsSuffix: 'amazonaws.com', dualStackDnsSuffix: 'api.aws' };

/** The partition that a region belongs to; regions that nobody knows yet are taken to be in `aws`, as the SDKs do. */
export const partitionOf = (region: string): Partition => {
  const { name, dnsSuffix, dualStackDnsSuffix } =
    PARTITIONS.find(({ prefixes }) => prefixes.some((prefix) => region.startsWith(prefix))) ?? AWS;
  return { name, dnsSuffix, dualStackDnsSuffix };
};
