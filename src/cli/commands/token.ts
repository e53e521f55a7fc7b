import { REGION_PATTERN } from '../../core/data/partitions.ts';
import type { Command, Context, Option } from '../command.ts';
import { Refused } from '../command.ts';
import { hasOwnCredentials, isElsewhere, SHORT_IMDS, withRemedy } from '../elsewhere.ts';
import { meanwhile } from '../meanwhile.ts';
import { parsedOf } from '../options.ts';
import { openWorld, plainWatch } from '../world.ts';

const OPTIONS: readonly Option[] = [
  { name: 'cluster-name', value: 'NAME', text: 'name of the cluster; on an Outpost its id' },
  { name: 'region', value: 'REGION', text: 'region of STS (AWS_REGION, AWS_DEFAULT_REGION, else this instance’s)' },
  { name: 'role', value: 'ARN', text: 'assume this role first' },
  { name: 'token-only', text: 'print the token alone, not the exec credential' },
];

export interface TokenWish {
  readonly clusterName: string;
  readonly region?: string | undefined;
  readonly role?: string | undefined;
  readonly sessionName?: string | undefined;
  readonly tokenOnly: boolean;
}

const NO_REGION = 'Name the region: --region REGION or AWS_REGION; only an EC2 instance has one of its own.';
const NO_CREDENTIALS =
  'Give AWS credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID …, or `aws sso login`; only an EC2 instance has some of its own.';
const rethrow = (error: unknown): never => {
  throw error;
};

/** Makes a token with the credentials at hand and prints it. Signing is offline: STS is asked only for another role. */
export const printToken = async (wish: TokenWish, context: Context): Promise<void> => {
  // A kubelet that starts with its machine must outlast a slow IMDS; a person with keys must not wait for none.
  const isShort = hasOwnCredentials(context.env) || isElsewhere();
  const { world, close } = openWorld(context, '/', plainWatch(context), isShort ? SHORT_IMDS : {});
  try {
    const [own, region, { execCredentialOf, tokenOf }] = await Promise.all([
      world.credentials(context.signal).catch(isShort ? withRemedy(NO_CREDENTIALS) : rethrow),
      wish.region ?? world.region(context.signal).catch(isShort ? withRemedy(NO_REGION) : rethrow),
      meanwhile(() => import('../../cluster/token.ts')),
    ]);
    const session = wish.sessionName ?? `bootwright-${context.now().getTime()}`;
    const credentials = wish.role === undefined ? own : await world.assumeRole(region, wish.role, session, context.signal);
    const token = await tokenOf({ clusterName: wish.clusterName, region, credentials, now: context.now(), env: context.env });
    context.stdout.write(wish.tokenOnly ? `${token.token}\n` : `${execCredentialOf(token, context.env['KUBERNETES_EXEC_INFO'])}\n`);
  } finally {
    await close();
  }
};

const NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/;
const ROLE = /^arn:aws[a-z-]{0,10}:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

/** Throws Refused with everything that is wrong about a wish. */
export const checkTokenWish = (
  { clusterName, region, role }: { clusterName: string | undefined; region?: string | undefined; role?: string | undefined },
  option: string,
): void => {
  const wrong = (path: string, code: string, message: string, remedy: string) =>
    ({ severity: 'error', code, path, message, remedy }) as const;
  const mistakes = [
    ...(clusterName === undefined ? [wrong(option, 'no-cluster-name', 'is missing', `name the cluster with ${option} NAME`)] : []),
    ...(clusterName !== undefined && !NAME.test(clusterName)
      ? [wrong(option, 'invalid-cluster-name', `'${clusterName}' is no name of an EKS cluster`, 'give up to 100 letters, digits, - and _')]
      : []),
    ...(region !== undefined && !REGION_PATTERN.test(region)
      ? [wrong('--region', 'invalid-region', `'${region}' is not a region`, 'give one like us-west-2')]
      : []),
    ...(role !== undefined && !ROLE.test(role)
      ? [wrong('--role', 'invalid-role', `'${role}' is no ARN of an IAM role`, 'give arn:aws:iam::ACCOUNT:role/NAME')]
      : []),
  ];
  if (mistakes.length > 0) throw new Refused(mistakes);
};

export const tokenCommand: Command = {
  name: 'token',
  summary: 'print an EKS bearer token as an exec credential',
  usage: ['bootwright token --cluster-name NAME [--region REGION] [--role ARN]'],
  description: [
    'The exec credential plugin of a kubeconfig (client.authentication.k8s.io/v1beta1): a GetCallerIdentity request, signed for this cluster with the credentials at hand. Nothing is sent but what the credentials need. Who holds the token is this identity for 15 minutes.',
    'Called as aws-iam-authenticator, the words of that program are understood: token -i NAME.',
  ],
  options: OPTIONS,
  examples: [{ line: 'bootwright token --cluster-name my-cluster --region us-west-2', text: 'what the kubelet runs' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'token', options: OPTIONS, positionals: 0 });
    const [clusterName, region, role] = [options.text('cluster-name'), options.text('region'), options.text('role')];
    checkTokenWish({ clusterName, region, role }, '--cluster-name');
    await printToken({ clusterName: clusterName ?? '', region, role, tokenOnly: options.flag('token-only') }, context);
    return 0;
  },
};
