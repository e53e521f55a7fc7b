/** The instance and who it is to AWS: its clock, its metadata service, its role, its session. */
import { spanText } from '../core/csr/time.ts';
import { NodeError } from '../core/errors.ts';
import { type Check, fail, pass, skip, warn } from './check.ts';
import type { Probes } from './probes.ts';

const DOCS = 'https://docs.aws.amazon.com';
const SLOW_MS = 1000;
const SOON_MS = 5 * 60_000;

const FAR = 300;
const NEAR = 30;
const CLOCK_REMEDY =
  'Set the clock: chrony with `server 169.254.169.123 prefer iburst`, then `chronyc makestep`. Tokens and certificates are good for minutes.';

/** Who can tell the time; the API server judges our tokens, IMDS answers without TLS. */
const WITNESSES = ['api-server', 'sts', 'imds'] as const;

const clock: Check = {
  id: 'clock',
  title: 'the clock is right',
  reach: 'network',
  after: [],
  deadlineMs: 15_000,
  link: `${DOCS}/AWSEC2/latest/UserGuide/set-time.html`,
  run: async ({ clockSkew }, signal) => {
    const skews = await Promise.all(WITNESSES.map((witness) => clockSkew(witness, signal)));
    for (const [i, against] of WITNESSES.entries()) {
      const skew = skews[i];
      if (skew === undefined) continue;
      const size = Math.abs(skew);
      if (size < NEAR) return pass(`within ${NEAR} s of that of ${against}`);
      const text = `${spanText(skew)} ${skew > 0 ? 'ahead of' : 'behind'} that of ${against}`;
      return size < FAR ? warn(text, CLOCK_REMEDY) : fail(text, CLOCK_REMEDY);
    }
    return skip('nobody answers who could tell the time');
  },
};

const imdsReach: Check = {
  id: 'imds-reach',
  title: 'the instance metadata service answers',
  reach: 'network',
  after: [],
  deadlineMs: 8_000,
  link: `${DOCS}/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html`,
  run: async ({ imds, now }, signal) => {
    const began = now();
    await imds.fetchToken(signal);
    const id = await imds.get('latest/meta-data/instance-id', { signal });
    const ms = now() - began;
    if (ms <= SLOW_MS) return pass(id === null ? 'it answers' : `this is ${id}`);
    return warn(
      `it took ${Math.round(ms / 100) / 10} s`,
      'See what else of this machine asks it in a loop: it answers so many requests a second and no more.',
    );
  },
};

const imdsRole: Check = {
  id: 'imds-role',
  title: 'the instance has a role with credentials that are valid',
  reach: 'network',
  after: ['clock', 'imds-reach'],
  deadlineMs: 10_000,
  link: `${DOCS}/eks/latest/userguide/create-node-role.html`,
  run: async ({ credentials, now }, signal) => {
    const { accessKeyId, expiration } = await credentials(signal);
    if (expiration === undefined) return pass(`credentials ${accessKeyId}, which do not expire`);
    const leftMs = expiration.getTime() - now();
    const until = `${accessKeyId} until ${expiration.toUTCString()}`;
    if (leftMs <= 0)
      return fail(
        `expired: ${until}`,
        'If the clock is right, detach the instance profile and attach it again; otherwise set the clock (chrony with 169.254.169.123).',
      );
    return leftMs < SOON_MS ? warn(`end soon: ${until}`, 'EC2 renews them by itself; look again in five minutes.') : pass(until);
  },
};

/** STS is needed by pods and by us, not by the kubelet: its token is signed here, and the API server asks STS about it. */
const UNREACHABLE: readonly string[] = ['UNAVAILABLE', 'PROTOCOL'];

const instanceIdOf = ({ imds }: Probes, signal: AbortSignal): Promise<string | null> =>
  imds.get('latest/meta-data/instance-id', { signal }).catch(() => null);

const identitySession: Check = {
  id: 'identity-session',
  title: 'STS knows the role, and its session is this instance',
  reach: 'network',
  after: ['imds-role'],
  deadlineMs: 15_000,
  link: `${DOCS}/eks/latest/userguide/vpc-interface-endpoints.html`,
  run: async (probes, signal) => {
    let arn: string;
    try {
      arn = await probes.callerArn(signal);
    } catch (error) {
      if (!(error instanceof NodeError) || !UNREACHABLE.includes(error.code)) throw error;
      return warn(
        error.message,
        'The kubelet joins without; pods with IAM roles need it: in a private subnet add the interface endpoint sts.',
      );
    }
    const id = await instanceIdOf(probes, signal);
    const session = /:assumed-role\/[^/]+\/(.+)$/.exec(arn)?.[1];
    if (id === null || session === id) return pass(arn);
    return fail(
      `STS knows us as ${arn}, not as the session ${id} of an instance role`,
      'EKS resolves the node’s name by the instance id in the session: let the kubelet use the instance profile, without AWS_PROFILE, access keys or another role in its environment.',
    );
  },
};

const HOSTNAME = 'latest/meta-data/local-hostname';

const privateName: Check = {
  id: 'dhcp-domain',
  title: 'the instance has one private DNS name',
  reach: 'network',
  after: ['imds-reach'],
  deadlineMs: 8_000,
  link: `${DOCS}/vpc/latest/userguide/VPC_DHCP_Options.html`,
  run: async ({ imds }, signal) => {
    const remedy = 'Give the VPC’s DHCP option set a single domain-name, and enable DNS hostnames for the VPC.';
    const name = (await imds.get(HOSTNAME, { signal }))?.trim();
    if (name === undefined) return skip('IMDS does not say');
    if (name === '') return fail('its private DNS name is empty', remedy);
    return /\s/.test(name) ? fail(`its private DNS name is '${name}': several domains in one`, remedy) : pass(name);
  },
};

const userData: Check = {
  id: 'user-data',
  title: 'the NodeConfig in the user data is right',
  reach: 'network',
  after: ['imds-reach'],
  deadlineMs: 10_000,
  link: 'https://awslabs.github.io/amazon-eks-ami/nodeadm/',
  run: async ({ userData: read }, signal) => {
    const { count, diagnostics } = await read(signal);
    const lines = diagnostics.map(
      ({ severity, path, line, field, message }) =>
        `${severity}: ${path}${line === undefined ? '' : `:${line}`}${field ? ` ${field}` : ''}: ${message}`,
    );
    const [worst] = diagnostics.filter(({ severity }) => severity === 'error');
    if (worst !== undefined)
      return fail(
        `${lines.find((line) => line.startsWith('error')) ?? ''}`,
        `${worst.remedy} \`bootwright config check\` shows all.`,
        lines,
      );
    if (count === 0) return skip('it holds no NodeConfig');
    return pass(
      `${count === 1 ? 'one document' : `${count} documents, later over earlier`}${lines.length > 0 ? `; ${lines.length} notes, see \`bootwright config check\`` : ''}`,
    );
  },
};

export const INSTANCE_CHECKS: readonly Check[] = [clock, imdsReach, imdsRole, identitySession, privateName, userData];
