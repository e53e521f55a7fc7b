import { readAccount } from '../../core/config/bootstrap-flags-values.ts';
import { ECR_REGIONS, ecrHomeOf } from '../../core/data/ecr-accounts.ts';
import { partitionOf, REGION_PATTERN } from '../../core/data/partitions.ts';
import { type EcrRegistry, ecrHostOf, unknownRegion } from '../../core/images.ts';
import { type Diagnostic, errorAt } from '../../core/report.ts';
import { DOMAIN_PATTERN } from '../../facts/instance.ts';
import { type Command, type Context, Refused } from '../command.ts';
import { parsedOf } from '../options.ts';
import { diagnosticLine } from '../present/diagnostics.ts';
import { withThisInstance } from '../this-instance.ts';

/** What was typed; an empty word is none. */
interface Words {
  readonly region: string | undefined;
  readonly domain: string | undefined;
  readonly account: string | undefined;
}

const DNS_MS = 10_000;

const missing = (path: string): Diagnostic =>
  errorAt(
    'missing-value',
    path,
    'is missing',
    'write get-ecr-uri.sh REGION DOMAIN [ACCOUNT], as in get-ecr-uri.sh us-west-2 amazonaws.com',
  );

const mistakesOf = ({ region, domain, account }: Words, isDropIn: boolean): readonly Diagnostic[] => {
  const accountFault = account === undefined ? undefined : readAccount(account).fault;
  return [
    ...(isDropIn && region === undefined ? [missing('REGION')] : []),
    ...(isDropIn && domain === undefined ? [missing('DOMAIN')] : []),
    ...(region !== undefined && !REGION_PATTERN.test(region)
      ? [errorAt('invalid-region', 'REGION', `'${region}' is not a region`, 'give one like us-west-2')]
      : []),
    ...(domain !== undefined && !DOMAIN_PATTERN.test(domain)
      ? [errorAt('invalid-domain', 'DOMAIN', `'${domain}' is not a domain`, 'give what IMDS says at latest/meta-data/services/domain')]
      : []),
    ...(accountFault === undefined ? [] : [errorAt(accountFault.code, 'ACCOUNT', accountFault.message, accountFault.remedy)]),
  ];
};

/** The region that was named, with its partition's domain, or this instance's. */
const placeOf = async ({ region, domain }: Words, context: Context): Promise<Omit<EcrRegistry, 'account'>> => {
  if (region !== undefined) return { region, domain: domain ?? partitionOf(region).dnsSuffix };
  return withThisInstance(context, async ({ world, facts, instance }) => {
    const answer = await world.resolve('instance.domain', facts, context.signal);
    if (answer.instance?.domain === undefined) throw new Error('IMDS was asked for its domain, and it is not known');
    return { region: instance.region, domain: answer.instance.domain };
  });
};

/** An account that was named is looked for in the region itself; EKS's own may stand in another one. */
const registryOf = ({ account }: Words, place: Omit<EcrRegistry, 'account'>, warn: (text: string) => void): EcrRegistry => {
  if (account !== undefined) return { ...place, account };
  const home = ecrHomeOf(place.region);
  if (!home.isKnown) warn(diagnosticLine(unknownRegion(place.region, home.region, ['REGION', 'the registry is that of', 'an account'])));
  return { ...place, account: home.account, region: home.region };
};

/** On a kernel in FIPS mode the FIPS host, where there is one. */
const hostOf = async (registry: EcrRegistry, { env, random, signal }: Context): Promise<string> => {
  const { readFips, resolves } = await import('../../facts/host.ts');
  const options = { env, root: '/', random, processMs: 0, dnsMs: DNS_MS };
  return ecrHostOf(registry, readFips() && (await resolves(options, ecrHostOf(registry, true), signal)));
};

export const ecrUriCommand: Command = {
  name: 'ecr-uri',
  summary: 'print the host of EKS’s ECR registry in a region',
  usage: ['bootwright ecr-uri [REGION [DOMAIN [ACCOUNT]]]', 'get-ecr-uri.sh REGION DOMAIN [ACCOUNT]'],
  description: [
    'Without REGION that of this instance, by IMDS; without DOMAIN that of the region’s partition; without ACCOUNT the one that holds EKS’s images. A region that is not in the table takes the registry of another region of its partition, with a warning; with ACCOUNT the region stays. On a kernel in FIPS mode the FIPS host is printed where its name resolves.',
  ],
  options: [],
  words: [ECR_REGIONS],
  examples: [
    { line: 'bootwright ecr-uri us-west-2', text: '602401143452.dkr.ecr.us-west-2.amazonaws.com' },
    { line: '/etc/eks/get-ecr-uri.sh cn-north-1 amazonaws.com.cn', text: 'under its predecessor’s name' },
  ],
  async run(args, context) {
    const [region, domain, account] = parsedOf(args, { command: 'ecr-uri', options: [], positionals: 3 }).positionals;
    const words = { region: region || undefined, domain: domain || undefined, account: account || undefined };
    const mistakes = mistakesOf(words, context.style === 'drop-in');
    if (mistakes.length > 0) throw new Refused(mistakes);
    const registry = registryOf(words, await placeOf(words, context), (text) => context.stderr.write(`warning: ${text}\n`));
    context.stdout.write(`${await hostOf(registry, context)}\n`);
    return 0;
  },
};
