/** Is this machine certainly no EC2 instance? Where it is not, nobody waits a minute for its metadata. */
import { readFileSync } from 'node:fs';
import { NodeError } from '../core/errors.ts';
import type { WorldDeadlines } from '../facts/world.ts';
import type { Context } from './command.ts';

/** Enough for a metadata service that is there, short for one that is not. */
export const SHORT_IMDS: Partial<WorldDeadlines> = { imds: { totalMs: 3000, appearMs: 0 } };

const readLine = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim().toLowerCase();
  } catch {
    return '';
  }
};

/** Nitro and metal name Amazon as vendor, Xen has a UUID that starts with ec2; a machine that says nothing may be an instance. */
export const isElsewhere = (sys = '/sys'): boolean => {
  const vendor = readLine(`${sys}/class/dmi/id/sys_vendor`);
  return vendor !== '' && !vendor.includes('amazon') && !readLine(`${sys}/hypervisor/uuid`).startsWith('ec2');
};

const OWN_CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** True where variables give the credentials: IMDS is then at most the second choice. */
export const hasOwnCredentials = (env: Context['env']): boolean => OWN_CREDENTIALS.some((name) => Boolean(env[name]));

/** A failure of IMDS with the remedy of the command that asked; other failures as they are. */
export const withRemedy =
  (remedy: string) =>
  (error: unknown): never => {
    const isImds = error instanceof NodeError && (error.path?.startsWith('latest/') || error.path === 'AWS_EC2_METADATA_DISABLED');
    throw isImds
      ? new NodeError(error.code, error.message, { remedy, ...(error.path ? { path: error.path } : {}), cause: error.cause })
      : error;
  };
