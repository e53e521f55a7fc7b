/** A stand-in for the EC2 instance metadata service: IMDSv2 only, as instances of today have it. */
import { randomBytes } from 'node:crypto';
import type { Facts } from '../../src/core/facts.ts';
import { EXAMPLE_CREDENTIALS, EXAMPLE_ROLE } from './example.ts';
import { type Fake, type FakeAnswer, type FakeOptions, type FakeRequest, startServer } from './server.ts';

/** Path below `/`, without leading slash, to what is there. Change it while the fake runs. */
export type ImdsTree = Map<string, string | Uint8Array>;

export interface FakeImds extends Fake {
  readonly tree: ImdsTree;
  /** Beats the tree, for what is no text: compressed user data. */
  readonly bytes: Map<string, Uint8Array>;
  /** Every token becomes invalid, as when the instance moves to another host. */
  forgetTokens(): void;
  /** From now on 403 to everything, as with --http-endpoint disabled. */
  disable(): void;
}

export interface ImdsFakeOptions extends FakeOptions {
  /** Becomes the tree; facts that are absent or null are 404. */
  readonly facts: Facts;
  /** null: an instance without a role. */
  readonly role?: string | null;
  readonly credentials?: typeof EXAMPLE_CREDENTIALS;
  /** Of the role's credentials; the default is six hours from now. */
  readonly expiration?: Date;
  readonly userData?: string;
}

const lines = (list: readonly string[] | null | undefined): string | undefined => (list ? list.join('\n') : undefined);

const identityDocument = ({ id, type, region, availabilityZone, localIpv4 }: Facts['instance']): string =>
  JSON.stringify(
    {
      accountId: '123456789012',
      architecture: 'x86_64',
      availabilityZone,
      imageId: 'ami-0123456789abcdef0',
      instanceId: id,
      instanceType: type,
      pendingTime: '2026-11-21T07:59:00Z',
      privateIp: localIpv4 ?? null,
      region,
      version: '2017-09-30',
    },
    null,
    2,
  );

const roleDocument = ({ credentials = EXAMPLE_CREDENTIALS, expiration = new Date(Date.now() + 6 * 3_600_000) }: ImdsFakeOptions): string =>
  JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: '2026-11-21T07:59:30Z',
      Type: 'AWS-HMAC',
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      Token: credentials.sessionToken,
      Expiration: `${expiration.toISOString().slice(0, 19)}Z`,
    },
    null,
    2,
  );

/** The tree that an instance with these facts would have. */
export const treeOf = (options: ImdsFakeOptions): ImdsTree => {
  const { instance } = options.facts;
  const macs = `latest/meta-data/network/interfaces/macs/${instance.mac}`;
  const role = options.role === undefined ? EXAMPLE_ROLE : options.role;
  const all: { [path: string]: string | null | undefined } = {
    'latest/dynamic/instance-identity/document': instance.id && identityDocument(instance),
    'latest/meta-data/instance-id': instance.id,
    'latest/meta-data/instance-life-cycle': 'on-demand',
    'latest/meta-data/instance-type': instance.type,
    'latest/meta-data/local-ipv4': instance.localIpv4,
    'latest/meta-data/local-hostname': instance.privateDnsName,
    'latest/meta-data/mac': instance.mac,
    'latest/meta-data/placement/availability-zone': instance.availabilityZone,
    'latest/meta-data/placement/region': instance.region,
    'latest/meta-data/services/domain': instance.domain,
    'latest/meta-data/services/partition': 'aws',
    'latest/user-data': options.userData,
    ...(instance.mac
      ? {
          [`${macs}/ipv6s`]: lines(instance.ipv6s),
          [`${macs}/vpc-ipv4-cidr-blocks`]: lines(instance.vpcIpv4Cidrs),
          [`${macs}/local-ipv4s`]: instance.localIpv4,
          [`${macs}/device-number`]: '0',
        }
      : {}),
    ...(role ? { [`latest/meta-data/iam/security-credentials/${role}`]: roleDocument(options) } : {}),
  };
  return new Map(Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
};

/** As IMDS: names below a directory, those of directories with a slash. */
const listing = (tree: ImdsTree, path: string): string | undefined => {
  const prefix = path === '' ? '' : `${path.replace(/\/$/, '')}/`;
  const names = new Set<string>();
  for (const one of tree.keys()) {
    if (!one.startsWith(prefix)) continue;
    const [head = '', ...rest] = one.slice(prefix.length).split('/');
    names.add(rest.length > 0 ? `${head}/` : head);
  }
  return names.size > 0 ? [...names].sort().join('\n') : undefined;
};

const pathOf = ({ path }: FakeRequest): string =>
  (path.split('?')[0] ?? '').replace(/^\/+/, '').replace(/^\d{4}-\d{2}-\d{2}(?=\/|$)/, 'latest');

/** Starts it. Names in the log and for faults are paths: `latest/api/token`, `latest/meta-data/mac`. */
export const startImds = async (options: ImdsFakeOptions): Promise<FakeImds> => {
  const tree = treeOf(options);
  const tokens = new Map<string, number>();
  const bytes = new Map<string, Uint8Array>();
  let disabled = false;
  const text = (status: number, body: string | Uint8Array): FakeAnswer => ({
    status,
    headers: { 'content-type': 'text/plain', server: 'EC2ws' },
    body,
  });

  const putToken = ({ headers }: FakeRequest): FakeAnswer => {
    const ttl = Number(headers['x-aws-ec2-metadata-token-ttl-seconds']);
    if (!(Number.isInteger(ttl) && ttl >= 1 && ttl <= 21600)) return text(400, 'Bad Request');
    if ('x-forwarded-for' in headers) return text(403, 'Forbidden');
    const token = randomBytes(40).toString('base64');
    tokens.set(token, Date.now() + ttl * 1000);
    return { ...text(200, token), headers: { 'content-type': 'text/plain', 'x-aws-ec2-metadata-token-ttl-seconds': String(ttl) } };
  };
  const answer = (request: FakeRequest): FakeAnswer => {
    const path = pathOf(request);
    if (disabled) return text(403, 'Forbidden');
    if (request.method === 'PUT' && path === 'latest/api/token') return putToken(request);
    if (request.method !== 'GET') return text(405, 'Method Not Allowed');
    if (!((tokens.get(request.headers['x-aws-ec2-metadata-token'] ?? '') ?? 0) > Date.now())) return text(401, 'Unauthorized');
    const found = bytes.get(path) ?? tree.get(path) ?? listing(tree, path);
    return found === undefined ? text(404, 'Not Found') : text(200, found);
  };
  const fake = await startServer({ name: 'imds', nameOf: pathOf, answer }, options);
  return Object.assign(fake, {
    tree,
    bytes,
    forgetTokens: () => tokens.clear(),
    disable: () => {
      disabled = true;
    },
  });
};
