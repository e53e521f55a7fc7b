/** Whose ECR registry holds EKS's images in which region: get-ecr-uri.sh of amazon-eks-ami, v20260304. */

export const ECR_ACCOUNTS_DATE = '2026-03-04';

/** The account of most commercial regions. */
const COMMON = '602401143452';
const COMMON_REGIONS = [
  'ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1',
  'eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2',
]
  .join(' ')
  .split(' ');

const OWN_ACCOUNTS: { readonly [region: string]: string } = {
  'af-south-1': '877085696533',
  'ap-east-1': '800184023465',
  'ap-east-2': '533267051163',
  'ap-south-2': '900889452093',
  'ap-southeast-3': '296578399912',
  'ap-southeast-4': '491585149902',
  'ap-southeast-5': '151610086707',
  'ap-southeast-6': '333609536671',
  'ap-southeast-7': '121268973566',
  'ca-west-1': '761377655185',
  'cn-north-1': '918309763551',
  'cn-northwest-1': '961992271922',
  'eu-central-2': '900612956339',
  'eu-isoe-west-1': '249663109785',
  'eu-south-1': '590381155156',
  'eu-south-2': '455263428931',
  'eusc-de-east-1': '877088126301',
  'il-central-1': '066635153087',
  'me-central-1': '759879836304',
  'me-south-1': '558608220178',
  'mx-central-1': '730335286997',
  'us-gov-east-1': '151742754352',
  'us-gov-west-1': '013241004608',
  'us-iso-east-1': '725322719131',
  'us-iso-west-1': '608367168043',
  'us-isob-east-1': '187977181151',
  'us-isob-west-1': '321162350305',
  'us-isof-east-1': '171035529773',
  'us-isof-south-1': '676585237158',
};

/** A region that the table lacks takes its images from another one of its partition. */
const STAND_INS: readonly (readonly [prefix: string, region: string])[] = [
  ['us-gov-', 'us-gov-west-1'],
  ['cn-', 'cn-northwest-1'],
  ['us-iso-', 'us-iso-east-1'],
  ['us-isob-', 'us-isob-east-1'],
  ['eu-isoe-', 'eu-isoe-west-1'],
  ['eusc-', 'eusc-de-east-1'],
  ['us-isof-', 'us-isof-south-1'],
];

export interface EcrHome {
  readonly account: string;
  /** Where the images come from: the region asked for, or its stand-in. */
  readonly region: string;
  /** False: the region is not in the table, and another one stands in. */
  readonly isKnown: boolean;
}

/** Every region of the table. */
export const ECR_REGIONS: readonly string[] = [...COMMON_REGIONS, ...Object.keys(OWN_ACCOUNTS)];

const accountOf = (region: string): string | undefined =>
  COMMON_REGIONS.includes(region) ? COMMON : Object.hasOwn(OWN_ACCOUNTS, region) ? OWN_ACCOUNTS[region] : undefined;

/** EKS's own registry for a region. */
export const ecrHomeOf = (region: string): EcrHome => {
  const account = accountOf(region);
  if (account !== undefined) return { account, region, isKnown: true };
  const standIn = STAND_INS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'us-west-2';
  return { account: accountOf(standIn) ?? COMMON, region: standIn, isKnown: false };
};
