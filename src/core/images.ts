/** The pause (sandbox) image: EKS's own registry by region, unless a user names another. */
import { ECR_ACCOUNTS_DATE, ECR_REGIONS, ecrHomeOf } from './data/ecr-accounts.ts';
import type { Facts } from './facts.ts';
import { nearestOf } from './nearest.ts';
import { given, inputOf } from './provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, type Input, warningAt } from './report.ts';
import type { AmazonLinux2Spec } from './spec.ts';

const CHANGES = [
  '--pause-container-version chooses another tag',
  '--pause-container-account takes the image from another ECR account of the same region',
  'PAUSE_CONTAINER_IMAGE replaces the whole repository',
];

/** A private ECR registry. */
export interface EcrRegistry {
  readonly account: string;
  readonly region: string;
  readonly domain: string;
}

interface Registry extends EcrRegistry {
  readonly because: Omit<Because, 'inputs'>;
}

const registryOf = (spec: AmazonLinux2Spec, facts: Facts): Registry | undefined => {
  const { region, domain } = facts.instance;
  if (region === undefined || domain === undefined) return undefined;
  const account = spec.options.pauseAccount?.value;
  if (account !== undefined) {
    return {
      account,
      region,
      domain,
      because: { rule: 'pause-image.account', text: `ECR account ${account} was asked for; the region is the node's own.` },
    };
  }
  const home = ecrHomeOf(region);
  const text = home.isKnown
    ? `EKS's registry in ${region} is account ${home.account} (table of ${ECR_ACCOUNTS_DATE}).`
    : `Nothing is known of EKS's registry in ${region} (table of ${ECR_ACCOUNTS_DATE}): that of ${home.region} stands in.`;
  return {
    account: home.account,
    region: home.region,
    domain,
    because: { rule: home.isKnown ? 'pause-image.region' : 'pause-image.stand-in', text },
  };
};

/** The registry's host name: `602401143452.dkr.ecr.us-west-2.amazonaws.com`. */
export const ecrHostOf = ({ account, region, domain }: EcrRegistry, isFips: boolean): string =>
  `${account}.dkr.${isFips ? 'ecr-fips' : 'ecr'}.${region}.${domain}`;

/** The ECR FIPS host whose existence decides, on a kernel in FIPS mode; undefined when it does not matter or is not known yet. */
export const fipsHostOf = (spec: AmazonLinux2Spec, facts: Facts): string | undefined => {
  if (spec.options.pauseImage !== undefined || facts.host.fips !== true) return undefined;
  const registry = registryOf(spec, facts);
  return registry && ecrHostOf(registry, true);
};

const decided = (image: string, because: Because, diagnostics: readonly Diagnostic[] = []): Checked<Decided<string>> => ({
  value: { key: 'pauseImage', value: image, because, changes: CHANGES },
  diagnostics,
});

/** A new region is no mistake, a misspelt one is: both are said. `at`: where it is said, of what, and how to give an account. */
export const unknownRegion = (region: string, standIn: string, [at, what, how]: readonly [string, string, string]): Diagnostic => {
  const continent = region.slice(0, region.indexOf('-') + 1);
  const near = nearestOf(
    region,
    ECR_REGIONS.filter((known) => known.startsWith(continent)),
  );
  return warningAt(
    'unknown-region',
    at,
    `the region ${region} is not in the table of ${ECR_ACCOUNTS_DATE}: ${what} ${standIn}`,
    `${near === undefined ? '' : `Did you mean ${near}? `}For a new region use a newer bootwright, or give ${how}.`,
  );
};

const OF_PAUSE_IMAGE = ['pauseImage', 'the pause image comes from', '--pause-container-account or PAUSE_CONTAINER_IMAGE'] as const;

/** `<account>.dkr.ecr.<region>.<domain>/eks/pause:<tag>`, or the user's repository with the tag. */
export const pauseImageOf = (spec: AmazonLinux2Spec, facts: Facts): Checked<Decided<string>> => {
  const { pauseImage, pauseVersion, pauseAccount } = spec.options;
  const tag = given('pauseVersion', pauseVersion);
  if (pauseImage !== undefined) {
    const text = 'The whole repository was given; the tag is appended.';
    return decided(`${pauseImage.value}:${pauseVersion.value}`, {
      rule: 'pause-image.given',
      text,
      inputs: [given('pauseImage', pauseImage), tag],
    });
  }
  const registry = registryOf(spec, facts);
  if (registry === undefined) throw new Error('pauseImageOf: the region or the domain is not known yet');
  const inputs: Input[] = [
    inputOf(facts, 'instance.region', facts.instance.region ?? ''),
    inputOf(facts, 'instance.domain', registry.domain),
    tag,
  ];
  if (pauseAccount !== undefined) inputs.push(given('pauseAccount', pauseAccount));
  const isStandIn = registry.because.rule === 'pause-image.stand-in';
  if (isStandIn) inputs.push({ name: 'standInRegion', value: registry.region, origin: 'fallback', at: 'region table' });
  const fipsHost = fipsHostOf(spec, facts);
  const resolves = fipsHost !== undefined && facts.host.resolves?.[fipsHost] === true;
  if (fipsHost !== undefined) inputs.push(inputOf(facts, 'host.fips', true), inputOf(facts, `host.resolves.${fipsHost}`, resolves));
  const fipsText =
    fipsHost === undefined
      ? ''
      : resolves
        ? ' The kernel is in FIPS mode, so the FIPS host.'
        : ' The kernel is in FIPS mode, but the region has no FIPS host.';
  const image = `${ecrHostOf(registry, resolves)}/eks/pause:${pauseVersion.value}`;
  return decided(
    image,
    { rule: registry.because.rule, text: `${registry.because.text}${fipsText}`, inputs },
    isStandIn ? [unknownRegion(facts.instance.region ?? '', registry.region, OF_PAUSE_IMAGE)] : [],
  );
};
